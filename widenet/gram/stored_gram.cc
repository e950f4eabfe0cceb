#include "widenet/gram/stored_gram.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/gram/place.h"

namespace widenet {
namespace {

// Progress of many tiles on many threads.
class Count {
 public:
  Count(const Progress& progress, std::string what, double done, double total)
      : progress_(progress), event_{std::move(what), done, total, "entries"} {
    if (progress_) progress_(event_);
  }
  void add(double entries) {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    event_.done += entries;
    progress_(event_);
  }

 private:
  const Progress& progress_;
  ProgressEvent event_;
  std::mutex mutex_;
};

// One slot for every thread.
template <class T>
class Slots {
 public:
  explicit Slots(std::size_t size) : size_(size), slots_(thread_count()) {}
  std::span<T> of(std::size_t worker) {
    if (slots_[worker].empty()) slots_[worker] = Buffer<T>(size_, T(0));
    return {slots_[worker].data(), size_};
  }

 private:
  std::size_t size_;
  std::vector<Buffer<T>> slots_;
};

// The tile in its slot.
template <class T>
MatrixView<T> view_of(std::span<T> slot, const GridTile& tile, const TileGrid& grid) {
  return {slot.data(), tile.rows.size(), tile.cols.size(), grid.width()};
}

double entries_of(const GridTile& tile) {
  return static_cast<double>(tile.rows.size()) * static_cast<double>(tile.cols.size());
}

// A tile in pieces of the shape that the Gram asks for.
template <class T>
void compute_tile(const Gram<T>& gram, const GridTile& tile, MatrixView<T> out) {
  const auto wish = gram.tile_shape();
  const std::size_t height = wish.rows > 0 ? wish.rows : out.rows(), width = wish.cols > 0 ? wish.cols : out.cols();
  for (std::size_t r = 0; r < out.rows(); r += height)
    for (std::size_t c = 0; c < out.cols(); c += width) {
      const Range rows{r, std::min(out.rows(), r + height)}, cols{c, std::min(out.cols(), c + width)};
      gram.tile({tile.rows.begin + rows.begin, tile.rows.begin + rows.end},
                {tile.cols.begin + cols.begin, tile.cols.begin + cols.end}, out.block(rows, cols));
    }
}

// Tiles in the order in which they are computed, and where the runs begin that one thread computes by itself: of a Gram
// that asks for tiles of its own all that lie in one of those, so that what it prepares for one serves the next.
struct Runs {
  std::vector<std::size_t> tiles, begins;
};
template <class T>
Runs runs_of(std::vector<std::size_t> tiles, const TileGrid& grid, const Gram<T>& gram) {
  const auto wish = wished_tiles(gram, gram.rows());
  const auto place = [&](std::size_t tile) {
    const GridTile at = grid.tile(tile);
    return wish.rows > 0 ? std::pair(at.rows.begin / wish.rows, at.cols.begin / wish.cols) : std::pair(tile, tile);
  };
  std::ranges::stable_sort(tiles, {}, place);
  std::vector<std::size_t> begins;
  for (std::size_t k = 0; k < tiles.size(); ++k)
    if (k == 0 || place(tiles[k]) != place(tiles[k - 1])) begins.push_back(k);
  begins.push_back(tiles.size());
  return {std::move(tiles), std::move(begins)};
}

std::size_t band_height(const TileGrid& grid) {
  const std::size_t unit = grid.symmetric() ? grid.width() : grid.height();
  return unit * std::max<std::size_t>(1, largest_tile_side / unit);
}

template <class T>
class Bands {
 public:
  explicit Bands(const std::vector<TileStore>& shards) : shards_(shards), grid_(shards.front().grid()) {}

