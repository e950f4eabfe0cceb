// widenet predict: the model's preprocessing on raw rows, and what it writes.
#include "tests/cli/run.h"

namespace widenet::testing {
namespace {

class CliPredict : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("fit houses.csv --target price --kernel gaussian --ridge 0.1 --out m.model").code, 0);
  }
};

TEST_F(CliPredict, ColumnsInAnotherOrderAreTheSameRows) {
  ASSERT_EQ(run("predict m.model houses.csv --std --out a.csv").code, 0);
  const auto object = json("predict m.model shuffled.csv --std --out b.csv");
  EXPECT_EQ(object.at("rows"), 24);
  EXPECT_EQ(object.at("columns"), (nlohmann::json{"mean", "std"}));
  EXPECT_EQ(bytes_of(folder.path("a.csv")), bytes_of(folder.path("b.csv")));
  EXPECT_PRED2(contains, object.at("notes").dump(), "order");
}

TEST_F(CliPredict, AnUnseenCategoryIsSaid) {
  folder.write("new.csv", "size,city,age\n60,Genf,3\n");
  const Outcome outcome = run("predict m.model new.csv --out p.csv");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_PRED2(contains, outcome.out, "'Genf'");
  EXPECT_EQ(lines("p.csv").size(), 2U);
  EXPECT_EQ(lines("p.csv")[0], "mean");
}

TEST_F(CliPredict, AMissingColumnIsAnError) {
  folder.write("less.csv", "size,city\n60,Bern\n");
  expect_failure("predict m.model less.csv --out p.csv", 1, "'age'");
  EXPECT_FALSE(exists("p.csv"));
}

TEST_F(CliPredict, NoiseWidensTheDeviation) {
  ASSERT_EQ(run("predict m.model houses.csv --std --out observed.csv").code, 0);
  ASSERT_EQ(run("predict m.model houses.csv --std --latent --out latent.csv").code, 0);
  const auto deviation = [&](const std::string& file) {
    const std::string line = lines(file).at(1);
    return std::stod(line.substr(line.find(',') + 1));
  };
  EXPECT_LT(deviation("latent.csv"), deviation("observed.csv"));
}

TEST_F(CliPredict, ProbabilitiesOfEveryClass) {
  ASSERT_EQ(run("fit classes.csv --target kind --kernel gaussian --ridge 0.1 --out c.model").code, 0);
  EXPECT_EQ(json("predict c.model classes.csv --proba --out p.csv").at("columns"),
            (nlohmann::json{"label", "p(down)", "p(up)"}));
  for (std::size_t i = 1; i < lines("p.csv").size(); ++i) {
    std::istringstream fields(lines("p.csv")[i]);
    std::string label, down, up;
    std::getline(fields, label, ',');
    std::getline(fields, down, ',');
    std::getline(fields, up, ',');
    EXPECT_NEAR(std::stod(down) + std::stod(up), 1, 4e-16);
    EXPECT_EQ(label, std::stod(up) > std::stod(down) ? "up" : "down");
  }
  expect_failure("predict c.model classes.csv --std --out p.csv", 2, "--std is asked of a classifier");
  expect_failure("predict m.model houses.csv --proba --out p.csv", 2, "--proba is asked of a regression");
}

TEST_F(CliPredict, MemoryIsRefused) {
  expect_failure("predict m.model houses.csv --memory 1K --out p.csv", 1, "is the limit given");
  expect_failure("evaluate m.model houses.csv --memory 1K", 1, "is the limit given");
}

TEST_F(CliPredict, EvaluateRepeatsWhatFitMeasured) {
  const auto object = json("evaluate m.model shuffled.csv");
  EXPECT_EQ(object.at("kernel"), "gaussian");
  EXPECT_EQ(object.at("solver"), "cholesky");
  EXPECT_TRUE(object.at("seconds").is_number() && object.at("peak_memory").is_number());
  const double train = object.at("train").at("rmse"), test = object.at("test").at("rmse");
  EXPECT_NEAR(test, train, 1e-12 * train);
  EXPECT_TRUE(object.contains("loo"));
}

}  // namespace
}  // namespace widenet::testing
