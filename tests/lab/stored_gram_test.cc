#include "lab/stored_gram.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "tests/data/fixture.h"
#include "widenet/base/threads.h"
#include "widenet/data/npy.h"

namespace widenet::lab {
namespace {

using testing::Folder;

// Counts what is computed, and stops as a killed run does where that exceeds `most`.
class Counted final : public Gram<float> {
 public:
  Counted(std::size_t rows, std::size_t cols, bool symmetric, std::size_t most = static_cast<std::size_t>(-1))
      : rows_(rows), cols_(cols), most_(most), symmetric_(symmetric) {}
  std::size_t rows() const override { return rows_; }
  std::size_t cols() const override { return cols_; }
  bool symmetric() const override { return symmetric_; }
  TileShape tile_shape() const override { return {2, 3}; }
  void tile(Range rows, Range cols, MatrixView<float> out) const override {
    if ((computed += rows.size() * cols.size()) > most_) fail("stopped");
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < cols.size(); ++j) out(i, j) = entry(rows.begin + i, cols.begin + j);
  }
  void diagonal(std::span<float> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = entry(i, i);
  }
  static float entry(std::size_t i, std::size_t j) { return 1.0F / static_cast<float>(1 + i + j); }

  mutable std::atomic<std::size_t> computed = 0;

 private:
  std::size_t rows_, cols_, most_;
  bool symmetric_;
};

void expect_whole(const Matrix<float>& k) {
  for (std::size_t i = 0; i < k.rows(); ++i)
    for (std::size_t j = 0; j < k.cols(); ++j) ASSERT_EQ(k(i, j), Counted::entry(i, j)) << i << " " << j;
}

TEST(StoredGram, IsTheGramWithAndWithoutAFolder) {
  const Folder folder;
  for (const std::size_t threads : {1u, 7u}) {
    set_thread_count(threads);
    for (const std::size_t n : {1u, 2u, 7u, 97u})
      for (const std::string& place : {std::string(), folder.path("store")}) {
        expect_whole(stored_gram(Counted(n, n, true), "k", 1, place, {}));
        expect_whole(stored_gram(Counted(n, 5, false), "k", 1, place, {}));
      }
  }
  set_thread_count(0);
}

TEST(StoredGram, AStoppedRunLosesATwentiethAtMost) {
  for (const bool symmetric : {true, false}) {
    const Folder folder;
    const std::size_t n = 211, whole = symmetric ? n * (n + 1) / 2 : n * n, stop = whole / 2;
    const Counted first(n, n, symmetric, stop), second(n, n, symmetric), third(n, n, symmetric);
    EXPECT_MESSAGE(stored_gram(first, "k", 1, folder.path("store"), {}), "stopped");
    double total = 0, done = 0;
    expect_whole(stored_gram(second, "k", 1, folder.path("store"), [&](const ProgressEvent& event) {
      total = event.total;
      done = event.done;
    }));
    EXPECT_EQ(done, total);
    EXPECT_EQ(static_cast<double>(second.computed), total);
    // A block's entries above the diagonal are computed as well.
    EXPECT_LE(stop + second.computed, whole + whole / 20 + n * 5);
    expect_whole(stored_gram(third, "k", 1, folder.path("store"), {}));
    EXPECT_EQ(third.computed, 0u);
  }
}

TEST(StoredGram, AnotherGramIsNotTakenForThisOne) {
  const Folder folder;
  const std::string store = folder.path("store");
  stored_gram(Counted(9, 9, true), "k", 1, store, {});
  for (const auto& [kernel, data, cols] : {std::tuple{"l", 1u, 9u}, {"k", 2u, 9u}, {"k", 1u, 8u}}) {
    const Counted other(9, cols, cols == 9);
    stored_gram(other, kernel, data, store, {});
    EXPECT_GT(other.computed, 0u);
  }
  const Matrix<float> x(2, 3, 1.0F);
  Matrix<float> y = x;
  y(1, 2) = 2;
  EXPECT_NE(data_hash(x), data_hash(y));
  EXPECT_NE(data_hash(x, data_hash(y)), data_hash(y, data_hash(x)));
}

TEST(StoredGram, AlteredBlocksAndBadFoldersAreNamed) {
  const Folder folder;
  const std::string store = folder.path("store");
  stored_gram(Counted(9, 9, true), "k", 1, store, {});
  const auto place = std::filesystem::directory_iterator(store)->path();
  write_npy((place / "rows-000003.npy").string(), Matrix<float>(1, 2).view());
  EXPECT_MESSAGE(stored_gram(Counted(9, 9, true), "k", 1, store, {}),
                 "rows-000003.npy holds 1 x 2 numbers, not the 1 x 4 that were written (the file was altered) delete");
  EXPECT_MESSAGE(stored_gram(Counted(9, 9, true), "k", 1, folder.write("file", "text"), {}), "cannot be made a folder");
}

}  // namespace
}  // namespace widenet::lab
