#include "widenet/solve/ridge_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numbers>

#include "tests/solve/problems.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

using namespace testing_problems;

struct Problem {
  Matrix<double> x, K, Y;
  explicit Problem(std::size_t n, std::size_t outputs = 2, double length = 0.4)
      : x(random_matrix(n, 2, 5)), K(gaussian_kernel(x, x, length)), Y(random_matrix(n, outputs, 6)) {}
  RidgePath path() const {
    RidgePathResult result = ridge_path(K, Y);
    EXPECT_TRUE(result) << result.failure;
    return *std::move(result.path);
  }
  // Forward error of the eigenvector form against that of the factorisation: c n eps cond.
  double tolerance(double ridge, double size) const {
    const auto n = static_cast<double>(K.rows());
    return 20 * n * eps * (n / ridge + 1) * (size + 1);
  }
};

// y_i minus the prediction of ridge regression on all samples but i, by refitting.
Matrix<double> refitted_residuals(const Problem& p, double ridge) {
  const std::size_t n = p.K.rows(), m = p.Y.cols();
  Matrix<double> residuals(n, m);
  for (std::size_t left = 0; left < n; ++left) {
    Matrix<double> K(n - 1, n - 1), Y(n - 1, m);
    const auto old = [&](std::size_t i) { return i < left ? i : i + 1; };
    for (std::size_t i = 0; i + 1 < n; ++i) {
      for (std::size_t j = 0; j + 1 < n; ++j) K(i, j) = p.K(old(i), old(j));
      for (std::size_t j = 0; j < m; ++j) Y(i, j) = p.Y(old(i), j);
    }
    const Matrix<double> alpha = plain_solve(K, ridge, Y);
    for (std::size_t j = 0; j < m; ++j) {
      residuals(left, j) = p.Y(left, j);
      for (std::size_t i = 0; i + 1 < n; ++i) residuals(left, j) -= p.K(left, old(i)) * alpha(i, j);
    }
  }
  return residuals;
}

// The criteria from the textbook formulas with a Cholesky factor and an explicit inverse.
RidgePoint plain_point(const Problem& p, double ridge) {
  const std::size_t n = p.K.rows(), m = p.Y.cols();
  const Matrix<double> L = plain_cholesky(p.K, ridge), inverse = plain_solve(p.K, ridge, identity(n)),
                       alpha = plain_solve(p.K, ridge, p.Y), residuals = refitted_residuals(p, ridge);
  RidgePoint out{.ridge = ridge, .positive_definite = true};
  double log_determinant = 0, trace = 0, squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    log_determinant += 2 * std::log(L(i, i));
    trace += inverse(i, i);
    const double variance = 1 / inverse(i, i);
    for (std::size_t j = 0; j < m; ++j) {
      const double e = residuals(i, j);
      out.loo_mean_square += e * e / static_cast<double>(n * m);
      out.loo_log_predictive += -0.5 * std::log(2 * std::numbers::pi * variance) - e * e / (2 * variance);
      out.signal_variance += p.Y(i, j) * alpha(i, j) / static_cast<double>(n * m);
      squares += alpha(i, j) * alpha(i, j);
    }
  }
  const auto count = static_cast<double>(n * m), outputs = static_cast<double>(m);
  const double log_2_pi = std::log(2 * std::numbers::pi);
  const auto likelihood = [&](double v) {
    return -0.5 * (out.signal_variance * count / v + outputs * log_determinant + count * (std::log(v) + log_2_pi));
  };
  out.log_marginal_likelihood = likelihood(1);
  out.profiled_log_marginal_likelihood = likelihood(out.signal_variance);
  out.gcv = static_cast<double>(n) * squares / (outputs * trace * trace);
  out.effective_parameters = static_cast<double>(n) - ridge * trace;
  return out;
}

