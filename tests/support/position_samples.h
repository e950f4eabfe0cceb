// Samples with positions for tests, and the networks that read them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/hard_rows.h"
#include "widenet/architecture/kernel.h"
#include "widenet/infinite/position_kernel.h"

namespace widenet::testing_support {

inline std::vector<double> random_sample(Random& random, const Shape& shape) {
  std::size_t size = shape.channels;
  for (const std::size_t extent : shape.positions) size *= extent;
  std::normal_distribution<double> normal;
  std::vector<double> out(size);
  for (double& x : out) x = normal(random);
  return out;
}

inline PositionNetwork network_of(const std::string& text, const Shape& shape, std::optional<double> mask = {}) {
  return {parse_network(text), shape, mask};
}

inline void expect_near(const Matrix<double>& a, const Matrix<double>& b, double relative, const std::string& what) {
  ASSERT_EQ(a.rows(), b.rows()) << what;
  ASSERT_EQ(a.cols(), b.cols()) << what;
  double size = 0;
  for (std::size_t k = 0; k < b.size(); ++k) size = std::max(size, std::abs(b.data()[k]));
  for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a.data()[k], b.data()[k], relative * size) << what << " " << k;
}
inline void expect_near(const PairKernel& a, const PairKernel& b, double relative, const std::string& what) {
  expect_near(a.covariance, b.covariance, relative, what + ", K");
  expect_near(a.tangent, b.tangent, relative, what + ", Theta");
}

}  // namespace widenet::testing_support
