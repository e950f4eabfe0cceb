#include "widenet/gram/tile_grid.h"

#include <algorithm>

#include "widenet/base/error.h"

namespace widenet {

TileGrid::TileGrid(std::size_t rows, std::size_t cols, bool symmetric, std::size_t height, std::size_t width)
    : rows_(rows), cols_(cols), symmetric_(symmetric), height_(height), width_(width) {
  if (height == 0 || width == 0)
    fail("tiles of {} x {} (tiles of no entries never cover the matrix) give at least 1 x 1", height, width);
  if (symmetric && (rows != cols || width % height != 0))
    fail(
        "a symmetric matrix of {} x {} in tiles of {} x {} (it is square, and so are the tiles that mirror one "
        "another) give as many columns as rows and a width that is a multiple of the height",
        rows, cols, height, width);
  const std::size_t tile_rows = (rows + height - 1) / height, tile_cols = (cols + width - 1) / width;
  first_.reserve(tile_rows + 1);
  entries_.reserve(tile_rows + 1);
  first_.push_back(0);
  entries_.push_back(0);
  for (std::size_t i = 0; i < tile_rows; ++i) {
    const double high = static_cast<double>(std::min(rows, (i + 1) * height) - i * height);
    first_.push_back(first_.back() + tile_cols - first_tile_col(i));
    entries_.push_back(entries_.back() + high * static_cast<double>(cols - first_col(i)));
  }
}

std::size_t TileGrid::tile_row_of(std::size_t index) const {
  return static_cast<std::size_t>(std::upper_bound(first_.begin(), first_.end(), index) - first_.begin()) - 1;
}

GridTile TileGrid::tile(std::size_t index) const {
  const std::size_t i = tile_row_of(index), j = first_tile_col(i) + index - first_[i];
  return {{i * height_, std::min(rows_, (i + 1) * height_)},
          {std::max(j * width_, first_col(i)), std::min(cols_, (j + 1) * width_)}};
}

std::size_t TileGrid::tile_at(std::size_t tile_row, std::size_t col) const {
  return first_[tile_row] + col / width_ - first_tile_col(tile_row);
}

double TileGrid::entries_before(std::size_t index) const {
  if (index >= tiles()) return entries_.back();
  const std::size_t i = tile_row_of(index);
  const GridTile tile = this->tile(index);
  return entries_[i] + static_cast<double>(tile.rows.size()) * static_cast<double>(tile.cols.begin - first_col(i));
}

Range TileGrid::share(Shard shard) const {
  if (shard.number < 1 || shard.number > shard.of)
    fail("shard {} of {} (shards are counted from 1) give a number from 1 to {}", shard.number, shard.of, shard.of);
  // The first tile whose middle is not in the first `part` shares.
  const auto boundary = [&](std::size_t part) {
    if (part == shard.of) return tiles();
    const double end = entries_.back() * static_cast<double>(part) / static_cast<double>(shard.of);
    std::size_t low = 0, high = tiles();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if ((entries_before(middle) + entries_before(middle + 1)) / 2 < end)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  };
  return {boundary(shard.number - 1), boundary(shard.number)};
}

template <class T>
TileGrid store_grid(const Gram<T>& gram, std::size_t shards) {
  constexpr std::size_t slow = 16, usual = 192, most_threads = 64, parts_of_a_shard = 20;
  const std::size_t wanted = parts_of_a_shard * most_threads * shards, wish = gram.tile_shape().cols;
  const auto grid = [&](std::size_t height, std::size_t width) {
    return TileGrid(gram.rows(), gram.cols(), gram.symmetric(), height, width);
  };
  TileGrid best = grid(1, wish > 0 ? std::min(wish, slow) : usual);
  for (;;) {
    const bool higher = best.height() < best.width();
    // A width that is a multiple of the height stays one: both grow by doubling, the height never beyond the width.
    const bool divides = !gram.symmetric() || best.width() % (2 * best.height()) == 0;
    const TileGrid larger =
        higher && divides ? grid(2 * best.height(), best.width()) : grid(best.height(), 2 * best.width());
    if (std::max(larger.height(), larger.width()) > largest_tile_side || larger.tiles() < wanted) return best;
    best = larger;
  }
}

template TileGrid store_grid(const Gram<double>&, std::size_t);
template TileGrid store_grid(const Gram<float>&, std::size_t);

}  // namespace widenet
