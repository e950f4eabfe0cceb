// How good predictions are.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet {

// A probability that has vanished in double precision would make the log loss infinite.
inline constexpr double least_probability = 1e-300;

// What was measured on one set of rows; what does not apply is absent. Regression in the target's own unit.
struct Metrics {
  std::size_t rows = 0;
  std::optional<double> rmse, mae, r2;  // root mean square error, mean absolute error, 1 - SSE / SST (SST > 0)
  // Mean negative log density of the observations under the prediction; absent where a deviation is 0.
  std::optional<double> nlpd;
  std::optional<double> coverage95;  // share of observations within mean +- 1.96 std
  std::optional<double> lml;         // log marginal likelihood of the training targets, in scaled units
  std::optional<double> accuracy, balanced_accuracy;  // balanced: mean over the classes present of their recall
  std::optional<double> log_loss;                     // mean -log max(p(own class), least_probability), nats
  // The same of predicting the training mean (regression) or the most frequent training class (classification).
  std::optional<double> baseline_rmse, baseline_mae, baseline_accuracy;
};

// y, mean: n x m; deviation: n x m standard deviations of observations, or empty; training_mean: m numbers.
Metrics regression_metrics(MatrixView<const double> y, MatrixView<const double> mean,
                           MatrixView<const double> deviation, std::span<const double> training_mean);

// The same from the residuals y - mean, where these are known better than to the rounding of y.
Metrics residual_metrics(MatrixView<const double> y, MatrixView<const double> residuals,
                         MatrixView<const double> deviation, std::span<const double> training_mean);

// labels and predicted: class indices; probabilities: n x classes, or empty.
Metrics classification_metrics(std::span<const std::size_t> labels, std::span<const std::size_t> predicted,
                               MatrixView<const double> probabilities, std::size_t classes, std::size_t majority_class);

// Means over sets, weighted by rows (rmse: root of the weighted mean square): what cross-validation reports.
Metrics pooled(std::span<const Metrics> folds);

// {"rows": n, "rmse": ..., ...}: fields that are present and finite.
void to_json(nlohmann::json& json, const Metrics& metrics);
void from_json(const nlohmann::json& json, Metrics& metrics);

}  // namespace widenet
