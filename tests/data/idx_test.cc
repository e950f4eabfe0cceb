#include "widenet/data/idx.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::Folder;

std::string big(std::uint32_t value) {
  std::string out;
  for (int k = 3; k >= 0; --k) out += static_cast<char>((value >> (8 * k)) & 0xFF);
  return out;
}

std::string idx(char type, const std::vector<std::uint32_t>& shape, const std::string& data) {
  std::string out("\0\0", 2);
  out += type;
  out += static_cast<char>(shape.size());
  for (const std::uint32_t extent : shape) out += big(extent);
  return out + data;
}

Array parse(const std::string& bytes) { return parse_idx(bytes, "images"); }

TEST(Idx, ReadsImagesAndLabels) {
  const Array images = parse(idx(8, {2, 2, 3}, std::string("\x00\x01\x02\x03\x04\xFF\x06\x07\x08\x09\x0A\x0B", 12)));
  EXPECT_EQ(images.sample_shape, (std::vector<std::size_t>{2, 3, 1}));
  EXPECT_EQ(images.values.rows(), 2u);
  EXPECT_EQ(images.values(0, 5), 255.0);
  EXPECT_EQ(images.values(1, 0), 6.0);
  const Array labels = parse(idx(8, {3}, std::string("\x05\x00\x04", 3)));
  EXPECT_EQ(labels.sample_shape, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(labels.classes && !images.classes);
  EXPECT_EQ(labels.values(0, 0), 5.0);
}

TEST(Idx, ReadsEveryType) {
  EXPECT_EQ(parse(idx(9, {1}, "\xFF")).values(0, 0), -1.0);
  EXPECT_EQ(parse(idx(0x0B, {1}, "\xFF\xFE")).values(0, 0), -2.0);
  EXPECT_EQ(parse(idx(0x0C, {1}, big(0xFFFFFFFD))).values(0, 0), -3.0);
  EXPECT_EQ(parse(idx(0x0D, {1}, big(0x3FC00000))).values(0, 0), 1.5);
  EXPECT_EQ(parse(idx(0x0E, {1}, big(0x3FF80000) + big(0))).values(0, 0), 1.5);
}

TEST(Idx, RefusesDamagedFilesBeforeTakingMemory) {
  EXPECT_MESSAGE(parse("text"), "'images' is no idx file");
  EXPECT_MESSAGE(parse(idx(10, {1}, "x")), "'images' is no idx file");
  EXPECT_MESSAGE(
      parse(idx(8, {2, 3}, "12345")),
      "'images' is truncated or damaged (its extents 2 x 3 of 1-byte numbers do not match its 5 bytes of data)");
  EXPECT_MESSAGE(parse(idx(8, {2, 3}, "1234567")), "do not match its 7 bytes");
  EXPECT_MESSAGE(parse(idx(8, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "x")), "do not match its 1 bytes");
  EXPECT_MESSAGE(parse(idx(0x0E, {0xFFFFFFFF, 0xFFFFFFFF}, "x")), "do not match its 1 bytes");
  EXPECT_MESSAGE(parse(idx(8, {2, 3}, "").substr(0, 9)), "'images' is truncated (it ends after 9 bytes, inside");
  EXPECT_MESSAGE(parse(idx(8, {0, 3}, "")), "'images' holds no numbers (its extents are 0 x 3)");
}

TEST(Idx, ReadsMnist) {
  const std::string folder = testing::data_folder("mnist");
  if (folder.empty()) GTEST_SKIP() << "skipped: no data";
  const Array images = read_array(folder + "/t10k-images-idx3-ubyte.gz");
  const Array labels = read_array(folder + "/t10k-labels-idx1-ubyte.gz");
  EXPECT_EQ(images.values.rows(), 10000u);
  EXPECT_EQ(images.values.cols(), 784u);
  EXPECT_EQ(images.sample_shape, (std::vector<std::size_t>{28, 28, 1}));
  EXPECT_EQ(labels.values(0, 0), 7.0);
  EXPECT_EQ(labels.values(9999, 0), 6.0);
}

}  // namespace
}  // namespace widenet
