#include "widenet/data/cifar.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "widenet/data/coding.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::Folder;

unsigned char pixel(std::size_t image, std::size_t channel, std::size_t row, std::size_t col) {
  return static_cast<unsigned char>(31 * image + 97 * channel + 13 * row + 7 * col);
}

// Records with these labels, one or two each, before planes of red, green and blue.
std::string cifar(const std::vector<std::vector<int>>& labels) {
  std::string out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (const int label : labels[i]) out += static_cast<char>(label);
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t p = 0; p < 1024; ++p) out += static_cast<char>(pixel(i, c, p / 32, p % 32));
  }
  return out;
}

LabelledImages parse(const std::string& bytes, const std::string& labels = "") {
  return parse_cifar(bytes, "a.bin", labels);
}

TEST(Cifar, ReadsPlanesAsChannelsLast) {
  const LabelledImages read = parse(cifar({{7}, {0}, {9}}));
  EXPECT_EQ(read.images.sample_shape, (std::vector<std::size_t>{32, 32, 3}));
  EXPECT_EQ(read.labels.numbers, (std::vector<double>{7, 0, 9}));
  EXPECT_EQ(read.labels.name, "label");
  ASSERT_EQ(read.images.values.rows(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t row = 0; row < 32; ++row)
      for (std::size_t col = 0; col < 32; ++col)
        for (std::size_t c = 0; c < 3; ++c)
          ASSERT_EQ(read.images.values(i, (row * 32 + col) * 3 + c), static_cast<double>(pixel(i, c, row, col)));
  EXPECT_TRUE(read.images.notes.empty());
}

TEST(Cifar, TakesEitherLabelOfCifar100) {
  const std::string bytes = cifar({{19, 99}, {0, 42}});
  EXPECT_EQ(parse(bytes).labels.numbers, (std::vector<double>{99, 42}));
  EXPECT_EQ(parse(bytes).images.notes.at(0), "its fine labels are read; a.bin:coarse reads the coarse ones.");
  EXPECT_EQ(parse(bytes, "fine").labels.numbers, (std::vector<double>{99, 42}));
  EXPECT_TRUE(parse(bytes, "fine").images.notes.empty());
  EXPECT_EQ(parse(bytes, "coarse").labels.numbers, (std::vector<double>{19, 0}));
  EXPECT_EQ(parse(bytes).images.values(1, 2), static_cast<double>(pixel(1, 2, 0, 0)));
}

// 3073 records of two labels have the length of 3074 records of one.
TEST(Cifar, TellsTheTwoApartByLabelsWhereTheLengthFitsBoth) {
  const std::string two = cifar(std::vector<std::vector<int>>(3073, {15, 80}));
  EXPECT_EQ(parse(two).images.values.rows(), 3073u);
  const std::string one = cifar(std::vector<std::vector<int>>(3074, {3}));
  EXPECT_EQ(parse(one).images.values.rows(), 3074u);
}

TEST(Cifar, RefusesWhatItIsNot) {
  EXPECT_MESSAGE(parse(cifar({{7}}).substr(1)),
                 "'a.bin' is no CIFAR file (its 3072 bytes are no multiple of 3073 or 3074) get the file again");
  EXPECT_MESSAGE(parse(""), "its 0 bytes are no multiple");
  EXPECT_MESSAGE(parse(cifar({{7}, {10}})), "(record 2 has the label 10, CIFAR-10 has 10)");
  EXPECT_MESSAGE(parse(cifar({{20, 5}})), "(record 1 has the label 20, CIFAR-100 has 20)");
  EXPECT_MESSAGE(parse(cifar({{2, 100}})), "(record 1 has the label 100, CIFAR-100 has 100)");
  EXPECT_MESSAGE(parse(cifar({{2, 99}}), "rough"),
                 "'a.bin' holds no labels 'rough' (it is of CIFAR-100, which has fine and coarse ones) leave the name "
                 "out or give one of these");
  EXPECT_MESSAGE(parse(cifar({{2}}), "coarse"),
                 "(it is of CIFAR-10, which has one label per image) leave the name out");
}

TEST(Cifar, IsReadByTheEndingOfItsName) {
  const Folder folder;
  const std::string path = folder.write("some.bin", cifar({{19, 99}, {0, 42}}));
  const Table table = read_table(path + ":coarse");
  EXPECT_EQ(table.columns.size(), 3073u);
  EXPECT_EQ(table.columns[0].numbers, (std::vector<double>{19, 0}));
  EXPECT_EQ(table.provenance.format, FileFormat::cifar);
  const Array array = read_array(path);
  EXPECT_EQ(array.values.cols(), 3072u);
  EXPECT_EQ(array.notes, (std::vector<std::string>{"the labels were left out: inputs alone are wanted."}));
  EXPECT_TRUE(is_data_file(path + ":coarse"));
  EXPECT_FALSE(is_data_file(folder.path("other.bin:coarse")));
  EXPECT_MESSAGE(read_table(folder.write("text.bin", "a,b\n1,2\n")), "text.bin' is no CIFAR file (its 8 bytes");
}

TEST(Cifar, ItsLabelsAreClasses) {
  const Folder folder;
  const Table table = read_table(folder.write("some.bin", cifar({{2}, {10 - 1}, {5}})));
  const LearnedCoding learned = learn_coding(table, {"label", {}});
  EXPECT_EQ(learned.coding.target.class_names, (std::vector<std::string>{"2", "5", "9"}));
  EXPECT_EQ(learned.coding.sample_shape, (std::vector<std::size_t>{32, 32, 3}));
  EXPECT_EQ(learned.notes.at(0),
            "target 'label': classification, because the file holds labels; 3 classes: '2', '5', '9'.");
}

TEST(Cifar, ReadsRealImages) {
  const std::string folder = testing::data_folder("cifar10");
  if (folder.empty()) GTEST_SKIP() << "skipped: no data";
  const Table table = read_table(folder + "/cifar10_train_first4000_lossless.bin.gz");
  EXPECT_EQ(table.rows(), 4000u);
  // The first image of the collection is a frog, its first pixel (59, 62, 63).
  for (const auto& [column, value] : {std::pair{0, 6.0}, {1, 59.0}, {2, 62.0}, {3, 63.0}})
    EXPECT_EQ(table.columns[static_cast<std::size_t>(column)].numbers[0], value);
}

}  // namespace
}  // namespace widenet
