// Centring and scaling of inputs and targets, learned from the training rows and repeated on new ones.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet {

// How inputs are scaled. Regression targets are standardised but for none.
// standard:  z = (x - mean_j) / deviation_j per feature j: mean and population standard deviation of the training rows;
//            a constant feature is divided by 1.
// channels:  the same per channel, over all positions of all training samples.
// normalise: z = (x - mean_i) / deviation_i per row i: each row gets mean 0 and population variance 1, a constant row
//            becomes 0.
// zca:       rows as in normalise, then whitened with what the training rows say of their features (whitening.h).
// none:      inputs and targets as they are.
enum class ScaleMode { standard, channels, normalise, zca, none };

struct Scale {
  ScaleMode mode = ScaleMode::standard;
  double regularisation = 0;  // of zca, in mean eigenvalues
  Scale(ScaleMode m = ScaleMode::standard, double r = 0) : mode(m), regularisation(r) {}
  auto operator<=>(const Scale&) const = default;
};

// "standard", "zca:0.3".
std::string to_string(const Scale& scale);
// Throws Error(Fault::usage) for any other word.
Scale parse_scale(std::string_view word);

struct Scaling {
  Scale scale = ScaleMode::none;
  std::size_t features = 0;
  std::vector<double> means, scales;                // standard: one per feature, channels: one per channel, else empty
  std::vector<double> target_means, target_scales;  // one per target, empty where targets are left alone
  Matrix<double> whitening;                         // zca: features x features, else empty
};

// Learns from n x d raw inputs and, for regression, n x m raw targets (m = 0: classification, none to scale). All must
// be finite; squares that would overflow or vanish are avoided. The result does not depend on the number of threads.
// `channels`: of a sample, whose positions come first; of a vector its features, as 0 says.
// Throws Error(Fault::usage): no rows, a number that is not finite, another number of target rows, channels that do not
// divide the inputs; and as learn_whitening does.
Scaling learn_scaling(const Scale& scale, MatrixView<const double> inputs, MatrixView<const double> targets = {},
                      std::size_t channels = 0);

// What learning a scaling takes at its peak beside the rows, and what the scaling then holds.
std::size_t learn_scaling_bytes(const Scale& scale, std::size_t features);
std::size_t scaling_bytes(const Scale& scale, std::size_t features);

// The scaled copy of raw inputs (any number of rows x features) or raw targets (x m).
// Throws Error(Fault::usage) where the number of columns is another.
Matrix<double> scale_inputs(const Scaling& scaling, MatrixView<const double> raw);
Matrix<double> scale_targets(const Scaling& scaling, MatrixView<const double> raw);

// In place, back to the target's own unit: means by z * scale + mean, standard deviations by z * scale.
void unscale_means(const Scaling& scaling, MatrixView<double> predicted);
void unscale_deviations(const Scaling& scaling, MatrixView<double> predicted);

// Lossless: every double reads back as the same bits; but for the whitening, which is too large for text. from_json
// throws Error(Fault::environment) where the object is
// not what to_json writes.
void to_json(nlohmann::json& json, const Scaling& scaling);
void from_json(const nlohmann::json& json, Scaling& scaling);

}  // namespace widenet