  // All that the rows of a band are made of: the tiles of its own rows of tiles and, of a symmetric matrix, the mirror
  // images of the tiles above them that hold its columns.
  void fill(Range band, MatrixView<T> out, Slots<T>& slots) const {
    std::vector<std::size_t> tiles;
    const std::size_t first = band.begin / grid_.height(), end = (band.end + grid_.height() - 1) / grid_.height();
    for (std::size_t row = 0; row < first && grid_.symmetric(); ++row)
      for (std::size_t col = band.begin; col < band.end; col += grid_.width()) tiles.push_back(grid_.tile_at(row, col));
    for (std::size_t tile = grid_.tiles_of_row(first).begin; tile < grid_.tiles_of_row(end - 1).end; ++tile)
      tiles.push_back(tile);
    parallel_for(tiles.size(), [&](std::size_t k, std::size_t worker) {
      const std::span<T> slot = slots.of(worker);
      const GridTile at = grid_.tile(tiles[k]);
      store_of(tiles[k]).template read<T>(tiles[k], slot);
      const MatrixView<const T> tile = view_of<const T>(slot, at, grid_);
      if (at.rows.begin >= band.begin)
        place<T>(tile, out.block({at.rows.begin - band.begin, at.rows.end - band.begin}, at.cols));
      // A band is made of whole tiles: all columns lie in its rows, or none. Entries of the tile below the diagonal are
      // the same bits in both places.
      if (grid_.symmetric() && at.cols.begin >= band.begin && at.cols.end <= band.end)
        place_transposed<T>(tile, out.block({at.cols.begin - band.begin, at.cols.end - band.begin}, at.rows));
    });
  }

 private:
  const TileStore& store_of(std::size_t tile) const {
    return *std::upper_bound(shards_.begin(), shards_.end(), tile,
                             [](std::size_t t, const TileStore& store) { return t < store.tiles().end; });
  }

