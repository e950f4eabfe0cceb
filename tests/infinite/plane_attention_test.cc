// Attention in front of the global pooling of networks on planes.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/plane_own.h"
#include "widenet/infinite/plane_samples.h"
#include "widenet/infinite/position_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<PlaneCase> cases() {
  const std::string c = "conv(3x3, padding=same, weight_std=sqrt(2)) relu ";
  return {
      {c + "attention global_avg_pool dense", {{5, 4}, 3}},
      {c + c + "attention(heads=3, value_std=1.5, output_std=0.7, bias_std=0.2) global_avg_pool dense(bias_std=0.3)",
       {{4, 6}, 2}},
      {c + "attention(weights=identity, query_std=1.2, bias_std=0.1) global_sum_pool", {{3, 4}, 2}},
      {c + "attention(weights=relu, width=4) global_avg_pool dense(3, parametrization=standard, weight_std=1.3)",
       {{4, 3}, 2}},
      {c + "avg_pool(2x2) " + c + "attention(weights=abs, key_std=0.4) global_avg_pool dense(trained=false)",
       {{8, 6}, 2}},
      {"conv(3, bias_std=0.1) erf attention(position=sum, position_decay=exp:0.3, position_std=1.4) global_avg_pool",
       {{9}, 2}},
      {"conv(3) gelu attention(position=concat, position_decay=inverse:0.5) global_avg_pool dense", {{8}, 3}},
      {"dense attention global_avg_pool dense", {{7}, 3}},
  };
}

template <class T>
Matrix<T> images(Random& random, std::size_t n, const Shape& shape) {
  Matrix<T> x(n, position_count(shape.positions) * shape.channels);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<T>(uniform(random, -0.3, 1));
  if (n > 2) std::copy_n(x.row(0).begin(), x.cols(), x.row(2).begin());
  if (n > 3) std::fill_n(x.row(3).begin(), x.cols(), T(0));
  return x;
}

template <class T>
struct PlaneAttention : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlaneAttention, Numbers);

// A rounding of K moves a score by as much and its weight by that share: roundings per stage, times 1 + the largest
// score; the sums over positions^2 pairs add one each at most.
TYPED_TEST(PlaneAttention, IsThatOfThePlainInterpreter) {
  using T = TypeParam;
  Random random(5);
  for (const auto& [text, shape] : cases()) {
    const auto plan = plane_plan(parse_network(text), shape);
    ASSERT_TRUE(plan) << text;
    const Matrix<T> x = images<T>(random, 19, shape);
    const auto positions = static_cast<double>(position_count(shape.positions));
    expect_plain<T>({text, shape}, *plan, x, 100 * static_cast<double>(stage_count(*plan) + 1) + positions * positions);
  }
}

// Scores of a thousand and more: without the largest one taken out they would overflow.
TEST(PlaneAttention, LargeScoresAreNoTrouble) {
  const char* text = "conv(3) relu attention(query_std=40, key_std=40) global_avg_pool dense";
  const Shape shape{{6}, 2};
  Random random(6);
  const Matrix<double> x = images<double>(random, 5, shape);
  const auto plan = plane_plan(parse_network(text), shape);
  ASSERT_TRUE(plan);
  const Matrix<double> k = materialize(*plane_gram<double>(*plan, Limit::ntk, x.view()));
  const Matrix<double> plain = materialize(*position_gram({Limit::ntk, parse_network(text)}, shape, x.view()));
  // Scores up to 1600 K, so that a rounding of K moves a weight by 1600.
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 5; ++j)
      EXPECT_NEAR(k(i, j), plain(i, j),
                  1600 * 100 * std::numeric_limits<double>::epsilon() * std::sqrt(plain(i, i) * plain(j, j)));
}

TEST(PlaneAttention, TheWeightsOfAllQueriesSumToTheirNumber) {
  const Shape shape{{4, 5}, 3};
  Random random(7);
  const Matrix<double> x = images<double>(random, 11, shape);
  const auto plan = plane_plan(parse_network("conv(3x3, padding=same) relu attention global_avg_pool"), shape);
  ASSERT_TRUE(plan);
  ASSERT_EQ(own_numbers(*plan), 20u);
  const Matrix<double> own = plane_own<double>(*plan, x.view());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    double sum = 0;
    for (const double weight : own.row(i)) sum += weight;
    EXPECT_NEAR(sum, 20, 400 * std::numeric_limits<double>::epsilon() * 20);
  }
}

TEST(PlaneAttention, WhatItsSumsDoNotTellIsLeftToThePlainInterpreter) {
  for (const char* text : {"conv(3) relu attention relu global_avg_pool dense", "conv(3) relu attention flatten dense",
                           "conv(3) relu attention(scaling=sqrt, weights=identity) global_avg_pool",
                           "conv(3) relu attention(position=sum, position_in_values=true) global_avg_pool",
                           "conv(3) relu attention attention global_avg_pool"})
    EXPECT_FALSE(plane_plan(parse_network(text), {{6}, 2})) << text;
}

}  // namespace
}  // namespace widenet
