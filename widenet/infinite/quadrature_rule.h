// Gauss-Legendre panels and their adaptive bisection, for a function and a second one on the same nodes.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace widenet {

// Two numbers that are integrated together: of phi and of phi'.
struct DualValue {
  double value = 0, slope = 0;
  DualValue& operator+=(DualValue o) {
    value += o.value;
    slope += o.slope;
    return *this;
  }
  friend DualValue operator+(DualValue x, DualValue y) { return x += y; }
  friend DualValue operator*(double w, DualValue x) { return {w * x.value, w * x.slope}; }
};

// Nodes in (-1, 1), increasing, and weights of the rule that is exact for polynomials of degree 2 count - 1.
struct GaussLegendre {
  explicit GaussLegendre(std::span<double> nodes, std::span<double> weights);
};

// The rule that the adaptive integrals use on every panel.
struct PanelRule {
  static constexpr std::size_t count = 20;
  std::array<double, count> nodes, weights;
  PanelRule() { GaussLegendre(nodes, weights); }
  static const PanelRule& get() {
    static const PanelRule rule;
    return rule;
  }
};

template <class F>
DualValue integrate_panel(const F& f, double lo, double hi) {
  const PanelRule& rule = PanelRule::get();
  const double half = 0.5 * (hi - lo), middle = lo + half;
  DualValue sum;
  for (std::size_t k = 0; k < PanelRule::count; ++k) sum += rule.weights[k] * f(middle + half * rule.nodes[k]);
  return half * sum;
}

// A panel and its halves must agree to this share of the tolerated scale. For analytic functions the halves are then
// good to rounding; what is left is for singularities just beyond a panel's end, where bisection gains less.
inline constexpr double panel_agreement = 1e-13;

// Bisects until a panel and its halves agree to panel_agreement * scale in both numbers, or 60 levels deep.
template <class F>
DualValue integrate_adaptively(const F& f, double lo, double hi, DualValue scale, DualValue whole, int levels) {
  const double middle = lo + 0.5 * (hi - lo);
  const DualValue left = integrate_panel(f, lo, middle), right = integrate_panel(f, middle, hi);
  const DualValue both = left + right;
  const bool agreed = std::abs(whole.value - both.value) <= panel_agreement * scale.value &&
                      std::abs(whole.slope - both.slope) <= panel_agreement * scale.slope;
  if (agreed || levels == 0 || !std::isfinite(both.value + both.slope)) return both;
  return integrate_adaptively(f, lo, middle, scale, left, levels - 1) +
         integrate_adaptively(f, middle, hi, scale, right, levels - 1);
}
template <class F>
DualValue integrate_adaptively(const F& f, double lo, double hi, DualValue scale) {
  if (!(hi > lo)) return {};
  return integrate_adaptively(f, lo, hi, scale, integrate_panel(f, lo, hi), 60);
}

}  // namespace widenet
