#include "widenet/gram/symmetric_tiles.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

// k(i, j) = 1 / (1 + i + j): every entry tells where it belongs.
class Hilbert : public Gram<double> {
 public:
  Hilbert(std::size_t rows, std::size_t cols, TileShape wish = {}) : rows_(rows), cols_(cols), wish_(wish) {}
  std::size_t rows() const override { return rows_; }
  std::size_t cols() const override { return cols_; }
  bool symmetric() const override { return rows_ == cols_; }
  TileShape tile_shape() const override { return wish_; }
  void tile(Range rows, Range cols, MatrixView<double> out) const override {
    ASSERT_EQ(out.rows(), rows.size());
    ASSERT_EQ(out.cols(), cols.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < cols.size(); ++j) out(i, j) = entry(rows.begin + i, cols.begin + j);
  }
  void diagonal(std::span<double> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = entry(i, i);
  }
  static double entry(std::size_t i, std::size_t j) { return 1.0 / static_cast<double>(1 + i + j); }

 private:
  std::size_t rows_, cols_;
  TileShape wish_;
};

TEST(SymmetricTiles, HoldsTheEntriesOfTheGram) {
  for (std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    for (std::size_t n : {0u, 1u, 2u, 7u, 8u, 9u, 61u})
      for (std::size_t b : {1u, 8u, 384u}) {
        const SymmetricTiles half = materialize_half(Hilbert(n, n), {}, b);
        ASSERT_EQ(half.size(), n);
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(half(i, j), Hilbert::entry(i, j)) << n << " " << b;
      }
  }
  set_thread_count(0);
}

// Slow Grams ask for small tiles: every entry is there, and hardly one above the diagonal is computed.
TEST(SymmetricTiles, AreComputedInPiecesOfTheShapeThatTheGramAsksFor) {
  for (std::size_t n : {0u, 1u, 2u, 7u, 61u})
    for (std::size_t b : {1u, 8u, 384u})
      for (const Gram<double>::TileShape wish : {Gram<double>::TileShape{1, 8}, {3, 2}, {100, 100}}) {
        double done = 0;
        const SymmetricTiles half = materialize_half(
            Hilbert(n, n, wish), [&](const ProgressEvent& event) { done = event.done; }, b);
        for (std::size_t i = 0; i < half.tiles(); ++i)
          for (std::size_t j = 0; j <= i; ++j)
            for (std::size_t r = 0; r < half.range(i).size(); ++r)
              for (std::size_t c = 0; c < half.range(j).size(); ++c)
                ASSERT_EQ(half.tile(i, j)(r, c), Hilbert::entry(half.range(i).begin + r, half.range(j).begin + c));
        const std::size_t beyond = wish.rows == 100 ? n * b : n * (wish.rows + wish.cols);
        EXPECT_LE(done, static_cast<double>(n * (n + 1) / 2 + beyond)) << n << " " << b;
      }
}

TEST(SymmetricTiles, TilesFillTheMemoryWithoutGapOrOverlap) {
  for (std::size_t n : {1u, 8u, 23u}) {
    SymmetricTiles half(n, 8);
    const double* expected = half.tile(0, 0).data();
    for (std::size_t i = 0; i < half.tiles(); ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        const auto tile = half.tile(i, j);
        EXPECT_EQ(tile.data(), expected);
        EXPECT_EQ(tile.stride(), 8u);
        expected += tile.rows() * tile.stride();
      }
    EXPECT_EQ(SymmetricTiles::bytes(n, 8),
              static_cast<std::size_t>(expected - half.tile(0, 0).data()) * sizeof(double));
  }
}

TEST(SymmetricTiles, TakeLittleMoreThanHalf) {
  const std::size_t n = 13500;
  const double share = static_cast<double>(SymmetricTiles::bytes(n)) / (8.0 * n * n);
  EXPECT_LT(share, 0.52);
  EXPECT_EQ(SymmetricTiles::bytes(0), 0u);
}

TEST(SymmetricTiles, TileIndexCountsRowByRow) {
  std::size_t index = 0;
  for (std::size_t i = 0; i < 300; ++i)
    for (std::size_t j = 0; j <= i; ++j, ++index) {
      ASSERT_EQ(tile_index(index).row, i);
      ASSERT_EQ(tile_index(index).col, j);
    }
}

TEST(SymmetricTiles, ProgressCountsEntriesToTheEnd) {
  double last = 0, total = 0;
  std::string unit;
  materialize_half(
      Hilbert(20, 20),
      [&](const ProgressEvent& event) {
        EXPECT_GT(event.done, last);
        last = event.done;
        total = event.total;
        unit = event.unit;
      },
      8);
  EXPECT_EQ(total, 8 * 8 + 8 * 16 + 4 * 20);
  EXPECT_EQ(last, total);
  EXPECT_EQ(unit, "entries");
}

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    return error.what();
  }
  return "";
}

TEST(SymmetricTiles, RefusesARectangleAndATileOfNothing) {
  EXPECT_EQ(
      message_of([] { materialize_half(Hilbert(3, 4)); }),
      "half of a 3 x 4 Gram matrix was asked for (its rows and columns are different samples, so the halves differ) "
      "materialise it in full");
  EXPECT_NE(message_of([] { SymmetricTiles(3, 0); }).find("a tile size of 0"), std::string::npos);
}

}  // namespace
}  // namespace widenet
