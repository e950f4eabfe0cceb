// The tables that ship with the project, read as a user would.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/data/fixture.h"
#include "widenet/data/coding.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::example;

double sum(const Matrix<double>& values) { return std::accumulate(values.data(), values.data() + values.size(), 0.0); }

TEST(Examples, Diabetes) {
  const Table table = read_table(example("diabetes.csv"));
  EXPECT_TRUE(table.named);
  const LearnedCoding learned = learn_coding(table, {"progression", {}});
  const CodedTable coded = code_table(learned.coding, table, WithTarget::yes);
  EXPECT_EQ(coded.data.inputs.rows(), 442u);
  EXPECT_EQ(coded.data.inputs.cols(), 10u);
  EXPECT_EQ(coded.data.target->task, Task::regression);
  EXPECT_EQ(sum(coded.data.target->values), 67243.0);
  EXPECT_NEAR(sum(coded.data.inputs), 276404.2336, 4420 * 276404.0 * 2.3e-16);
  EXPECT_TRUE(coded.notes.empty());
}

TEST(Examples, BreastCancer) {
  const Table table = read_table(example("breast_cancer.csv"));
  const LearnedCoding learned = learn_coding(table, {"diagnosis", {}});
  const CodedTable coded = code_table(learned.coding, table, WithTarget::yes);
  EXPECT_EQ(coded.data.inputs.cols(), 30u);
  EXPECT_EQ(coded.data.target->class_names, (std::vector<std::string>{"benign", "malignant"}));
  std::size_t malignant = 0;
  for (const std::size_t c : coded.data.target->classes) malignant += c;
  EXPECT_EQ(malignant, 212u);
  EXPECT_EQ(coded.data.target->rows(), 569u);
  EXPECT_NEAR(sum(coded.data.inputs), 1056474.4596356, 17070 * 1056474.0 * 2.3e-16);
}

TEST(Examples, Digits) {
  const Table table = read_table(example("digits.csv"));
  const LearnedCoding learned = learn_coding(table, {"digit", Task::classification});
  const CodedTable coded = code_table(learned.coding, table, WithTarget::yes);
  EXPECT_EQ(coded.data.inputs.rows(), 1797u);
  EXPECT_EQ(coded.data.inputs.cols(), 64u);
  EXPECT_EQ(coded.data.target->class_names.size(), 10u);
  EXPECT_EQ(coded.data.target->class_names[3], "3");
  EXPECT_EQ(sum(coded.data.inputs), 561718.0);
  std::size_t total = 0;
  for (const std::size_t c : coded.data.target->classes) total += c;
  EXPECT_EQ(total, 8070u);
}

TEST(Examples, EveryTableSurvivesWritingAndReading) {
  const testing::Folder folder;
  for (const char* name : {"diabetes.csv", "breast_cancer.csv", "digits.csv"}) {
    const Table table = read_table(example(name));
    write_csv(folder.path(name), table.columns);
    EXPECT_EQ(testing::bytes_of(folder.path(name)), testing::bytes_of(example(name))) << name;
  }
}

TEST(Examples, CaliforniaHousingHasGapsAndAText) {
  const std::string root = testing::data_folder("california_housing");
  if (root.empty()) GTEST_SKIP() << "skipped: no data";
  const Table table = read_table(root + "/housing.csv");
  const LearnedCoding learned = learn_coding(table, {"median_house_value", {}});
  const CodedTable coded = code_table(learned.coding, table, WithTarget::yes);
  EXPECT_EQ(coded.data.inputs.rows(), 20640u);
  EXPECT_EQ(coded.data.inputs.cols(), 13u);
  EXPECT_EQ(coded.notes,
            (std::vector<std::string>{
                "column 'total_bedrooms': 207 of 20640 values missing, filled with the training mean 537.871."}));
  EXPECT_EQ(learned.notes.back(), "column 'ocean_proximity' is text: 5 categories, one-hot.");
}

}  // namespace
}  // namespace widenet
