#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

using namespace testing_learn;

// Everything that a regression fit reports, by plain loops.
struct PlainRegression {
  Unit unit;  // of the target
  Matrix<double> y, K, alpha;
  double lml = 0;
};

PlainRegression plain_regression(ScaleMode mode, const PlainKernel& kernel, double ridge, const Matrix<double>& x,
                                 const std::vector<double>& target) {
  PlainRegression plain;
  plain.unit = mode == ScaleMode::none ? Unit{0, 1} : unit_of(target);
  plain.y = Matrix<double>(x.rows(), 1);
  for (std::size_t i = 0; i < x.rows(); ++i) plain.y(i, 0) = (target[i] - plain.unit.mean) / plain.unit.deviation;
  const Matrix<double> z = plain_scale(mode, x, x);
  plain.K = plain_gram(kernel, z, z);
  plain.alpha = plain_solve(plain.K, ridge, plain.y);
  double quadratic = 0;
  for (std::size_t i = 0; i < x.rows(); ++i) quadratic += plain.y(i, 0) * plain.alpha(i, 0);
  plain.lml = -0.5 * quadratic - 0.5 * plain_log_determinant(plain.K, ridge) -
              0.5 * static_cast<double>(x.rows()) * std::log(2 * std::numbers::pi);
  return plain;
}

// Metrics of predictions in scaled units against raw targets, by the formulas.
Metrics plain_metrics(const Unit& unit, const std::vector<double>& target, const PlainPrediction& p, double ridge) {
  Metrics m;
  const auto n = static_cast<double>(target.size());
  double squares = 0, absolute = 0, density = 0, inside = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const double error = target[i] - (p.mean(i, 0) * unit.deviation + unit.mean);
    const double variance = (p.variances[i] + ridge) * unit.deviation * unit.deviation;
    squares += error * error;
    absolute += std::abs(error);
    density += 0.5 * std::log(2 * std::numbers::pi * variance) + error * error / (2 * variance);
    inside += std::abs(error) <= 1.96 * std::sqrt(variance) ? 1 : 0;
  }
  m.rows = target.size();
  m.rmse = std::sqrt(squares / n);
  m.mae = absolute / n;
  m.nlpd = density / n;
  m.coverage95 = inside / n;
  return m;
}

void expect_near(const Metrics& m, const Metrics& plain, double tolerance) {
  EXPECT_EQ(m.rows, plain.rows);
  EXPECT_NEAR(m.rmse.value(), *plain.rmse, tolerance);
  EXPECT_NEAR(m.mae.value(), *plain.mae, tolerance);
  EXPECT_NEAR(m.nlpd.value(), *plain.nlpd, tolerance);
  EXPECT_EQ(m.coverage95.value(), *plain.coverage95);
}

