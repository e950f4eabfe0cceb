#include "widenet/gram/tile_store.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/data/fixture.h"

namespace widenet {
namespace {

using testing::Folder;

StoreHeader header_of(Facts facts = {{"kernel", "gaussian"}, {"X", "hash 1"}}, Shard shard = {}) {
  return {std::move(facts), TileGrid(5, 5, true, 2, 2), shard, sizeof(double)};
}

class Store : public ::testing::Test {
 protected:
  TileStore take(StoreHeader header) const { return TileStore::take(path, std::move(header)); }
  std::string refusal(StoreHeader header) const {
    return testing::message_of([&] { take(std::move(header)); });
  }

  Folder folder;
  const std::string path = folder.path("k.tiles");
};

TEST_F(Store, KeepsWhatIsWritten) {
  std::vector<double> slot(4), back(4);
  std::iota(slot.begin(), slot.end(), 0.5);
  {
    TileStore store = take(header_of());
    EXPECT_EQ(store.tiles().size(), 6u);
    EXPECT_EQ(store.slot_size(), 4u);
    EXPECT_FALSE(store.has(4));
    store.write<double>(4, slot);
    EXPECT_TRUE(store.has(4));
  }
  TileStore store = TileStore::open(path);
  EXPECT_EQ(store.header().facts, header_of().facts);
  EXPECT_TRUE(store.has(4));
  EXPECT_FALSE(store.has(3));
  store.read<double>(4, back);
  EXPECT_EQ(back, slot);
  EXPECT_TRUE(store.intact<double>(4, back));
  back[1] = 7;
  EXPECT_FALSE(store.intact<double>(4, back));
  TileStore writer = take(header_of());
  writer.forget(4);
  EXPECT_FALSE(TileStore::open(path).has(4));
  writer.remove();
  EXPECT_TRUE(folder.empty());
}

TEST_F(Store, SaysWhatDiffers) {
  take(header_of());
  EXPECT_EQ(refusal(header_of({{"kernel", "linear"}, {"X", "hash 1"}})),
            "'" + path +
                "' holds tiles of other work (kernel: gaussian there, linear here) delete it, or choose another --out");
  EXPECT_PRED2(testing::contains, refusal(header_of({{"kernel", "linear"}, {"X", "hash 2"}})),
               "(kernel: gaussian there, linear here; X: hash 1 there, hash 2 here)");
  EXPECT_PRED2(testing::contains, refusal(header_of({{"kernel", "gaussian"}, {"X", "hash 1"}, {"mask", "0"}})),
               "(mask: none there, 0 here)");
  EXPECT_PRED2(testing::contains, refusal(header_of({{"kernel", "gaussian"}})), "(X: hash 1 there, none here)");
  StoreHeader header = header_of();
  header.number_size = sizeof(float);
  EXPECT_PRED2(testing::contains, refusal(header), "(numbers: float64 there, float32 here)");
  header = header_of();
  header.grid = TileGrid(5, 5, false, 2, 2);
  EXPECT_PRED2(testing::contains, refusal(header), "(matrix: 5 x 5 symmetric there, 5 x 5 here)");
  header.grid = TileGrid(5, 5, true, 1, 2);
  EXPECT_PRED2(testing::contains, refusal(header), "(tiles: 2 x 2 there, 1 x 2 here)");
  EXPECT_PRED2(testing::contains, refusal(header_of(header_of().facts, {1, 2})), "holds shard 1/1, not 1/2");
  EXPECT_EQ(refusal(header_of()), "");
}

TEST_F(Store, RefusesOtherFiles) {
  folder.write("k.tiles", "something that a user wrote");
  EXPECT_EQ(refusal(header_of()),
            "'" + path + "' is no file of tiles (it does not begin like one) delete it, or choose another --out");
  EXPECT_EQ(testing::bytes_of(path), "something that a user wrote");
  EXPECT_FALSE(is_tile_store(path));
  folder.write("k.tiles", "short");
  EXPECT_PRED2(testing::contains, refusal(header_of()), "is no file of tiles");
  // A process that was killed before its first byte leaves an empty file.
  folder.write("k.tiles", "");
  EXPECT_EQ(refusal(header_of()), "");
  EXPECT_TRUE(is_tile_store(path));
  const std::string whole = testing::bytes_of(path);
  std::string bytes = whole;
  bytes[8] = 2;
  folder.write("k.tiles", bytes);
  EXPECT_EQ(refusal(header_of()), "'" + path +
                                      "' holds tiles in format version 2, this program knows 1 (another widenet wrote "
                                      "it) delete it, or choose another --out");
  for (const std::size_t at : {13u, 40u, 90u}) {
    bytes = whole;
    bytes[at] ^= 4;
    folder.write("k.tiles", bytes);
    EXPECT_PRED2(testing::contains, refusal(header_of()), "is damaged (the checksum of its header differs)") << at;
  }
  // Cut off behind the header: nothing is there, and the room is taken again.
  folder.write("k.tiles", whole.substr(0, 1000));
  EXPECT_EQ(refusal(header_of()), "");
  EXPECT_EQ(std::filesystem::file_size(path), whole.size());
  folder.write("k.tiles", whole.substr(0, 100));
  EXPECT_PRED2(testing::contains, refusal(header_of()), "is damaged");
}

TEST_F(Store, IsOfOneProcessAtATime) {
  const TileStore mine = take(header_of());
  EXPECT_EQ(
      refusal(header_of()),
      "'" + path + "' is being written (another process computes these tiles) wait for it, or choose another --out");
}

TEST_F(Store, NamesWhatCannotBeMade) {
  EXPECT_MESSAGE(TileStore::take(folder.path("no/where"), header_of()),
                 "where' (No such file or directory) check that its folder");
  EXPECT_MESSAGE(TileStore::take("/dev/null", header_of()), "'/dev/null' is no file of tiles (nor a file at all)");
  EXPECT_MESSAGE(TileStore::open(folder.path("nothing")), "cannot open '");
}

}  // namespace
}  // namespace widenet
