// layer_norm and dropout in networks on planes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<PlaneCase> norm_cases() {
  const std::string c = "conv(3x3, padding=same) ";
  return {
      {c + "layer_norm relu " + c + "layer_norm relu global_avg_pool dense", {{5, 4}, 3}},
      {c + "layer_norm(1x2x3) relu " + c + "layer_norm(1x3) erf " + c + "layer_norm(2x3) abs flatten dense",
       {{4, 5}, 2}},
      {"conv(3, bias_std=0.2) layer_norm(1x2) relu conv(3, stride=2) layer_norm gelu avg_pool(2) dense layer_norm relu "
       "flatten dense",
       {{13}, 2}},
      // Without weights in front, behind a pool, in branches and of their sum.
      {"avg_pool(2x2, stride=1) " + c + "avg_pool(2x1) dense layer_norm relu dense sum[layer_norm relu " + c +
           "layer_norm | conv(1x1) | identity] layer_norm(1x3) relu flatten dense",
       {{8, 5}, 2}},
      {c + "layer_norm layer_norm relu attention global_avg_pool dense", {{4, 4}, 3}},
  };
}

std::vector<PlaneCase> dropout_cases() {
  const std::string c = "conv(3x3, padding=same) ";
  return {
      {c + "relu dropout(0.5) " + c + "relu dropout(0.8) flatten dense", {{5, 4}, 3}},
      {c + "relu dropout(0.5) " + c + "relu global_avg_pool dropout(0.6) dense(bias_std=0.3)", {{4, 5}, 2}},
      {"dropout(0.9) conv(3) relu avg_pool(3, stride=2) dropout(0.7) conv(2) erf dropout(0.5) flatten dense",
       {{14}, 2}},
      {c + "sum[dropout(0.4) " + c + "| identity | relu dropout(0.8) dropout(0.7) dense] layer_norm(1x3) relu " +
           "global_sum_pool dense",
       {{5, 5}, 2}},
      {"conv(3) relu dropout(0.5) attention global_avg_pool dense", {{7}, 3}},
      {c + "relu dropout(1) flatten dropout(1) dense", {{3, 4}, 2}},
  };
}

std::vector<PlaneCase> cases() {
  std::vector<PlaneCase> all = norm_cases();
  for (const PlaneCase& network : dropout_cases()) all.push_back(network);
  return all;
}

template <class T>
struct PlaneNorms : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlaneNorms, Numbers);

// A few roundings per stage, and of sums over positions, of sqrt(K(i,i) K(j,j)).
TYPED_TEST(PlaneNorms, AreThoseOfThePlainInterpreter) {
  using T = TypeParam;
  Random random(3);
  for (const auto& [text, shape] : cases()) {
    const auto plan = plane_plan(parse_network(text), shape);
    ASSERT_TRUE(plan) << text;
    const Matrix<T> x = plane_images<T>(random, 19, shape);
    const auto positions = static_cast<double>(position_count(shape.positions));
    expect_plain<T>({text, shape}, *plan, x,
                    60 * static_cast<double>(stage_count(*plan) + 1) + (plan->attention ? positions * positions : 0));
  }
}

TYPED_TEST(PlaneNorms, HaveTheSameBitsInEveryTiling) {
  Random random(7);
  for (const PlaneCase& network : cases()) expect_same_bits_everywhere<TypeParam>(network, 35, random);
}

TYPED_TEST(PlaneNorms, OfEqualSamplesAreEqual) {
  Random random(4);
  for (const PlaneCase& network : norm_cases()) expect_copies_alike<TypeParam>(network, random);
}

// The factor of an image does not matter behind a norm over all positions, but for what is added to the variances.
TEST(PlaneNorm, TakesTheFactorOfASampleAway) {
  Random random(5);
  const Shape shape{{6, 5}, 2};
  const auto plan = plane_plan(parse_network("conv(3x3, padding=same) layer_norm(1x2x3) relu flatten dense"), shape);
  ASSERT_TRUE(plan);
  Matrix<double> x(2, 60);
  for (std::size_t k = 0; k < 60; ++k) x(1, k) = 8 * (x(0, k) = uniform(random, 0.5, 1));
  const Matrix<double> k = materialize(*plane_gram<double>(*plan, Limit::ntk, x.view()));
  EXPECT_NEAR(k(0, 1), k(0, 0), 1e-11 * k(0, 0));
  EXPECT_NEAR(k(1, 1), k(0, 0), 1e-11 * k(0, 0));
}

// A sample beside its copy is another sample: they drop units of their own.
TEST(PlaneDropout, ChangesTheSampleWithItselfAlone) {
  Random random(6);
  const Shape shape{{5, 5}, 2};
  const Matrix<double> x = plane_images<double>(random, 3, shape);
  const auto gram = [&](const char* text) {
    return materialize(*plane_gram<double>(*plane_plan(parse_network(text), shape), Limit::ntk, x.view()));
  };
  const Matrix<double> kept = gram("conv(3x3) relu flatten dense"),
                       dropped = gram("conv(3x3) relu dropout(0.5) flatten dense");
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_NEAR(dropped(i, j), (i == j ? 2 : 1) * kept(i, j),
                  8 * std::numeric_limits<double>::epsilon() * kept(i, i));
}

}  // namespace
}  // namespace widenet
