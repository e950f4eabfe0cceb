#include "lab/stored_gram.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/data/fixture.h"
#include "widenet/base/threads.h"

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

const Facts facts{{"kernel", "k"}};

Matrix<float> take(const Counted& gram, const std::string& folder, const Facts& of = facts) {
  return stored_gram(gram, of, folder, "k", {});
}

TEST(StoredGram, IsTheGramWithAndWithoutAFolder) {
  const Folder folder;
  for (const std::size_t threads : {1u, 7u}) {
    set_thread_count(threads);
    for (const std::size_t n : {1u, 2u, 7u, 97u})
      for (const std::string& place : {std::string(), folder.path("store")}) {
        expect_whole(take(Counted(n, n, true), place));
        expect_whole(take(Counted(n, 5, false), place));
      }
  }
  set_thread_count(0);
}

TEST(StoredGram, AStoppedRunLosesATwentiethAtMost) {
  for (const bool symmetric : {true, false}) {
    const Folder folder;
    const std::size_t n = 211, whole = symmetric ? n * (n + 1) / 2 : n * n, stop = whole / 2;
    const Counted first(n, n, symmetric, stop), second(n, n, symmetric), third(n, n, symmetric);
    EXPECT_MESSAGE(take(first, folder.path("store")), "stopped");
    ProgressEvent last{};
    expect_whole(
        stored_gram(second, facts, folder.path("store"), "name", [&](const ProgressEvent& event) { last = event; }));
    EXPECT_EQ(last.done, last.total);
    EXPECT_EQ(last.what, "name");
    // A tile's entries above the diagonal are computed as well.
    EXPECT_LE(stop + second.computed, whole + whole / 20 + n * 5);
    expect_whole(take(third, folder.path("store")));
    EXPECT_EQ(third.computed, 0u);
  }
}

TEST(StoredGram, AnotherGramIsNotTakenForThisOne) {
  const Folder folder;
  const std::string store = folder.path("store");
  take(Counted(9, 9, true), store);
  for (const auto& [other_facts, cols] :
       {std::pair{Facts{{"kernel", "l"}}, 9u}, {Facts{{"kernel", "k"}, {"samples", "2"}}, 9u}, {facts, 8u}}) {
    const Counted other(9, cols, cols == 9);
    take(other, store, other_facts);
    EXPECT_GT(other.computed, 0u);
  }
}

TEST(StoredGram, BadFoldersAreNamed) {
  const Folder folder;
  EXPECT_MESSAGE(take(Counted(9, 9, true), folder.write("file", "text")), "cannot be made a folder");
}

}  // namespace
}  // namespace widenet::lab
