// Fits of regression at the edges: one row, constants, no ridge, singular matrices, any number of threads.
#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

using namespace testing_learn;

TEST(FitCases, OneRowPredictsItself) {
  const Matrix<double> x = some_inputs(1, 3, 3);
  const Table table = with_target(x, {7.25});
  FitOptions options = given("gaussian", 0.5);
  options.task = Task::regression;
  const FitResult result = fit(table, options);
  ASSERT_FALSE(result.failure);
  const Prediction p = predict(result.model, some_inputs(4, 3, 8), Deviation::observed);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(p.mean(i, 0), 7.25);
  EXPECT_EQ(result.model.metrics.at("train").rmse, 0.0);
  EXPECT_EQ(result.model.metrics.at("loo").baseline_rmse, 0.0);
  // Without any other row the prior speaks: variance k(x, x) + ridge.
  EXPECT_NEAR(result.model.metrics.at("loo").nlpd.value(), 0.5 * std::log(2 * std::numbers::pi * 1.5), 8 * eps);
  for (const bool choose_kernel : {false, true}) {
    FitOptions automatic = options;
    automatic.ridge.reset();
    if (choose_kernel) automatic.kernel.reset();
    const FitResult chosen = fit(table, automatic);
    ASSERT_FALSE(chosen.failure) << *chosen.failure;
    EXPECT_EQ(predict(chosen.model, x).mean(0, 0), 7.25);
  }
}

TEST(FitCases, AConstantTargetIsPredictedExactly) {
  const Matrix<double> x = some_inputs(23, 2, 11);
  for (const double c : {0.0, 0.1, -7.3e11}) {
    FitOptions options;
    options.target = "y";
    options.task = Task::regression;
    for (const bool with_kernel : {true, false}) {
      if (with_kernel)
        options.kernel = gaussian(1);
      else
        options.kernel.reset();
      const FitResult result = fit(with_target(x, std::vector<double>(23, c)), options);
      ASSERT_FALSE(result.failure) << *result.failure;
      const Matrix<double> mean = predict(result.model, some_inputs(5, 2, 12)).mean;
      for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(mean(i, 0), c);
      EXPECT_EQ(result.model.training_mean.at(0), c);
      EXPECT_EQ(result.model.metrics.at("loo").rmse, 0.0);
      EXPECT_EQ(result.model.metrics.at("loo").baseline_rmse, 0.0);
      EXPECT_FALSE(result.model.metrics.at("loo").r2);
    }
  }
}

TEST(FitCases, AConstantFeatureChangesNothing) {
  const Matrix<double> x = some_inputs(31, 2, 13);
  Matrix<double> wider(31, 3, 0.1);
  for (std::size_t i = 0; i < 31; ++i) std::copy_n(x.row(i).begin(), 2, wider.row(i).begin());
  const std::vector<double> y = some_targets(x, 14);
  const FitResult a = fit(with_target(x, y), given("gaussian(length=2)", 0.1));
  const FitResult b = fit(with_target(wider, y), given("gaussian(length=2)", 0.1));
  EXPECT_LE(
      testing_problems::distance(a.model.coefficients, b.model.coefficients),
      64 * 31 * eps * condition(Matrix<double>(31, 31, 1.0), 0.1) * testing_problems::magnitude(a.model.coefficients));
}

TEST(FitCases, RidgeZeroInterpolates) {
  const Matrix<double> x = some_inputs(30, 2, 15);
  const std::vector<double> y = some_targets(x, 16);
  const Table table = with_target(x, y);
  const FitResult result = fit(table, given("laplacian(length=0.5)", 0));
  ASSERT_FALSE(result.failure) << *result.failure;
  EXPECT_EQ(result.model.ridge, 0.0);
  const Prediction p = predict(result.model, x, Deviation::latent);
  for (std::size_t i = 0; i < x.rows(); ++i) {
    EXPECT_NEAR(p.mean(i, 0), y[i], 1e-11 * 50);
    // The square root of the rounding of 1 - k A^-1 k.
    EXPECT_NEAR(p.deviation(i, 0), 0, 9 * std::sqrt(64 * 30 * eps * 30));
  }
  const Metrics& train = result.model.metrics.at("train");
  EXPECT_EQ(train.rmse, 0.0);
  // The model is certain of its training rows: their density is infinite, not a number to report.
  EXPECT_FALSE(train.nlpd);
  EXPECT_TRUE(result.model.metrics.at("loo").nlpd);
}

