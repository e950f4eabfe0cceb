// The lower half of a symmetric matrix as square tiles: half the memory, every tile contiguous.
#pragma once

#include "widenet/gram/gram.h"

namespace widenet {

// Tile (I, J), J <= I, holds rows [I b, I b + b) and columns [J b, J b + b) row-major with stride b; the last tile row is
// as high as what remains. Diagonal tiles are kept in full. Memory: n (n + b) / 2 numbers.
class SymmetricTiles {
 public:
  static constexpr std::size_t tile_size = 384;
  explicit SymmetricTiles(std::size_t n);
  static std::size_t bytes(std::size_t n);

  std::size_t size() const { return n_; }
  std::size_t tiles() const { return (n_ + tile_size - 1) / tile_size; }
  Range range(std::size_t tile) const { return {tile * tile_size, std::min(n_, (tile + 1) * tile_size)}; }
  MatrixView<double> tile(std::size_t i, std::size_t j);
  MatrixView<const double> tile(std::size_t i, std::size_t j) const;
  // Entry (i, j) for any i, j.
  double operator()(std::size_t i, std::size_t j) const;

 private:
  std::size_t n_ = 0;
  Buffer<double> data_;
};

// The lower half of a symmetric Gram.
SymmetricTiles materialize_half(const Gram<double>& gram, const Progress& progress = {});

}  // namespace widenet
