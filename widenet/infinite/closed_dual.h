// Activations whose dual has a closed form: the constants of the formula and what depends on one sample alone.
// The formulas of a pair of samples are in closed_dual-inl.h.
//
// Notation: (u, v) ~ N(0, [[a, c], [c, b]]), rho = c / sqrt(a b), theta = acos(rho); K = E[phi(u) phi(v)] is the dual,
// Kdot = E[phi'(u) phi'(v)] its slope (dK/dc, Price's theorem). Cho & Saul 2009; Williams 1997; Tsuchida et al. 2021.
#pragma once

#include <cmath>
#include <numbers>
#include <optional>
#include <variant>
#include <vector>

#include "widenet/activation/activation.h"

namespace widenet {

// Every struct says how many numbers of one sample (beside sqrt(q)) its formula reads: `factors`, and whether the
// formula gives K itself (`gives_covariance`) or, more accurately near |rho| = 1, the correlation of the outputs.

// p min(x, 0) + r max(x, 0): relu, leaky_relu, abs, abrelu. K = sqrt(a b) (alpha rho + beta (sin t - t cos t) / pi),
// Kdot = alpha - beta t / pi, with alpha = (p^2 + r^2)/2, beta = (p - r)^2/2.
struct ReluDual {
  static constexpr std::size_t factors = 0;
  static constexpr bool gives_covariance = false;
  double alpha, beta, kappa;  // kappa = beta / alpha in [0, 2]
  ReluDual(double p, double r)
      : alpha((p * p + r * r) / 2), beta((p - r) * (p - r) / 2), kappa(alpha > 0 ? beta / alpha : 1) {}
  double variance(double q) const { return alpha * q; }
  void fill(double, double*) const {}
  // Whether the outputs' correlation is never negative.
  bool nonnegative() const { return kappa >= 1; }
};

// sign(x): K = 1 - 2 t / pi, Kdot = 0 (nothing below it trains).
struct SignDual {
  static constexpr std::size_t factors = 0;
  static constexpr bool gives_covariance = false;
  double variance(double q) const { return q > 0 ? 1 : 0; }
  void fill(double, double*) const {}
};

// What erf, gelu and gaussian share: with g q in place of the variance, t = sqrt(g q / (1 + g q)), w = 1 / sqrt(1 + g
// q), so that rho~ = t_i t_j rho and 1 - rho~^2 need no cancellation at any q.
struct Damped {
  static void fill(double gq, double* f) {
    const double inverse = gq > 1 ? 1 / gq : 1;
    const double h = gq > 1 ? std::sqrt(1 + inverse) : std::sqrt(1 + gq);
    f[0] = gq > 1 ? 1 / h : std::sqrt(gq) / h;       // t
    f[1] = gq > 1 ? std::sqrt(inverse) / h : 1 / h;  // w
  }
};

// a erf(b x) + c: K = (2 a^2 / pi) asin(rho~) + c^2, Kdot = (4 a^2 b^2 / pi) w_i w_j / sqrt(1 - rho~^2), g = 2 b^2.
struct ErfDual {
  static constexpr std::size_t factors = 2;
  static constexpr bool gives_covariance = true;
  double a, b, c;
  void fill(double q, double* f) const { Damped::fill(2 * b * b * q, f); }
};

// x Phi(x): see closed_dual-inl.h; g = 1.
struct GeluDual {
  static constexpr std::size_t factors = 2;
  static constexpr bool gives_covariance = true;
  void fill(double q, double* f) const { Damped::fill(q, f); }
};

// a exp(b x^2): K = a^2 / sqrt((1 - 2 b q_i)(1 - 2 b q_j) - 4 b^2 c^2), Kdot = 4 a^2 b^2 c K^3 / a^6. b < 0: g = -2 b.
struct GaussianDual {
  static constexpr std::size_t factors = 2;
  static constexpr bool gives_covariance = true;
  double a, b;
  void fill(double q, double* f) const { Damped::fill(-2 * b * q, f); }
};

// The same with b > 0: finite only while 4 b q < 1. f = 2 b sqrt(q) / sqrt(1 - 2 b q), 1 / sqrt(1 - 2 b q).
struct GrowingGaussianDual {
  static constexpr std::size_t factors = 2;
  static constexpr bool gives_covariance = true;
  double a, b;
  void fill(double q, double* f) const {
    const double h = 4 * b * q < 1 ? std::sqrt(1 - 2 * b * q) : std::nan("");
    f[0] = std::sqrt(2 * b * q) / h;
    f[1] = 1 / h;
  }
};

// exp(-x^2) sin(x); g = 2.
struct GaborDual {
  static constexpr std::size_t factors = 2;
  static constexpr bool gives_covariance = true;
  void fill(double q, double* f) const { Damped::fill(2 * q, f); }
};

// a sin(b x + c), a cos(b x + c): K = a^2/2 (exp(-b^2 E(u-v)^2/2) - cos(2c) exp(-b^2 E(u+v)^2/2)).
struct TrigDual {
  static constexpr std::size_t factors = 0;
  static constexpr bool gives_covariance = true;
  double a, b, cos2c;
  void fill(double, double*) const {}
};

// sqrt(2) sin(sqrt(2 gamma) x + pi/4): K = exp(-gamma E(u-v)^2), the Gaussian kernel of the pre-activations.
struct RbfDual {
  static constexpr std::size_t factors = 0;
  static constexpr bool gives_covariance = false;
  double gamma;
  double variance(double) const { return 1; }
  void fill(double, double*) const {}
};

// a exp(b x): K = a^2 exp(b^2 ((q_i + q_j)/2 + c)), Kdot = b^2 K.
struct ExpDual {
  static constexpr std::size_t factors = 1;  // a exp(b^2 q)
  static constexpr bool gives_covariance = false;
  double a, b;
  double variance(double q) const { return a * a * std::exp(2 * b * b * q); }
  void fill(double q, double* f) const { f[0] = std::abs(a) * std::exp(b * b * q); }
};

// The kernel sqrt(a b) exp(gamma (rho + shift)) of Shankar et al. 2020; Kdot = gamma exp(gamma (rho + shift)).
struct ExpNormalizedDual {
  static constexpr std::size_t factors = 0;
  static constexpr bool gives_covariance = false;
  double gamma, shift;
  double variance(double q) const { return q * std::exp(gamma * (1 + shift)); }
  void fill(double, double*) const {}
};

// x^n: K = (a b)^(n/2) p(rho), Kdot = (a b)^((n-1)/2) p'(rho), where p(rho) = scale sum_l weight_l rho^l is E[x^n y^n]
// at unit variances; weights >= 0, their sum is 1, l of one parity.
struct PowerDual {
  static constexpr std::size_t factors = 1;  // sqrt(q)^(n-1)
  static constexpr bool gives_covariance = false;
  std::size_t n;
  std::vector<double> weights;  // of p / p(1), index l
  double scale;                 // p(1)
  explicit PowerDual(std::size_t order);
  double variance(double q) const { return scale * std::pow(q, static_cast<double>(n)); }
  void fill(double q, double* f) const { f[0] = n == 0 ? 0 : std::pow(std::sqrt(q), static_cast<double>(n - 1)); }
};

// max(x, 0)^n: K = (a b)^(n/2) J_n(theta) / (2 pi) (Cho & Saul 2009, eq. 4), Kdot = n^2 K_{n-1}; 0 for n = 0.
struct RectifiedMonomialDual {
  static constexpr std::size_t factors = 1;  // sqrt(q)^(n-1)
  static constexpr bool gives_covariance = false;
  std::size_t n;
  double at_one;  // J_n(0) = pi (2n - 1)!!
  explicit RectifiedMonomialDual(std::size_t order);
  double variance(double q) const {
    return n == 0 ? (q > 0 ? 0.5 : 0) : at_one / (2 * std::numbers::pi) * std::pow(q, static_cast<double>(n));
  }
  void fill(double q, double* f) const { f[0] = n == 0 ? 0 : std::pow(std::sqrt(q), static_cast<double>(n - 1)); }
};

// sum_k c_k x^k: K = sum_l r_l(a) r_l(b) rho^l, r_l(q) = sum_i c_{2i+l} (2i+l)! / (2^i i! sqrt(l!)) q^{(2i+l)/2}, for
// degrees below Terms. Every term is below the root of the two own K (they are sum_l r_l^2), so the sum over l loses
// nothing; r_l, whose terms may cancel, is summed in long double.
template <std::size_t Terms>
struct PolynomialDual {
  static constexpr std::size_t factors = Terms;
  static constexpr bool gives_covariance = true;
  std::vector<double> coefficients;
  void fill(double q, double* f) const;
};

// He_n(x) / sqrt(n!) at any variance: K = sum_l r_l(a) r_l(b) rho^l, l = n - 2i, with
// r_l(q) = sqrt(q)^l (q - 1)^i sqrt(n!) / (2^i i! sqrt(l!)); rho^n where a = b = 1. n < Terms.
template <std::size_t Terms>
struct HermiteDual {
  static constexpr std::size_t factors = Terms;
  static constexpr bool gives_covariance = true;
  std::size_t n;
  void fill(double q, double* f) const;
};

// A sample carries all the terms of its series, used or not: hence two lengths.
inline constexpr std::size_t short_series = 16, long_series = 64;

using ClosedDual =
    std::variant<ReluDual, SignDual, ErfDual, GeluDual, GaussianDual, GrowingGaussianDual, GaborDual, TrigDual, RbfDual,
                 ExpDual, ExpNormalizedDual, PowerDual, RectifiedMonomialDual, PolynomialDual<short_series>,
                 PolynomialDual<long_series>, HermiteDual<short_series>, HermiteDual<long_series>>;

// The most numbers of one sample that any of them reads: sqrt(q), its factors, 1 / sqrt(E[phi^2]).
inline constexpr std::size_t most_dual_numbers = long_series + 2;

// Bound of the error of a closed form in float64, at any variances and correlation: of K relative to the root of the
// two samples' own K, of Kdot likewise; and of own moments relative to themselves.
inline constexpr double closed_dual_error = 1e-14;

// The closed form of an activation; nothing where there is none (or the degree of a polynomial or hermite is
// not below long_series), then it is done by quadrature.
std::optional<ClosedDual> closed_dual(const Activation& activation);

}  // namespace widenet
