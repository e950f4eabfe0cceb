#include "widenet/data/scaling.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/json_checks.h"
#include "widenet/data/text.h"
#include "widenet/data/whitening.h"

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

// Means and deviations of `count` series of numbers.
template <class Series>
void learn_each(std::size_t count, const Series& series, std::vector<double>& means, std::vector<double>& scales) {
  means.resize(count);
  scales.resize(count);
  parallel_for(count, [&](std::size_t j, std::size_t) {
    const Moments m = moments(series(j));
    means[j] = m.mean * m.unit;
    scales[j] = m.deviation > 0 ? m.deviation * m.unit : 1.0;
  });
}

void learn_columns(MatrixView<const double> x, std::vector<double>& means, std::vector<double>& scales) {
  learn_each(
      x.cols(),
      [&](std::size_t j) {
        return Strided{x.data() + j, x.rows(), x.stride()};
      },
      means, scales);
}

void learn_channels(MatrixView<const double> x, std::size_t channels, Scaling& scaling) {
  if (channels == 0) return learn_columns(x, scaling.means, scaling.scales);
  if (x.cols() % channels != 0)
    fail("{} channels of samples of {} numbers (every position has them all) give a number that divides them", channels,
         x.cols());
  const Matrix<double> dense = copy<double>(x);
  const auto of_channel = [&](std::size_t c) { return Strided{dense.data() + c, dense.size() / channels, channels}; };
  learn_each(channels, of_channel, scaling.means, scaling.scales);
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

// The means and scales of a row's first numbers, or of every position's.
Matrix<double> scale_columns(MatrixView<const double> raw, const std::vector<double>& means,
                             const std::vector<double>& scales) {
  auto out = Matrix<double>::uninitialized(raw.rows(), raw.cols());
  parallel_for(raw.rows(), [&](std::size_t i, std::size_t) {
    for (std::size_t j = 0; j < raw.cols(); j += means.size())
      for (std::size_t c = 0; c < means.size(); ++c) out(i, j + c) = (raw(i, j + c) - means[c]) / scales[c];
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

std::string to_string(const Scale& scale) {
  switch (scale.mode) {
    case ScaleMode::standard:
      return "standard";
    case ScaleMode::channels:
      return "channels";
    case ScaleMode::normalise:
      return "normalise";
    case ScaleMode::zca:
      return fmt::format("zca:{}", text::spell(scale.regularisation));
    case ScaleMode::none:
      break;
  }
  return "none";
}

Scale parse_scale(std::string_view word) {
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::channels, ScaleMode::normalise, ScaleMode::none})
    if (word == to_string(mode)) return mode;
  constexpr std::string_view zca = "zca:";
  if (!word.starts_with(zca))
    fail("unknown scaling '{}' (there are standard, channels, normalise, zca:R and none) choose one of these", word);
  const auto regularisation = text::parse_number(std::string(word.substr(zca.size())));
  if (!regularisation || !(*regularisation > 0) || !std::isfinite(*regularisation))
    fail("'{}' whitens with no regularisation (zca:R adds R mean eigenvalues, R a number above 0) give e.g. zca:0.1",
         word);
  return {ScaleMode::zca, *regularisation};
}

Scaling learn_scaling(const Scale& scale, MatrixView<const double> inputs, MatrixView<const double> targets,
                      std::size_t channels) {
  if (inputs.rows() == 0) fail("no rows to learn a scale from (the inputs are empty) give at least one");
  if (targets.cols() != 0 && targets.rows() != inputs.rows())
    fail("{} rows of targets for {} rows of inputs (each sample has its own) give as many", targets.rows(),
         inputs.rows());
  Scaling scaling;
  scaling.scale = scale;
  scaling.features = inputs.cols();
  if (scale.mode == ScaleMode::none) return scaling;
  check_finite(inputs, "the inputs");
  if (scale.mode == ScaleMode::standard) learn_columns(inputs, scaling.means, scaling.scales);
  if (scale.mode == ScaleMode::channels) learn_channels(inputs, channels, scaling);
  if (scale.mode == ScaleMode::zca)
    scaling.whitening = learn_whitening(normalise_rows(inputs).view(), scale.regularisation);
  if (targets.cols() == 0) return scaling;
  check_finite(targets, "the targets");
  learn_columns(targets, scaling.target_means, scaling.target_scales);
  return scaling;
}

Matrix<double> scale_inputs(const Scaling& scaling, MatrixView<const double> raw) {
  check_columns(raw.cols(), scaling.features, "the inputs");
  switch (scaling.scale.mode) {
    case ScaleMode::standard:
    case ScaleMode::channels:
      return scale_columns(raw, scaling.means, scaling.scales);
    case ScaleMode::normalise:
      return normalise_rows(raw);
    case ScaleMode::zca:
      return whitened(normalise_rows(raw).view(), scaling.whitening);
    case ScaleMode::none:
      break;
  }
  return copy<double>(raw);
}

std::size_t learn_scaling_bytes(const Scale& scale, std::size_t features) {
  return scale.mode == ScaleMode::zca ? whitening_bytes(features) : 0;
}
std::size_t scaling_bytes(const Scale& scale, std::size_t features) {
  return scale.mode == ScaleMode::zca ? features * features * sizeof(double) : 0;
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
  json = {{"mode", to_string(scaling.scale)},
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
    try {
      read.scale = parse_scale(mode);
    } catch (const Error&) {
      json_checks::require(false, "scaling", "its mode is unknown");
    }
    json.at("features").get_to(read.features);
    json.at("means").get_to(read.means);
    json.at("scales").get_to(read.scales);
    json.at("target_means").get_to(read.target_means);
    json.at("target_scales").get_to(read.target_scales);
    const std::size_t units = read.means.size();
    const bool fits = read.scale.mode == ScaleMode::standard   ? units == read.features
                      : read.scale.mode == ScaleMode::channels ? units > 0 && read.features % units == 0
                                                               : units == 0;
    json_checks::require(fits && read.scales.size() == units, "scaling",
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