TEST(RidgePath, EveryCriterionMatchesRefittingAndTheTextbook) {
  for (std::size_t n : {1u, 2u, 7u, 41u}) {
    const Problem p(n);
    const RidgePath path = p.path();
    const std::vector<double> ridges{0.01, 3.0, 0.3};
    const auto points = path.evaluate(ridges);
    ASSERT_EQ(points.size(), 3u);
    for (std::size_t r = 0; r < 3; ++r) {
      const RidgePoint want = plain_point(p, ridges[r]), &got = points[r];
      const auto near = [&](double a, double b) {
        EXPECT_NEAR(a, b, p.tolerance(ridges[r], std::abs(b))) << n << " " << r;
      };
      EXPECT_EQ(got.ridge, ridges[r]);
      EXPECT_TRUE(got.positive_definite);
      near(got.loo_mean_square, want.loo_mean_square);
      near(got.loo_log_predictive, want.loo_log_predictive);
      near(got.log_marginal_likelihood, want.log_marginal_likelihood);
      near(got.profiled_log_marginal_likelihood, want.profiled_log_marginal_likelihood);
      near(got.signal_variance, want.signal_variance);
      near(got.gcv, want.gcv);
      near(got.effective_parameters, want.effective_parameters);
      const LeaveOneOut loo = path.leave_one_out(ridges[r]);
      const Matrix<double> residuals = refitted_residuals(p, ridges[r]);
      EXPECT_LE(distance(loo.residuals, residuals), p.tolerance(ridges[r], magnitude(residuals)));
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < 2; ++j) EXPECT_EQ(loo.predictions(i, j), p.Y(i, j) - loo.residuals(i, j));
      const Matrix<double> inverse = plain_solve(p.K, ridges[r], identity(n));
      for (std::size_t i = 0; i < n; ++i) near(loo.variances[i], 1 / inverse(i, i));
      const Matrix<double> alpha = plain_solve(p.K, ridges[r], p.Y);
      EXPECT_LE(distance(path.coefficients(ridges[r]), alpha), p.tolerance(ridges[r], magnitude(alpha)));
    }
  }
}

TEST(RidgePath, TheLeaveOneOutVarianceIsTheSchurComplement) {
  const Problem p(2, 1);
  const double ridge = 0.2, k = p.K(0, 1);
  const LeaveOneOut loo = p.path().leave_one_out(ridge);
  EXPECT_NEAR(loo.variances[0], 1 + ridge - k * k / (1 + ridge), 20 * eps);
}

TEST(RidgePath, BitsDoNotDependOnTheThreads) {
  const Problem p(769, 3);
  const RidgePath path = p.path();
  const auto run = [&](std::size_t threads) {
    set_thread_count(threads);
    std::vector<double> numbers;
    for (const RidgePoint& point : path.evaluate(std::vector<double>{1e-3, 1.0}))
      numbers.insert(numbers.end(), {point.loo_mean_square, point.loo_log_predictive, point.log_marginal_likelihood});
    for (const Matrix<double>& m : {path.coefficients(0.1), path.leave_one_out(0.1).residuals})
      numbers.insert(numbers.end(), m.data(), m.data() + m.size());
    set_thread_count(0);
    return numbers;
  };
  const auto one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(7));
}

TEST(RidgePath, ARidgeHasTheSameNumbersInAnyCompany) {
  const Problem p(150, 40);  // 12 ridges fit into one pass
  const RidgePath path = p.path();
  std::vector<double> ridges;
  for (int i = 0; i < 30; ++i) ridges.push_back(std::pow(10.0, -4 + 0.2 * i));
  const auto together = path.evaluate(ridges);
  for (std::size_t i = 0; i < ridges.size(); ++i) {
    const RidgePoint alone = path.evaluate({&ridges[i], 1})[0];
    EXPECT_NEAR(together[i].loo_mean_square, alone.loo_mean_square, 1e3 * eps * alone.loo_mean_square);
    EXPECT_EQ(together[i].log_marginal_likelihood, alone.log_marginal_likelihood);
  }
}

TEST(RidgePath, ChoosesTheMinimumOfEveryCriterion) {
  const std::size_t n = 60;
  Problem p(n, 1);
  const Matrix<double> noise = random_matrix(n, 1, 9);
  for (std::size_t i = 0; i < n; ++i) p.Y(i, 0) = std::sin(3 * p.x(i, 0)) + p.x(i, 1) + 0.3 * noise(i, 0);
  const RidgePath path = p.path();
  for (const RidgeCriterion criterion :
       {RidgeCriterion::loo_mean_square, RidgeCriterion::loo_log_predictive, RidgeCriterion::log_marginal_likelihood,
        RidgeCriterion::profiled_log_marginal_likelihood, RidgeCriterion::gcv}) {
    const RidgeChoice choice = path.choose({.criterion = criterion});
    ASSERT_FALSE(choice.at_lowest || choice.at_highest);
    std::vector<double> fine;
    for (int i = -1000; i <= 200; ++i) fine.push_back(std::pow(10.0, 0.01 * i));
    double least = std::numeric_limits<double>::infinity();
    for (const RidgePoint& point : path.evaluate(fine)) least = std::min(least, criterion_value(point, criterion));
    EXPECT_LE(criterion_value(choice.best, criterion), least + 1e-4 * std::abs(least));
    EXPECT_TRUE(std::is_sorted(choice.points.begin(), choice.points.end(),
                               [](const RidgePoint& a, const RidgePoint& b) { return a.ridge > b.ridge; }));
    for (const RidgePoint& point : choice.points)
      EXPECT_GE(criterion_value(point, criterion), criterion_value(choice.best, criterion));
  }
}

