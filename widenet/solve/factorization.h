// The work of cholesky(): L L^T = A by tiles, in place, on all threads.
#pragma once

#include <atomic>
#include <limits>
#include <mutex>
#include <vector>

#include "widenet/base/packed_tile.h"
#include "widenet/gram/symmetric_tiles.h"
#include "widenet/solve/ready_flags.h"

namespace widenet {

class Factorization {
 public:
  Factorization(SymmetricTiles& A, const Progress& progress);
  static std::size_t bytes(std::size_t n);  // beside the tiles

  // Whether all pivots were positive; then A holds L. After a failure in a column of tiles the columns before it hold
  // their part of L, and the others the Schur complement that is left.
  bool run();

  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  std::size_t failed_column() const { return failed_column_; }
  std::size_t failed_pivot() const { return failed_pivot_; }
  double failed_value() const { return failed_value_; }

 private:
  // What a thread keeps: a tile as it was, or as it will be; the diagonal tile of the column it works on, packed.
  struct Worker {
    Buffer<double> tile, diagonal;
    std::size_t column = none;
  };

  Worker& mine(std::size_t worker);
  bool wait(std::size_t i, std::size_t k);
  void factor_tile(TileIndex at, Worker& worker);
  bool factor_diagonal_tile(std::size_t j, MatrixView<double> C, Worker& worker);
  PackedTile packed_diagonal(std::size_t j, Worker& worker);
  PackedTile packed(std::size_t i, std::size_t j) const;
  void unpack(TileIndex at, Worker& worker);
  double flops(TileIndex at) const;
  void report(TileIndex at);

  SymmetricTiles& A_;
  const Progress& progress_;
  ReadyFlags ready_;
  std::vector<Worker> workers_;
  std::vector<TileIndex> order_;
  std::atomic<std::size_t> failed_column_ = none;
  std::size_t failed_pivot_ = 0;
  double failed_value_ = 0;
  std::mutex reporting_;
  ProgressEvent event_;
};

}  // namespace widenet
