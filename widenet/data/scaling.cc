#include "widenet/data/scaling.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/json_checks.h"

namespace widenet {
namespace {

// `count` numbers, `stride` apart.
struct Strided {
  const double* data;
  std::size_t count, stride;
  double operator[](std::size_t i) const { return data[i * stride]; }
};

// Mean and population standard deviation in units of a power of two, 1 unless squares would overflow or vanish.
struct Moments {
  double unit = 1;
  double mean = 0;
  double deviation = 0;  // 0 exactly for constant numbers
};

double safe_unit(double largest) {
  constexpr int far = 480;  // squares of 2^480, and sums of 2^63 of them, stay in range
  int exponent = 0;
  std::frexp(largest, &exponent);
  return largest > 0 && std::abs(exponent) > far ? std::ldexp(1.0, exponent - 1) : 1.0;
}

Moments moments(Strided x) {
  double lowest = x[0], highest = x[0];
  for (std::size_t i = 1; i < x.count; ++i) {
    lowest = std::min(lowest, x[i]);
    highest = std::max(highest, x[i]);
  }
  Moments m;
  // Rounding would give a constant a tiny deviation, and that deviation would then divide it.
  if (lowest == highest) {
    m.mean = lowest;
    return m;
  }
  m.unit = safe_unit(std::max(std::abs(lowest), std::abs(highest)));
  const auto count = static_cast<double>(x.count);
  double sum = 0;
  for (std::size_t i = 0; i < x.count; ++i) sum += x[i] / m.unit;
  const double rough_mean = sum / count;
  double correction = 0;
  for (std::size_t i = 0; i < x.count; ++i) correction += x[i] / m.unit - rough_mean;
  m.mean = rough_mean + correction / count;
  double squares = 0;
  for (std::size_t i = 0; i < x.count; ++i) {
    const double d = x[i] / m.unit - m.mean;
    squares += d * d;
  }
  m.deviation = std::sqrt(squares / count);
  return m;
}

void learn_columns(MatrixView<const double> x, std::vector<double>& means, std::vector<double>& scales) {
  means.resize(x.cols());
  scales.resize(x.cols());
  parallel_for(x.cols(), [&](std::size_t j, std::size_t) {
    const Moments m = moments({x.data() + j, x.rows(), x.stride()});
    means[j] = m.mean * m.unit;
    scales[j] = m.deviation > 0 ? m.deviation * m.unit : 1.0;
  });
}

void check_finite(MatrixView<const double> x, const char* what) {
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < x.cols(); ++j)
      if (!std::isfinite(x(i, j)))
        fail("{} hold {} in row {}, column {} (a scale is learned from finite numbers) mend or drop the row", what,
             x(i, j), i + 1, j + 1);
}

void check_columns(std::size_t found, std::size_t expected, const char* what) {
  if (found != expected)
    fail("{} have {} columns (the scaling was learned from {}) give the same columns", what, found, expected);
}

Matrix<double> scale_columns(MatrixView<const double> raw, const std::vector<double>& means,
                             const std::vector<double>& scales) {
  auto out = Matrix<double>::uninitialized(raw.rows(), raw.cols());
  parallel_for(raw.rows(), [&](std::size_t i, std::size_t) {
    for (std::size_t j = 0; j < raw.cols(); ++j) out(i, j) = (raw(i, j) - means[j]) / scales[j];
  });
  return out;
}

Matrix<double> normalise_rows(MatrixView<const double> raw) {
  auto out = Matrix<double>::uninitialized(raw.rows(), raw.cols());
  if (raw.cols() == 0) return out;
  parallel_for(raw.rows(), [&](std::size_t i, std::size_t) {
    const Moments m = moments({raw.row_data(i), raw.cols(), 1});
    for (std::size_t j = 0; j < raw.cols(); ++j)
      out(i, j) = m.deviation > 0 ? (raw(i, j) / m.unit - m.mean) / m.deviation : 0.0;
  });
  return out;
}

}  // namespace

std::string to_string(ScaleMode mode) {
  switch (mode) {
    case ScaleMode::standard:
      return "standard";
    case ScaleMode::normalise:
      return "normalise";
    case ScaleMode::none:
      break;
  }
  return "none";
}

