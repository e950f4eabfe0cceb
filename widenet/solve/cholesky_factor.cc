// What follows from a Cholesky factor: solutions, the log-determinant, the diagonal of the inverse.
#include <cmath>
#include <memory>
#include <mutex>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/cholesky.h"
#include "widenet/solve/ready_flags.h"
#include "widenet/solve/tile_solve.h"

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
    GiveUpOnException guard(ready);
    const std::size_t panel = index / tiles, step = index % tiles;
    const Range cols{panel * panel_width, std::min(B.cols(), (panel + 1) * panel_width)};
    const auto row = [&](std::size_t s) { return transpose == Transpose::yes ? tiles - 1 - s : s; };
    const std::size_t i = row(step);
    const MatrixView<double> X = B.block(L.range(i), cols);
    for (std::size_t s = 0; s < step; ++s) {
      if (!ready.wait(panel * tiles + s)) return guard.finished();
      const std::size_t k = row(s);
      const MatrixView<const double> tile = transpose == Transpose::yes ? L.tile(k, i) : L.tile(i, k);
      blas::gemm(transpose, Transpose::no, -1, tile, B.block(L.range(k), cols), 1, X);
    }
    blas::trsm_left(transpose, L.tile(i, i), X);
    ready.raise(index);
    guard.finished();
  });
}

// What a thread needs to compute squared column norms of L^-1.
class InverseColumns {
 public:
  explicit InverseColumns(const SymmetricTiles& L) : L_(L), current_(tile_numbers()), factor_(tile_numbers()) {}

  // For the columns of tile column j: Y = E_j^T L^-T, tile by tile from its tile j on; those before are zero.
  void norms(std::size_t j, double* out) {
    const std::size_t width = L_.range(j).size(), needed = tile_numbers() * (L_.tiles() - j);
    if (rows_.size() < needed) rows_ = Buffer<double>(needed);
    std::fill_n(out, width, 0.0);
    for (std::size_t i = j; i < L_.tiles(); ++i) {
      const MatrixView<double> C(current_.data(), width, L_.range(i).size());
      std::fill_n(C.data(), width * C.cols(), 0.0);
      for (std::size_t c = 0; i == j && c < width; ++c) C(c, c) = 1;
      for (std::size_t k = j; k < i; ++k)
        subtract_product(done(j, k), packed(i, k), {0, L_.range(k).size()}, Part::all, C);
      solve_and_pack(L_.tile(i, i), packed(i, i), C, done(j, i));
      for (std::size_t c = 0; c < width; ++c)
        for (const double y : C.row(c)) out[c] += y * y;
    }
  }

  // Of the threads together: that of tile column j has the rows from j on.
  static std::size_t bytes(std::size_t n, std::size_t threads) {
    const std::size_t b = SymmetricTiles::default_tile_size, tiles = (n + b - 1) / b, side = std::min(n, b);
    std::size_t numbers = 0;
    for (std::size_t j = 0; j < std::min(tiles, threads); ++j) numbers += side * side * (2 + tiles - j);
    return numbers * sizeof(double);
  }

 private:
  std::size_t tile_numbers() const { return L_.range(0).size() * L_.range(0).size(); }
  PackedTile done(std::size_t j, std::size_t i) {
    return {rows_.data() + (i - j) * tile_numbers(), L_.range(j).size(), L_.range(i).size()};
  }
  PackedTile packed(std::size_t i, std::size_t k) {
    const MatrixView<const double> tile = L_.tile(i, k);
    const PackedTile to{factor_.data(), tile.rows(), tile.cols()};
    pack_tile(tile, {0, tile.cols()}, to);
    return to;
  }

  const SymmetricTiles& L_;
  Buffer<double> current_, factor_, rows_;
};

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
  std::vector<std::unique_ptr<InverseColumns>> workers(thread_count());
  parallel_for(lower_.tiles(), [&](std::size_t j, std::size_t worker) {
    if (!workers[worker]) workers[worker] = std::make_unique<InverseColumns>(lower_);
    workers[worker]->norms(j, norms.data() + lower_.range(j).begin);
    if (!progress) return;
    const std::lock_guard lock(reporting);
    event.done += flops(j);
    progress(event);
  });
  return norms;
}

std::size_t CholeskyFactor::inverse_diagonal_bytes(std::size_t n) { return InverseColumns::bytes(n, thread_count()); }

}  // namespace widenet
