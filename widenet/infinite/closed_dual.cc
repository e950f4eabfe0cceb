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
// positive in the equal form sum_l n!^2 / (l! (((n-l)/2)!)^2 2^(n-l)) rho^l, l = n, n-2, ... Divided by p_n(1) they
// start at n! / (2n - 1)!! and follow from one another.
PowerDual::PowerDual(std::size_t order)
    : n(order), weights(n + 1, 0.0), scale(n == 0 ? 1 : double_factorial(2 * n - 1)) {
  long double weight = 1;
  for (std::size_t k = 1; k <= n; ++k) weight *= static_cast<long double>(k) / static_cast<long double>(2 * k - 1);
  for (std::size_t l = n;; l -= 2) {
    weights[l] = static_cast<double>(weight);
    if (l < 2) break;
    const long double half = static_cast<long double>((n - l) / 2 + 1);
    weight *= static_cast<long double>(l * (l - 1)) / (4 * half * half);
  }
}

RectifiedMonomialDual::RectifiedMonomialDual(std::size_t order)
    : n(order), at_one(std::numbers::pi * (order == 0 ? 1 : double_factorial(2 * order - 1))) {}

template <std::size_t Terms>
void PolynomialDual<Terms>::fill(double q, double* f) const {
  const long double root = std::sqrt(static_cast<long double>(q));
  long double first = 1;  // sqrt(l!) q^(l/2)
  for (std::size_t l = 0; l < factors; ++l) {
    if (l > 0) first *= std::sqrt(static_cast<long double>(l)) * root;
    // (2i+l)! / (2^i i! sqrt(l!)) q^((2i+l)/2), built up in i.
    long double sum = 0, term = first;
    for (std::size_t i = 0; 2 * i + l < coefficients.size(); ++i) {
      sum += static_cast<long double>(coefficients[2 * i + l]) * term;
      const long double n = static_cast<long double>(2 * i + l);
      term *= (n + 1) * (n + 2) * static_cast<long double>(q) / (2 * static_cast<long double>(i + 1));
    }
    f[l] = static_cast<double>(sum);
  }
}

template <std::size_t Terms>
void HermiteDual<Terms>::fill(double q, double* f) const {
  std::fill_n(f, factors, 0.0);
  const long double root = std::sqrt(static_cast<long double>(q)), rest = static_cast<long double>(q) - 1;
  // The coefficient from l = n down: times sqrt(l (l - 1)) / (2 (i + 1)) per step.
  long double coefficient = 1;
  for (std::size_t i = 0; 2 * i <= n; ++i) {
    const std::size_t l = n - 2 * i;
    f[l] = static_cast<double>(coefficient * std::pow(root, static_cast<int>(l)) * std::pow(rest, static_cast<int>(i)));
    if (l >= 2) coefficient *= std::sqrt(static_cast<long double>(l * (l - 1))) / static_cast<long double>(2 * (i + 1));
  }
}

template struct PolynomialDual<short_series>;
template struct PolynomialDual<long_series>;
template struct HermiteDual<short_series>;
template struct HermiteDual<long_series>;

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
  if (name == "hermite" && order() < short_series) return HermiteDual<short_series>{order()};
  if (name == "hermite" && order() < long_series) return HermiteDual<long_series>{order()};
  if (name == "monomial") return PowerDual(order());
  if (name == "rectified_monomial") {
    if (order() == 1) return ReluDual(0, 1);
    return RectifiedMonomialDual(order());
  }
  if (name == "polynomial" && p.size() <= short_series) return PolynomialDual<short_series>{p};
  if (name == "polynomial" && p.size() <= long_series) return PolynomialDual<long_series>{p};
  return std::nullopt;
}

}  // namespace widenet
