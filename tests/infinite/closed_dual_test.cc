// Every closed form against quadrature of the activation's own function.
#include "widenet/infinite/closed_dual.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/hard_rows.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/error.h"
#include "widenet/infinite/execute.h"
#include "widenet/infinite/quadrature.h"

namespace widenet {
namespace {

using namespace testing_support;

constexpr double pi = std::numbers::pi;

struct Pair {
  double value, slope, own_value, own_slope;  // own: sqrt of the products of the two samples' own moments
};

// [affine of weight 1] dual: Theta = q rho Kdot at the end, so that Kdot = Theta / c; and K itself.
Pair closed(const Activation& activation, double a, double b, double s) {
  Program program;
  program.steps.emplace_back(ChainStep{0, {AffineLayer{}}, *closed_dual(activation)});
  const std::size_t count = parameter_count(program);
  std::vector<double> row(count), column(count);
  const OwnKernel i = run_sample(program, a, 0, row.data(), nullptr),
                  j = run_sample(program, b, 1, column.data(), nullptr);
  const auto [k, theta] = execute_pair<double>(program, row.data(), column.data(), s);
  const double rho = std::copysign(1 - std::abs(s), s), c = std::sqrt(a) * std::sqrt(b) * rho;
  return {k, c == 0 ? 0 : theta / c, std::sqrt(i.nngp) * std::sqrt(j.nngp),
          std::sqrt(i.ntk / a) * std::sqrt(j.ntk / b)};
}

Activation parsed(const std::string& text) { return std::get<Activation>(parse_network("dense " + text).layers[1]); }

void expect_quadrature(const Activation& activation, const std::string& text, double a, double b, double s) {
  const DualQuadrature quadrature(activation);
  const DualValue exact = quadrature.dual(a, b, s), at_a = quadrature.moments(a), at_b = quadrature.moments(b);
  const Pair got = closed(activation, a, b, s);
  const double size = std::sqrt(at_a.value) * std::sqrt(at_b.value),
               slope = std::sqrt(at_a.slope) * std::sqrt(at_b.slope);
  const double bound = closed_dual_error + DualQuadrature::dual_error;
  EXPECT_NEAR(got.own_value, size, bound * size) << text << " " << a << " " << b;
  EXPECT_NEAR(got.value, exact.value, bound * size) << text << " " << a << " " << b << " " << s;
  if (activation.name == "sign" || activation.name.starts_with("rectified_monomial") || std::abs(s) == 1) return;
  EXPECT_NEAR(got.own_slope, slope, bound * slope) << text << " " << a << " " << b;
  EXPECT_NEAR(got.slope, exact.slope, bound * slope) << text << " " << a << " " << b << " " << s;
}

double random_complement(Random& random) {
  const double size = below(random, 2) == 0 ? uniform(random, 0, 1) : std::pow(10, uniform(random, -16, 0));
  return std::copysign(size, uniform(random, -1, 1));
}

TEST(ClosedDual, BoundedActivationsAgainstQuadrature) {
  Random random(4);
  for (const std::string& text : bounded_activations()) {
    const Activation activation = parsed(text);
    if (activation.name == "exp_normalized") continue;
    for (int k = 0; k < 12; ++k) {
      const double a = std::pow(10, uniform(random, -3, 2));
      const double b = k % 3 == 0 ? a : std::pow(10, uniform(random, -3, 2));
      expect_quadrature(activation, text, a, b,
                        k == 0   ? 0.0
                        : k == 3 ? -0.0
                        : k == 6 ? 1.0
                                 : random_complement(random));
    }
  }
}

TEST(ClosedDual, GrowingActivationsAgainstQuadrature) {
  Random random(6);
  for (const std::string& text : growing_activations())
    for (int k = 0; k < 12; ++k) {
      const double a = std::pow(10, uniform(random, -2, 0.5));
      const double b = k % 3 == 0 ? a : std::pow(10, uniform(random, -2, 0.5));
      expect_quadrature(parsed(text), text, a, b, k == 0 ? 0.0 : k == 3 ? -0.0 : random_complement(random));
    }
}

// Series of both lengths, at variances where every term of hermite counts and at 1, where it is rho^n.
TEST(ClosedDual, HighDegreesAgainstQuadrature) {
  Random random(8);
  for (const std::size_t n : {14u, 15u, 16u, 17u, 20u, 33u, 63u}) {
    const Activation hermite{"hermite", {static_cast<double>(n)}};
    // Coefficients at which all powers have about the same second moment at variance 1.
    Activation polynomial{"polynomial", {}};
    double moment = 1;
    for (std::size_t k = 0; k <= n; ++k) {
      if (k > 0) moment *= static_cast<double>(2 * k - 1);
      polynomial.parameters.push_back(uniform(random, -1, 1) / std::sqrt(moment));
    }
    for (int k = 0; k < 4; ++k) {
      const double a = std::pow(10, uniform(random, -1, 0.5)),
                   b = k % 2 == 0 ? a : std::pow(10, uniform(random, -1, 0.5));
      const double s = k == 0 ? 0.0 : random_complement(random);
      expect_quadrature(hermite, "hermite(" + std::to_string(n) + ")", a, b, s);
      expect_quadrature(polynomial, "polynomial of degree " + std::to_string(n), a, b, s);
    }
    for (const double s : {0.0, 0.125, 0.5, -0.25}) {
      const double rho = std::copysign(1 - std::abs(s), s), degree = static_cast<double>(n);
      const Pair got = closed(hermite, 1, 1, s);
      EXPECT_NEAR(got.value, std::pow(rho, degree), closed_dual_error) << n << " " << s;
      EXPECT_NEAR(got.slope, degree * std::pow(rho, degree - 1), closed_dual_error * degree) << n << " " << s;
    }
  }
}

// The powers of hermite(n), added up: their terms cancel.
TEST(ClosedDual, PolynomialWithTheCoefficientsOfHermite) {
  const std::size_t n = 20;
  std::vector<double> c(n + 1, 0.0);
  double term = 1;  // (-1)^i sqrt(n!) / (2^i i! (n - 2i)!)
  for (std::size_t k = 1; k <= n; ++k) term /= std::sqrt(static_cast<double>(k));
  double size = 0;  // sum of the sizes of the terms of r_0 at q = 1, (n - 2i)! / (2^j j!), j = n/2 - i
  for (std::size_t i = 0; 2 * i <= n; ++i) {
    const std::size_t power = n - 2 * i;
    c[power] = term;
    double moment = 1;
    for (std::size_t k = 1; k < power; k += 2) moment *= static_cast<double>(k);
    size += std::abs(term) * moment;
    term *= -static_cast<double>(power) * (static_cast<double>(power) - 1) / (2 * static_cast<double>(i + 1));
  }
  const double s = 0.25, bound = 64 * size * std::numeric_limits<double>::epsilon();  // of the rounded coefficients
  ASSERT_LT(bound, 1e-9);
  const Pair got = closed({"polynomial", c}, 1, 1, s);
  EXPECT_NEAR(got.own_value, 1, bound);
  EXPECT_NEAR(got.value, std::pow(1 - s, 20), bound);
}

// The weights of the powers of rho add up to 1.
TEST(ClosedDual, MonomialsOfHighDegree) {
  Random random(9);
  for (const int n : {7, 20, 40})
    for (int k = 0; k < 4; ++k)
      expect_quadrature({"monomial", {static_cast<double>(n)}}, "monomial(" + std::to_string(n) + ")", 0.7,
                        k % 2 == 0 ? 0.7 : 1.3, k == 0 ? 0.0 : random_complement(random));
  for (const std::size_t n : {1u, 2u, 7u, 20u, 40u, 149u}) {
    const PowerDual dual(n);
    double sum = 0;
    for (const double weight : dual.weights) sum += weight;
    EXPECT_NEAR(sum, 1, closed_dual_error) << n;
  }
}

// The smallest and largest variances that rows of norm 1e-150 and 1e150 have.
TEST(ClosedDual, ExtremeVariances) {
  for (const char* text : {"relu", "abs", "sign", "erf", "gelu", "leaky_relu(0.1)", "gaussian(1, -0.5)", "gabor"})
    for (const double q : {1e-300, 1e-200, 1e-100, 1e100, 1e200, 1e300}) {
      // Theta = q E[phi'^2] is 4 b^2 q^2 there: no number.
      if (std::string_view(text).starts_with("gaussian") && q < 1e-150) continue;
      for (const double s : {0.0, 1e-12, 0.25, 1.0, -0.5, -1e-12, -0.0}) expect_quadrature(parsed(text), text, q, q, s);
    }
  for (const char* text : {"relu", "erf", "gelu"}) expect_quadrature(parsed(text), text, 1e300, 1e-300, 0.25);
}

// By hand at a = 1.3, b = 0.8, c = 0.6: value and slope to all digits given.
TEST(ClosedDual, ReferenceValues) {
  struct Reference {
    const char* text;
    double value, slope;
  };
  const double a = 1.3, b = 0.8, c = 0.6, s = 1 - c / std::sqrt(a * b);
  const Reference references[] = {
      {"relu", .341309017291917, .350110815084177},
      {"erf", .256594102997760, .452425971716380},
      {"gelu", .263434450287094, .359275943591650},
      {"sin", .222789121500510, .414839030121264},
      {"cos", .414839030121264, .222789121500510},
      {"exp", 5.206979827179849, 5.206979827179849},
      {"gaussian", .355334527259351, 4 * c / std::pow((1 + 2 * a) * (1 + 2 * b) - 4 * c * c, 1.5)}};
  for (const Reference& r : references) {
    const Pair got = closed(parsed(r.text), a, b, s);
    EXPECT_NEAR(got.value, r.value, 1e-15 * (1 + r.value)) << r.text;
    EXPECT_NEAR(got.slope, r.slope, 1e-15 * (1 + r.slope)) << r.text;
  }
  const Pair leaky = closed(parsed("leaky_relu(0.2)"), a, b, s);
  EXPECT_NEAR(leaky.value, .338438, 5e-7);
  EXPECT_NEAR(leaky.slope, .424071, 5e-7);
}

// exp_normalized is defined by its kernel.
TEST(ClosedDual, ExpNormalized) {
  const Pair got = closed({"exp_normalized", {0.8, -1}}, 2, 0.5, 0.25);
  EXPECT_NEAR(got.value, std::exp(-0.8 * 0.25), closed_dual_error);
  EXPECT_NEAR(got.slope, 0.8 * std::exp(-0.8 * 0.25), closed_dual_error);
}

// J_0, J_1, J_2 of Cho & Saul 2009 over 2 pi, and the slope n^2 K_{n-1}.
TEST(ClosedDual, RectifiedMonomials) {
  const double t = 1.1, s = 1 - std::cos(t), a = 2, b = 0.5;
  const double j[] = {pi - t, std::sin(t) + (pi - t) * std::cos(t),
                      3 * std::sin(t) * std::cos(t) + (pi - t) * (1 + 2 * std::cos(t) * std::cos(t))};
  for (int n = 0; n < 3; ++n) {
    const Pair got = closed({"rectified_monomial", {static_cast<double>(n)}}, a, b, s);
    EXPECT_NEAR(got.value, j[n] / (2 * pi) * std::pow(a * b, n / 2.0), closed_dual_error * got.own_value);
    const double slope = n == 0 ? 0 : n * n * j[n - 1] / (2 * pi) * std::pow(a * b, (n - 1) / 2.0);
    EXPECT_NEAR(got.slope, slope, closed_dual_error * n * n);
  }
}

// A row without variance is independent of all others.
TEST(ClosedDual, ZeroVariance) {
  std::vector<std::string> all = bounded_activations();
  all.insert(all.end(), growing_activations().begin(), growing_activations().end());
  for (const std::string& text : all) {
    const Activation activation = parsed(text);
    const Pair one = closed(activation, 0, 1.5, 1), both = closed(activation, 0, 0, 1);
    const double at_zero =
        activation.name == "exp_normalized" ? 0 : find_activation(activation.name)->value(0, activation.parameters);
    EXPECT_NEAR(both.value, at_zero * at_zero, closed_dual_error) << text;
    ASSERT_TRUE(std::isfinite(one.value)) << text;
    if (activation.name == "exp_normalized") continue;
    const double mean = DualQuadrature(activation).mean(1.5).value;
    EXPECT_NEAR(one.value, at_zero * mean, closed_dual_error * (1 + std::abs(mean))) << text;
  }
}

TEST(ClosedDual, GrowingGaussianBeyondItsDomainIsRefused) {
  const Activation activation{"gaussian", {1, 0.5}};
  EXPECT_NO_THROW(closed(activation, 0.49, 0.49, 0.5));
  try {
    closed(activation, 0.5, 0.49, 0.5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("the kernel of sample 0 is not finite"), 0u) << error.what();
  }
}

TEST(ClosedDual, NoneForTheOthers) {
  for (const char* name : {"tanh", "sigmoid", "softplus", "selu", "silu", "mish", "hard_tanh", "relu6"})
    EXPECT_FALSE(closed_dual({name, {}})) << name;
  EXPECT_FALSE(closed_dual({"elu", {1}}));
  EXPECT_FALSE(closed_dual({"polynomial", std::vector<double>(long_series + 1, 1.0)}));
  EXPECT_TRUE(closed_dual({"polynomial", std::vector<double>(long_series, 1.0)}));
  EXPECT_FALSE(closed_dual({"hermite", {long_series}}));
  EXPECT_TRUE(closed_dual({"hermite", {long_series - 1}}));
}

}  // namespace
}  // namespace widenet
