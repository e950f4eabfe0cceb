#include "widenet/learn/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

#include "widenet/learn/targets.h"

namespace widenet {
namespace {

using Field = std::optional<double> Metrics::*;
constexpr std::pair<const char*, Field> fields[] = {{"rmse", &Metrics::rmse},
                                                    {"mae", &Metrics::mae},
                                                    {"r2", &Metrics::r2},
                                                    {"nlpd", &Metrics::nlpd},
                                                    {"coverage95", &Metrics::coverage95},
                                                    {"lml", &Metrics::lml},
                                                    {"accuracy", &Metrics::accuracy},
                                                    {"balanced_accuracy", &Metrics::balanced_accuracy},
                                                    {"log_loss", &Metrics::log_loss},
                                                    {"baseline_rmse", &Metrics::baseline_rmse},
                                                    {"baseline_mae", &Metrics::baseline_mae},
                                                    {"baseline_accuracy", &Metrics::baseline_accuracy}};

// sqrt(mean x_k^2), squared in a power of two in which the largest neither overflows nor vanishes.
double root_mean_square(std::span<const double> x) {
  double largest = 0;
  for (const double v : x) largest = std::max(largest, std::abs(v));
  int exponent = 0;
  if (std::isfinite(largest)) std::frexp(largest, &exponent);
  double sum = 0;
  for (const double v : x) sum += std::pow(std::ldexp(v, -exponent), 2);
  return std::ldexp(std::sqrt(sum / static_cast<double>(x.size())), exponent);
}

double mean_absolute(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += std::abs(v) / static_cast<double>(x.size());
  return sum;
}

// y_ij - centre_j.
std::vector<double> differences(MatrixView<const double> y, std::span<const double> centre) {
  std::vector<double> out;
  out.reserve(y.rows() * y.cols());
  for (std::size_t i = 0; i < y.rows(); ++i)
    for (std::size_t j = 0; j < y.cols(); ++j) out.push_back(y(i, j) - centre[j]);
  return out;
}

void add_density(std::span<const double> errors, MatrixView<const double> deviation, Metrics& m) {
  double density = 0, covered = 0;
  bool certain = false;
  for (std::size_t k = 0; k < errors.size(); ++k) {
    const double s = deviation(k / deviation.cols(), k % deviation.cols());
    certain = certain || s == 0;
    covered += std::abs(errors[k]) <= 1.959963984540054 * s ? 1 : 0;
    if (s != 0) density += 0.5 * std::log(2 * std::numbers::pi) + std::log(s) + 0.5 * std::pow(errors[k] / s, 2);
  }
  const double count = static_cast<double>(errors.size());
  if (!certain) m.nlpd = density / count;
  m.coverage95 = covered / count;
}

}  // namespace

Metrics regression_metrics(MatrixView<const double> y, MatrixView<const double> mean,
                           MatrixView<const double> deviation, std::span<const double> training_mean) {
  Matrix<double> residuals(y.rows(), y.cols());
  for (std::size_t i = 0; i < y.rows(); ++i)
    for (std::size_t j = 0; j < y.cols(); ++j) residuals(i, j) = y(i, j) - mean(i, j);
  return residual_metrics(y, residuals.view(), deviation, training_mean);
}

Metrics residual_metrics(MatrixView<const double> y, MatrixView<const double> residuals,
                         MatrixView<const double> deviation, std::span<const double> training_mean) {
  Metrics m;
  m.rows = y.rows();
  if (y.rows() * y.cols() == 0) return m;
  std::vector<double> errors;
  for (std::size_t i = 0; i < y.rows(); ++i)
    errors.insert(errors.end(), residuals.row(i).begin(), residuals.row(i).end());
  const std::vector<double> from_training_mean = differences(y, training_mean);
  const double spread = root_mean_square(differences(y, column_means(y)));
  m.rmse = root_mean_square(errors);
  m.mae = mean_absolute(errors);
  if (spread > 0) m.r2 = 1 - std::pow(*m.rmse / spread, 2);
  m.baseline_rmse = root_mean_square(from_training_mean);
  m.baseline_mae = mean_absolute(from_training_mean);
  if (deviation.rows() > 0) add_density(errors, deviation, m);
  return m;
}

Metrics classification_metrics(std::span<const std::size_t> labels, std::span<const std::size_t> predicted,
                               MatrixView<const double> probabilities, std::size_t classes,
                               std::size_t majority_class) {
  Metrics m;
  m.rows = labels.size();
  if (labels.empty()) return m;
  const double count = static_cast<double>(labels.size());
  std::vector<double> members(classes), hits(classes);
  double loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    members[labels[i]] += 1;
    hits[labels[i]] += predicted[i] == labels[i] ? 1 : 0;
    if (probabilities.rows() > 0) loss -= std::log(std::max(probabilities(i, labels[i]), least_probability));
  }
  double right = 0, recall = 0, present = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    right += hits[c];
    if (members[c] == 0) continue;
    present += 1;
    recall += hits[c] / members[c];
  }
  m.accuracy = right / count;
  m.balanced_accuracy = recall / present;
  m.baseline_accuracy = members[majority_class] / count;
  if (probabilities.rows() > 0) m.log_loss = loss / count;
  return m;
}

Metrics pooled(std::span<const Metrics> folds) {
  Metrics all;
  for (const Metrics& fold : folds) all.rows += fold.rows;
  for (const auto& [name, field] : fields) {
    const bool root = field == &Metrics::rmse || field == &Metrics::baseline_rmse;
    double sum = 0, weight = 0;
    for (const Metrics& fold : folds) {
      if (!(fold.*field)) continue;
      const double value = *(fold.*field), rows = static_cast<double>(fold.rows);
      sum += rows * (root ? value * value : value);
      weight += rows;
    }
    if (weight > 0) all.*field = root ? std::sqrt(sum / weight) : sum / weight;
  }
  all.lml.reset();  // of a training set, not of rows that were held out
  return all;
}

void to_json(nlohmann::json& json, const Metrics& metrics) {
  json = {{"rows", metrics.rows}};
  for (const auto& [name, field] : fields)
    if (metrics.*field && std::isfinite(*(metrics.*field))) json[name] = *(metrics.*field);
}

void from_json(const nlohmann::json& json, Metrics& metrics) {
  metrics = {};
  metrics.rows = json.at("rows").get<std::size_t>();
  for (const auto& [name, field] : fields)
    if (json.contains(name)) metrics.*field = json.at(name).get<double>();
}

}  // namespace widenet
