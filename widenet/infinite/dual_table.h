// Duals of activations without closed form, for millions of pairs: Chebyshev series on a fixed grid of cells in the two
// variances and the angle, built by quadrature when first met.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "widenet/activation/activation.h"
#include "widenet/base/matrix.h"
#include "widenet/infinite/dual_table_cell.h"

namespace widenet {

// What a DualTable needs of each sample, computed once: its cell, the basis of its variance, its moments. 240 bytes
// each.
class DualSides {
 public:
  std::size_t size() const { return samples_.size(); }
  double variance(std::size_t i) const { return samples_[i].values.moments.value; }        // E[phi(u)^2]
  double variance_slope(std::size_t i) const { return samples_[i].values.moments.slope; }  // E[phi'(u)^2]

 private:
  friend class DualTable;
  struct Sample {
    double q;
    int cell;
    VarianceGrid::Basis basis;
    MomentCell::Values values;
  };
  std::vector<Sample> samples_;
};

// All members may be called from many threads at once. Tables are shared between all DualTables of the same activation
// and parameters and stay for the life of the process. A cell of tanh takes 10 to 50 ms at variances below 10, of elu
// 0.2 s.
class DualTable {
 public:
  // Bound of the error of K relative to sqrt(E[phi(u)^2] E[phi(v)^2]), of K' likewise, and of the moments relative to
  // themselves.
  static constexpr double error = 3e-13;

  // Throws Error(usage) as DualQuadrature does.
  explicit DualTable(const Activation& activation);

  // E[phi(u)^2] and E[phi'(u)^2] for u ~ N(0, q): the same bits as DualSides gives.
  double variance(double q) const;
  double variance_slope(double q) const;

  // Variances q >= 0; NaN makes NaN of all its entries.
  DualSides sides(std::span<const double> q) const;

  // For columns j = columns.begin .. columns.end - 1, at k = j - columns.begin: the dual of row i and column j at the
  // signed complement s[k] of their correlation (quadrature.h): K[k] = E[phi(u) phi(v)], slope[k] = E[phi'(u) phi'(v)].
  // The bits of an entry depend on the two variances, their order, and s[k] alone. Equal variances with s = 0 give
  // variance() and variance_slope() to the bit. A zero row is independent of all others, whatever s is.
  // s may be K or slope.
  void run(const DualSides& rows, std::size_t i, const DualSides& columns, Range range, const double* s, double* K,
           double* slope) const;

  // The same of a row of variance q and columns of these.
  void run(double q, std::span<const double> columns, const double* s, double* K, double* slope) const;

  // The exact and slow form.
  const DualQuadrature& quadrature() const;

 private:
  struct Shared;
  DualSides::Sample sample(double q) const;
  DualValue single(const DualSides::Sample& row, const DualSides::Sample& column, double s) const;
  std::shared_ptr<Shared> shared_;
};

}  // namespace widenet
