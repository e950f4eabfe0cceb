// How a stored matrix is cut into tiles, and who computes which of them.
#pragma once

#include <vector>

#include "widenet/gram/gram.h"

namespace widenet {

// Part `number` of `of`, counted from 1.
struct Shard {
  std::size_t number = 1, of = 1;
  bool operator==(const Shard&) const = default;
};

// A part of a matrix.
struct GridTile {
  Range rows, cols;
};

// A matrix in tiles of height x width, those at the ends smaller, in the order of the walk: row of tiles by row of
// tiles, each from left to right. Of a symmetric matrix only the tiles with entries on or above the diagonal, each
// without its columns in front of its first row: n (n + height) / 2 entries.
class TileGrid {
 public:
  // Throws Error(usage) for a height or width of 0 and, where symmetric, for a width that is no multiple of the height
  // or rows that are not as many as the columns.
  TileGrid(std::size_t rows, std::size_t cols, bool symmetric, std::size_t height, std::size_t width);

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  bool symmetric() const { return symmetric_; }
  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }

  std::size_t tiles() const { return first_.back(); }
  // The place of a tile. Cost: a binary search over the rows of tiles.
  GridTile tile(std::size_t index) const;
  // Tiles of a row of tiles; its first holds the columns from that of the row's first entry on.
  std::size_t tile_rows() const { return first_.size() - 1; }
  Range tiles_of_row(std::size_t tile_row) const { return {first_[tile_row], first_[tile_row + 1]}; }
  // The tile that has column `col` in a row of tiles; col is not in front of the row's first tile.
  std::size_t tile_at(std::size_t tile_row, std::size_t col) const;
  // Entries of these tiles.
  double entries(Range tiles) const { return entries_before(tiles.end) - entries_before(tiles.begin); }

  // The tiles of one shard: shares of the walk, of equal work to half a tile at either end. Where there are more shards
  // than tiles some have none. Throws Error(usage) unless 1 <= number <= of.
  Range share(Shard shard) const;

 private:
  double entries_before(std::size_t index) const;
  std::size_t tile_row_of(std::size_t index) const;
  // The first column of a row of tiles that is computed, and that of the whole tile around it, counted in tiles.
  std::size_t first_col(std::size_t tile_row) const { return symmetric_ ? tile_row * height_ : 0; }
  std::size_t first_tile_col(std::size_t tile_row) const { return first_col(tile_row) / width_; }

  std::size_t rows_, cols_;
  bool symmetric_;
  std::size_t height_, width_;
  std::vector<std::size_t> first_;  // index of the first tile of every row of tiles, and the number of all tiles
  std::vector<double> entries_;     // in all rows of tiles before
};

// The grid to store a Gram in. Tiles begin with one row of 192 entries, which all fast Grams compute together anyway,
// or of 16 where the Gram asks for tiles of its own (of fewer, where those are narrower), and grow, in turn in height
// and width, to at most 384 columns while there are 20 * 64 of them in each of the shards: what 64 threads have not
// finished is less than a twentieth of a shard. It depends on the Gram's sizes, its tile_shape() and the number of
// shards alone, never on the threads.
inline constexpr std::size_t largest_tile_side = 384;
template <class T>
TileGrid store_grid(const Gram<T>& gram, std::size_t shards = 1);

}  // namespace widenet
