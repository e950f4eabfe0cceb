// Values of duals on a tensor of variances, for many angles at once: what fills a cell of a DualTable.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "widenet/infinite/quadrature.h"

namespace widenet {

// Duals at the variances a[l], b[m] and the angle theta; entry l * b.size() + m. `same` is at correlation cos(theta),
// `opposite` at -cos(theta).
struct DualNodes {
  std::vector<DualValue> same, opposite;
};

// E[phi(u) phi(v)] and E[phi'(u) phi'(v)] for activations without kinks or with a kink at 0 only. In polar coordinates
// (DualQuadrature::dual) phi is needed at few points: the integral over psi is
//   without kinks: a sum of Fourier coefficients, sum_n F_n(sqrt(a) R) F_n(sqrt(b) R) cos(n theta), whose integrals
//   over
//     R are computed once for all angles; their number grows with sqrt(q);
//   with a kink at 0, or steep: four arcs that end where u or v is 0, in panels that shrink towards their ends.
class DualNodeSource {
 public:
  // Variances in (0, infinity); ordered by no rule.
  DualNodeSource(const DualQuadrature& quadrature, std::span<const double> a, std::span<const double> b);
  DualNodes at(double theta) const;

 private:
  struct RadialRule {
    std::vector<double> radius, weight;
  };
  static RadialRule radial_rule(double end, double largest_sd);
  bool fill_series(std::size_t points);
  DualNodes from_series(double theta) const;
  DualNodes from_arcs(double theta) const;

  const DualQuadrature& quadrature_;
  std::vector<double> sd_a_, sd_b_;
  double largest_sd_;
  RadialRule rule_;
  std::vector<std::vector<DualValue>> series_;  // [n][l * b + m]; empty: arcs
};

}  // namespace widenet
