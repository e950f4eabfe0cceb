#include "lab/lab.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "lab/report.h"
#include "lab/tables.h"
#include "tests/lab/data.h"
#include "widenet/base/error.h"

namespace widenet::lab {
namespace {

template <class Work>
std::string message_of(Fault fault, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), fault);
    return error.what();
  }
  return "no error";
}

// Sets or unsets WIDENET_DATA and puts it back.
class DataVariable {
 public:
  explicit DataVariable(const char* value) {
    if (const char* before = std::getenv("WIDENET_DATA")) before_ = before;
    set(value);
  }
  ~DataVariable() { set(before_ ? before_->c_str() : nullptr); }
  DataVariable(const DataVariable&) = delete;
  DataVariable& operator=(const DataVariable&) = delete;

 private:
  static void set(const char* value) {
    if (value != nullptr)
      setenv("WIDENET_DATA", value, 1);
    else
      unsetenv("WIDENET_DATA");
  }
  std::optional<std::string> before_;
};

TEST(Lab, NamesEveryExperiment) {
  ASSERT_EQ(experiments().size(), 5u);
  for (const Experiment& e : experiments()) {
    EXPECT_EQ(&find_experiment(e.name), &e);
    EXPECT_NE(list_text().find(e.name + "\n"), std::string::npos);
    EXPECT_FALSE(e.claim.empty() || e.source.empty() || e.cost.empty()) << e.name;
  }
  EXPECT_EQ(list_json()["experiments"].size(), 5u);
  EXPECT_EQ(message_of(Fault::usage, [] { find_experiment("uci"); }),
            "no experiment is called 'uci' (the lab has uci90, tables, mnist-nngp, cifar10-cntk, mnist-myrtle) give "
            "one of these names");
}

TEST(Lab, TextIs80ColumnsWide) {
  const std::string text = list_text();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 80u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(Lab, DataFolder) {
  {
    const DataVariable unset(nullptr);
    EXPECT_EQ(
        message_of(Fault::usage, [] { data_folder({}); }),
        "no data folder (the experiments run on real data that does not come with the program) give --data DIR or "
        "set WIDENET_DATA");
    EXPECT_EQ(message_of(Fault::environment, [] { data_folder("/no/such"); }),
              "/no/such: no such folder (it should hold the data, from --data) give another with --data");
    EXPECT_EQ(data_folder(WIDENET_SOURCE_DIR), WIDENET_SOURCE_DIR);
  }
  const DataVariable wrong("/no/such");
  EXPECT_EQ(message_of(Fault::environment, [] { data_folder({}); }),
            "/no/such: no such folder (it should hold the data, from WIDENET_DATA) give another with --data");
}

TEST(Lab, OutFolderThatCannotBeMade) {
  const std::string out = std::string(WIDENET_SOURCE_DIR) + "/CMakeLists.txt/results";
  const std::string message = message_of(Fault::environment, [&] { run_experiment("uci90", WIDENET_SOURCE_DIR, out); });
  EXPECT_NE(message.find(out + ": cannot be made a folder ("), std::string::npos) << message;
}

TEST(Lab, ExperimentWithoutItsData) {
  for (const Experiment& e : experiments())
    EXPECT_NE(message_of(Fault::environment, [&] { run_experiment(e.name, WIDENET_SOURCE_DIR, ""); }), "no error")
        << e.name;
}

TEST(Lab, Checks) {
  EXPECT_TRUE((Check{"", 1.05, 1, 0.06, Wanted::near}).passed());
  EXPECT_FALSE((Check{"", 0.9, 1, 0.06, Wanted::near}).passed());
  EXPECT_TRUE((Check{"", 1, 1, 0, Wanted::at_least}).passed());
  EXPECT_FALSE((Check{"", 0.99, 1, 0, Wanted::at_least}).passed());
  EXPECT_TRUE((Check{"", 1, 1, 0, Wanted::at_most}).passed());
  EXPECT_FALSE((Check{"", 1.01, 1, 0, Wanted::at_most}).passed());
  for (const Wanted wanted : {Wanted::near, Wanted::at_least, Wanted::at_most})
    EXPECT_FALSE((Check{"", std::nan(""), 1, 1, wanted}).passed());
}

TEST(Lab, OutcomeSaysWhichCheckFailed) {
  Outcome outcome;
  outcome.text = "the table\n";
  outcome.checks = {{"first", 1, 1, 0, Wanted::near}, {"second", 2, 3, 0.5, Wanted::near}};
  const Experiment& experiment = experiments().front();
  const std::string text = outcome_text(experiment, outcome);
  EXPECT_NE(text.find("the table\n"), std::string::npos);
  EXPECT_NE(text.find("second      2  3 +- 0.5  FAIL\n"), std::string::npos) << text;
  EXPECT_NE(text.find("uci90: FAILED\n"), std::string::npos);
  EXPECT_EQ(outcome_json(experiment, outcome)["passed"], false);
  outcome.checks.pop_back();
  EXPECT_EQ(outcome_json(experiment, outcome)["passed"], true);
}

TEST(LabReport, TablesAndAverages) {
  TextTable table({"a", "b"});
  table.add({"long name", "1"});
  EXPECT_EQ(table.text(), "a          b\nlong name  1\n");
  EXPECT_EQ(shortened("conn-bench-sonar", 10), "conn-ben..");
  EXPECT_EQ(shortened("wine", 10), "wine");
  EXPECT_EQ(mean(std::vector<double>{1, 2, 6}), 3);
  EXPECT_EQ(median(std::vector<double>{6, 1, 2}), 2);
  EXPECT_EQ(median(std::vector<double>{6, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(LabReport, ReferenceTables) {
  const Table reference = reference_table("uci90_ntk_reference.csv");
  EXPECT_EQ(reference.rows(), 90u);
  EXPECT_EQ(reference_value(reference, "abalone", "test_acc_svm"), 65.4933);
  EXPECT_NE(
      message_of(Fault::environment, [&] { reference_value(reference, "abalone", "none"); }).find("no column 'none'"),
      std::string::npos);
  EXPECT_NE(message_of(Fault::environment, [&] { reference_value(reference, "none", "n"); }).find("no row 'none'"),
            std::string::npos);
  EXPECT_TRUE(std::isnan(reference_value(reference_table("baselines_uci90.csv"), "plant-shape", "lgbm_acc")));
}

TEST(LabTables, RegressionTables) {
  EXPECT_EQ(regression_names().size(), 28u);
  const std::string data = test_data();
  if (data.empty()) GTEST_SKIP() << "skipped: no data";
  const Table baselines = reference_table("baselines_regression.csv");
  for (const char* name : {"yacht", "california_housing"}) {
    const LabTask task = regression_task(data, name);
    EXPECT_EQ(static_cast<double>(task.splits.at(0).train.size()), reference_value(baselines, name, "n_train"));
    EXPECT_EQ(static_cast<double>(task.splits.at(0).test.size()), reference_value(baselines, name, "n_test"));
  }
  EXPECT_EQ(regression_task(data, "california_housing").table.columns.back().name, "median_house_value");
  EXPECT_EQ(regression_task(data, "california_housing").splits[0].train.front(), 14740u);
}

TEST(LabTables, RowsOfATable) {
  Table table;
  table.columns = {numeric_column("x", {1, 2, 3}), text_column("class", {"a", "b", "c"})};
  const Table part = rows_of(table, {2, 0});
  EXPECT_EQ(part.columns[0].numbers, (std::vector<double>{3, 1}));
  EXPECT_EQ(part.columns[1].texts[0], "c");
}

}  // namespace
}  // namespace widenet::lab
