// Stored tiles: the same matrix however the work is interrupted, shared out and damaged.
#include "widenet/gram/stored_gram.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/support/check_gram.h"
#include "tests/support/entry_gram.h"
#include "widenet/base/threads.h"
#include "widenet/gram/shards.h"

namespace widenet {
namespace {

using testing::Folder;
using testing_support::EntryGram;
using testing_support::same_bits;
using testing_support::Sizes;

struct Case {
  std::size_t rows, cols;
  bool symmetric;
  Gram<double>::TileShape wish;
};
const Case cases[] = {{1, 1, true, {}},         {2, 2, true, {}},  {61, 61, true, {1, 8}},  {401, 401, true, {}},
                      {97, 97, true, {16, 16}}, {1, 5, false, {}}, {61, 41, false, {3, 5}}, {211, 401, false, {8, 8}}};

template <class T>
EntryGram<T> gram_of(const Case& c) {
  return {c.rows, c.cols, c.symmetric, {c.wish.rows, c.wish.cols}};
}

template <class T>
Matrix<T> matrix_of(const std::vector<TileStore>& shards) {
  const TileGrid& grid = shards.front().grid();
  Matrix<T> out(grid.rows(), grid.cols(), std::numeric_limits<T>::quiet_NaN());
  read_bands<T>(shards, [&](Range rows, MatrixView<const T> band) {
    for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(band.row(i), out.row(rows.begin + i).begin());
  });
  return out;
}

template <class T>
void expect_matrix(const std::vector<TileStore>& shards, const Gram<T>& gram) {
  const Matrix<T> expected = materialize(gram), found = matrix_of<T>(shards);
  ASSERT_TRUE(std::equal(found.data(), found.data() + found.size(), expected.data(), same_bits<T>));
}

template <class T>
void expect_shards_make_the_matrix() {
  const Folder folder;
  for (const Case& c : cases)
    for (const std::size_t k : Sizes{1, 2, 3, 7}) {
      const EntryGram<T> gram = gram_of<T>(c);
      std::vector<std::string> paths;
      for (std::size_t i = k; i > 0; --i) {
        paths.push_back(folder.path(fmt::format("{}-{}-{}", c.rows, i, k)));
        set_thread_count(i % 2 == 0 ? 7 : 1);
        TileStore store = TileStore::take(paths.back(), store_header(gram, {{"kernel", "sine"}}, {i, k}));
        compute_tiles(gram, store);
      }
      set_thread_count(0);
      const std::vector<TileStore> shards = open_shards(paths);
      expect_matrix(shards, gram);
      // Half of a symmetric matrix is computed, and a little across the diagonal.
      const std::size_t half = c.symmetric ? c.rows * (c.rows + 1) / 2 : c.rows * c.cols;
      EXPECT_LE(gram.computed() - c.rows * c.cols, half + (c.symmetric ? c.rows * 192 : 0));
      for (const std::string& path : paths) std::filesystem::remove(path);
    }
}
TEST(StoredGram, ShardsMakeTheMatrix) {
  expect_shards_make_the_matrix<double>();
  expect_shards_make_the_matrix<float>();
}

// Stops after some tiles.
template <class T>
class TiredGram final : public Gram<T> {
 public:
  TiredGram(const Gram<T>& gram, std::size_t tiles) : gram_(gram), left_(static_cast<long>(tiles)) {}
  std::size_t rows() const override { return gram_.rows(); }
  std::size_t cols() const override { return gram_.cols(); }
  bool symmetric() const override { return gram_.symmetric(); }
  typename Gram<T>::TileShape tile_shape() const override { return gram_.tile_shape(); }
  void tile(Range rows, Range cols, MatrixView<T> out) const override {
    if (left_-- <= 0) throw std::runtime_error("tired");
    gram_.tile(rows, cols, out);
  }
  void diagonal(std::span<T> out) const override { gram_.diagonal(out); }

