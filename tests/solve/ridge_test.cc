#include "widenet/solve/ridge.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/solve/problems.h"

namespace widenet {
namespace {

using namespace testing_problems;

TEST(Ridge, EveryConventionBecomesTheNumberOnTheDiagonal) {
  EXPECT_EQ(ridge::absolute(0.5), 0.5);
  EXPECT_EQ(ridge::from_mean_square_loss(0.5, 10), 5);
  EXPECT_EQ(ridge::from_half_mean_square_loss(0.5, 10), 10);
  EXPECT_EQ(ridge::relative_to_mean_diagonal(0.5, 3), 1.5);
  EXPECT_EQ(ridge::from_noise_variance(0.25), 0.25);
}

// The gradient of each paper's risk in the coefficients, K times (the loss' slope at the residuals, plus the
// penalty's), vanishes at alpha = (K + delta I)^-1 y.
TEST(Ridge, TheSolutionMinimisesTheRiskOfItsConvention) {
  const std::size_t n = 12;
  const Matrix<double> x = random_matrix(n, 2, 3), K = gaussian_kernel(x, x, 0.5), y = random_matrix(n, 1, 4);
  const double lambda = 0.01, samples = static_cast<double>(n);
  struct Convention {
    double delta, loss_weight;  // the risk is loss_weight sum r^2 + lambda |f|^2
  };
  for (const Convention c : {Convention{ridge::absolute(lambda), 1},
                             {ridge::from_mean_square_loss(lambda, n), 1 / samples},
                             {ridge::from_half_mean_square_loss(lambda, n), 0.5 / samples}}) {
    const Matrix<double> alpha = plain_solve(K, c.delta, y);
    for (std::size_t i = 0; i < n; ++i) {
      double fitted = 0;
      for (std::size_t j = 0; j < n; ++j) fitted += K(i, j) * alpha(j, 0);
      const double slope = -2 * c.loss_weight * (y(i, 0) - fitted) + 2 * lambda * alpha(i, 0);
      EXPECT_NEAR(slope, 0, 1e3 * eps * (samples / c.delta) * magnitude(alpha));
    }
  }
}

TEST(Ridge, RefusesWhatIsNoRidge) {
  for (double bad : {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(message_of([&] { ridge::from_mean_square_loss(bad, 3); }),
              fmt::format("a lambda of {} (a ridge is a finite number, 0 or more) give such a number", bad));
    EXPECT_NE(message_of([&] { ridge::absolute(bad); }).find("a ridge of"), std::string::npos);
    EXPECT_NE(message_of([&] { ridge::from_half_mean_square_loss(bad, 3); }).find("a lambda of"), std::string::npos);
    EXPECT_NE(message_of([&] { ridge::relative_to_mean_diagonal(1, bad); }).find("a mean diagonal of"),
              std::string::npos);
    EXPECT_NE(message_of([&] { ridge::relative_to_mean_diagonal(bad, 1); }).find("a relative ridge of"),
              std::string::npos);
    EXPECT_NE(message_of([&] { ridge::from_noise_variance(bad); }).find("a noise variance of"), std::string::npos);
  }
}

}  // namespace
}  // namespace widenet
