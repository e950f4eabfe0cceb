#include <gtest/gtest.h>

#include <set>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/learn/targets.h"

namespace widenet {
namespace {

using namespace testing_learn;

Table numbered(std::size_t n) {
  Matrix<double> x(n, 1);
  std::vector<double> y;
  for (std::size_t i = 0; i < n; ++i) {
    x(i, 0) = static_cast<double>(i);
    y.push_back(static_cast<double>(i * i));
  }
  return with_target(x, y);
}

TEST(SplitRows, HasEveryRowOnce) {
  const Table table = numbered(31);
  const TableSplit split = split_rows(table, 0.2, 7);
  EXPECT_EQ(split.test.rows(), 6u);
  EXPECT_EQ(split.train.rows(), 25u);
  EXPECT_EQ(split.test.provenance.rows, 6u);
  std::set<double> seen;
  for (const Table* part : {&split.train, &split.test}) {
    EXPECT_TRUE(std::is_sorted(part->columns[0].numbers.begin(), part->columns[0].numbers.end()));
    for (std::size_t i = 0; i < part->rows(); ++i) {
      const double x = part->columns[0].numbers[i];
      seen.insert(x);
      EXPECT_EQ(part->columns[1].numbers[i], x * x);
    }
  }
  EXPECT_EQ(seen.size(), 31u);
  EXPECT_EQ(split_rows(table, 0.2, 7).test.columns[0].numbers, split.test.columns[0].numbers);
  EXPECT_NE(split_rows(table, 0.2, 8).test.columns[0].numbers, split.test.columns[0].numbers);
}

TEST(SplitRows, KeepsLinesTextsAndSpellings) {
  Table table = numbered(10);
  for (std::size_t i = 0; i < 10; ++i) table.lines.push_back(i + 2);
  table.columns.push_back(text_column("name", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}));
  table.columns[2].texts[3].reset();
  table.columns[0].spellings[4] = "4.0";
  const TableSplit split = split_rows(table, 0.5, 1);
  for (const Table* part : {&split.train, &split.test})
    for (std::size_t i = 0; i < part->rows(); ++i) {
      const auto row = static_cast<std::size_t>(part->columns[0].numbers[i]);
      EXPECT_EQ(part->place(i), table.place(row));
      EXPECT_EQ(part->columns[2].texts[i], table.columns[2].texts[row]);
      EXPECT_EQ(part->columns[0].text(i), table.columns[0].text(row));
    }
}

TEST(SplitRows, RefusesWhatIsNoShare) {
  const Table table = numbered(10);
  for (const double share : {0.0, 1.0, -0.3, 1.5, 0.04, 0.96, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()})
    EXPECT_MESSAGE(
        split_rows(table, share, 0),
        fmt::format("a test share of {} of 10 rows (both parts need rows) give a share between 0 and 1", share));
  EXPECT_MESSAGE(split_rows(Table{}, 0.5, 0), "of 0 rows");
}

// The folds by hand: position k of the permutation is held out by fold k mod folds.
TEST(CrossValidate, PoolsEveryRowHeldOutOnce) {
  const Matrix<double> x = some_inputs(23, 2, 1);
  const std::vector<double> y = some_targets(x, 2);
  FitOptions options = given("gaussian", 0.1);
  options.seed = 3;
  for (const std::size_t folds : {2u, 5u, 23u}) {
    const Metrics m = cross_validate(with_target(x, y), options, folds);
    EXPECT_EQ(m.rows, 23u);
    const std::vector<std::size_t> order = permutation(23, 3);
    double squares = 0, baseline = 0;
    for (std::size_t fold = 0; fold < folds; ++fold) {
      std::vector<std::size_t> train, test;
      for (std::size_t k = 0; k < 23; ++k) (k % folds == fold ? test : train).push_back(order[k]);
      std::vector<double> train_y;
      for (const std::size_t i : train) train_y.push_back(y[i]);
      const FitResult part = fit(with_target(take_rows(x, train), train_y), options);
      const Matrix<double> mean = predict(part.model, take_rows(x, test)).mean;
      for (std::size_t i = 0; i < test.size(); ++i) {
        squares += std::pow(y[test[i]] - mean(i, 0), 2);
        baseline += std::pow(y[test[i]] - unit_of(train_y).mean, 2);
      }
    }
    EXPECT_NEAR(m.rmse.value(), std::sqrt(squares / 23), 1e-10);
    EXPECT_NEAR(m.baseline_rmse.value(), std::sqrt(baseline / 23), 1e-10);
    EXPECT_TRUE(m.nlpd && m.coverage95 && m.mae);
    EXPECT_FALSE(m.lml);
  }
}

// With the scaling of all rows left alone, leaving one out is what "loo" says in closed form.
TEST(CrossValidate, OfSingleRowsIsLeaveOneOut) {
  const Matrix<double> x = some_inputs(19, 2, 4);
  const Table table = with_target(x, some_targets(x, 5));
  const FitOptions options = given("gaussian(length=3) + linear(offset=1)", 0.1, ScaleMode::none);
  const Metrics folds = cross_validate(table, options, 19), loo = fit(table, options).model.metrics.at("loo");
  EXPECT_NEAR(*folds.rmse, *loo.rmse, 1e-8 * *loo.rmse);
  EXPECT_NEAR(*folds.nlpd, *loo.nlpd, 1e-8 * *loo.nlpd);
}

// A class of one row is in no training part of the fold that holds it out: that row is wrong, the rest counts.
TEST(CrossValidate, AClassOfOneRowIsAMistakeNotAnError) {
  const Matrix<double> x = some_inputs(20, 2, 6);
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < 20; ++i) labels.push_back(x(i, 0) > 0.3 ? "right" : "left");
  labels[7] = "alone";
  for (const Solver solver : {Solver::cholesky, Solver::svm}) {
    FitOptions options = given("gaussian", 0.1);
    options.solver = solver;
    const Metrics m = cross_validate(with_labels(x, labels), options, 4);
    EXPECT_EQ(m.rows, 20u);
    EXPECT_LE(m.accuracy.value(), 19.0 / 20);
    EXPECT_GE(m.accuracy.value(), 0.6);
  }
}

