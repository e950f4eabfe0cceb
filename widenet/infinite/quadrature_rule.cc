#include "widenet/infinite/quadrature_rule.h"

#include <numbers>

namespace widenet {

// Newton's iteration on the Legendre polynomial from the usual asymptotic zeros; three-term recurrence.
GaussLegendre::GaussLegendre(std::span<double> nodes, std::span<double> weights) {
  const std::size_t n = nodes.size();
  const double degree = static_cast<double>(n);
  for (std::size_t k = 0; k < n; ++k) {
    double x = -std::cos(std::numbers::pi * (static_cast<double>(k) + 0.75) / (degree + 0.5));
    double slope = 1;
    for (int step = 0; step < 8; ++step) {
      double previous = 0, current = 1;
      for (std::size_t j = 0; j < n; ++j) {
        const double i = static_cast<double>(j);
        const double next = ((2 * i + 1) * x * current - i * previous) / (i + 1);
        previous = current;
        current = next;
      }
      slope = degree * (x * current - previous) / (x * x - 1);
      x -= current / slope;
    }
    nodes[k] = x;
    weights[k] = 2 / ((1 - x * x) * slope * slope);
  }
}

}  // namespace widenet
