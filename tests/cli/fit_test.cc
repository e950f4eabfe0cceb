// widenet fit and evaluate.
#include "tests/cli/run.h"

namespace widenet::testing {
namespace {

class CliFit : public Cli {
 protected:
  const std::string houses = "fit houses.csv --target price --kernel gaussian --ridge 0.1 --out m.model ";
};

TEST_F(CliFit, JsonHoldsWhatIsPromised) {
  const auto object = json(houses + "--split 0.25");
  EXPECT_EQ(object.at("kernel"), "gaussian");
  EXPECT_EQ(object.at("ridge"), 0.1);
  EXPECT_EQ(object.at("solver"), "cholesky");
  EXPECT_GT(object.at("seconds").get<double>(), 0);
  EXPECT_GT(object.at("peak_memory").get<std::size_t>(), std::size_t{1} << 20U);
  EXPECT_EQ(object.at("train").at("rows"), 18);
  EXPECT_EQ(object.at("test").at("rows"), 6);
  for (const char* set : {"train", "loo", "test"})
    for (const char* metric : {"rmse", "mae", "r2", "nlpd", "coverage95"})
      EXPECT_TRUE(object.at(set).at(metric).is_number()) << set << " " << metric;
  EXPECT_TRUE(object.at("train").at("lml").is_number());
  EXPECT_TRUE(object.at("notes").is_array());
  EXPECT_EQ(object.at("tried").size(), 0U);
  EXPECT_TRUE(exists("m.model"));
}

TEST_F(CliFit, ClassificationHasItsMetricsAndFolds) {
  const auto object = json("fit classes.csv --target kind --kernel gaussian --ridge auto --folds 3 --out m.model");
  EXPECT_EQ(object.at("task"), "classification");
  EXPECT_EQ(object.at("folds").at("rows"), 24);
  for (const char* set : {"train", "loo", "folds"})
    for (const char* metric : {"accuracy", "balanced_accuracy", "log_loss"})
      EXPECT_TRUE(object.at(set).at(metric).is_number()) << set << " " << metric;
}

TEST_F(CliFit, SupportVectorsHaveNoLeaveOneOut) {
  const auto object = json("fit classes.csv --target kind --kernel gaussian --ridge 0.1 --solver svm --out m.model");
  EXPECT_EQ(object.at("solver"), "svm");
  EXPECT_FALSE(object.contains("loo"));
  EXPECT_EQ(json("evaluate m.model classes.csv").at("test").at("accuracy"), object.at("train").at("accuracy"));
  expect_failure("predict m.model classes.csv --proba --out p.csv", 2, "--proba is asked of a support vector machine");
  expect_failure("fit houses.csv --target price --solver svm --kernel linear --out m.model", 2,
                 "is for classification");
}

TEST_F(CliFit, TheFamilyIsShownAndTheBestKept) {
  const Outcome outcome = run("fit houses.csv --target price --out m.model");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part : {"kernels by leave-one-out", "*", "choice ", "linear", "nngp[", "ntk[", "gaussian"})
    EXPECT_PRED2(contains, outcome.out, std::string(part));
  const auto object = json("fit houses.csv --target price --out m.model");
  const auto kept = [&](const auto& c) { return c.at("kernel") == object.at("kernel"); };
  EXPECT_TRUE(std::any_of(object.at("tried").begin(), object.at("tried").end(), kept));
}

TEST_F(CliFit, TheReportFitsTheTerminal) {
  for (const char* command : {"fit houses.csv --target price --folds 3 --out m.model", "info m.model",
                              "evaluate m.model shuffled.csv", "predict m.model shuffled.csv --std --out p.csv"}) {
    const Outcome outcome = run(command);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream text(outcome.out + outcome.err);
    for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST_F(CliFit, TheSeedChoosesTheSplit) {
  const auto rmse = [&](const std::string& more) {
    return json(houses + "--split 0.25 " + more).at("test").at("rmse").get<double>();
  };
  EXPECT_EQ(rmse("--seed 5"), rmse("--seed 5"));
  EXPECT_NE(rmse("--seed 5"), rmse("--seed 6"));
}

TEST_F(CliFit, ThreadsChangeNothing) {
  EXPECT_EQ(json(houses + "--threads 1").at("loo"), json(houses + "--threads 3").at("loo"));
}

TEST_F(CliFit, AnArrayTakesItsTargetFromAFile) {
  folder.write("x.csv", "1,2\n2,1\n3,5\n4,4\n5,0\n");
  folder.write("y.csv", "1.5\n2\n3.5\n4\n6\n");
  const auto object =
      json("fit x.csv --target y.csv --kernel linear --ridge 0.01 --test x.csv --test-target y.csv --out m");
  EXPECT_EQ(object.at("target"), "target");
  EXPECT_NEAR(object.at("test").at("rmse").get<double>(), object.at("train").at("rmse").get<double>(), 1e-12);
  EXPECT_EQ(json("evaluate m x.csv --target y.csv").at("test").at("rows"), 5);
  expect_failure("evaluate m x.csv", 1, "x.csv has no column 'target'");
}

TEST_F(CliFit, FailuresOfTheWorkEndWithOne) {
  const std::string more = " --target price --kernel gaussian --ridge 0.1 --out m.model";
  expect_failure("fit nothing.csv" + more, 1, "cannot open 'nothing.csv'");
  expect_failure("fit houses.csv --target cost --out m.model", 2, "no column 'cost'");
  folder.write("broken.csv", "a,price\n1,2\n3\n");
  expect_failure("fit broken.csv" + more, 1, "broken.csv, line 3");
  folder.write("gap.csv", "a,price\n1,2\n3,\n4,5\n");
  expect_failure("fit gap.csv" + more, 1, "column 'price'");
  expect_failure("fit houses.csv" + more + " --memory 1K", 1, "is the limit given");
  expect_failure("fit houses.csv --target price --kernel linear --ridge 0 --scale none --out m.model", 1,
                 "is not positive definite");
  expect_failure("fit houses.csv" + more + " --test nothing.csv", 1, "cannot open 'nothing.csv'");
  EXPECT_FALSE(exists("m.model"));
}

TEST_F(CliFit, TheOutputIsCheckedBeforeTheWork) {
  // The table does not exist either: that the output is named shows that it was looked at first.
  expect_failure("fit nothing.csv --target price --out missing/m.model", 1, "cannot create 'missing/m.model'");
  expect_failure("fit nothing.csv --target price --out .", 1, "it is a folder");
  expect_failure("fit nothing.csv --target price --out -", 2, "name a file");
}

TEST_F(CliFit, ADamagedModelIsRefused) {
  ASSERT_EQ(run(houses).code, 0);
  std::string bytes = bytes_of(folder.path("m.model"));
  folder.write("short.model", std::string_view(bytes).substr(0, bytes.size() / 2));
  bytes[bytes.size() / 2] ^= 1;
  folder.write("altered.model", bytes);
  expect_failure("info short.model", 1, "short.model");
  expect_failure("predict altered.model houses.csv --out p.csv", 1, "altered.model");
  expect_failure("evaluate houses.csv houses.csv", 1, "is not a model");
}

TEST_F(CliFit, NothingIsLeftBehind) {
  ASSERT_EQ(run(houses).code, 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("")))
    EXPECT_FALSE(contains(entry.path().filename().string(), "part")) << entry.path();
}

TEST_F(CliFit, AClassThatIsOnlyInTheTestPartIsNamed) {
  std::string rows = "a,b,kind\n";
  for (int i = 0; i < 24; ++i)
    rows += std::to_string(std::sin(i)) + "," + std::to_string(std::cos(1.3 * i)) + "," +
            (i == 5            ? "rare"
             : std::sin(i) > 0 ? "up"
                               : "down") +
            "\n";
  folder.write("rare.csv", rows);
  bool met = false;
  for (int seed = 0; seed < 40 && !met; ++seed) {
    const std::string command =
        "fit rare.csv --target kind --kernel gaussian --ridge 0.1 --split 0.25 --out r.model --seed " +
        std::to_string(seed);
    const std::string notes = json(command).at("notes").dump();
    if (!contains(notes, "no training row is of class 'rare': the model never predicts it.")) continue;
    met = true;
    const Outcome predicted = run("predict r.model rare.csv --out p.csv");
    EXPECT_EQ(predicted.code, 0) << predicted.err;
    const std::string table = bytes_of(folder.path("p.csv"));
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 25);
    EXPECT_FALSE(contains(table.substr(table.find('\n')), "rare")) << table;
  }
  EXPECT_TRUE(met);
}

// Without a kernel: the family is judged at the ridge that is given.
TEST_F(CliFit, AGivenRidgeIsTheOneJudgedAt) {
  const auto object = json("fit houses.csv --target price --ridge 0.5 --out m.model");
  EXPECT_EQ(object.at("ridge"), 0.5);
  for (const auto& tried : object.at("tried")) EXPECT_EQ(tried.at("ridge"), 0.5) << tried.dump();
}

}  // namespace
}  // namespace widenet::testing
