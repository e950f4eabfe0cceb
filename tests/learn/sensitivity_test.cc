// Derivatives of fitted functions against differences, and the lengths that follow.
#include "widenet/learn/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "widenet/base/error.h"
#include "widenet/base/random.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet {
namespace {

Matrix<double> random_matrix(std::size_t n, std::size_t d, std::uint64_t seed) {
  Matrix<double> x(n, d);
  for (std::size_t k = 0; k < x.size(); ++k)
    x.data()[k] = static_cast<double>(random_below(1u << 30, seed, k)) / (1u << 29) - 1;
  return x;
}

Matrix<double> values(const ClosedKernel& kernel, const Matrix<double>& x, const Matrix<double>& alpha,
                      const Matrix<double>& at) {
  const Matrix<double> k = materialize(*kernel_gram<double>({kernel}, at.view(), x.view()));
  Matrix<double> f(at.rows(), alpha.cols());
  for (std::size_t a = 0; a < at.rows(); ++a)
    for (std::size_t i = 0; i < x.rows(); ++i)
      for (std::size_t c = 0; c < alpha.cols(); ++c) f(a, c) += k(a, i) * alpha(i, c);
  return f;
}

// Central differences of step h; smooth between the samples, as no sample shares a coordinate with the points.
std::vector<double> by_differences(const ClosedKernel& kernel, const Matrix<double>& x, const Matrix<double>& alpha,
                                   const Matrix<double>& at, double h) {
  std::vector<double> means(x.cols());
  for (std::size_t j = 0; j < x.cols(); ++j) {
    Matrix<double> up = at, down = at;
    for (std::size_t a = 0; a < at.rows(); ++a) {
      up(a, j) += h;
      down(a, j) -= h;
    }
    const Matrix<double> high = values(kernel, x, alpha, up), low = values(kernel, x, alpha, down);
    for (std::size_t k = 0; k < high.size(); ++k)
      means[j] += std::pow((high.data()[k] - low.data()[k]) / (2 * h), 2) / static_cast<double>(at.rows());
  }
  return means;
}

ClosedKernel with_lengths(Closed kind, std::vector<double> lengths) {
  return {.kind = kind, .lengths = std::move(lengths), .lengths_file = {}};
}

TEST(Sensitivity, EqualsDifferences) {
  const Matrix<double> x = random_matrix(97, 3, 1), alpha = random_matrix(97, 2, 2), at = random_matrix(70, 3, 3);
  // The error of a central difference is h^2 times a third derivative, that of its rounding eps / h.
  const double h = 1e-6, tolerance = 1e-5;
  for (const Closed kind : {Closed::matern32, Closed::laplacian1})
    for (const auto& lengths : {std::vector<double>{}, {0.7}, {0.5, 2.0, 1.3}}) {
      const ClosedKernel kernel = with_lengths(kind, lengths);
      const auto found = mean_squared_gradients(kernel, x, alpha, at);
      const auto expected = by_differences(kernel, x, alpha, at, h);
      ASSERT_EQ(found.size(), 3u);
      for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(found[j], expected[j], tolerance * expected[j]) << j;
    }
}

TEST(Sensitivity, SameBitsForAnyNumberOfThreads) {
  const Matrix<double> x = random_matrix(131, 4, 4), alpha = random_matrix(131, 1, 5);
  for (const Closed kind : {Closed::matern32, Closed::laplacian1}) {
    set_thread_count(1);
    const auto one = mean_squared_gradients(with_lengths(kind, {1}), x, alpha, x);
    for (const std::size_t threads : {2u, 7u}) {
      set_thread_count(threads);
      EXPECT_EQ(mean_squared_gradients(with_lengths(kind, {1}), x, alpha, x), one);
    }
  }
  set_thread_count(0);
}

TEST(Sensitivity, ConstantFeatureHasNone) {
  Matrix<double> x = random_matrix(40, 3, 6);
  for (std::size_t i = 0; i < 40; ++i) x(i, 1) = 0.25;
  const Matrix<double> alpha = random_matrix(40, 1, 7);
  for (const Closed kind : {Closed::matern32, Closed::laplacian1}) {
    const auto g = mean_squared_gradients(with_lengths(kind, {1}), x, alpha, x);
    // x and z round alike in the products, up to the sum of 40 terms.
    EXPECT_LE(g[1], std::pow(40 * std::numeric_limits<double>::epsilon(), 2) * (g[0] + g[2]));
  }
}

TEST(Sensitivity, OtherKernelsAreRefused) {
  const Matrix<double> x = random_matrix(4, 2, 8), alpha = random_matrix(4, 1, 9);
  try {
    mean_squared_gradients(with_lengths(Closed::gaussian, {1}), x, alpha, x);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_STREQ(
        error.what(),
        "sensitivities are known for matern32 and laplacian1 (fit learns length scales with these two) give one "
        "of them");
  }
}

TEST(SensitiveLengths, InverseToTheRootAndNormalised) {
  const auto lengths = sensitive_lengths({4, 1, 1}, 3);
  EXPECT_NEAR(lengths[1] / lengths[0], 2, 1e-14);
  EXPECT_EQ(lengths[1], lengths[2]);
  double sum = 0;
  for (const double l : lengths) sum += 9 / (l * l) / 3;
  EXPECT_NEAR(sum, 1, 1e-14);
}

TEST(SensitiveLengths, FeaturesWithoutInfluence) {
  const auto lengths = sensitive_lengths({1, 0}, 1);
  EXPECT_GT(lengths[1], 5e3 * lengths[0]);
  EXPECT_EQ(sensitive_lengths({0, 0, 0}, 2), (std::vector<double>{2, 2, 2}));
  EXPECT_EQ(sensitive_lengths({std::nan(""), 1}, 2), (std::vector<double>{2, 2}));
}

}  // namespace
}  // namespace widenet
