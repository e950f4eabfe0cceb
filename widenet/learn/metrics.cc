#include "widenet/learn/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

namespace widenet {
namespace {

using Field = std::optional<double> Metrics::*;
constexpr std::pair<const char*, Field> fields[] = {
    {"rmse", &Metrics::rmse}, {"mae", &Metrics::mae}, {"r2", &Metrics::r2}, {"nlpd", &Metrics::nlpd},
    {"coverage95", &Metrics::coverage95}, {"lml", &Metrics::lml}, {"accuracy", &Metrics::accuracy},
    {"balanced_accuracy", &Metrics::balanced_accuracy}, {"log_loss", &Metrics::log_loss},
    {"baseline_rmse", &Metrics::baseline_rmse}, {"baseline_mae", &Metrics::baseline_mae},
    {"baseline_accuracy", &Metrics::baseline_accuracy}};

}  // namespace

Metrics regression_metrics(MatrixView<const double> y, MatrixView<const double> mean, MatrixView<const double> deviation,
                           std::span<const double> training_mean) {
  Metrics m;
  m.rows = y.rows();
  const double count = static_cast<double>(y.rows() * y.cols());
  if (count == 0) return m;
  double squares = 0, absolute = 0, baseline_squares = 0, baseline_absolute = 0, total = 0, density = 0, covered = 0;
  for (std::size_t j = 0; j < y.cols(); ++j) {
    double own_mean = 0;
    for (std::size_t i = 0; i < y.rows(); ++i) own_mean += y(i, j) / static_cast<double>(y.rows());
    for (std::size_t i = 0; i < y.rows(); ++i) {
      const double error = y(i, j) - mean(i, j), constant = y(i, j) - training_mean[j];
      squares += error * error;
      absolute += std::abs(error);
      baseline_squares += constant * constant;
      baseline_absolute += std::abs(constant);
      total += (y(i, j) - own_mean) * (y(i, j) - own_mean);
      if (deviation.rows() == 0) continue;
      const double s = deviation(i, j);
      density += 0.5 * std::log(2 * std::numbers::pi * s * s) + error * error / (2 * s * s);
      covered += std::abs(error) <= 1.959963984540054 * s ? 1 : 0;
    }
  }
  m.rmse = std::sqrt(squares / count);
  m.mae = absolute / count;
  if (total > 0) m.r2 = 1 - squares / total;
  m.baseline_rmse = std::sqrt(baseline_squares / count);
  m.baseline_mae = baseline_absolute / count;
  if (deviation.rows() > 0) {
    m.nlpd = density / count;
    m.coverage95 = covered / count;
  }
  return m;
}

Metrics classification_metrics(std::span<const std::size_t> labels, std::span<const std::size_t> predicted,
                               MatrixView<const double> probabilities, std::size_t classes, std::size_t majority_class) {
  Metrics m;
  m.rows = labels.size();
  if (labels.empty()) return m;
  const double count = static_cast<double>(labels.size());
  std::vector<double> members(classes), hits(classes);
  double loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    members[labels[i]] += 1;
    hits[labels[i]] += predicted[i] == labels[i] ? 1 : 0;
    if (probabilities.rows() > 0) loss -= std::log(std::max(probabilities(i, labels[i]), 1e-300));
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
    if (metrics.*field) json[name] = *(metrics.*field);
}

void from_json(const nlohmann::json& json, Metrics& metrics) {
  metrics.rows = json.at("rows").get<std::size_t>();
  for (const auto& [name, field] : fields)
    if (json.contains(name)) metrics.*field = json.at(name).get<double>();
}

}  // namespace widenet