TEST(RidgePath, SaysThatTheBestLiesAtAnEndOfTheGrid) {
  const Problem p(30, 1);
  const RidgePath path = p.path();
  const RidgeChoice high = path.choose({.lowest = 1e-9, .highest = 1e-7});  // noise alone: the larger the better
  EXPECT_TRUE(high.at_highest);
  EXPECT_NEAR(high.best.ridge, 1e-7 * path.summary().mean_diagonal, 1e-20);
  Problem smooth(30, 1);
  for (std::size_t i = 0; i < 30; ++i) smooth.Y(i, 0) = smooth.K(i, 3);
  const RidgeChoice low = smooth.path().choose({.lowest = 1e-1, .highest = 1e2, .relative_accuracy = 0});
  EXPECT_TRUE(low.at_lowest);
  EXPECT_EQ(low.points.size(), 7u);
}

TEST(RidgePath, TargetsThatAreAllZeroTakeTheLargestRidge) {
  Problem p(10, 1);
  p.Y = Matrix<double>(10, 1);
  const RidgeChoice choice = p.path().choose({.highest = 100});
  EXPECT_EQ(choice.best.loo_mean_square, 0);
  EXPECT_EQ(choice.best.ridge, choice.points.front().ridge);
  EXPECT_EQ(choice.best.profiled_log_marginal_likelihood, std::numeric_limits<double>::infinity());
}

TEST(RidgePath, NegativeEigenvaluesByRoundingAreCountedAndStated) {
  const Problem p(80, 1, 5.0);  // numerical rank far below 80
  const RidgePath path = p.path();
  const RidgePathSummary& s = path.summary();
  EXPECT_EQ(s.samples, 80u);
  EXPECT_EQ(s.outputs, 1u);
  EXPECT_NEAR(s.mean_diagonal, 1, 1e2 * eps);
  EXPECT_EQ(s.negative_beyond_rounding, 0u);
  ASSERT_GT(s.negative_by_rounding, 0u);
  EXPECT_LT(s.smallest_eigenvalue, 0);
  EXPECT_EQ(s.warning, fmt::format("{} eigenvalues between {:g} and 0 are rounding errors (bound {:g}) and count as 0",
                                   s.negative_by_rounding, s.smallest_eigenvalue, -s.rounding_bound));
  for (const double value : path.eigenvalues()) EXPECT_GE(value, 0);
  EXPECT_TRUE(path.evaluate(std::vector<double>{1e-300})[0].positive_definite);
  EXPECT_FALSE(path.evaluate(std::vector<double>{0.0})[0].positive_definite);
}

