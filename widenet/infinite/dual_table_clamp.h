// The duals of hard_tanh and relu6: exact through Owen's T function. Their kinks away from 0 make layers near rho = 1
// whose width depends on the difference of the two variances, which no series on a fixed grid follows.
#pragma once

#include <optional>

#include "widenet/activation/activation.h"
#include "widenet/infinite/quadrature_rule.h"

namespace widenet {

// min(max(x, low), high) with low = -high or low = 0. About 0.5 us a pair.
class ClampDual {
 public:
  // Empty unless the activation is a clamp.
  static std::optional<ClampDual> of(const Activation& activation);

  // Variances up to which the error stays below DualTable::error: it grows as eps sqrt(q).
  static constexpr double largest_variance = 1e6;
  static bool serves(double q) { return q <= largest_variance; }

  // {E[phi(u) phi(v)], E[phi'(u) phi'(v)]}; a, b > 0, the signed complement as in quadrature.h.
  //
  // With x = u / sqrt(a), y = v / sqrt(b), L(h, k) = P(x > h, y > k), r = sqrt(1 - rho^2), n and N the normal density
  // and distribution: E[(x - h)_+ (y - k)_+] = (h k + rho) L(h, k) - h n(k) N((rho k - h) / r)
  //   - k n(h) N((rho h - k) / r) + r n(h) n((k - rho h) / r);
  // the four of a clamp are summed in groups that do not cancel, however small h and k.
  DualValue dual(double a, double b, double complement) const;

  // {E[phi(u)^2], E[phi'(u)^2]} and {E[phi(u)], E[phi'(u)]} for u ~ N(0, q), q > 0.
  DualValue moments(double q) const;
  DualValue mean(double q) const;

 private:
  ClampDual(double high, bool odd) : high_(high), odd_(odd) {}
  DualValue odd_dual(double h, double k, double s, double sd_product) const;
  DualValue one_sided_dual(double h, double k, double s, double sign, double sd_product) const;
  double high_;
  bool odd_;  // low = -high
};

}  // namespace widenet
