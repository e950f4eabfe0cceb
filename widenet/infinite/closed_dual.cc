#include "widenet/infinite/closed_dual.h"

#include <algorithm>
#include <string_view>

namespace widenet {
namespace {

double double_factorial(std::size_t n) {
  double product = 1;
  for (; n > 1; n -= 2) product *= static_cast<double>(n);
  return product;
}

}  // namespace

// E[x^n y^n] = p_n(rho): p_n = (2n - 1) rho p_{n-1} + (n - 1)^2 (1 - rho^2) p_{n-2}; by coefficients all terms are
// positive in the equal form sum_l n!^2 / (l! (((n-l)/2)!)^2 2^(n-l)) rho^l, l = n, n-2, ...
PowerDual::PowerDual(std::size_t order)
    : n(order), weights(n + 1, 0.0), scale(n == 0 ? 1 : double_factorial(2 * n - 1)) {
  for (std::size_t l = n;; l -= 2) {
    const double half = static_cast<double>((n - l) / 2);
    const double log_term = 2 * std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(l) + 1) -
                            2 * std::lgamma(half + 1) - 2 * half * std::log(2.0);
    weights[l] = std::round(std::exp(log_term)) / scale;
    if (l < 2) break;
  }
}

RectifiedMonomialDual::RectifiedMonomialDual(std::size_t order)
    : n(order), at_one(std::numbers::pi * (order == 0 ? 1 : double_factorial(2 * order - 1))) {}

void PolynomialDual::fill(double q, double* f) const {
  const double root = std::sqrt(q);
  for (std::size_t l = 0; l < factors; ++l) {
    // (2i+l)! / (2^i i! sqrt(l!)) q^((2i+l)/2), built up in i.
    double sum = 0, term = 1;
    for (std::size_t k = 1; k <= l; ++k) term *= std::sqrt(static_cast<double>(k)) * root;
    for (std::size_t i = 0; 2 * i + l < coefficients.size(); ++i) {
      sum += coefficients[2 * i + l] * term;
      const double n = static_cast<double>(2 * i + l);
      term *= (n + 1) * (n + 2) * q / (2 * static_cast<double>(i + 1));
    }
    f[l] = sum;
  }
}

void HermiteDual::fill(double q, double* f) const {
  std::fill_n(f, factors, 0.0);
  // The coefficient from l = n down: times sqrt(l (l - 1)) / (2 (i + 1)) per step.
  double coefficient = 1;
  for (std::size_t i = 0; 2 * i <= n; ++i) {
    const std::size_t l = n - 2 * i;
    f[l] = coefficient * std::pow(std::sqrt(q), static_cast<double>(l)) * std::pow(q - 1, static_cast<double>(i));
    if (l >= 2) coefficient *= std::sqrt(static_cast<double>(l * (l - 1))) / (2 * static_cast<double>(i + 1));
  }
}

std::optional<ClosedDual> closed_dual(const Activation& activation) {
  const std::string_view name = activation.name;
  const std::vector<double>& p = activation.parameters;
  const auto order = [&] { return static_cast<std::size_t>(p[0]); };
  if (name == "relu") return ReluDual(0, 1);
  if (name == "leaky_relu") return ReluDual(p[0], 1);
  if (name == "abs") return ReluDual(-1, 1);
  if (name == "abrelu") return ReluDual(p[0], p[1]);
  if (name == "sign") return SignDual{};
  if (name == "erf") return ErfDual{p[0], p[1], p[2]};
  if (name == "sigmoid_like") return ErfDual{0.5, 1 / 2.4020563531719796, 0.5};
  if (name == "gelu") return GeluDual{};
  if (name == "sin") return TrigDual{p[0], p[1], std::cos(2 * p[2])};
  if (name == "cos") return TrigDual{p[0], p[1], -std::cos(2 * p[2])};
  if (name == "rbf") return RbfDual{p[0]};
  if (name == "exp") return ExpDual{p[0], p[1]};
  if (name == "gaussian" && p[1] <= 0) return GaussianDual{p[0], p[1]};
  if (name == "gaussian") return GrowingGaussianDual{p[0], p[1]};
  if (name == "gabor") return GaborDual{};
  if (name == "exp_normalized") return ExpNormalizedDual{p[0], p[1]};
  if (name == "hermite" && order() <= HermiteDual::max_degree) return HermiteDual{order()};
  if (name == "monomial") return PowerDual(order());
  if (name == "rectified_monomial") {
    if (order() == 1) return ReluDual(0, 1);
    return RectifiedMonomialDual(order());
  }
  if (name == "polynomial" && p.size() <= PolynomialDual::factors) return PolynomialDual{p};
  return std::nullopt;
}

}  // namespace widenet