ScaleMode parse_scale_mode(std::string_view word) {
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::normalise, ScaleMode::none})
    if (word == to_string(mode)) return mode;
  fail("unknown scaling '{}' (there are standard, normalise and none) choose one of these", word);
}

Scaling learn_scaling(ScaleMode mode, MatrixView<const double> inputs, MatrixView<const double> targets) {
  if (inputs.rows() == 0) fail("no rows to learn a scale from (the inputs are empty) give at least one");
  if (targets.cols() != 0 && targets.rows() != inputs.rows())
    fail("{} rows of targets for {} rows of inputs (each sample has its own) give as many", targets.rows(),
         inputs.rows());
  Scaling scaling;
  scaling.mode = mode;
  scaling.features = inputs.cols();
  if (mode == ScaleMode::none) return scaling;
  check_finite(inputs, "the inputs");
  if (mode == ScaleMode::standard) learn_columns(inputs, scaling.means, scaling.scales);
  if (targets.cols() == 0) return scaling;
  check_finite(targets, "the targets");
  learn_columns(targets, scaling.target_means, scaling.target_scales);
  return scaling;
}

Matrix<double> scale_inputs(const Scaling& scaling, MatrixView<const double> raw) {
  check_columns(raw.cols(), scaling.features, "the inputs");
  if (scaling.mode == ScaleMode::standard) return scale_columns(raw, scaling.means, scaling.scales);
  return scaling.mode == ScaleMode::normalise ? normalise_rows(raw) : copy<double>(raw);
}

Matrix<double> scale_targets(const Scaling& scaling, MatrixView<const double> raw) {
  if (scaling.target_means.empty()) return copy<double>(raw);
  check_columns(raw.cols(), scaling.target_means.size(), "the targets");
  return scale_columns(raw, scaling.target_means, scaling.target_scales);
}

void unscale_means(const Scaling& scaling, MatrixView<double> predicted) {
  if (scaling.target_means.empty()) return;
  check_columns(predicted.cols(), scaling.target_means.size(), "the predictions");
  for (std::size_t i = 0; i < predicted.rows(); ++i)
    for (std::size_t k = 0; k < predicted.cols(); ++k)
      predicted(i, k) = predicted(i, k) * scaling.target_scales[k] + scaling.target_means[k];
}

void unscale_deviations(const Scaling& scaling, MatrixView<double> predicted) {
  if (scaling.target_means.empty()) return;
  check_columns(predicted.cols(), scaling.target_means.size(), "the predictions");
  for (std::size_t i = 0; i < predicted.rows(); ++i)
    for (std::size_t k = 0; k < predicted.cols(); ++k) predicted(i, k) *= scaling.target_scales[k];
}

void to_json(nlohmann::json& json, const Scaling& scaling) {
  for (const auto* numbers : {&scaling.means, &scaling.scales, &scaling.target_means, &scaling.target_scales})
    json_checks::check_writable(*numbers, "scaling");
  json = {{"mode", to_string(scaling.mode)},
          {"features", scaling.features},
          {"means", scaling.means},
          {"scales", scaling.scales},
          {"target_means", scaling.target_means},
          {"target_scales", scaling.target_scales}};
}

void from_json(const nlohmann::json& json, Scaling& scaling) {
  json_checks::read("scaling", [&] {
    Scaling read;
    const auto mode = json.at("mode").get<std::string>();
    json_checks::require(mode == "standard" || mode == "normalise" || mode == "none", "scaling", "its mode is unknown");
    read.mode = parse_scale_mode(mode);
    json.at("features").get_to(read.features);
    json.at("means").get_to(read.means);
    json.at("scales").get_to(read.scales);
    json.at("target_means").get_to(read.target_means);
    json.at("target_scales").get_to(read.target_scales);
    const std::size_t wanted = read.mode == ScaleMode::standard ? read.features : 0;
    json_checks::require(read.means.size() == wanted && read.scales.size() == wanted, "scaling",
                         "its means and scales are not one per feature");
    json_checks::require(read.target_means.size() == read.target_scales.size(), "scaling",
                         "its target means and scales differ in number");
    const auto positive = [](double x) { return x > 0; };
    json_checks::require(std::all_of(read.scales.begin(), read.scales.end(), positive) &&
                             std::all_of(read.target_scales.begin(), read.target_scales.end(), positive),
                         "scaling", "a scale is not positive");
    scaling = std::move(read);
  });
}

}  // namespace widenet
