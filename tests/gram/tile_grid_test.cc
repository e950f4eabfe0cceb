#include "widenet/gram/tile_grid.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/support/entry_gram.h"

namespace widenet {
namespace {

using testing_support::EntryGram;

struct Case {
  std::size_t rows, cols;
  bool symmetric;
  std::size_t height, width;
};

const Case cases[] = {{0, 0, true, 1, 1},   {1, 1, true, 1, 16},   {2, 2, true, 2, 2},     {7, 7, true, 1, 8},
                      {61, 61, true, 4, 8}, {61, 61, true, 8, 8},  {200, 200, true, 3, 6}, {97, 97, true, 128, 384},
                      {1, 5, false, 1, 16}, {61, 40, false, 8, 4}, {5, 1, false, 2, 3},    {40, 61, false, 7, 13},
                      {0, 5, false, 2, 2},  {5, 0, false, 2, 2}};

TEST(TileGrid, CoversEveryEntryOnce) {
  for (const Case& c : cases) {
    const TileGrid grid(c.rows, c.cols, c.symmetric, c.height, c.width);
    Matrix<int> seen(c.rows, c.cols);
    double entries = 0;
    for (std::size_t t = 0; t < grid.tiles(); ++t) {
      const GridTile tile = grid.tile(t);
      ASSERT_TRUE(tile.rows.size() > 0 && tile.rows.size() <= c.height);
      ASSERT_TRUE(tile.cols.size() > 0 && tile.cols.size() <= c.width);
      ASSERT_EQ(grid.tile_at(tile.rows.begin / c.height, tile.cols.begin), t);
      ASSERT_EQ(grid.tile_at(tile.rows.begin / c.height, tile.cols.end - 1), t);
      if (c.symmetric) {
        ASSERT_GE(tile.cols.begin, tile.rows.begin);
      }
      for (std::size_t i = tile.rows.begin; i < tile.rows.end; ++i)
        for (std::size_t j = tile.cols.begin; j < tile.cols.end; ++j) ++seen(i, j);
      const auto own = static_cast<double>(tile.rows.size() * tile.cols.size());
      ASSERT_EQ(grid.entries({t, t + 1}), own);
      entries += own;
    }
    EXPECT_EQ(grid.entries({0, grid.tiles()}), entries);
    for (std::size_t i = 0; i < c.rows; ++i)
      for (std::size_t j = 0; j < c.cols; ++j)
        if (!c.symmetric || j >= i / c.height * c.height)
          ASSERT_EQ(seen(i, j), 1) << i << " " << j;
        else
          ASSERT_EQ(seen(i, j), 0) << i << " " << j;
  }
}

TEST(TileGrid, SharesFollowOneAnotherAndAreEqualToATile) {
  for (const Case& c : cases)
    for (const std::size_t k : {1u, 2u, 3u, 7u, 50u}) {
      const TileGrid grid(c.rows, c.cols, c.symmetric, c.height, c.width);
      const double all = grid.entries({0, grid.tiles()}), tile = static_cast<double>(c.height * c.width);
      std::size_t end = 0;
      for (std::size_t i = 1; i <= k; ++i) {
        const Range share = grid.share({i, k});
        ASSERT_EQ(share.begin, end);
        ASSERT_LE(share.begin, share.end);
        ASSERT_LE(std::abs(grid.entries(share) - all / static_cast<double>(k)), tile);
        end = share.end;
      }
      ASSERT_EQ(end, grid.tiles());
    }
}

TEST(TileGrid, RefusesWhatIsNoGrid) {
  EXPECT_MESSAGE(TileGrid(3, 3, true, 0, 1), "tiles of 0 x 1 (tiles of no entries never cover the matrix)");
  EXPECT_MESSAGE(TileGrid(3, 3, true, 2, 3), "a width that is a multiple of the height");
  EXPECT_MESSAGE(TileGrid(3, 4, true, 1, 1), "a symmetric matrix of 3 x 4");
  const TileGrid grid(3, 3, true, 1, 1);
  EXPECT_MESSAGE(grid.share({0, 2}), "shard 0 of 2 (shards are counted from 1)");
  EXPECT_MESSAGE(grid.share({3, 2}), "give a number from 1 to 2");
}

// What 64 threads have not finished is less than a twentieth of a shard, unless tiles are as small as they get.
TEST(StoreGrid, HasEnoughTiles) {
  using Shape = Gram<double>::TileShape;
  for (const std::size_t n : {1u, 2u, 97u, 400u, 2000u, 10007u})
    for (const std::size_t m : {std::size_t{0}, std::size_t{1}, n / 3 + 1})
      for (const Shape wish : {Shape{}, {1, 8}, {8, 8}, {16, 16}, {112, 112}, {3, 5}})
        for (const std::size_t shards : {1u, 3u, 16u}) {
          const EntryGram<double> gram(n, m == 0 ? n : m, m == 0, wish);
          const TileGrid grid = store_grid<double>(gram, shards);
          const bool smallest = grid.height() == 1;
          EXPECT_TRUE(smallest || grid.tiles() >= 20 * 64 * shards) << n << " " << m << " " << wish.cols;
          EXPECT_LE(std::max(grid.height(), grid.width()), largest_tile_side);
          if (wish.cols == 0) {
            EXPECT_EQ(grid.width() % 192, 0u);
          }
        }
  // The whole of a large matrix in large tiles.
  EXPECT_EQ(store_grid<double>(EntryGram<double>(100'000, 100'000, true)).height(), 128u);
  EXPECT_EQ(store_grid<double>(EntryGram<double>(100'000, 100'000, true, {8, 8})).height(), 256u);
}

}  // namespace
}  // namespace widenet
