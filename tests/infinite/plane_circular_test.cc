// Circular convolutions on planes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_engine.h"
#include "widenet/infinite/plane_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<PlaneCase> cases() {
  const std::string c = "conv(3x3, padding=circular, weight_std=sqrt(2), bias_std=0.1) relu ";
  const std::string same = "conv(3x3, padding=same, weight_std=sqrt(2)) relu ";
  return {
      {c + c + "global_avg_pool dense", {{5, 4}, 3}},
      {c + c + "flatten dense", {{4, 6}, 2}},
      // Windows around the plane more than once, strides, other layers.
      {"conv(7x2, padding=circular) erf conv(2x4, stride=2x3, padding=circular) relu global_sum_pool dense",
       {{4, 6}, 2}},
      {"conv(4, stride=2, padding=circular) layer_norm(1x2) relu dropout(0.7) conv(3, padding=circular) gelu "
       "global_avg_pool dropout(0.5) dense",
       {{12}, 2}},
      {c + "conv(2x3, padding=circular) sum[conv(3x3, padding=circular) | identity | relu conv(1x1)] layer_norm relu "
           "global_avg_pool dense",
       {{4, 4}, 3}},
      {c + "attention global_avg_pool dense", {{3, 5}, 3}},
      {"conv(3, padding=circular) tanh flatten dense", {{11}, 2}},
      // Pools between circular levels and others.
      {c + "avg_pool(2x2) " + c + "global_avg_pool dense", {{6, 8}, 2}},
      {c + "avg_pool(3x3, stride=2, padding=same, edges=actual) " + same + "global_avg_pool dense", {{6, 5}, 2}},
      {same + "avg_pool(2x3, stride=2x1, padding=circular) " + c + "flatten dense", {{8, 5}, 2}},
      {c + "sum_pool(3x2, stride=1, padding=circular) " + c + "avg_pool(2x2, stride=1) flatten dense", {{5, 6}, 2}},
      {"avg_pool(2, stride=1, padding=circular) conv(3, padding=circular) relu avg_pool(4, padding=same) dense "
       "relu global_avg_pool dense",
       {{13}, 2}},
  };
}

template <class T>
struct PlaneCircles : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlaneCircles, Numbers);

TYPED_TEST(PlaneCircles, AreThoseOfThePlainInterpreter) {
  using T = TypeParam;
  Random random(3);
  for (const auto& [text, shape] : cases()) {
    auto plan = plane_plan(parse_network(text), shape);
    ASSERT_TRUE(plan) << text << plane_obstacle(parse_network(text), shape);
    const Matrix<T> x = plane_images<T>(random, 8, shape);
    expect_plain<T>({text, shape}, *plan, x, plane_roundings<T>(*plan));
    // In parts of the displacements.
    resolve(*plan, 3000);
    if (plan->walks.size() > 1) expect_plain<T>({text, shape}, *plan, x, plane_roundings<T>(*plan));
  }
}

TYPED_TEST(PlaneCircles, HaveTheSameBitsInEveryTiling) {
  Random random(4);
  for (const std::size_t k : Sizes{1, 5, 7}) expect_same_bits_everywhere<TypeParam>(cases()[k], 18, random);
}

TYPED_TEST(PlaneCircles, OfEqualSamplesAreEqual) {
  Random random(5);
  for (const PlaneCase& network : cases()) expect_copies_alike<TypeParam>(network, random);
}

// Behind circular convolutions and a global pooling a shifted image is the image (theory: equivariance).
TEST(PlaneCircle, GlobalPoolingDoesNotSeeShifts) {
  Random random(6);
  const Shape shape{{6, 5}, 2};
  Matrix<double> x = plane_images<double>(random, 2, shape);
  for (std::size_t p = 0; p < 30; ++p)
    for (std::size_t c = 0; c < 2; ++c) x(1, 2 * ((p / 5 + 4) % 6 * 5 + (p + 2) % 5) + c) = x(0, 2 * p + c);
  const auto plan = plane_plan(parse_network(cases()[0].text), shape);
  const Matrix<double> k = materialize(*plane_gram<double>(*plan, Limit::ntk, x.view()));
  const double tolerance = 100 * std::numeric_limits<double>::epsilon() * k(0, 0);
  EXPECT_NEAR(k(0, 1), k(0, 0), tolerance);
  EXPECT_NEAR(k(1, 1), k(0, 0), tolerance);
}

TEST(PlaneCircle, LeavesTheOtherConvolutionsBesideItToThePlainInterpreter) {
  const Shape shape{{6, 5}, 2};
  for (const char* text : {"conv(3x3, padding=circular) relu conv(3x3, padding=same) relu flatten dense",
                           "conv(3x3) relu conv(2x2, padding=circular) relu global_avg_pool dense",
                           "conv(3x3, stride=2, padding=circular) relu flatten dense"})
    EXPECT_FALSE(plane_plan(parse_network(text), shape)) << text;
}

}  // namespace
}  // namespace widenet
