// Centring and scaling of inputs and targets, learned from the training rows and repeated on new ones.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet {

// standard:  z = (x - mean_j) / deviation_j per feature j: mean and population standard deviation of the training rows;
//            a constant feature is divided by 1. Regression targets likewise.
// normalise: z = (x - mean_i) / deviation_i per row i: each row gets mean 0 and population variance 1, a constant row
//            becomes 0. Regression targets as in standard.
// none:      inputs and targets as they are.
enum class ScaleMode { standard, normalise, none };

std::string to_string(ScaleMode mode);
// Throws Error(Fault::usage) for any other word.
ScaleMode parse_scale_mode(std::string_view word);

struct Scaling {
  ScaleMode mode = ScaleMode::none;
  std::size_t features = 0;
  std::vector<double> means, scales;                // standard: one per feature, else empty
  std::vector<double> target_means, target_scales;  // one per target, empty where targets are left alone
};

// Learns from n x d raw inputs and, for regression, n x m raw targets (m = 0: classification, none to scale). All must
// be finite; squares that would overflow or vanish are avoided. The result does not depend on the number of threads.
// Throws Error(Fault::usage): no rows, a number that is not finite, another number of target rows.
Scaling learn_scaling(ScaleMode mode, MatrixView<const double> inputs, MatrixView<const double> targets = {});

// The scaled copy of raw inputs (any number of rows x features) or raw targets (x m).
// Throws Error(Fault::usage) where the number of columns is another.
Matrix<double> scale_inputs(const Scaling& scaling, MatrixView<const double> raw);
Matrix<double> scale_targets(const Scaling& scaling, MatrixView<const double> raw);

// In place, back to the target's own unit: means by z * scale + mean, standard deviations by z * scale.
void unscale_means(const Scaling& scaling, MatrixView<double> predicted);
void unscale_deviations(const Scaling& scaling, MatrixView<double> predicted);

// Lossless: every double reads back as the same bits. from_json throws Error(Fault::environment) where the object is
// not what to_json writes.
void to_json(nlohmann::json& json, const Scaling& scaling);
void from_json(const nlohmann::json& json, Scaling& scaling);

}  // namespace widenet
