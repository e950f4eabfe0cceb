#include "widenet/solve/cholesky_failure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "widenet/base/blas.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

using blas::Transpose;

void add_row_sums(MatrixView<const double> tile, std::vector<double>& sums) {
  for (std::size_t r = 0; r < tile.rows(); ++r)
    for (std::size_t c = 0; c < tile.cols(); ++c) sums[r] += std::abs(tile(r, c));
}
void add_column_sums(MatrixView<const double> tile, std::vector<double>& sums) {
  for (std::size_t r = 0; r < tile.rows(); ++r)
    for (std::size_t c = 0; c < tile.cols(); ++c) sums[c] += std::abs(tile(r, c));
}

// The smaller; not a number where one of them is none.
double lower(double a, double b) { return std::isnan(a) || a <= b ? a : b; }

// min over the rows of the tile columns from `first` on of A_ii - sum_{j != i} |A_ij|; not a number where one of these
// is none.
double gershgorin(const SymmetricTiles& A, std::size_t first) {
  std::vector<double> lowest(A.tiles(), std::numeric_limits<double>::infinity());
  parallel_for(A.tiles() - first, [&](std::size_t index, std::size_t) {
    const std::size_t t = first + index;
    std::vector<double> sums(A.range(t).size(), 0.0);
    for (std::size_t j = first; j < t; ++j) add_row_sums(A.tile(t, j), sums);
    for (std::size_t i = t + 1; i < A.tiles(); ++i) add_column_sums(A.tile(i, t), sums);
    const MatrixView<const double> D = A.tile(t, t);
    for (std::size_t r = 0; r < sums.size(); ++r) {
      for (std::size_t c = 0; c < sums.size(); ++c)
        if (c != r) sums[r] += std::abs(D(std::max(r, c), std::min(r, c)));
      const double low = D(r, r) - sums[r];
      lowest[t] = lower(lowest[t], low);
    }
  });
  double low = std::numeric_limits<double>::infinity();
  for (const double x : lowest) low = lower(low, x);
  return low;
}

// The smallest eigenvalue of the rows and columns of the tiles from `first` on, or a lower bound.
double smallest(const SymmetricTiles& A, std::size_t first) {
  const double bound = gershgorin(A, first);
  const std::size_t begin = A.range(first).begin, n = A.size() - begin;
  if (n > eigenvalue_rows || !std::isfinite(bound)) return bound;
  Matrix<double> dense(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) dense(i, j) = A(begin + i, begin + j);
  std::vector<double> values(n);
  return blas::syevd(dense, values.data()) == 0 ? std::max(bound, values.front()) : bound;
}

// A = L L^T + S, column by column from the last, as a column needs L of itself and those before it.
void restore(SymmetricTiles& left, std::size_t failed_column) {
  for (std::size_t j = 0; j < failed_column; ++j) {
    const MatrixView<double> L = left.tile(j, j);  // above the diagonal are leftovers
    for (std::size_t r = 0; r < L.rows(); ++r)
      for (std::size_t c = r + 1; c < L.cols(); ++c) L(r, c) = 0;
  }
  const auto restore_tile = [&](std::size_t i, std::size_t j) {
    const MatrixView<double> A = left.tile(i, j);
    if (j < failed_column) {
      const Matrix<double> L = copy<double>(A), diagonal = copy<double>(left.tile(j, j));
      blas::gemm(Transpose::no, Transpose::yes, 1, L.view(), diagonal.view(), 0, A);
    }
    for (std::size_t k = 0; k < std::min(j, failed_column); ++k)
      blas::gemm(Transpose::no, Transpose::yes, 1, left.tile(i, k), left.tile(j, k), 1, A);
  };
  for (std::size_t j = left.tiles(); j-- > 0;) {
    parallel_for(left.tiles() - j - 1, [&](std::size_t index, std::size_t) { restore_tile(j + 1 + index, j); });
    restore_tile(j, j);
  }
}

}  // namespace

double smallest_eigenvalue_bound(SymmetricTiles& left, std::size_t failed_column, double failed_pivot, double least,
                                 const Factorise& factorise) {
  constexpr double step = 8;
  double bound = smallest(left, failed_column);
  if (!std::isfinite(bound)) return std::numeric_limits<double>::quiet_NaN();
  if (bound >= -step * least) return std::min(bound, 0.0);
  if (failed_column > 0) {
    restore(left, failed_column);
    if (const double whole = smallest(left, 0); whole > bound) bound = whole;
  }
  if (left.size() <= eigenvalue_rows) return std::min(bound, 0.0);
  least = std::max(least, -bound * std::numeric_limits<double>::epsilon());
  double added = 0, r = -failed_pivot > least && -failed_pivot * step < -bound ? -failed_pivot : least;
  while (r < -bound) {
    for (std::size_t t = 0; t < left.tiles(); ++t) {
      const MatrixView<double> D = left.tile(t, t);
      for (std::size_t i = 0; i < D.rows(); ++i) D(i, i) += r - added;
    }
    added = r;
    const auto failed = factorise(left);
    if (!failed) return -r;
    restore(left, *failed);
    r *= step;
  }
  return bound;
}

}  // namespace widenet
