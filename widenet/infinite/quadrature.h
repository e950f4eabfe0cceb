// The dual of any activation by quadrature: exact, scalar and slow (0.1 to 100 ms a pair). The reference that every
// faster form is tested against, and what fills their tables.
#pragma once

#include <vector>

#include "widenet/activation/activation.h"
#include "widenet/infinite/quadrature_rule.h"

namespace widenet {

// A correlation rho in [-1, 1] is passed as its signed complement s: rho = 1 - s for s in [0, 1], and rho = -(1 + s)
// for s in [-1, -0.0]; s = -0.0 is rho = -1 exactly. So rows that are nearly parallel or opposite keep all their
// digits.
//
// q = 0 stands for the limit q -> 0+ in the slopes (relu: 1/4 against an independent row) and for phi(0) in the values.
// NaN arguments give NaN. Where E[phi^2] is infinite, or e^(-z^2/2) phi(sqrt(q) z)^2 has not decayed at z = 38, where
// e^(-z^2/2) underflows, results are +infinity.
class DualQuadrature {
 public:
  // Bounds of the error: of a dual relative to the geometric mean of its two own moments, of a moment relative to
  // itself.
  static constexpr double dual_error = 1e-12;
  static constexpr double moment_error = 1e-14;

  // Throws Error(usage) for a name that is unknown, has no function, or is given the wrong number of parameters.
  explicit DualQuadrature(const Activation& activation);

  double phi(double x) const { return definition_->value(x, parameters_); }
  double phi_slope(double x) const { return definition_->slope(x, parameters_); }
  const std::vector<double>& kinks() const { return kinks_; }

  // {E[phi(u)^2], E[phi'(u)^2]} for u ~ N(0, q), q >= 0.
  DualValue moments(double q) const;
  // {E[phi(u)], E[phi'(u)]}; the error is relative to the roots of the moments.
  DualValue mean(double q) const;

  // {E[phi(u) phi(v)], E[phi'(u) phi'(v)]} for (u, v) ~ N(0, [[a, c], [c, b]]) with c = rho sqrt(a b); the same bits
  // for dual(a, b, s) and dual(b, a, s).
  //
  // In polar coordinates u = sqrt(a) R cos(psi), v = sqrt(b) R cos(psi - theta):
  //   int_0^inf R e^(-R^2/2) (1/2 pi) int_0^2pi phi(u) phi(v) dpsi dR,
  // where kinks are arcs' ends that stay well separated for every theta, however small.
  DualValue dual(double a, double b, double complement) const;

  // Where e^(-R^2/2) times the size of phi(u) phi(v) and phi'(u) phi'(v) within radius R has fallen below 1e-18 of its
  // peak, for standard deviations sa and sb; infinity where it has not by R = 38.
  double reach(double sa, double sb) const;

 private:
  struct Side;
  template <class F>
  DualValue half_line(const Side& f, const Side& g, double end, const F& integrand) const;
  DualValue parallel(double sa, double sb, double sign) const;
  DualValue circle(const Side& f, const Side& g, double radius, double theta, DualValue scale) const;
  std::vector<double> radii(const Side& f, const Side& g, double complement, double end) const;

  const ActivationDefinition* definition_;
  std::vector<double> parameters_, kinks_;
};

}  // namespace widenet