// A part may hold two values of a target with three: it stays a regression.
TEST(CrossValidate, TheTaskIsThatOfTheWholeTable) {
  const Matrix<double> x = some_inputs(12, 2, 7);
  std::vector<double> y(12, 1.0);
  for (std::size_t i = 0; i < 6; ++i) y[i] = 2;
  y[11] = 7;
  const Metrics m = cross_validate(with_target(x, y), given("gaussian", 0.1), 12);
  EXPECT_EQ(m.rows, 12u);
  EXPECT_TRUE(m.rmse);
  EXPECT_FALSE(m.accuracy);
}

TEST(CrossValidate, ErrorsNameTheFold) {
  const Matrix<double> x = some_inputs(12, 2, 8);
  const Table table = with_target(x, some_targets(x, 9));
  const FitOptions options = given("gaussian", 0.1);
  for (const std::size_t folds : {0u, 1u, 13u})
    EXPECT_MESSAGE(
        cross_validate(table, options, folds),
        fmt::format("{} folds of 12 rows (each fold holds out at least one row and keeps some) give a number from "
                    "2 to 12",
                    folds));
  EXPECT_MESSAGE(cross_validate(table, given("linear", 0), 3),
                 "fold 1 of 3: the kernel matrix plus the ridge 0 is not positive definite");
  EXPECT_MESSAGE(
      cross_validate(with_labels(x, {"a", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b"}), options, 12),
      "fold 12 of 12: some.csv, column 'y': every target is 'b' (classes to tell apart are needed) add rows of "
      "another");
  FitOptions elsewhere = options;
  elsewhere.target = "z";
  EXPECT_MESSAGE(cross_validate(table, elsewhere, 3), "no column 'z'");
}

}  // namespace
}  // namespace widenet