TEST(RidgePath, AnIndefiniteMatrixHasNoAnswerBelowItsShortage) {
  Matrix<double> K = identity(5);
  K(3, 3) = -2;
  RidgePathResult result = ridge_path(K, random_matrix(5, 1, 1));
  const RidgePath& path = *result.path;
  EXPECT_EQ(path.summary().negative_beyond_rounding, 1u);
  EXPECT_EQ(path.summary().warning.find("the kernel matrix has 1 negative eigenvalues down to -2 ("), 0u);
  const auto points = path.evaluate(std::vector<double>{1.0, 2.0, 2.5, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_FALSE(points[0].positive_definite);
  EXPECT_TRUE(std::isnan(points[0].loo_mean_square));
  EXPECT_EQ(criterion_value(points[0], RidgeCriterion::gcv), std::numeric_limits<double>::infinity());
  EXPECT_FALSE(points[1].positive_definite);
  EXPECT_TRUE(points[2].positive_definite);
  EXPECT_FALSE(points[3].positive_definite);
  EXPECT_EQ(
      message_of([&] { path.coefficients(1); }),
      "a ridge of 1 (the smallest eigenvalue of the kernel matrix is -2, their sum must be positive) use a larger "
      "ridge, or ridgeless() for the limit");
  EXPECT_NE(message_of([&] { path.leave_one_out(2); }), "");
  // Only ridges above 2 = 10 times the mean diagonal 0.2... of the grid can be chosen.
  EXPECT_GT(path.choose().best.ridge, 2);
  EXPECT_FALSE(path.choose({.highest = 1}).best.positive_definite);
}

TEST(RidgePath, RidgelessIsTheMinimumNormInterpolant) {
  // Two copies of every row: rank 10 of 20, and equal targets on the copies, so that interpolation exists.
  Matrix<double> x = random_matrix(20, 2, 7), Y = random_matrix(20, 2, 8);
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t d = 0; d < 2; ++d) x(i + 10, d) = x(i, d), Y(i + 10, d) = Y(i, d);
  const Matrix<double> K = gaussian_kernel(x, x, 0.3);
  RidgePathResult result = ridge_path(K, Y);
  const RidgelessSolution limit = result.path->ridgeless();
  EXPECT_EQ(limit.rank, 10u);
  EXPECT_NEAR(limit.threshold, 1e-12 * 20 * result.path->summary().largest_eigenvalue, eps);
  double squared_norm = 0;
  const double condition = result.path->summary().largest_eigenvalue / result.path->eigenvalues()[10];
  for (std::size_t i = 0; i < 20; ++i)
    for (std::size_t j = 0; j < 2; ++j) {
      double fitted = 0;
      for (std::size_t k = 0; k < 20; ++k) fitted += K(i, k) * limit.coefficients(k, j);
      EXPECT_NEAR(fitted, Y(i, j), 1e3 * eps * condition);
      EXPECT_NEAR(limit.coefficients(i, j), limit.coefficients((i + 10) % 20, j), 1e3 * eps * condition * condition);
      squared_norm += limit.coefficients(i, j) * fitted;
    }
  EXPECT_NEAR(limit.squared_norm, squared_norm, 1e3 * eps * condition * squared_norm);
  // And the limit of small ridges.
  const double small = 1e-9;
  EXPECT_LE(distance(result.path->coefficients(small), limit.coefficients),
            small * condition * condition * magnitude(limit.coefficients));
}

TEST(RidgePath, StatesItsMemory) {
  EXPECT_GE(ridge_path_bytes(1000, 1), 3u * 8 * 1000 * 1000);
  EXPECT_LT(ridge_path_bytes(5000, 10), 4u * 8 * 5000 * 5000);
}

TEST(RidgePath, RefusesMisuse) {
  EXPECT_EQ(
      message_of([] { ridge_path(Matrix<double>(2, 3), Matrix<double>(2, 1)); }),
      "a kernel matrix of 2 x 3 with targets of 2 rows (K must be square, Y has one row per sample) give matching "
      "shapes");
  EXPECT_NE(message_of([] { ridge_path(Matrix<double>(2, 2), Matrix<double>(3, 1)); }).find("targets of 3 rows"),
            std::string::npos);
  EXPECT_EQ(
      message_of([] { ridge_path(Matrix<double>(), Matrix<double>(0, 1)); }),
      "a ridge path of 0 samples and 1 outputs (there is nothing to choose a ridge for) give at least one of each");
  Matrix<double> K = identity(3), Y(3, 1);
  K(2, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(
      message_of([&] { ridge_path(K, Y); }),
      "entry (2, 1) of the kernel matrix is nan (an eigendecomposition needs finite numbers) mend the data or the "
      "kernel");
  Y(1, 0) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message_of([&] { ridge_path(identity(3), Y); }),
            "target 0 of sample 1 is inf (every target must be a finite number) leave the sample out or mend it");
  const RidgePath path = Problem(3).path();
  EXPECT_EQ(
      message_of([&] { path.choose({.lowest = 2, .highest = 1}); }),
      "a ridge search from 2 to 1 with 2 points per decade (the ends must be positive, finite and in order, with at "
      "least one point per decade) change them");
  EXPECT_EQ(message_of([&] { path.choose({.relative_accuracy = -1}); }),
            "a relative accuracy of -1 (it is a share, 0 or more; 0 means the grid alone) change it");
  EXPECT_EQ(
      message_of([&] { ridge_path(Matrix<double>(2, 2), Matrix<double>(2, 1)).path->choose(); }),
      "the diagonal of the kernel matrix has mean 0 (the ridge grid is counted in units of it) give a kernel that is "
      "not zero on the data, or ridges of your own");
}

}  // namespace
}  // namespace widenet