// Fits, and compares all there is with the plain loops.
void compare(const Matrix<double>& x, const std::vector<double>& target, const std::string& kernel,
             const PlainKernel& plain_kernel, double ridge, ScaleMode mode) {
  const Table table = with_target(x, target);
  FitOptions options = given(kernel, ridge, mode);
  options.task = Task::regression;
  const FitResult result = fit(table, options);
  ASSERT_FALSE(result.failure) << *result.failure;
  const Model& model = result.model;
  EXPECT_EQ(model.ridge, ridge);
  EXPECT_EQ(model.kernel, parse_kernel(kernel));
  EXPECT_EQ(model.scaling.mode, mode);
  EXPECT_TRUE(result.selection.tried.empty());

  const PlainRegression plain = plain_regression(mode, plain_kernel, ridge, x, target);
  const auto n = static_cast<double>(x.rows());
  // Both factorisations are backward stable; distances in the Gram lose a few digits of the squared norms.
  const double relative = 64 * n * eps * condition(plain.K, ridge);
  EXPECT_LE(testing_problems::distance(model.coefficients, plain.alpha),
            relative * std::max(testing_problems::magnitude(plain.alpha), eps));

  const Matrix<double> fresh = some_inputs(11, x.cols(), 99);
  const Matrix<double> z = plain_scale(mode, x, x), zf = plain_scale(mode, x, fresh);
  std::vector<double> own;
  for (std::size_t i = 0; i < zf.rows(); ++i) own.push_back(plain_kernel(zf.row(i), zf.row(i)));
  const PlainPrediction expected = plain_predict(plain.K, ridge, plain.y, plain_gram(plain_kernel, zf, z), own);
  const Prediction latent = predict(model, fresh, Deviation::latent);
  const Prediction observed = predict(model, fresh, Deviation::observed, &*result.factor);
  EXPECT_TRUE(same_bits(latent.mean, predict(model, fresh).mean));
  EXPECT_TRUE(same_bits(latent.mean, observed.mean));
  const double in_units = plain.unit.deviation * relative;
  for (std::size_t i = 0; i < fresh.rows(); ++i) {
    EXPECT_NEAR(latent.mean(i, 0), expected.mean(i, 0) * plain.unit.deviation + plain.unit.mean,
                in_units * n + std::abs(plain.unit.mean) * eps);
    const double variance = expected.variances[i];
    EXPECT_NEAR(std::pow(latent.deviation(i, 0) / plain.unit.deviation, 2), std::max(variance, 0.0), relative * own[i]);
    EXPECT_NEAR(observed.deviation(i, 0), std::sqrt(variance + ridge) * plain.unit.deviation, in_units);
  }

  const Metrics& train = model.metrics.at("train");
  EXPECT_NEAR(train.lml.value(), plain.lml, relative * (std::abs(plain.lml) + n));
  std::vector<double> diagonal;
  for (std::size_t i = 0; i < x.rows(); ++i) diagonal.push_back(plain.K(i, i));
  const double tolerance = (1 + n) * in_units / std::min(1.0, ridge);
  expect_near(train,
              plain_metrics(plain.unit, target, plain_predict(plain.K, ridge, plain.y, plain.K, diagonal), ridge),
              tolerance);
  expect_near(model.metrics.at("loo"),
              plain_metrics(plain.unit, target, plain_leave_one_out(plain.K, ridge, plain.y), ridge), tolerance);
  EXPECT_FALSE(model.metrics.at("loo").lml);
  // The same rows through evaluate: what a user sees for the training file.
  const Metrics again = evaluate(model, code_table(model.coding, table, WithTarget::yes).data, &*result.factor);
  expect_near(again, train, tolerance);
}

TEST(FitRegression, AgreesWithPlainLoops) {
  const Matrix<double> x = some_inputs(40, 3, 1);
  const std::vector<double> y = some_targets(x, 2);
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::normalise, ScaleMode::none})
    for (const double ridge : {0.03, 2.0}) {
      SCOPED_TRACE(to_string(mode));
      compare(x, y, "gaussian(length=1.5)", plain_gaussian(1.5), ridge, mode);
    }
}

TEST(FitRegression, OtherKernelsAgreeToo) {
  const Matrix<double> x = some_inputs(30, 2, 5);
  const std::vector<double> y = some_targets(x, 6);
  compare(
      x, y, "linear(offset=1)", [](auto a, auto b) { return 1 + a[0] * b[0] + a[1] * b[1]; }, 0.5, ScaleMode::standard);
  compare(
      x, y, "0.25*matern32(length=2)",
      [](auto a, auto b) {
        const double r = std::sqrt(3 * squared_distance(a, b)) / 2;
        return 0.25 * (1 + r) * std::exp(-r);
      },
      0.1, ScaleMode::standard);
  compare(
      x, y, "nngp[dense relu dense]",
      [](auto a, auto b) {
        const double p = std::sqrt((a[0] * a[0] + a[1] * a[1]) * (b[0] * b[0] + b[1] * b[1])) / 2;
        const double rho = std::clamp((a[0] * b[0] + a[1] * b[1]) / 2 / p, -1.0, 1.0);
        return p / (2 * std::numbers::pi) * (std::sqrt(1 - rho * rho) + (std::numbers::pi - std::acos(rho)) * rho);
      },
      0.1, ScaleMode::standard);
}

