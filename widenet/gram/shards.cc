#include "widenet/gram/shards.h"

#include <algorithm>
#include <mutex>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

void check_same_matrix(const TileStore& first, const TileStore& store) {
  if (const std::string differs = difference(store.header(), first.header()); !differs.empty())
    fail_outside("'{}' is a part of another matrix than '{}' ({}) give parts of one matrix", store.path(), first.path(),
                 differs);
  if (store.header().shard.of != first.header().shard.of)
    fail_outside("'{}' is one of {} parts, '{}' one of {} (they share the work in different ways) give parts of one",
                 store.path(), store.header().shard.of, first.path(), first.header().shard.of);
}

// In order: none twice, none missing.
void check_numbers(const std::vector<TileStore>& shards) {
  const std::size_t of = shards.front().header().shard.of;
  const auto number = [&](std::size_t k) { return shards[k].header().shard.number; };
  for (std::size_t k = 1; k < shards.size(); ++k)
    if (number(k) == number(k - 1))
      fail_outside("'{}' and '{}' are both part {}/{} (a part counts once) leave one of them out", shards[k - 1].path(),
                   shards[k].path(), number(k), of);
  for (std::size_t k = 0; k < of; ++k)
    if (k >= shards.size() || number(k) != k + 1)
      fail_outside(
          "part {}/{} is missing (the matrix is made of all {}) compute it with --shard {}/{}, or name its file", k + 1,
          of, of, k + 1, of);
}

void check_finished(const TileStore& store) {
  std::size_t missing = 0;
  for (std::size_t tile = store.tiles().begin; tile < store.tiles().end; ++tile)
    if (!store.has(tile)) ++missing;
  if (missing > 0)
    fail_outside("'{}' is not finished ({} of its {} tiles are missing) give its command again, which goes on with it",
                 store.path(), missing, store.tiles().size());
}

template <class T>
void check_tiles(const TileStore& store, const std::function<void()>& checked) {
  std::vector<std::vector<T>> slots(thread_count(), std::vector<T>(store.slot_size()));
  parallel_for(store.tiles().size(), [&](std::size_t k, std::size_t worker) {
    const std::size_t tile = store.tiles().begin + k;
    const std::span<T> slot(slots[worker]);
    store.read<T>(tile, slot);
    if (!store.intact<T>(tile, slot)) {
      const GridTile at = store.grid().tile(tile);
      fail_outside(
          "'{}' is damaged (the checksum of rows {} to {}, columns {} to {} differs) copy it again, or give its "
          "command again, which computes them anew",
          store.path(), at.rows.begin, at.rows.end - 1, at.cols.begin, at.cols.end - 1);
    }
    checked();
  });
}

}  // namespace

std::vector<TileStore> open_shards(const std::vector<std::string>& paths, const Progress& progress) {
  if (paths.empty()) fail("no parts are given (a matrix is made of all of them) name their files");
  std::vector<TileStore> shards;
  for (const std::string& path : paths) {
    shards.push_back(TileStore::open(path));
    check_same_matrix(shards.front(), shards.back());
  }
  std::ranges::stable_sort(shards, {}, [](const TileStore& store) { return store.header().shard.number; });
  check_numbers(shards);
  double total = 0;
  for (const TileStore& store : shards) {
    check_finished(store);
    total += static_cast<double>(store.tiles().size());
  }
  ProgressEvent event{"checking the parts", 0, total, "tiles"};
  std::mutex mutex;
  const std::function<void()> checked = [&] {
    if (!progress) return;
    const std::lock_guard lock(mutex);
    event.done += 1;
    progress(event);
  };
  for (const TileStore& store : shards)
    if (store.header().number_size == sizeof(double))
      check_tiles<double>(store, checked);
    else
      check_tiles<float>(store, checked);
  return shards;
}

}  // namespace widenet
