#include "widenet/learn/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>

#include "tests/solve/problems.h"

namespace widenet {
namespace {

using testing_problems::eps;
using testing_problems::random_matrix;

double normal_density(double y, double mean, double s) {
  return std::exp(-(y - mean) * (y - mean) / (2 * s * s)) / (s * std::sqrt(2 * std::numbers::pi));
}

Matrix<double> column(const std::vector<double>& numbers) {
  Matrix<double> m(numbers.size(), 1);
  std::copy(numbers.begin(), numbers.end(), m.data());
  return m;
}

TEST(RegressionMetrics, AreThePlainFormulas) {
  const std::size_t n = 37;
  const Matrix<double> y = random_matrix(n, 1, 1), mean = random_matrix(n, 1, 2);
  Matrix<double> s = random_matrix(n, 1, 3);
  for (double& x : std::span(s.data(), s.size())) x = 0.2 + 0.5 * std::abs(x);
  const std::vector<double> training_mean = {0.25};
  const Metrics m = regression_metrics(y, mean, s, training_mean);
  double squares = 0, absolute = 0, average = 0, spread = 0, density = 0, inside = 0, constant = 0,
         constant_absolute = 0;
  for (std::size_t i = 0; i < n; ++i) average += y(i, 0) / n;
  for (std::size_t i = 0; i < n; ++i) {
    squares += std::pow(y(i, 0) - mean(i, 0), 2);
    absolute += std::abs(y(i, 0) - mean(i, 0));
    spread += std::pow(y(i, 0) - average, 2);
    density -= std::log(normal_density(y(i, 0), mean(i, 0), s(i, 0)));
    inside += std::abs(y(i, 0) - mean(i, 0)) <= 1.96 * s(i, 0) ? 1 : 0;
    constant += std::pow(y(i, 0) - 0.25, 2);
    constant_absolute += std::abs(y(i, 0) - 0.25);
  }
  const double tolerance = 8 * n * eps;
  EXPECT_EQ(m.rows, n);
  EXPECT_NEAR(m.rmse.value(), std::sqrt(squares / n), tolerance);
  EXPECT_NEAR(m.mae.value(), absolute / n, tolerance);
  EXPECT_NEAR(m.r2.value(), 1 - squares / spread, tolerance * squares / spread);
  EXPECT_NEAR(m.nlpd.value(), density / n, tolerance * density);
  EXPECT_EQ(m.coverage95.value(), inside / n);
  EXPECT_NEAR(m.baseline_rmse.value(), std::sqrt(constant / n), tolerance);
  EXPECT_NEAR(m.baseline_mae.value(), constant_absolute / n, tolerance);
  EXPECT_FALSE(m.lml || m.accuracy || m.balanced_accuracy || m.log_loss || m.baseline_accuracy);
}

TEST(RegressionMetrics, WithoutDeviationsThereIsNoDensity) {
  const Matrix<double> y = random_matrix(5, 1, 1);
  const Metrics m = regression_metrics(y, y, {}, std::vector<double>{0});
  EXPECT_FALSE(m.nlpd || m.coverage95);
  EXPECT_EQ(m.rmse, 0.0);
  EXPECT_EQ(m.r2, 1.0);
}

TEST(RegressionMetrics, AConstantTargetHasNoR2WhateverItsNumber) {
  for (const std::size_t n : {1u, 2u, 3u, 7u, 10u, 49u, 997u})
    for (const double c : {0.0, 0.1, 1.0 / 3, -123.456, 1e17, 7e-200}) {
      const Matrix<double> y(n, 1, c), mean(n, 1, c + 1);
      EXPECT_FALSE(regression_metrics(y, mean, {}, std::vector<double>{c}).r2) << n << " rows of " << c;
    }
}

TEST(RegressionMetrics, ATargetFarFromZeroKeepsItsR2) {
  const std::size_t n = 101;
  Matrix<double> y(n, 1), mean(n, 1);
  for (std::size_t i = 0; i < n; ++i) {
    y(i, 0) = 1e15 + static_cast<double>(i);
    mean(i, 0) = y(i, 0) + 1;
  }
  // sum (i - 50)^2 = n (n^2 - 1) / 12.
  const double spread = 101.0 * (101.0 * 101 - 1) / 12;
  EXPECT_NEAR(regression_metrics(y, mean, {}, std::vector<double>{0}).r2.value(), 1 - 101 / spread, 1e-3);
}

TEST(RegressionMetrics, TwoTargetsAreMeasuredTogether) {
  const Matrix<double> y = random_matrix(9, 2, 4), mean = random_matrix(9, 2, 5);
  const Metrics m = regression_metrics(y, mean, {}, std::vector<double>{0, 0});
  double squares = 0;
  for (std::size_t k = 0; k < y.size(); ++k) squares += std::pow(y.data()[k] - mean.data()[k], 2);
  EXPECT_NEAR(m.rmse.value(), std::sqrt(squares / 18), 18 * eps);
  EXPECT_EQ(m.rows, 9u);
}

TEST(RegressionMetrics, CoverageCountsTheEdgeAsInside) {
  const Metrics m = regression_metrics(column({0, 0, 0, 0}), column({1.9599, 1.9601, -1.9599, -1.9601}),
                                       column({1, 1, 1, 1}), std::vector<double>{0});
  EXPECT_EQ(m.coverage95, 0.5);
}

// An observation that a model is certain of has no density.
TEST(RegressionMetrics, ADeviationOfZeroLeavesTheDensityOut) {
  const Metrics m = regression_metrics(column({1, 2}), column({1, 2}), column({0, 1}), std::vector<double>{0});
  EXPECT_FALSE(m.nlpd);
  EXPECT_EQ(m.coverage95, 1.0);
}

TEST(RegressionMetrics, NoRowsHaveNoMetrics) {
  const Metrics m = regression_metrics(Matrix<double>(0, 1), Matrix<double>(0, 1), {}, std::vector<double>{0});
  EXPECT_EQ(m.rows, 0u);
  EXPECT_EQ(nlohmann::json(m).dump(), R"({"rows":0})");
}

TEST(ClassificationMetrics, AreThePlainFormulas) {
  // Class 3 of 5 never occurs, class 4 is never right, 2 is predicted though it does not occur.
  const std::vector<std::size_t> labels = {0, 0, 0, 0, 1, 1, 4}, predicted = {0, 0, 1, 2, 1, 1, 0};
  Matrix<double> p(7, 5, 0.1);
  for (std::size_t i = 0; i < 7; ++i) p(i, predicted[i]) = 0.6;
  const Metrics m = classification_metrics(labels, predicted, p, 5, 1);
  EXPECT_EQ(m.rows, 7u);
  EXPECT_NEAR(m.accuracy.value(), 4.0 / 7, eps);
  EXPECT_NEAR(m.balanced_accuracy.value(), (0.5 + 1 + 0) / 3, eps);
  EXPECT_NEAR(m.log_loss.value(), -(4 * std::log(0.6) + 3 * std::log(0.1)) / 7, 8 * eps);
  EXPECT_NEAR(m.baseline_accuracy.value(), 2.0 / 7, eps);
  EXPECT_FALSE(m.rmse || m.r2 || m.nlpd || m.lml || m.coverage95);
}

TEST(ClassificationMetrics, WithoutProbabilitiesThereIsNoLogLoss) {
  const std::vector<std::size_t> labels = {1, 0};
  EXPECT_FALSE(classification_metrics(labels, labels, {}, 2, 0).log_loss);
}

TEST(ClassificationMetrics, AProbabilityOfZeroCostsWhatTheHeaderSays) {
  Matrix<double> p(1, 2);
  p(0, 0) = 1;
  const std::vector<std::size_t> labels = {1}, predicted = {0};
  EXPECT_NEAR(classification_metrics(labels, predicted, p, 2, 0).log_loss.value(), -std::log(least_probability), 1e-12);
}

TEST(ClassificationMetrics, NoRowsHaveNoMetrics) {
  EXPECT_EQ(nlohmann::json(classification_metrics({}, {}, {}, 3, 0)).dump(), R"({"rows":0})");
}

TEST(Pooled, IsTheMetricOfAllRowsTogether) {
  const Matrix<double> y = random_matrix(30, 1, 6), mean = random_matrix(30, 1, 7), s(30, 1, 0.7);
  const std::vector<double> centre = {0.1};
  std::vector<Metrics> parts;
  std::size_t begin = 0;
  for (const std::size_t size : {1u, 7u, 22u}) {
    const Range rows{begin, begin + size};
    parts.push_back(regression_metrics(y.view().rows(rows), mean.view().rows(rows), s.view().rows(rows), centre));
    begin += size;
  }
  parts.front().lml = 3;
  const Metrics all = pooled(parts), whole = regression_metrics(y, mean, s, centre);
  EXPECT_EQ(all.rows, 30u);
  for (const auto field : {&Metrics::rmse, &Metrics::mae, &Metrics::nlpd, &Metrics::coverage95, &Metrics::baseline_rmse,
                           &Metrics::baseline_mae})
    EXPECT_NEAR((all.*field).value(), (whole.*field).value(), 64 * eps);
  EXPECT_FALSE(all.lml);
  EXPECT_FALSE(parts.front().r2);
  EXPECT_NEAR(all.r2.value(), (7 * *parts[1].r2 + 22 * *parts[2].r2) / 29, 64 * eps);
}

TEST(Pooled, OfNothingIsNothing) {
  EXPECT_EQ(nlohmann::json(pooled({})).dump(), R"({"rows":0})");
  const std::vector<Metrics> empty(2);
  EXPECT_EQ(nlohmann::json(pooled(empty)).dump(), R"({"rows":0})");
}

TEST(MetricsJson, ReadsBackEveryBit) {
  Metrics m;
  m.rows = 12;
  m.rmse = 0.1;
  m.mae = 1.0 / 3;
  m.r2 = -1e-300;
  m.nlpd = -2.708758;
  m.coverage95 = 1;
  m.lml = 5e-324;
  m.accuracy = 0;
  m.balanced_accuracy = 2.0 / 3;
  m.log_loss = 1e300;
  m.baseline_rmse = 17;
  m.baseline_mae = 0.2;
  m.baseline_accuracy = 0.7;
  const nlohmann::json json = m;
  EXPECT_EQ(json.size(), 13u);
  const auto read = nlohmann::json::parse(json.dump()).get<Metrics>();
  EXPECT_EQ(nlohmann::json(read).dump(), json.dump());
  EXPECT_EQ(read.lml, 5e-324);
  EXPECT_EQ(read.r2, -1e-300);
}

// JSON has no infinity: null would neither read back nor say anything.
TEST(MetricsJson, LeavesOutWhatIsNoNumber) {
  Metrics m;
  m.rows = 1;
  m.rmse = std::numeric_limits<double>::infinity();
  m.nlpd = std::numeric_limits<double>::quiet_NaN();
  m.mae = 1;
  EXPECT_EQ(nlohmann::json(m).dump(), R"({"mae":1.0,"rows":1})");
}

TEST(MetricsJson, ForgetsWhatWasThereBefore) {
  Metrics m;
  m.rmse = 3;
  nlohmann::json::parse(R"({"rows": 2, "mae": 1})").get_to(m);
  EXPECT_FALSE(m.rmse);
  EXPECT_EQ(m.mae, 1.0);
}

}  // namespace
}  // namespace widenet