 private:
  const Gram<T>& gram_;
  mutable std::atomic<long> left_;
};

TEST(StoredGram, TakesUpWhatIsThereAndCountsIt) {
  const Folder folder;
  const EntryGram<double> gram(97, 97, true, {16, 16});
  const auto take = [&] { return TileStore::take(folder.path("k"), store_header(gram, {})); };
  {
    TileStore store = take();
    EXPECT_THROW(compute_tiles(TiredGram<double>(gram, 100), store), std::runtime_error);
  }
  TileStore store = take();
  double checked = 0;
  const TakenUp taken = take_up<double>(store, [&](const ProgressEvent& event) { checked = event.done; });
  EXPECT_EQ(taken.tiles, 100u);
  EXPECT_EQ(taken.damaged, 0u);
  EXPECT_EQ(taken.entries, checked);
  const std::size_t before = gram.computed();
  std::vector<ProgressEvent> events;
  compute_tiles(gram, store, [&](const ProgressEvent& event) { events.push_back(event); });
  const double all = store.grid().entries(store.tiles());
  EXPECT_EQ(gram.computed() - before, static_cast<std::size_t>(all - taken.entries));
  EXPECT_EQ(events.front().done, taken.entries);
  EXPECT_EQ(events.back().done, all);
  EXPECT_EQ(events.back().total, all);
  std::vector<TileStore> stores;
  stores.push_back(std::move(store));
  expect_matrix<double>(stores, gram);
  stores.front().remove();
  EXPECT_TRUE(folder.empty());
}

// Every slot altered in one bit at some place, or cut off: computed again, and the matrix is the same.
template <class T>
void expect_mends() {
  const Folder folder;
  const EntryGram<T> gram(61, 61, true, {1, 8});
  const auto header = store_header(gram, {{"kernel", "sine"}});
  const std::size_t slot = header.grid.height() * header.grid.width() * sizeof(T);
  {
    TileStore store = TileStore::take(folder.path("k"), header);
    compute_tiles(gram, store);
  }
  std::string bytes = testing::bytes_of(folder.path("k"));
  const std::size_t tiles = header.grid.tiles(), begin = bytes.size() - tiles * slot;
  bytes[begin + 3 * slot + 1] ^= 1;
  bytes[begin + 17 * slot + slot - 1] ^= 64;
  // One slot in place of another.
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin + 5 * slot), slot,
              bytes.begin() + static_cast<std::ptrdiff_t>(begin + 6 * slot));
  bytes.resize(begin + (tiles - 2) * slot + 3);
  folder.write("k", bytes);
  TileStore store = TileStore::take(folder.path("k"), header);
  const TakenUp taken = take_up<T>(store);
  EXPECT_EQ(taken.damaged, 5u);
  EXPECT_EQ(taken.tiles, tiles - 5);
  compute_tiles(gram, store);
  std::vector<TileStore> stores;
  stores.push_back(std::move(store));
  expect_matrix<T>(stores, gram);
}
TEST(StoredGram, ComputesDamagedTilesAgain) {
  expect_mends<double>();
  expect_mends<float>();
}

TEST(StoredGram, TakesLongerIsJudgedByTheFastestTile) {
  EXPECT_FALSE(takes_longer(EntryGram<double>(300, 300, true), 1e6));
  EXPECT_TRUE(takes_longer(EntryGram<double>(300, 300, true), 1e-12));
  EXPECT_TRUE(takes_longer(EntryGram<float>(1, 1, false), 0));
  EXPECT_FALSE(takes_longer(EntryGram<double>(0, 0, true), 0));
}

TEST(StoredGram, RefusesAGramOfAnotherSize) {
  const Folder folder;
  TileStore store = TileStore::take(folder.path("k"), store_header(EntryGram<double>(3, 3, true), {}));
  EXPECT_MESSAGE(compute_tiles(EntryGram<double>(4, 4, true), store), "the Gram matrix is 4 x 4");
}

TEST(Shards, NameThePartThatIsWrong) {
  const Folder folder;
  const EntryGram<double> gram(61, 61, true, {1, 8});
  const auto part = [&](const std::string& name, Shard shard, const std::string& kernel = "sine", bool whole = true) {
    TileStore store = TileStore::take(folder.path(name), store_header(gram, {{"kernel", kernel}}, shard));
    if (whole) compute_tiles(gram, store);
    return folder.path(name);
  };
  const std::string one = part("one", {1, 3}), two = part("two", {2, 3}), three = part("three", {3, 3});
  EXPECT_EQ(open_shards({three, one, two}).size(), 3u);
  EXPECT_MESSAGE(open_shards({}), "no parts are given");
  EXPECT_MESSAGE(open_shards({one, three}), "part 2/3 is missing");
  EXPECT_MESSAGE(open_shards({three, two}), "part 1/3 is missing");
  EXPECT_MESSAGE(open_shards({one, two}),
                 "part 3/3 is missing (the matrix is made of all 3) compute it with --shard 3/3");
  const std::string again = part("again", {2, 3});
  EXPECT_MESSAGE(open_shards({one, two, three, again}), "two' and '" + again + "' are both part 2/3");
  EXPECT_MESSAGE(open_shards({one, two, part("half", {3, 3}, "sine", false)}), "half' is not finished (");
  EXPECT_MESSAGE(open_shards({one, two, part("other", {3, 3}, "cosine")}),
                 "other' is a part of another matrix than '" + one + "' (kernel: cosine there, sine here)");
  EXPECT_MESSAGE(open_shards({one, two, part("four", {4, 4})}), "four' is one of 4 parts, '" + one + "' one of 3");
  EXPECT_MESSAGE(open_shards({one, folder.path("nothing")}), "nothing' (No such file");
  EXPECT_MESSAGE(open_shards({one, folder.write("text", "a text that is long enough")}), "text' is no file of tiles");
  std::string bytes = testing::bytes_of(three);
  bytes.back() ^= 1;
  EXPECT_MESSAGE(open_shards({one, two, folder.write("altered", bytes)}), "altered' is damaged (the checksum of rows ");
  bytes[20] ^= 1;
  EXPECT_MESSAGE(open_shards({one, two, folder.write("altered", bytes)}),
                 "altered' is damaged (the checksum of its header");
}

}  // namespace
}  // namespace widenet
