#include "widenet/gram/gram.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/gram/place.h"

namespace widenet {
namespace {

// A tile's rows are packed once for its columns; few rows, so that little is computed below the diagonal. Columns: not
// more than the last cache holds of samples of a thousand features.
constexpr std::size_t tile_rows = 96, most_column_bytes = 6144, least_column_bytes = 3072;

struct Tile {
  Range rows, cols;
};

// Tiles that cover all entries, or those on and above the diagonal.
std::vector<Tile> tiles_of(std::size_t rows, std::size_t cols, bool upper, std::size_t tile_height,
                           std::size_t tile_width) {
  std::vector<Tile> tiles;
  for (std::size_t j = 0; j < cols; j += tile_width)
    for (std::size_t i = 0; i < rows; i += tile_height) {
      const std::size_t end = std::min(cols, j + tile_width), begin = upper ? std::max(j, i) : j;
      if (begin < end) tiles.push_back({{i, std::min(rows, i + tile_height)}, {begin, end}});
    }
  return tiles;
}

// What the Gram asks for, else the widest tiles that still keep all threads busy to the end.
template <class T>
std::vector<Tile> tiles_of(const Gram<T>& gram, bool upper) {
  const std::size_t rows = gram.rows(), cols = gram.cols();
  if (const auto wish = wished_tiles(gram, rows); wish.rows > 0)
    return tiles_of(rows, cols, upper, wish.rows, wish.cols);
  const std::vector<Tile> wide = tiles_of(rows, cols, upper, tile_rows, most_column_bytes / sizeof(T));
  if (wide.size() >= 32 * thread_count()) return wide;
  return tiles_of(rows, cols, upper, tile_rows, least_column_bytes / sizeof(T));
}

template <class T>
void check_size(const Gram<T>& gram, MatrixView<T> out) {
  if (out.rows() != gram.rows() || out.cols() != gram.cols())
    fail("the output is {} x {}, the Gram matrix {} x {} (every entry needs its place) give an output of that size",
         out.rows(), out.cols(), gram.rows(), gram.cols());
}

// Runs `run` on every tile, on all threads.
template <class F>
void for_each_tile(const std::vector<Tile>& tiles, const Progress& progress, const F& run) {
  double total = 0, done = 0;
  for (const Tile& t : tiles) total += static_cast<double>(t.rows.size() * t.cols.size());
  std::mutex mutex;
  parallel_for(tiles.size(), [&](std::size_t k, std::size_t) {
    run(tiles[k]);
    if (!progress) return;
    const std::lock_guard lock(mutex);
    done += static_cast<double>(tiles[k].rows.size() * tiles[k].cols.size());
    progress({"computing the Gram matrix", done, total, "entries"});
  });
}

template <class T>
void compute(const Gram<T>& gram, const std::vector<Tile>& tiles, MatrixView<T> out, const Progress& progress) {
  for_each_tile(tiles, progress, [&](const Tile& t) { gram.tile(t.rows, t.cols, out.block(t.rows, t.cols)); });
}

// Both halves: a tile is finished in the cache and written to its two places from there.
template <class T>
void compute_mirrored(const Gram<T>& gram, const std::vector<Tile>& tiles, MatrixView<T> out,
                      const Progress& progress) {
  // A few numbers between rows, lest a column's entries all fall into one set of the cache.
  constexpr std::size_t stride = most_column_bytes / sizeof(T) + 128 / sizeof(T);
  for_each_tile(tiles, progress, [&](const Tile& t) {
    thread_local Buffer<T> memory;
    if (memory.size() < t.rows.size() * stride) memory = Buffer<T>(t.rows.size() * stride);
    const MatrixView<T> tile(memory.data(), t.rows.size(), t.cols.size(), stride);
    gram.tile(t.rows, t.cols, tile);
    place<T>(tile, out.block(t.rows, t.cols));
    // Entries of the tile below the diagonal, if any, are the same bits in both places.
    place_transposed<T>(tile, out.block(t.cols, t.rows));
  });
}

}  // namespace

template <class T>
typename Gram<T>::TileShape wished_tiles(const Gram<T>& gram, std::size_t rows) {
  auto shape = gram.tile_shape();
  const auto few = [&] {
    const std::size_t down = (rows + shape.rows - 1) / shape.rows, along = (gram.cols() + shape.cols - 1) / shape.cols;
    return down * along < 16 * thread_count();
  };
  while (shape.rows > 1 && few()) shape.rows /= 2;
  return shape;
}

template <class T>
void materialize_upper(const Gram<T>& gram, MatrixView<T> out, const Progress& progress) {
  check_size(gram, out);
  compute(gram, tiles_of(gram, true), out, progress);
}

template <class T>
void materialize(const Gram<T>& gram, MatrixView<T> out, const Progress& progress) {
  check_size(gram, out);
  const std::vector<Tile> tiles = tiles_of(gram, gram.symmetric());
  if (gram.symmetric())
    compute_mirrored(gram, tiles, out, progress);
  else
    compute(gram, tiles, out, progress);
}

template <class T>
Matrix<T> materialize(const Gram<T>& gram, const Progress& progress) {
  auto out = Matrix<T>::uninitialized(gram.rows(), gram.cols());
  materialize(gram, out.view(), progress);
  return out;
}

template <class T>
void materialize_rows(const Gram<T>& gram, Range rows, MatrixView<T> out, const Progress& progress) {
  if (out.rows() != rows.size() || out.cols() != gram.cols())
    fail("the output is {} x {} for {} rows of {} entries (every entry needs its place) give an output of that size",
         out.rows(), out.cols(), rows.size(), gram.cols());
  const auto wish = wished_tiles(gram, rows.size());
  const bool wishes = wish.rows > 0;
  const std::vector<Tile> tiles = tiles_of(rows.size(), gram.cols(), false, wishes ? wish.rows : tile_rows,
                                           wishes ? wish.cols : least_column_bytes / sizeof(T));
  for_each_tile(tiles, progress, [&](const Tile& t) {
    gram.tile({rows.begin + t.rows.begin, rows.begin + t.rows.end}, t.cols, out.block(t.rows, t.cols));
  });
}

template Gram<double>::TileShape wished_tiles(const Gram<double>&, std::size_t);
template Gram<float>::TileShape wished_tiles(const Gram<float>&, std::size_t);
template void materialize_upper(const Gram<double>&, MatrixView<double>, const Progress&);
template void materialize_upper(const Gram<float>&, MatrixView<float>, const Progress&);
template void materialize(const Gram<double>&, MatrixView<double>, const Progress&);
template void materialize(const Gram<float>&, MatrixView<float>, const Progress&);
template Matrix<double> materialize(const Gram<double>&, const Progress&);
template Matrix<float> materialize(const Gram<float>&, const Progress&);
template void materialize_rows(const Gram<double>&, Range, MatrixView<double>, const Progress&);
template void materialize_rows(const Gram<float>&, Range, MatrixView<float>, const Progress&);

}  // namespace widenet