TEST(FitCases, ASingularMatrixIsAFailureWithARidgeThatWorks) {
  Matrix<double> x = some_inputs(12, 2, 17);
  std::copy_n(x.row(3).begin(), 2, x.row(8).begin());
  const Table table = with_target(x, some_targets(x, 18));
  // One inner product in two dimensions: rank 2 of 12.
  const FitResult result = fit(table, given("linear", 0));
  ASSERT_TRUE(result.failure);
  EXPECT_FALSE(result.factor);
  EXPECT_EQ(result.model.coefficients.size(), 0u);
  EXPECT_TRUE(result.model.metrics.empty());
  EXPECT_EQ(result.model.ridge, 0.0);
  EXPECT_PRED2(testing::contains, *result.failure,
               "the kernel matrix plus the ridge 0 is not positive definite (pivot ");
  EXPECT_PRED2(testing::contains, *result.failure, " of 12 is ");
  const std::string before = "use a ridge of ";
  const std::size_t at = result.failure->find(before);
  ASSERT_NE(at, std::string::npos);
  const double enough = std::stod(result.failure->substr(at + before.size()));
  EXPECT_GT(enough, 0);
  const FitResult again = fit(table, given("linear", enough));
  EXPECT_FALSE(again.failure);
  // Equal rows side by side: the pivot is exactly 0.
  std::copy_n(x.row(0).begin(), 2, x.row(1).begin());
  const FitResult twins = fit(with_target(x, some_targets(x, 18)), given("gaussian", 0));
  ASSERT_TRUE(twins.failure);
  EXPECT_PRED2(testing::contains, *twins.failure, "(pivot 1 of 12 is 0)");
}

TEST(FitCases, AKernelThatIsZeroHasNoRidgeToChoose) {
  const Table table = with_target(Matrix<double>(9, 2, 3.0), some_targets(some_inputs(9, 1, 1), 2));
  FitOptions options = given("linear", 0);
  options.ridge.reset();
  const FitResult result = fit(table, options);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(
      *result.failure,
      "no ridge can be chosen for linear (its matrix is zero on these rows, or has no inverse at any ridge that was "
      "tried) give another kernel, or a ridge");
  EXPECT_TRUE(result.model.metrics.empty());
  options.ridge = 0.5;
  EXPECT_FALSE(fit(table, options).failure);
}

// A note says where rounding makes the last digits doubtful.
TEST(FitCases, ARidgeBelowRoundingIsSaid) {
  const Matrix<double> x = some_inputs(60, 2, 41);
  const FitResult result = fit(with_target(x, some_targets(x, 42)), given("laplacian(length=0.5)", 1e-17));
  ASSERT_FALSE(result.failure);
  EXPECT_PRED2(testing::contains, result.model.notes.back(), "below the rounding of the factorisation");
}

TEST(FitCases, BitsDoNotDependOnThreads) {
  const Matrix<double> x = some_inputs(769, 3, 19);
  const Table table = with_target(x, some_targets(x, 20));
  const Matrix<double> fresh = some_inputs(301, 3, 21);
  std::optional<Matrix<double>> coefficients, mean, deviation;
  std::string metrics;
  for (const std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    const FitResult result = fit(table, given("matern52(length=2)", 0.05));
    ASSERT_FALSE(result.failure);
    const Prediction p = predict(result.model, fresh, Deviation::observed, &*result.factor);
    const Metrics& loo = result.model.metrics.at("loo");
    const std::string said = fmt::format("{} {} {}", *loo.rmse, *loo.nlpd, *result.model.metrics.at("train").lml);
    if (!mean) {
      coefficients = copy<double>(result.model.coefficients.view());
      mean = copy<double>(p.mean.view());
      deviation = copy<double>(p.deviation.view());
      metrics = said;
    }
    EXPECT_TRUE(same_bits(*coefficients, result.model.coefficients)) << threads;
    EXPECT_TRUE(same_bits(*mean, p.mean)) << threads;
    EXPECT_TRUE(same_bits(*deviation, p.deviation)) << threads;
    EXPECT_EQ(metrics, said);
  }
  set_thread_count(0);
}

TEST(FitCases, PredictsRowsInAnyOrderAndNumber) {
  const Matrix<double> x = some_inputs(50, 3, 22), fresh = some_inputs(600, 3, 23);
  const FitResult result = fit(with_target(x, some_targets(x, 24)), given("gaussian", 0.1));
  const Prediction all = predict(result.model, fresh, Deviation::latent, &*result.factor);
  for (const std::size_t i : {0u, 1u, 255u, 256u, 599u}) {
    const Prediction one = predict(result.model, fresh.view().rows({i, i + 1}), Deviation::latent, &*result.factor);
    EXPECT_NEAR(one.mean(0, 0), all.mean(i, 0), 64 * 50 * eps * 50);
    EXPECT_NEAR(one.deviation(0, 0), all.deviation(i, 0), 64 * 50 * eps * 50);
  }
  const Prediction none = predict(result.model, Matrix<double>(0, 3), Deviation::latent, &*result.factor);
  EXPECT_EQ(none.mean.rows(), 0u);
  EXPECT_EQ(none.deviation.rows(), 0u);
}

