#include "widenet/activation/activation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace widenet {
namespace {

using Parameters = std::span<const double>;

std::vector<double> kink_at_zero(Parameters) { return {0}; }

double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

// Keeps the digits of the left tail, where 1 + erf would round to 0.
double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

double scaled_erf(double x, double a, double b, double c) { return a * std::erf(b * x) + c; }
double scaled_erf_slope(double x, double a, double b) {
  const double y = b * x;
  return a * b * 2 * std::numbers::inv_sqrtpi * std::exp(-y * y);
}

// The logistic function's nearest erf (neural-tangents' Sigmoid_like).
constexpr double sigmoid_like_width = 2.4020563531719796;

// Klambauer et al. 2017: the constants that make (0, 1) a fixed point of mean and variance.
constexpr double selu_alpha = 1.6732632423543772848;
constexpr double selu_scale = 1.0507009873554804934;

double elu(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }
double elu_slope(double x, double alpha) { return x >= 0 ? 1 : alpha * std::exp(x); }

// h_n = He_n / sqrt(n!) by its three-term recurrence; once a term overflows the leading power decides the sign.
double hermite(double x, std::size_t n) {
  double previous = 0, current = 1;
  for (std::size_t k = 0; k < n; ++k) {
    const double degree = static_cast<double>(k);
    const double next = (x * current - std::sqrt(degree) * previous) / std::sqrt(degree + 1);
    if (!std::isfinite(next)) return std::copysign(std::numeric_limits<double>::infinity(), n % 2 == 1 ? x : 1.0);
    previous = current;
    current = next;
  }
  return current;
}
double hermite_slope(double x, std::size_t n) {
  return n == 0 ? 0 : std::sqrt(static_cast<double>(n)) * hermite(x, n - 1);
}

double power_slope(double x, double n) { return n == 0 ? 0 : n * std::pow(x, n - 1); }

double polynomial(double x, Parameters c) {
  double sum = 0;
  for (std::size_t k = c.size(); k-- > 0;) sum = sum * x + c[k];
  return sum;
}
double polynomial_slope(double x, Parameters c) {
  double sum = 0;
  for (std::size_t k = c.size(); k-- > 1;) sum = sum * x + static_cast<double>(k) * c[k];
  return sum;
}

// tanh(log(1 + e^x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1), in powers of e^-|x|.
double mish(double x) {
  const double e = std::exp(-std::abs(x));
  if (x >= 0) return x * ((1 + 2 * e) / (1 + 2 * e + 2 * e * e));
  return x * (e * (e + 2) / (e * (e + 2) + 2));
}
double mish_slope(double x) {
  const double e = std::exp(-std::abs(x));
  const double d = x >= 0 ? 1 + 2 * e + 2 * e * e : e * (e + 2) + 2;
  const double gate = x >= 0 ? (1 + 2 * e) / d : e * (e + 2) / d;
  const double gate_slope = 4 * (1 + e) * (x >= 0 ? e * e : e) / (d * d);
  return gate + x * gate_slope;
}

// The functions of erf and of circles and exponentials, whose kernels have closed forms.
std::vector<ActivationDefinition> smooth_with_closed_form() {
  return {
      {.name = "erf",
       .parameters = {{"a", 1}, {"b", 1}, {"c", 0}},
       .value = [](double x, Parameters p) { return scaled_erf(x, p[0], p[1], p[2]); },
       .slope = [](double x, Parameters p) { return scaled_erf_slope(x, p[0], p[1]); },
       .formula = "a erf(b x) + c"},
      {.name = "sigmoid_like",
       .value = [](double x, Parameters) { return scaled_erf(x, 0.5, 1 / sigmoid_like_width, 0.5); },
       .slope = [](double x, Parameters) { return scaled_erf_slope(x, 0.5, 1 / sigmoid_like_width); },
       .formula = "(erf(x / 2.4020563531719796) + 1) / 2"},
      {.name = "gelu",
       .value = [](double x, Parameters) { return x * normal_cdf(x); },
       .slope = [](double x, Parameters) { return normal_cdf(x) + x * normal_density(x); },
       .formula = "x Phi(x), Phi the normal distribution function"},
      {.name = "sin",
       .parameters = {{"a", 1}, {"b", 1}, {"c", 0}},
       .value = [](double x, Parameters p) { return p[0] * std::sin(p[1] * x + p[2]); },
       .slope = [](double x, Parameters p) { return p[0] * p[1] * std::cos(p[1] * x + p[2]); },
       .formula = "a sin(b x + c)"},
      {.name = "cos",
       .parameters = {{"a", 1}, {"b", 1}, {"c", 0}},
       .value = [](double x, Parameters p) { return p[0] * std::cos(p[1] * x + p[2]); },
       .slope = [](double x, Parameters p) { return -p[0] * p[1] * std::sin(p[1] * x + p[2]); },
       .formula = "a cos(b x + c)"},
      {.name = "rbf",
       .parameters = {{"gamma", 1}},
       .value =
           [](double x, Parameters p) {
             return std::numbers::sqrt2 * std::sin(std::sqrt(2 * p[0]) * x + std::numbers::pi / 4);
           },
       .slope =
           [](double x, Parameters p) {
             const double w = std::sqrt(2 * p[0]);
             return std::numbers::sqrt2 * w * std::cos(w * x + std::numbers::pi / 4);
           },
       .formula = "sqrt(2) sin(sqrt(2 gamma) x + pi/4)"},
      {.name = "exp",
       .parameters = {{"a", 1}, {"b", 1}},
       .value = [](double x, Parameters p) { return p[0] * std::exp(p[1] * x); },
       .slope = [](double x, Parameters p) { return p[0] * p[1] * std::exp(p[1] * x); },
       .formula = "a e^(b x)"},
      {.name = "gaussian",
       .parameters = {{"a", 1}, {"b", -1}},
       .value = [](double x, Parameters p) { return p[0] * std::exp(p[1] * x * x); },
       .slope = [](double x, Parameters p) { return 2 * p[0] * p[1] * (x * std::exp(p[1] * x * x)); },
       .formula = "a e^(b x^2)"},
      {.name = "gabor",
       .value = [](double x, Parameters) { return std::exp(-x * x) * std::sin(x); },
       .slope =
           [](double x, Parameters) {
             const double e = std::exp(-x * x);
             return e * std::cos(x) - 2 * (x * e) * std::sin(x);
           },
       .formula = "e^(-x^2) sin(x)"},
      {.name = "exp_normalized",
       .parameters = {{"gamma", 1}, {"shift", -1}},
       .formula = "known by its kernel: sqrt(q q') e^(gamma (rho + shift))"},
  };
}

std::vector<ActivationDefinition> piecewise_linear() {
  return {
      {.name = "relu",
       .value = [](double x, Parameters) { return x > 0 ? x : 0.0; },
       .slope = [](double x, Parameters) { return x >= 0 ? 1.0 : 0.0; },
       .kinks = kink_at_zero,
       .formula = "max(x, 0)"},
      {.name = "leaky_relu",
       .parameters = {{.name = "slope", .required = true}},
       .value = [](double x, Parameters p) { return x > 0 ? x : p[0] * x; },
       .slope = [](double x, Parameters p) { return x >= 0 ? 1 : p[0]; },
       .kinks = kink_at_zero,
       .formula = "slope min(x, 0) + max(x, 0)"},
      {.name = "abs",
       .value = [](double x, Parameters) { return std::abs(x); },
       .slope = [](double x, Parameters) { return x >= 0 ? 1.0 : -1.0; },
       .kinks = kink_at_zero,
       .formula = "|x|"},
      {.name = "abrelu",
       .parameters = {{.name = "a", .required = true}, {.name = "b", .required = true}},
       .value = [](double x, Parameters p) { return (x > 0 ? p[1] : p[0]) * x; },
       .slope = [](double x, Parameters p) { return x >= 0 ? p[1] : p[0]; },
       .kinks = kink_at_zero,
       .formula = "a min(x, 0) + b max(x, 0)"},
      {.name = "sign",
       .value = [](double x, Parameters) { return x > 0   ? 1.0
                                                  : x < 0 ? -1.0
                                                          : 0.0; },
       .slope = [](double, Parameters) { return 0.0; },
       .kinks = kink_at_zero,
       .formula = "1 for x > 0, -1 for x < 0, 0 for 0"},
  };
}

std::vector<ActivationDefinition> powers() {
  return {
      {.name = "hermite",
       .parameters = {{.name = "n", .required = true, .integer = true}},
       .value = [](double x, Parameters p) { return hermite(x, static_cast<std::size_t>(p[0])); },
       .slope = [](double x, Parameters p) { return hermite_slope(x, static_cast<std::size_t>(p[0])); },
       .formula = "He_n(x) / sqrt(n!), the orthonormal Hermite polynomial"},
      {.name = "monomial",
       .parameters = {{.name = "n", .required = true, .integer = true}},
       .value = [](double x, Parameters p) { return std::pow(x, p[0]); },
       .slope = [](double x, Parameters p) { return power_slope(x, p[0]); },
       .formula = "x^n"},
      {.name = "rectified_monomial",
       .parameters = {{.name = "n", .required = true, .integer = true}},
       .value = [](double x, Parameters p) { return x > 0 ? std::pow(x, p[0]) : 0; },
       .slope = [](double x, Parameters p) { return x >= 0 ? power_slope(x, p[0]) : 0; },
       .kinks = kink_at_zero,
       .formula = "x^n for x > 0, else 0"},
      {.name = "polynomial",
       .variadic = true,
       .value = polynomial,
       .slope = polynomial_slope,
       .formula = "c0 + c1 x + c2 x^2 + ..."},
  };
}

std::vector<ActivationDefinition> without_closed_form() {
  return {
      {.name = "tanh",
       .value = [](double x, Parameters) { return std::tanh(x); },
       .slope =
           [](double x, Parameters) {
             const double e = std::exp(-2 * std::abs(x));
             return 4 * e / ((1 + e) * (1 + e));
           },
       .formula = "tanh(x)"},
      {.name = "sigmoid",
       .value = [](double x, Parameters) { return sigmoid(x); },
       .slope =
           [](double x, Parameters) {
             const double e = std::exp(-std::abs(x));
             return e / ((1 + e) * (1 + e));
           },
       .formula = "1 / (1 + e^-x)"},
      {.name = "softplus",
       .value = [](double x, Parameters) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); },
       .slope = [](double x, Parameters) { return sigmoid(x); },
       .formula = "log(1 + e^x)"},
      {.name = "elu",
       .parameters = {{"alpha", 1}},
       .value = [](double x, Parameters p) { return elu(x, p[0]); },
       .slope = [](double x, Parameters p) { return elu_slope(x, p[0]); },
       .kinks = kink_at_zero,
       .formula = "x for x > 0, else alpha (e^x - 1)"},
      {.name = "selu",
       .value = [](double x, Parameters) { return selu_scale * elu(x, selu_alpha); },
       .slope = [](double x, Parameters) { return selu_scale * elu_slope(x, selu_alpha); },
       .kinks = kink_at_zero,
       .formula = "1.0507 elu(x) with alpha = 1.6733"},
      {.name = "silu",
       .value = [](double x, Parameters) { return x * sigmoid(x); },
       .slope = [](double x, Parameters) { return sigmoid(x) * (1 + x * sigmoid(-x)); },
       .formula = "x / (1 + e^-x)"},
      {.name = "mish",
       .value = [](double x, Parameters) { return mish(x); },
       .slope = [](double x, Parameters) { return mish_slope(x); },
       .formula = "x tanh(log(1 + e^x))"},
      {.name = "hard_tanh",
       .value = [](double x, Parameters) { return std::clamp(x, -1.0, 1.0); },
       .slope = [](double x, Parameters) { return x >= -1 && x < 1 ? 1.0 : 0.0; },
       .kinks =
           [](Parameters) {
             return std::vector<double>{-1, 1};
           },
       .formula = "min(max(x, -1), 1)"},
      {.name = "relu6",
       .value = [](double x, Parameters) { return std::clamp(x, 0.0, 6.0); },
       .slope = [](double x, Parameters) { return x >= 0 && x < 6 ? 1.0 : 0.0; },
       .kinks =
           [](Parameters) {
             return std::vector<double>{0, 6};
           },
       .formula = "min(max(x, 0), 6)"},
  };
}

std::vector<ActivationDefinition> all_definitions() {
  std::vector<ActivationDefinition> all;
  for (auto part : {piecewise_linear, smooth_with_closed_form, powers, without_closed_form})
    for (ActivationDefinition& definition : part()) all.push_back(std::move(definition));
  return all;
}

}  // namespace

std::span<const ActivationDefinition> activation_definitions() {
  static const std::vector<ActivationDefinition> definitions = all_definitions();
  return definitions;
}

const ActivationDefinition* find_activation(std::string_view name) {
  for (const ActivationDefinition& definition : activation_definitions())
    if (definition.name == name) return &definition;
  return nullptr;
}

}  // namespace widenet
