#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/data/fixture.h"
#include "widenet/data/coding.h"
#include "widenet/data/csv.h"

namespace widenet {
namespace {

Coding example_coding() {
  const Table table =
      parse_csv("age,city,empty,y\n0.1,Z\xC3\xBCrich,,1.0\n0.2,\"a \"\"b\"\"\",,0.0\n,,,1.0\n", "t.csv");
  return learn_coding(table, {"y", {}}).coding;
}

TEST(CodingJson, ReadsBackTheSame) {
  const Coding coding = example_coding();
  const std::string text = nlohmann::json(coding).dump();
  const auto back = nlohmann::json::parse(text).get<Coding>();
  EXPECT_EQ(nlohmann::json(back).dump(), text);
  EXPECT_EQ(back.inputs[0].fill, coding.inputs[0].fill);
  EXPECT_EQ(back.inputs[1].categories, coding.inputs[1].categories);
  EXPECT_EQ(back.inputs[2].kind, ColumnCoding::Kind::unused);
  EXPECT_EQ(back.target.class_names, (std::vector<std::string>{"0.0", "1.0"}));
  EXPECT_EQ(back.target.class_values, (std::vector<double>{0, 1}));
  EXPECT_EQ(back.target.position, 3u);
  EXPECT_TRUE(back.named);
}

RC_GTEST_PROP(CodingJson, KeepsEveryBitOfAFill, (double value)) {
  RC_PRE(std::isfinite(value));
  Coding coding = example_coding();
  coding.inputs[0].fill = value;
  const auto back = nlohmann::json::parse(nlohmann::json(coding).dump()).get<Coding>();
  RC_ASSERT(back.inputs[0].fill == value);
  RC_ASSERT(std::signbit(back.inputs[0].fill) == std::signbit(value));
}

TEST(CodingJson, RefusesWhatIsNoCoding) {
  const nlohmann::json good = example_coding();
  const auto message = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    return testing::message_of([&] { bad.get<Coding>(); });
  };
  const auto expect = [&](const char* pointer, const nlohmann::json& value, const std::string& why) {
    EXPECT_EQ(message(pointer, value), "the model's coding is damaged (" + why + ") save the model again");
  };
  expect("/inputs/0/kind", "date", "a column's kind is unknown");
  expect("/inputs/1/categories", nlohmann::json::array(), "a column of text has no categories");
  expect("/target/position", 4, "its target stands outside the table");
  expect("/target/position", -1, "its target stands outside the table");
  expect("/target/task", "ranking", "its task is unknown");
  expect("/target/task", "regression", "its classes do not fit its task");
  expect("/target/class_names", {"a"}, "its classes do not fit its task");
  expect("/target/class_values", {1.0}, "its class values are not one per class");
  expect("/sample_shape", {7}, "the extents of a sample do not match its inputs");
  EXPECT_NE(message("/inputs/0/fill", nullptr).find("the model's coding is damaged (["), std::string::npos);
  EXPECT_NE(message("/named", 3), "");
  EXPECT_MESSAGE(nlohmann::json(3).get<Coding>(), "the model's coding is damaged");
  Coding infinite = example_coding();
  infinite.inputs[0].fill = std::nan("");
  EXPECT_MESSAGE(nlohmann::json{infinite}, "the coding holds nan (a model holds finite numbers)");
}

}  // namespace
}  // namespace widenet
