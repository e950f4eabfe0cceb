// The lower half of a symmetric matrix as square tiles: half the memory, every tile contiguous.
#pragma once

#include "widenet/gram/gram.h"

namespace widenet {

// Tile (I, J), J <= I, holds rows [I b, I b + b) and columns [J b, J b + b) row-major with stride b; the last tile row
// is as high as what remains. Diagonal tiles are kept in full, but only their lower triangle counts. Memory: about n (n
// + b) / 2 numbers, exactly bytes(n, b).
class SymmetricTiles {
 public:
  // Three BLAS tiles fit into a second-level cache of 4 MiB, two and a half into one of 3 MiB; from 256 on the rate of
  // the tile product is within 5 % of its best.
  static constexpr std::size_t default_tile_size = 384;

  // Not initialised. Throws Error(usage) for a tile size of 0.
  explicit SymmetricTiles(std::size_t n, std::size_t tile_size = default_tile_size);
  static std::size_t bytes(std::size_t n, std::size_t tile_size = default_tile_size);

  std::size_t size() const { return n_; }
  std::size_t tile_size() const { return tile_size_; }
  // Number of tile rows.
  std::size_t tiles() const { return (n_ + tile_size_ - 1) / tile_size_; }
  Range range(std::size_t tile) const { return {tile * tile_size_, std::min(n_, (tile + 1) * tile_size_)}; }
  // Tile (i, j), j <= i.
  MatrixView<double> tile(std::size_t i, std::size_t j) {
    return {data_.data() + offset(i, j), range(i).size(), range(j).size(), tile_size_};
  }
  MatrixView<const double> tile(std::size_t i, std::size_t j) const {
    return {data_.data() + offset(i, j), range(i).size(), range(j).size(), tile_size_};
  }
  // Entry (i, j) for any i, j, read from the lower half.
  double operator()(std::size_t i, std::size_t j) const;

 private:
  std::size_t offset(std::size_t i, std::size_t j) const {
    return i * (i + 1) / 2 * tile_size_ * tile_size_ + j * range(i).size() * tile_size_;
  }

  std::size_t n_ = 0, tile_size_ = 0;
  Buffer<double> data_;
};

// Tile (i, j), j <= i, of the lower half counted row by row: 0 is (0, 0), 1 is (1, 0), 2 is (1, 1).
struct TileIndex {
  std::size_t row = 0, col = 0;
};
TileIndex tile_index(std::size_t index);

// The lower half of a symmetric Gram, by tiles on all threads. n (n + b) / 2 entries are computed; progress counts
// them. Throws Error(usage) for a Gram that is not symmetric.
SymmetricTiles materialize_half(const Gram<double>& gram, const Progress& progress = {},
                                std::size_t tile_size = SymmetricTiles::default_tile_size);

}  // namespace widenet
