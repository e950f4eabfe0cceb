// One cell of a DualTable: duals for two octaves of variances as a Chebyshev series.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "widenet/infinite/quadrature.h"

namespace widenet {

// The canonical grid of variances: cell k holds 2^k <= q < 2^(k+1), where x = 2 log2(q / 2^k) - 1 is in [-1, 1).
struct VarianceGrid {
  static constexpr std::size_t nodes = 15;  // Chebyshev polynomials T_0 .. T_14 of x
  using Basis = std::array<double, nodes>;
  static int cell(double q);
  // The values T_m(x) of a q in (0, infinity).
  static Basis basis(double q);
  // The variances at the Chebyshev nodes of the first kind.
  static std::array<double, nodes> variances(int cell);
  // From values at these nodes, stride apart, to coefficients of T_m, in place.
  static void to_coefficients(double* values, std::size_t stride);
};

// Moments and means of one cell of the grid: E[phi^2], E[phi'^2], E[phi], E[phi'].
struct MomentCell {
  // Share of the moments (of their roots, for the means) that a last coefficient of a series may have.
  static constexpr double tail = 3e-14;

  MomentCell(const DualQuadrature& quadrature, int cell);
  struct Values {
    DualValue moments, mean;
  };
  Values at(const VarianceGrid::Basis& basis) const;
  std::array<Values, VarianceGrid::nodes> coefficients;
  // Whether the series have converged; if not the cell must not be used.
  bool valid = false;
};

// K and K' for q_a in cell a and q_b in cell b:
//   sum_k,l,m C[k][l][m] T_k(tau) T_l(x_a) T_m(x_b),  tau = 2 asinh(sqrt(|s| / 2) / bend) / length - 1,
// one set of coefficients for rho = 1 - |s|, one for rho = -(1 - |s|). sqrt(|s| / 2) = sin(theta / 2) is smooth in the
// angle, in which duals are smooth at rho = +-1 even where phi has a kink; asinh spreads out the layer of width
// 1 / sqrt(q) that steep functions have there.
class DualCell {
 public:
  // Share of sqrt(E[phi(u)^2] E[phi(v)^2]) that the series may be off, verified when it is built.
  static constexpr double series_error = 1e-13;

  DualCell(const DualQuadrature& quadrature, int cell_a, int cell_b);
  // Whether the series reached series_error in the angle and in both variances; if not the cell must not be used.
  bool valid() const { return valid_; }
  std::size_t angles() const { return angles_; }

  // The series of a fixed row, for columns of the other side: coefficients [k][m] of K and K' in turn, to be summed
  // over T_m for m < used[k]. Of this cell's memory.
  struct Row {
    static constexpr std::size_t stride = 2 * (VarianceGrid::nodes + 1);
    std::vector<double> coefficients;  // [k][m][2], k's stride apart
    std::span<const std::size_t> used;
    double inverse_bend, twice_tau_per_asinh;  // 2 tau = twice_tau_per_asinh asinh(sqrt(|s|) inverse_bend) - 2
  };
  // `row_is_a`: the basis belongs to cell a, and columns to b; else the other way round. A multiplication per used
  // coefficient.
  void contract(const VarianceGrid::Basis& basis, bool row_is_a, bool opposite, Row& row) const;

 private:
  struct Coefficients {
    std::vector<double> value, slope;  // [k][l][m]
  };
  void fill(const DualQuadrature& quadrature, int cell_a, int cell_b);
  bool converged(DualValue scale) const;
  void shorten(DualValue scale);
  void pack();

  double bend_ = 1, length_ = 1;
  std::size_t angles_ = 0;
  bool valid_ = false;
  Coefficients same_, opposite_;      // until they are packed
  std::vector<std::size_t> used_[2];  // [columns are b, columns are a]
  std::vector<double> packed_[2][2];  // [columns are b, columns are a][opposite][k][l][m][2], as Row has them
};

}  // namespace widenet
