#include "widenet/gram/gram.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

// A tile's rows are packed once for its columns; few rows, so that little is computed below the diagonal. Columns: not
// more than the last cache holds of samples of a thousand features.
constexpr std::size_t tile_rows = 96, most_column_bytes = 6144, least_column_bytes = 3072;
// Of a slow Gram.
constexpr std::size_t slow_rows = 1, slow_columns = 8;

struct Tile {
  Range rows, cols;
};

// Tiles that cover all entries, or those on and above the diagonal.
std::vector<Tile> tiles_of(std::size_t rows, std::size_t cols, bool upper, std::size_t high, std::size_t wide) {
  std::vector<Tile> tiles;
  for (std::size_t j = 0; j < cols; j += wide)
    for (std::size_t i = 0; i < rows; i += high) {
      const std::size_t end = std::min(cols, j + wide), begin = upper ? std::max(j, i) : j;
      if (begin < end) tiles.push_back({{i, std::min(rows, i + high)}, {begin, end}});
    }
  return tiles;
}

// The widest tiles that still keep all threads busy to the end.
template <class T>
std::vector<Tile> tiles_of(const Gram<T>& gram, bool upper) {
  const std::size_t rows = gram.rows(), cols = gram.cols();
  if (gram.slow()) return tiles_of(rows, cols, upper, slow_rows, slow_columns);
  std::vector<Tile> wide = tiles_of(rows, cols, upper, tile_rows, most_column_bytes / sizeof(T));
  return wide.size() < 32 * thread_count() ? tiles_of(rows, cols, upper, tile_rows, least_column_bytes / sizeof(T))
                                           : wide;
}

// out(j, i) = out(i, j) for the tile's entries above the diagonal, in blocks that fit the first-level cache.
template <class T>
void mirror(const Tile& tile, MatrixView<T> out) {
  constexpr std::size_t block = 32;
  for (std::size_t j0 = tile.cols.begin; j0 < tile.cols.end; j0 += block)
    for (std::size_t i0 = tile.rows.begin; i0 < tile.rows.end; i0 += block)
      for (std::size_t j = std::max(j0, i0 + 1); j < std::min(j0 + block, tile.cols.end); ++j)
        for (std::size_t i = i0; i < std::min({i0 + block, tile.rows.end, j}); ++i) out(j, i) = out(i, j);
}

template <class T>
void check_size(const Gram<T>& gram, MatrixView<T> out) {
  if (out.rows() != gram.rows() || out.cols() != gram.cols())
    fail("the output is {} x {}, the Gram matrix {} x {} (every entry needs its place) give an output of that size",
         out.rows(), out.cols(), gram.rows(), gram.cols());
}

template <class T>
void compute(const Gram<T>& gram, const std::vector<Tile>& tiles, MatrixView<T> out, const Progress& progress) {
  double total = 0, done = 0;
  for (const Tile& t : tiles) total += static_cast<double>(t.rows.size() * t.cols.size());
  std::mutex mutex;
  parallel_for(tiles.size(), [&](std::size_t k, std::size_t) {
    const Tile& t = tiles[k];
    gram.tile(t.rows, t.cols, out.block(t.rows, t.cols));
    if (!progress) return;
    const std::lock_guard lock(mutex);
    done += static_cast<double>(t.rows.size() * t.cols.size());
    progress({"computing the Gram matrix", done, total, "entries"});
  });
}

}  // namespace

template <class T>
void materialize_upper(const Gram<T>& gram, MatrixView<T> out, const Progress& progress) {
  check_size(gram, out);
  compute(gram, tiles_of(gram, true), out, progress);
}

template <class T>
void materialize(const Gram<T>& gram, MatrixView<T> out, const Progress& progress) {
  check_size(gram, out);
  const std::vector<Tile> tiles = tiles_of(gram, gram.symmetric());
  compute(gram, tiles, out, progress);
  // A tile across the diagonal also holds entries below it; mirroring writes the same bits there again, so it must wait
  // until all tiles are done.
  if (gram.symmetric()) parallel_for(tiles.size(), [&](std::size_t k, std::size_t) { mirror(tiles[k], out); });
}

template <class T>
Matrix<T> materialize(const Gram<T>& gram, const Progress& progress) {
  auto out = Matrix<T>::uninitialized(gram.rows(), gram.cols());
  materialize(gram, out.view(), progress);
  return out;
}

template void materialize_upper(const Gram<double>&, MatrixView<double>, const Progress&);
template void materialize_upper(const Gram<float>&, MatrixView<float>, const Progress&);
template void materialize(const Gram<double>&, MatrixView<double>, const Progress&);
template void materialize(const Gram<float>&, MatrixView<float>, const Progress&);
template Matrix<double> materialize(const Gram<double>&, const Progress&);
template Matrix<float> materialize(const Gram<float>&, const Progress&);

}  // namespace widenet
