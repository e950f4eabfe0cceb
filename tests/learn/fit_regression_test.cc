#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"

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
  EXPECT_EQ(model.scaling.scale, Scale(mode));
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

TEST(FitRegression, DuplicateRowsShareOnePrediction) {
  Matrix<double> x = some_inputs(24, 2, 9);
  for (std::size_t i = 0; i < 12; ++i) std::copy_n(x.row(i).begin(), 2, x.row(i + 12).begin());
  std::vector<double> y = some_targets(x, 10);
  y[12] = y[0] + 2;
  compare(x, y, "gaussian(length=1.5)", plain_gaussian(1.5), 0.2, ScaleMode::standard);
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

// At a tiny ridge the training residual is far below the rounding of the targets: ridge * coefficients all the same.
TEST(FitRegression, TrainingErrorsOfATinyRidge) {
  const Matrix<double> x = some_inputs(20, 2, 5);
  const std::vector<double> y = some_targets(x, 6);
  for (const double ridge : {1e-20, 1e-12, 1e-3}) {
    const FitResult result = fit(with_target(x, y), given("laplacian(length=0.5)", ridge));
    ASSERT_FALSE(result.failure) << *result.failure;
    const PlainRegression plain = plain_regression(
        ScaleMode::standard, [](auto a, auto b) { return std::exp(-std::sqrt(squared_distance(a, b)) / 0.5); }, ridge,
        x, y);
    double squares = 0, absolute = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      const double residual = ridge * plain.alpha(i, 0) * plain.unit.deviation;
      squares += residual * residual / 20;
      absolute += std::abs(residual) / 20;
    }
    const Metrics& train = result.model.metrics.at("train");
    // 1 / ridge of the condition number is that of ridge 0: K's smallest eigenvalue is about 0.1.
    EXPECT_NEAR(train.rmse.value(), std::sqrt(squares), 1e-11 * std::sqrt(squares)) << ridge;
    EXPECT_NEAR(train.mae.value(), absolute, 1e-11 * absolute) << ridge;
    EXPECT_GT(train.rmse.value(), 0);
  }
}

}  // namespace
}  // namespace widenet