  const std::vector<TileStore>& shards_;
  const TileGrid& grid_;
};

}  // namespace

template <class T>
bool takes_longer(const Gram<T>& gram, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr double enough = 0.02;
  constexpr std::size_t usual_rows = 96, usual_cols = 384;
  const std::size_t n = gram.rows(), m = gram.cols();
  if (n == 0 || m == 0) return false;
  const auto wish = gram.tile_shape();
  const std::size_t width = std::min(m, wish.cols > 0 ? wish.cols : usual_cols);
  const std::size_t most = std::min(n, wish.rows > 0 ? wish.rows : usual_rows);
  const double total = static_cast<double>(n) * static_cast<double>(m) / (gram.symmetric() ? 2 : 1);
  double rate = 0;
  const auto begin = Clock::now();
  // A slow Gram may take seconds for an entry.
  std::size_t height = 1, across = wish.cols > 0 ? 1 : width;
  for (;; height = across < width ? 1 : std::min(2 * height, most), across = width) {
    auto tile = Matrix<T>::uninitialized(height, across);
    const auto start = Clock::now();
    gram.tile({0, height}, {m - across, m}, tile);
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    const double done = static_cast<double>(height) * static_cast<double>(across);
    rate = std::max(rate, done / std::max(took, 1e-9));
    if (total <= rate * seconds * static_cast<double>(thread_count())) return false;
    if (std::chrono::duration<double>(Clock::now() - begin).count() >= enough) return true;
  }
}

template <class T>
StoreHeader store_header(const Gram<T>& gram, Facts facts, Shard shard) {
  return {std::move(facts), store_grid(gram, shard.of), shard, sizeof(T)};
}

template <class T>
TakenUp take_up(TileStore& store, const Progress& progress) {
  std::vector<std::size_t> finished;
  double total = 0;
  for (std::size_t tile = store.tiles().begin; tile < store.tiles().end; ++tile)
    if (store.has(tile)) {
      finished.push_back(tile);
      total += entries_of(store.grid().tile(tile));
    }
  TakenUp taken;
  if (finished.empty()) return taken;
  Count count(progress, "checking stored tiles", 0, total);
  Slots<T> slots(store.slot_size());
  std::mutex mutex;
  parallel_for(finished.size(), [&](std::size_t k, std::size_t worker) {
    const std::size_t tile = finished[k];
    const double entries = entries_of(store.grid().tile(tile));
    const std::span<T> slot = slots.of(worker);
    store.read<T>(tile, slot);
    const bool intact = store.intact<T>(tile, slot);
    if (!intact) store.forget(tile);
    count.add(entries);
    const std::lock_guard lock(mutex);
    taken.tiles += intact ? 1 : 0;
    taken.damaged += intact ? 0 : 1;
    taken.entries += intact ? entries : 0;
  });
  return taken;
}

template <class T>
void compute_tiles(const Gram<T>& gram, TileStore& store, const Progress& progress) {
  const TileGrid& grid = store.grid();
  if (gram.rows() != grid.rows() || gram.cols() != grid.cols() || gram.symmetric() != grid.symmetric())
    fail("the Gram matrix is {} x {}, the tiles of '{}' are of {} x {} (they are not of one matrix) name another file",
         gram.rows(), gram.cols(), store.path(), grid.rows(), grid.cols());
  std::vector<std::size_t> missing;
  double done = grid.entries(store.tiles());
  const double total = done;
  for (std::size_t tile = store.tiles().begin; tile < store.tiles().end; ++tile)
    if (!store.has(tile)) {
      missing.push_back(tile);
      done -= entries_of(grid.tile(tile));
    }
  Count count(progress, "computing the Gram matrix", done, total);
  Slots<T> slots(store.slot_size());
  const Runs runs = runs_of(std::move(missing), grid, gram);
  parallel_for(runs.begins.size() - 1, [&](std::size_t run, std::size_t worker) {
    const std::span<T> slot = slots.of(worker);
    for (std::size_t k = runs.begins[run]; k < runs.begins[run + 1]; ++k) {
      const GridTile tile = grid.tile(runs.tiles[k]);
      // What the tile leaves of its slot is zero, whatever was there before.
      if (tile.rows.size() < grid.height() || tile.cols.size() < grid.width()) std::ranges::fill(slot, T(0));
      compute_tile(gram, tile, view_of(slot, tile, grid));
      store.write<T>(runs.tiles[k], slot);
      count.add(entries_of(tile));
    }
  });
}

template <class T>
void read_bands(const std::vector<TileStore>& shards, const std::function<void(Range, MatrixView<const T>)>& take,
                const Progress& progress) {
  const TileGrid& grid = shards.front().grid();
  const std::size_t height = std::min(grid.rows(), band_height(grid));
  auto band = Matrix<T>::uninitialized(height, grid.cols());
  Slots<T> slots(shards.front().slot_size());
  const Bands<T> bands(shards);
  const auto total = static_cast<double>(grid.rows()) * static_cast<double>(grid.cols());
  Count count(progress, "writing the matrix", 0, total);
  for (std::size_t begin = 0; begin < grid.rows(); begin += height) {
    const Range rows{begin, std::min(grid.rows(), begin + height)};
    const MatrixView<T> out = band.view().rows({0, rows.size()});
    bands.fill(rows, out, slots);
    take(rows, out);
    count.add(static_cast<double>(rows.size()) * static_cast<double>(grid.cols()));
  }
}

std::size_t store_bytes(std::size_t rows, std::size_t cols, std::size_t number_size) {
  const std::size_t band = std::min(rows, largest_tile_side), slot = largest_tile_side * largest_tile_side;
  const std::size_t slots =
      thread_count() * std::min(slot, std::max<std::size_t>(rows, 16) * std::max<std::size_t>(cols, 16));
  return (band * cols + slots) * number_size;
}

template bool takes_longer(const Gram<double>&, double);
template StoreHeader store_header(const Gram<double>&, Facts, Shard);
template TakenUp take_up<double>(TileStore&, const Progress&);
template void compute_tiles(const Gram<double>&, TileStore&, const Progress&);
template void read_bands(const std::vector<TileStore>&, const std::function<void(Range, MatrixView<const double>)>&,
                         const Progress&);
template bool takes_longer(const Gram<float>&, double);
template StoreHeader store_header(const Gram<float>&, Facts, Shard);
template TakenUp take_up<float>(TileStore&, const Progress&);
template void compute_tiles(const Gram<float>&, TileStore&, const Progress&);
template void read_bands(const std::vector<TileStore>&, const std::function<void(Range, MatrixView<const float>)>&,
                         const Progress&);

}  // namespace widenet