TEST(FitRegression, SmallTables) {
  const Matrix<double> two = some_inputs(2, 3, 3);
  compare(two, {3.0, 5.5}, "gaussian(length=1.5)", plain_gaussian(1.5), 0.1, ScaleMode::standard);
  const Matrix<double> thin = some_inputs(17, 1, 4);
  compare(thin, some_targets(thin, 4), "gaussian(length=0.5)", plain_gaussian(0.5), 0.1, ScaleMode::standard);
}

TEST(FitRegression, OneRowPredictsItself) {
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

TEST(FitRegression, DuplicateRowsShareOnePrediction) {
  Matrix<double> x = some_inputs(24, 2, 9);
  for (std::size_t i = 0; i < 12; ++i) std::copy_n(x.row(i).begin(), 2, x.row(i + 12).begin());
  std::vector<double> y = some_targets(x, 10);
  y[12] = y[0] + 2;
  compare(x, y, "gaussian(length=1.5)", plain_gaussian(1.5), 0.2, ScaleMode::standard);
}

TEST(FitRegression, AConstantTargetIsPredictedExactly) {
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

TEST(FitRegression, AConstantFeatureChangesNothing) {
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

TEST(FitRegression, RidgeZeroInterpolates) {
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

TEST(FitRegression, ASingularMatrixIsAFailureWithARidgeThatWorks) {
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

TEST(FitRegression, AKernelThatIsZeroHasNoRidgeToChoose) {
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
TEST(FitRegression, ARidgeBelowRoundingIsSaid) {
  const Matrix<double> x = some_inputs(60, 2, 41);
  const FitResult result = fit(with_target(x, some_targets(x, 42)), given("laplacian(length=0.5)", 1e-17));
  ASSERT_FALSE(result.failure);
  EXPECT_PRED2(testing::contains, result.model.notes.back(), "below the rounding of the factorisation");
}

TEST(FitRegression, BitsDoNotDependOnThreads) {
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

TEST(FitRegression, ALargerTableAgreesWithPlainLoops) {
  const Matrix<double> x = some_inputs(769, 3, 19);
  const std::vector<double> y = some_targets(x, 20);
  const FitResult result = fit(with_target(x, y), given("gaussian(length=1)", 0.1));
  const PlainRegression plain = plain_regression(ScaleMode::standard, plain_gaussian(1), 0.1, x, y);
  const double relative = 64 * 769 * eps * condition(plain.K, 0.1);
  EXPECT_LE(testing_problems::distance(result.model.coefficients, plain.alpha),
            relative * testing_problems::magnitude(plain.alpha));
  EXPECT_NEAR(result.model.metrics.at("train").lml.value(), plain.lml, relative * 769);
}

TEST(FitRegression, PredictsRowsInAnyOrderAndNumber) {
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

TEST(FitRegression, RepeatsTheCodingOnRawRows) {
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

TEST(FitRegression, AutoRidgeKeepsTheGivenKernel) {
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

TEST(FitRegression, WithoutOptionsBeatsTheMean) {
  const Matrix<double> x = some_inputs(120, 2, 29);
  FitOptions options;
  options.target = "y";
  const FitResult result = fit(with_target(x, some_targets(x, 30)), options);
  ASSERT_FALSE(result.failure);
  EXPECT_EQ(result.selection.tried.size(), default_family(2).size());
  const Metrics& loo = result.model.metrics.at("loo");
  EXPECT_LT(*loo.rmse, 0.2 * *loo.baseline_rmse);
  EXPECT_EQ(result.model.task(), Task::regression);
  EXPECT_GT(result.seconds, 0);
}

TEST(FitRegression, HugeAndTinyTargetsAreMeasuredInTheirUnit) {
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
