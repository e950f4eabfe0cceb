#include "apps/widenet/gram_file.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <chrono>
#include <filesystem>

#include "apps/widenet/progress_line.h"
#include "apps/widenet/report.h"
#include "widenet/base/error.h"
#include "widenet/data/file.h"
#include "widenet/data/npy.h"
#include "widenet/data/text.h"
#include "widenet/learn/memory.h"

namespace widenet::app {
namespace {

// Work that takes longer is stored.
constexpr double quick_seconds = 1;
// After work that took longer the tiles stay until the matrix is on the disk, should the power fail.
constexpr double long_seconds = 60;

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Refuses, before the work, what the disk cannot hold. A file system that does not say what is free is believed.
void check_room(const std::string& out, double bytes) {
  struct statvfs disk {};
  const std::string folder = std::filesystem::absolute(out).parent_path().string();
  if (::statvfs(folder.c_str(), &disk) != 0 || disk.f_blocks == 0) return;
  const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (bytes > free)
    fail_outside("the disk of '{}' has {} free (the matrix and its tiles need {}) make room, or choose another --out",
                 out, memory_text(static_cast<std::size_t>(free)), memory_text(static_cast<std::size_t>(bytes)));
}

std::string taken_text(const TakenUp& taken, const TileStore& store) {
  const double all = store.grid().entries(store.tiles());
  return fmt::format(
      "tiles: took up {} of {} ({:.0f} % of the work) from {}{}", taken.tiles, store.tiles().size(),
      all > 0 ? 100 * taken.entries / all : 100, store.path(),
      taken.damaged == 0 ? "" : fmt::format("; {} damaged, torn or altered, computed again", taken.damaged));
}

template <class T>
GramDone through_memory(const Gram<T>& gram, const std::string& out, const Settings& settings) {
  const Stopwatch watch;
  ProgressLine line(settings);
  const Matrix<T> values = materialize(gram, line.callback());
  const GramDone done{.entries = static_cast<double>(values.size()), .seconds = watch.seconds()};
  write_npy(out, values.view());
  return done;
}

template <class T>
GramDone through_tiles(const Gram<T>& gram, const GramJob& job, const std::string& path, const Settings& settings) {
  const StoreHeader header = store_header(gram, job.facts(), job.shard.value_or(Shard{}));
  const double matrix = static_cast<double>(gram.rows()) * static_cast<double>(gram.cols()) * sizeof(T);
  const Range tiles = header.grid.share(header.shard);
  const double slots = static_cast<double>(tiles.size() * header.grid.height() * header.grid.width()) * sizeof(T);
  check_room(job.out, (job.shard ? 0 : matrix) + (std::filesystem::exists(path) ? 0 : slots));
  std::vector<TileStore> stores;
  stores.push_back(TileStore::take(path, header));
  TileStore& store = stores.front();
  TakenUp taken;
  {
    ProgressLine line(settings);
    taken = take_up<T>(store, line.callback());
  }
  notice(settings, taken.tiles + taken.damaged > 0
                       ? taken_text(taken, store)
                       : fmt::format("tiles: {} keeps what is finished; the same command goes on from there", path));
  ProgressLine line(settings);
  const Stopwatch watch;
  compute_tiles(gram, store, line.callback());
  GramDone done{
      .seconds = watch.seconds(), .tiles = store.tiles().size(), .taken_up = taken.tiles, .damaged = taken.damaged};
  const double all = header.grid.entries({0, header.grid.tiles()});
  done.entries = (header.grid.entries(tiles) - taken.entries) / all * (matrix / sizeof(T));
  if (job.shard) return done;
  write_matrix(stores, job.out, line.callback());
  if (taken.tiles > 0 || done.seconds > long_seconds) sync_file(job.out);
  store.remove();
  return done;
}

template <class T>
void write_bands(const std::vector<TileStore>& shards, const std::string& out, const Progress& progress) {
  const TileGrid& grid = shards.front().grid();
  NpyWriter file(out, grid.rows(), grid.cols(), sizeof(T));
  read_bands<T>(
      shards, [&](Range, MatrixView<const T> band) { file.add(band); }, progress);
  file.commit();
}

}  // namespace

bool can_store(const std::string& out) {
  std::error_code ignored;
  const auto status = std::filesystem::status(out, ignored);
  return !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
}

template <class T>
GramDone write_gram(const Gram<T>& gram, const GramJob& job, const Settings& settings) {
  const std::string tiles = job.shard ? job.out : job.out + ".tiles";
  const bool stores =
      job.shard ||
      (can_store(job.out) && (std::filesystem::exists(tiles) || !job.fits_memory || takes_longer(gram, quick_seconds)));
  return stores ? through_tiles(gram, job, tiles, settings) : through_memory(gram, job.out, settings);
}

void write_matrix(const std::vector<TileStore>& shards, const std::string& out, const Progress& progress) {
  if (shards.front().header().number_size == sizeof(double))
    write_bands<double>(shards, out, progress);
  else
    write_bands<float>(shards, out, progress);
}

Shard parse_shard(const std::string& word) {
  const std::size_t slash = word.find('/');
  const auto number = text::parse_count(word.substr(0, slash));
  const auto of = slash == std::string::npos ? std::nullopt : text::parse_count(word.substr(slash + 1));
  constexpr std::size_t most = 10'000;
  if (!number || !of || *number < 1 || *number > *of || *of > most)
    fail("--shard {} is no shard (i/k with 1 <= i <= k <= {} is one) give e.g. 2/3, the second of three",
         text::shown(word), most);
  return {*number, *of};
}

template GramDone write_gram(const Gram<double>&, const GramJob&, const Settings&);
template GramDone write_gram(const Gram<float>&, const GramJob&, const Settings&);

}  // namespace widenet::app
