// What follows from a Cholesky factor: solutions, the log-determinant, the diagonal of the inverse.
#include <cmath>
#include <mutex>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/cholesky.h"
#include "widenet/solve/ready_flags.h"

namespace widenet {
namespace {

using blas::Transpose;
// Columns of a right-hand side that travel together: enough for the rate of the tile product, few enough that a panel
// of a tile row stays in the cache.
constexpr std::size_t panel_width = 256;

// B = L^-1 B (no) or L^-T B (yes). A task is one tile row of one panel; it takes the rows that are solved before it one
// by one as they become ready, so that the threads follow each other down the rows.
void solve_triangular(const SymmetricTiles& L, Transpose transpose, MatrixView<double> B) {
  const std::size_t tiles = L.tiles(), panels = (B.cols() + panel_width - 1) / panel_width;
  if (B.rows() != L.size())
    fail("a right-hand side of {} rows (the factor has {}) give one row per sample", B.rows(), L.size());
  ReadyFlags ready(panels * tiles);
  parallel_for(panels * tiles, [&](std::size_t index, std::size_t) {
    RaiseAllOnException guard(ready);
    const std::size_t panel = index / tiles, step = index % tiles;
    const Range cols{panel * panel_width, std::min(B.cols(), (panel + 1) * panel_width)};
    const auto row = [&](std::size_t s) { return transpose == Transpose::yes ? tiles - 1 - s : s; };
    const std::size_t i = row(step);
    const MatrixView<double> X = B.block(L.range(i), cols);
    for (std::size_t s = 0; s < step; ++s) {
      ready.wait(panel * tiles + s);
      const std::size_t k = row(s);
      const MatrixView<const double> tile = transpose == Transpose::yes ? L.tile(k, i) : L.tile(i, k);
      blas::gemm(transpose, Transpose::no, -1, tile, B.block(L.range(k), cols), 1, X);
    }
    blas::trsm_left(transpose, L.tile(i, i), X);
    ready.raise(index);
    guard.finished();
  });
}

// Squared column norms of L^-1 for the columns of tile column j: X = L^-1 E_j by forward substitution, its rows before
// tile j being zero.
void inverse_column_norms(const SymmetricTiles& L, std::size_t j, double* norms) {
  const Range cols = L.range(j);
  Matrix<double> X(L.size() - cols.begin, cols.size());
  const auto rows = [&](std::size_t i) {
    return X.view().rows({L.range(i).begin - cols.begin, L.range(i).end - cols.begin});
  };
  for (std::size_t c = 0; c < cols.size(); ++c) X(c, c) = 1;
  std::fill_n(norms, cols.size(), 0.0);
  for (std::size_t i = j; i < L.tiles(); ++i) {
    for (std::size_t k = j; k < i; ++k) blas::gemm(Transpose::no, Transpose::no, -1, L.tile(i, k), rows(k), 1, rows(i));
    blas::trsm_left(Transpose::no, L.tile(i, i), rows(i));
  }
  for (std::size_t r = 0; r < X.rows(); ++r)
    for (std::size_t c = 0; c < X.cols(); ++c) norms[c] += X(r, c) * X(r, c);
}

}  // namespace

CholeskyFactor::CholeskyFactor(SymmetricTiles lower, CholeskySummary summary)
    : lower_(std::move(lower)), summary_(std::move(summary)) {}

void CholeskyFactor::solve_in_place(MatrixView<double> B) const {
  solve_triangular(lower_, Transpose::no, B);
  solve_triangular(lower_, Transpose::yes, B);
}

Matrix<double> CholeskyFactor::solve(MatrixView<const double> B) const {
  Matrix<double> X = copy<double>(B);
  solve_in_place(X);
  return X;
}

void CholeskyFactor::solve_lower_in_place(MatrixView<double> B) const { solve_triangular(lower_, Transpose::no, B); }

double CholeskyFactor::log_determinant() const {
  double sum = 0;
  for (std::size_t i = 0; i < size(); ++i) sum += std::log(lower_(i, i));
  return 2 * sum;
}

std::vector<double> CholeskyFactor::inverse_diagonal(const Progress& progress) const {
  std::vector<double> norms(size());
  ProgressEvent event{.what = "diagonal of the inverse", .done = 0, .total = 0, .unit = "flops"};
  const auto flops = [&](std::size_t j) {
    const auto left = static_cast<double>(size() - lower_.range(j).begin);
    return left * left * static_cast<double>(lower_.range(j).size());
  };
  for (std::size_t j = 0; j < lower_.tiles(); ++j) event.total += flops(j);
  std::mutex reporting;
  // The longest columns come first, which evens out who finishes when.
  parallel_for(lower_.tiles(), [&](std::size_t j, std::size_t) {
    inverse_column_norms(lower_, j, norms.data() + lower_.range(j).begin);
    if (!progress) return;
    const std::lock_guard lock(reporting);
    event.done += flops(j);
    progress(event);
  });
  return norms;
}

std::size_t CholeskyFactor::inverse_diagonal_bytes(std::size_t n) {
  const std::size_t b = SymmetricTiles::default_tile_size, tiles = (n + b - 1) / b;
  std::size_t numbers = 0;
  for (std::size_t j = 0; j < std::min(tiles, thread_count()); ++j) numbers += (n - j * b) * std::min(b, n - j * b);
  return numbers * sizeof(double);
}

}  // namespace widenet