TEST(FitCases, RepeatsTheCodingOnRawRows) {
  const std::size_t n = 30;
  const Matrix<double> x = some_inputs(n, 2, 25);
  Table table = with_target(x, some_targets(x, 26));
  std::vector<std::string> towns;
  for (std::size_t i = 0; i < n; ++i) towns.push_back(i % 3 == 0 ? "Bern" : i % 3 == 1 ? "Chur" : "Olten");
  table.columns.insert(table.columns.begin(), text_column("town", towns));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  table.columns[1].numbers[4] = nan;
  const FitResult result = fit(table, given("gaussian", 0.1));
  ASSERT_FALSE(result.failure);
  // The same by hand: three columns for the towns, the mean of the others for the hole.
  Matrix<double> hand(n, 5);
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i)
    if (i != 4) mean += x(i, 0) / static_cast<double>(n - 1);
  for (std::size_t i = 0; i < n; ++i) {
    hand(i, i % 3) = 1;
    hand(i, 3) = i == 4 ? mean : x(i, 0);
    hand(i, 4) = x(i, 1);
  }
  const Matrix<double> raw = coded(result.model, table);
  EXPECT_LE(testing_problems::distance(raw, hand), 64 * eps);
  const FitResult by_hand = fit(with_target(hand, some_targets(x, 26)), given("gaussian", 0.1));
  EXPECT_LE(testing_problems::distance(predict(result.model, raw).mean, predict(by_hand.model, hand).mean), 1e-10);
}

TEST(FitCases, AutoRidgeKeepsTheGivenKernel) {
  const Matrix<double> x = some_inputs(80, 2, 27);
  const Table table = with_target(x, some_targets(x, 28));
  FitOptions options = given("3*gaussian(length=0.7)", 0);
  options.ridge.reset();
  const FitResult result = fit(table, options);
  ASSERT_FALSE(result.failure);
  ASSERT_EQ(result.selection.tried.size(), 1u);
  EXPECT_EQ(result.selection.rows, 80u);
  EXPECT_FALSE(result.selection.subsampled);
  // The kernel up to a factor, with the ridge in the same units: the leave-one-out error is that of the choice, and no
  // worse than a tenth or ten times the ridge.
  const double best = result.model.metrics.at("loo").rmse.value();
  const Unit unit = unit_of(some_targets(x, 28));
  EXPECT_NEAR(best, result.selection.tried[0].loo_rmse * unit.deviation, 1e-8 * best);
  for (const double factor : {0.1, 0.8, 1.25, 10.0}) {
    FitOptions other = options;
    other.kernel = result.model.kernel;
    other.ridge = factor * result.model.ridge;
    EXPECT_GE(fit(table, other).model.metrics.at("loo").rmse.value(), best * (1 - 1e-4)) << factor;
  }
}

TEST(FitCases, WithoutOptionsBeatsTheMean) {
  const Matrix<double> x = some_inputs(120, 2, 29);
  FitOptions options;
  options.target = "y";
  const FitResult result = fit(with_target(x, some_targets(x, 30)), options);
  ASSERT_FALSE(result.failure);
  EXPECT_GE(result.selection.tried.size(), default_family(2).size());
  const Metrics& loo = result.model.metrics.at("loo");
  EXPECT_LT(*loo.rmse, 0.2 * *loo.baseline_rmse);
  EXPECT_EQ(result.model.task(), Task::regression);
  EXPECT_GT(result.seconds, 0);
}

TEST(FitCases, HugeAndTinyTargetsAreMeasuredInTheirUnit) {
  const Matrix<double> x = some_inputs(20, 2, 31);
  const std::vector<double> y = some_targets(x, 32);
  const FitResult plain = fit(with_target(x, y), given("gaussian", 0.1));
  for (const int exponent : {-600, 600}) {
    std::vector<double> far = y;
    for (double& v : far) v = std::ldexp(v, exponent);
    const FitResult result = fit(with_target(x, far), given("gaussian", 0.1));
    EXPECT_EQ(result.model.metrics.at("loo").rmse.value(), std::ldexp(*plain.model.metrics.at("loo").rmse, exponent));
    EXPECT_NEAR(result.model.metrics.at("loo").r2.value(), *plain.model.metrics.at("loo").r2, 64 * eps);
    EXPECT_NEAR(result.model.metrics.at("loo").nlpd.value(),
                *plain.model.metrics.at("loo").nlpd + exponent * std::numbers::ln2, 1e-12 * 600);
  }
}

}  // namespace
}  // namespace widenet
