#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"

namespace widenet {
namespace {

using namespace testing_learn;

TEST(Fit, ErrorsOfOptions) {
  const Matrix<double> x = some_inputs(12, 2, 10);
  const Table table = with_target(x, some_targets(x, 11));
  for (const double ridge : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_MESSAGE(
        fit(table, given("gaussian", ridge)),
        fmt::format("the ridge is {} (it is added to the diagonal of the kernel matrix) give a number >= 0, or "
                    "auto",
                    ridge));
  FitOptions options = given("gaussian", 1);
  options.target = "feature";
  EXPECT_MESSAGE(fit(table, options), "no column 'feature' in some.csv");
  EXPECT_MESSAGE(fit(with_labels(x, std::vector<std::string>(12, "a")), given("gaussian", 1)),
                 "every target is 'a' (classes to tell apart are needed)");
  options = given("gaussian", 1);
  options.task = Task::regression;
  EXPECT_MESSAGE(fit(with_labels(x, some_labels(x, 2)), options), "(regression needs numbers)");
  EXPECT_MESSAGE(fit(table, given("gaussian(length=[1, 2, 3])", 1)), "3");
  Table holes = table;
  holes.columns.back().numbers[4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_MESSAGE(fit(holes, given("gaussian", 1)), "some.csv, row 5, column 'y': the target is missing");
  holes.columns.back().numbers[4] = std::numeric_limits<double>::infinity();
  EXPECT_MESSAGE(fit(holes, given("gaussian", 1)), "some.csv, row 5, column 'y': the target is inf");
  holes = table;
  holes.columns[1].numbers[2] = -std::numeric_limits<double>::infinity();
  EXPECT_MESSAGE(fit(holes, given("gaussian", 1)), "some.csv, row 3, column 'feature 1': found -inf");
  Table empty = with_target(Matrix<double>(0, 2), {});
  EXPECT_MESSAGE(fit(empty, given("gaussian", 1)),
                 "some.csv has no rows (a model is learned from them) give a table with at least one");
  Table lonely;
  lonely.named = true;
  lonely.columns.push_back(numeric_column("y", {1, 2, 3}));
  EXPECT_MESSAGE(fit(lonely, given("gaussian", 1)), "(beside the target 'y' no column has values) add columns");
}

TEST(Predict, ErrorsOfUse) {
  const Matrix<double> x = some_inputs(12, 2, 12);
  const Table numbers = with_target(x, some_targets(x, 13)), classes = with_labels(x, some_labels(x, 2));
  const Model regression = fit(numbers, given("gaussian", 1)).model,
              classifier = fit(classes, given("gaussian", 1)).model;
  EXPECT_MESSAGE(predict(regression, Matrix<double>(3, 5)),
                 "the inputs have 5 columns (the scaling was learned from 2) give the same columns");
  EXPECT_MESSAGE(
      predict(classifier, x, Deviation::observed),
      "a classifier has no standard deviation (its outputs are labels and probabilities) ask for probabilities");
  for (const Model* model : {&regression, &classifier})
    EXPECT_MESSAGE(evaluate(*model, code_table(model->coding, numbers, WithTarget::no).data),
                   "the rows have no target (metrics compare with it) code the table with its target");
  const FitResult other = fit(with_target(some_inputs(7, 2, 1), {1, 2, 3, 4, 5, 6, 7}), given("gaussian", 1));
  EXPECT_MESSAGE(predict(regression, x, Deviation::latent, &*other.factor),
                 "a right-hand side of 12 rows (the factor has 7)");
  Model broken = regression;
  broken.ridge = 0;
  for (std::size_t i = 1; i < 12; ++i) std::copy_n(broken.inputs.row(0).begin(), 2, broken.inputs.row(i).begin());
  EXPECT_MESSAGE(predict(broken, x, Deviation::latent), "the kernel matrix plus the ridge 0 is not positive definite");
  EXPECT_MESSAGE(refactor(broken), "(pivot 1 of 12 is 0)");
  Matrix<double> bad = x;
  bad(3, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(testing::message_of([&] { predict(regression, bad); }), "");
}

}  // namespace
}  // namespace widenet
