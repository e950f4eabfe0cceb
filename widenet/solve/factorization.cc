#include "widenet/solve/factorization.h"

#include <algorithm>
#include <cmath>

#include "widenet/base/blas.h"
#include "widenet/base/threads.h"
#include "widenet/solve/tile_solve.h"

namespace widenet {
namespace {

std::size_t flag(TileIndex at) { return at.row * (at.row + 1) / 2 + at.col; }

}  // namespace

Factorization::Factorization(SymmetricTiles& A, const Progress& progress)
    : A_(A), progress_(progress), ready_(A.tiles() * (A.tiles() + 1) / 2), workers_(thread_count()) {
  // Column by column, so that a tile's predecessors in its row and in its column's row come before it.
  for (std::size_t j = 0; j < A.tiles(); ++j)
    for (std::size_t i = j; i < A.tiles(); ++i) order_.push_back({i, j});
  event_ = {.what = "Cholesky factor", .done = 0, .total = 0, .unit = "flops"};
  for (const TileIndex& at : order_) event_.total += flops(at);
}

std::size_t Factorization::bytes(std::size_t n) {
  const std::size_t b = SymmetricTiles::default_tile_size, tiles = (n + b - 1) / b, side = std::min(n, b);
  return std::min(thread_count(), tiles) * 2 * side * side * sizeof(double) +
         tiles * (tiles + 1) / 2 * (sizeof(int) + sizeof(TileIndex));
}

bool Factorization::run() {
  parallel_for(order_.size(), [this](std::size_t index, std::size_t worker) {
    GiveUpOnException guard(ready_);
    factor_tile(order_[index], mine(worker));
    report(order_[index]);
    guard.finished();
  });
  parallel_for(order_.size(), [this](std::size_t index, std::size_t worker) { unpack(order_[index], mine(worker)); });
  return failed_column_ == none;
}

Factorization::Worker& Factorization::mine(std::size_t worker) {
  Worker& memory = workers_[worker];
  if (memory.tile.size() == 0) {
    const std::size_t side = A_.range(0).size();
    memory.tile = Buffer<double>(side * side);
    memory.diagonal = Buffer<double>(side * side);
  }
  return memory;
}

// Waits for tile (i, k) of L; false when it never comes because column k or one before it failed, or a task threw.
bool Factorization::wait(std::size_t i, std::size_t k) {
  return ready_.wait(flag({i, k})) && k < failed_column_.load();
}

// Finished tiles below the diagonal stay packed, each in its own memory, until all are done.
PackedTile Factorization::packed(std::size_t i, std::size_t j) const {
  const MatrixView<double> tile = A_.tile(i, j);
  return {tile.data(), tile.rows(), tile.cols()};
}
void Factorization::unpack(TileIndex at, Worker& worker) {
  if (at.row == at.col || at.col >= failed_column_) return;
  const PackedTile tile = packed(at.row, at.col);
  const PackedTile copied{worker.tile.data(), tile.rows, tile.depth};
  std::copy_n(tile.data, tile.rows * tile.depth, copied.data);
  unpack_tile(copied, A_.tile(at.row, at.col));
}

// A_ij -= sum_k L_ik L_jk^T for k < j in this order, then L_jj by an unblocked step or L_ij = A_ij L_jj^-T. After a
// failure in column f the tiles right of it take all updates k < f and stop there: what they then hold is S.
void Factorization::factor_tile(TileIndex at, Worker& worker) {
  const auto [i, j] = at;
  const MatrixView<double> C = A_.tile(i, j);
  for (std::size_t k = 0; k < j; ++k) {
    if (!wait(j, k) || !wait(i, k)) return;
    subtract_product(packed(i, k), packed(j, k), {0, A_.tile_size()}, i == j ? Part::lower : Part::all, C);
  }
  if (i == j) {
    if (!factor_diagonal_tile(j, C, worker)) return;
  } else {
    if (!wait(j, j)) return;
    const PackedTile done{worker.tile.data(), C.rows(), C.cols()};
    solve_and_pack(A_.tile(j, j), packed_diagonal(j, worker), C, done);
    std::copy_n(done.data, done.rows * done.depth, C.data());
  }
  ready_.raise(flag(at));
}

// All tiles of a column need it, and a thread works on one column at a time.
PackedTile Factorization::packed_diagonal(std::size_t j, Worker& worker) {
  const MatrixView<double> L = A_.tile(j, j);
  const PackedTile to{worker.diagonal.data(), L.rows(), L.cols()};
  if (worker.column != j) pack_tile(L, {0, L.cols()}, to);
  worker.column = j;
  return to;
}

bool Factorization::factor_diagonal_tile(std::size_t j, MatrixView<double> C, Worker& worker) {
  const MatrixView<double> before(worker.tile.data(), C.rows(), C.cols());
  for (std::size_t r = 0; r < C.rows(); ++r) std::copy_n(C.row_data(r), C.cols(), before.row_data(r));
  const std::size_t info = blas::potrf(C);
  std::size_t bad = info == 0 ? C.rows() : info - 1;
  // LAPACK compares a pivot with 0 alone, which lets infinities and not-a-numbers through.
  for (std::size_t r = 0; r < bad; ++r)
    if (!std::isfinite(C(r, r))) bad = r;
  if (bad == C.rows()) return true;
  failed_pivot_ = A_.range(j).begin + bad;
  failed_value_ = C(bad, bad);
  for (std::size_t r = 0; r < C.rows(); ++r) std::copy_n(before.row_data(r), C.cols(), C.row_data(r));
  failed_column_ = j;
  for (const TileIndex& later : order_)
    if (later.col >= j) ready_.raise(flag(later));
  return false;
}

double Factorization::flops(TileIndex at) const {
  const auto h = static_cast<double>(A_.range(at.row).size()), w = static_cast<double>(A_.range(at.col).size());
  const double products = h * w * static_cast<double>(A_.range(at.col).begin);
  return at.row == at.col ? products + h * h * h / 3 : 2 * products + h * w * w;
}

void Factorization::report(TileIndex at) {
  if (!progress_) return;
  const std::lock_guard lock(reporting_);
  event_.done += flops(at);
  progress_(event_);
}

}  // namespace widenet
