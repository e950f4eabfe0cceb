// Pools between the stages of networks on planes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_engine.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/plane_own.h"
#include "widenet/infinite/position_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

constexpr const char* conv = "conv(3x3, padding=same, weight_std=sqrt(2)) relu ";

std::vector<PlaneCase> cases() {
  const std::string c = conv;
  return {
      {c + "avg_pool(2x2) " + c + "avg_pool(2x2) flatten dense", {{9, 8}, 3}},
      {c + c + "avg_pool(2x2) " + c + "avg_pool(2x2) " + c + "repeat(2)[avg_pool(2x2)] flatten dense", {{16, 16}, 3}},
      {c + "avg_pool(3x3, stride=2, padding=same) " + c + "global_avg_pool dense", {{7, 6}, 2}},
      {c + "avg_pool(3x2, stride=2x1, padding=same, edges=actual) " + c + "sum_pool(2x2, stride=1) " + c +
           "flatten dense",
       {{6, 7}, 2}},
      {c + "avg_pool(5x5, stride=1, padding=same) flatten dense", {{8, 9}, 2}},
      {"avg_pool(2x2, stride=1) conv(2x2, stride=2, bias_std=0.2) avg_pool(1x2) erf dense(bias_std=0.1) relu "
       "global_avg_pool dense",
       {{8, 9}, 2}},
      {"conv(3) gelu avg_pool(2) conv(3, padding=same, bias_std=0.3) relu avg_pool(3, stride=1) global_sum_pool dense",
       {{17}, 2}},
      {c + c + "avg_pool(3x4, stride=1, padding=circular) flatten dense", {{7, 6}, 2}},
      {c + "sum_pool(2x2, stride=1x2, padding=circular) " + c + "global_sum_pool dense", {{6, 5}, 3}},
      {c + "avg_pool(3x5, stride=2x3, padding=circular, edges=actual) " + c + "global_avg_pool dense", {{5, 8}, 2}},
      {c + "avg_pool(5x6, stride=1, padding=circular) " + c + "avg_pool(2x2, stride=1, padding=circular) flatten dense",
       {{5, 6}, 1}},
      {"conv(3) gelu avg_pool(4, stride=3, padding=circular) conv(3, padding=same, bias_std=0.3) relu global_avg_pool "
       "dense",
       {{13}, 2}},
  };
}

template <class T>
struct PlanePools : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlanePools, Numbers);

// A few roundings per stage, and of every sum of a pool over window^2 pairs of positions, of sqrt(K(i,i) K(j,j)).
TYPED_TEST(PlanePools, AreThoseOfThePlainInterpreter) {
  Random random(3);
  for (const PlaneCase& network : cases()) expect_plain<TypeParam>(network, 6, random);
}

// In parts of the displacements a kernel is what it is in one walk, and its sums take no more than they may.
TYPED_TEST(PlanePools, InPartsAreTheSame) {
  using T = TypeParam;
  Random random(8);
  std::size_t parted = 0;
  for (const auto& [text, shape] : cases()) {
    const Matrix<T> x = plane_images<T>(random, 6, shape);
    auto plan = plane_plan(parse_network(text), shape);
    resolve(*plan, 0);
    const std::size_t least = open_positions(*plan);
    for (const std::size_t bytes : Sizes{0, 5000, 20000, 60000}) {
      resolve(*plan, bytes);
      EXPECT_LE(open_positions(*plan), std::max(least, bytes / plane_vector_bytes)) << text;
      if (plan->walks.size() == 1) continue;
      ++parted;
      expect_plain<T>({text, shape}, *plan, x, plane_roundings<T>(*plan));
    }
  }
  EXPECT_GE(parted, 10u);
}

TYPED_TEST(PlanePools, OfEqualSamplesAreEqual) {
  Random random(4);
  for (const PlaneCase& network : cases()) expect_copies_alike<TypeParam>(network, random);
}

// Values that cancel in a window leave it a mean square of 0, or of a rounding above it; never below.
TYPED_TEST(PlanePools, ThatCancelStayNumbers) {
  using T = TypeParam;
  Random random(9);
  const Shape shape{{3}, 1};
  Matrix<T> x(64, 3);
  for (std::size_t i = 0; i < x.rows(); ++i) {
    x(i, 0) = static_cast<T>(uniform(random, -1, 1));
    x(i, 1) = static_cast<T>(uniform(random, -1, 1));
    x(i, 2) = -(x(i, 0) + x(i, 1));
  }
  const Network network = parse_network("avg_pool(3) dense gelu dense relu flatten dense");
  const auto plan = plane_plan(network, shape);
  const Matrix<T> k = materialize(*plane_gram<T>(*plan, Limit::ntk, x.view()));
  const Matrix<double> plain = materialize(*position_gram({Limit::ntk, network}, shape, copy<double>(x.view()).view()));
  for (std::size_t e = 0; e < k.size(); ++e) {
    EXPECT_TRUE(std::isfinite(k.data()[e]));
    EXPECT_TRUE(std::isfinite(plain.data()[e]));
  }
}

// Behind a pool they are the covariances of a sample with itself that the plain interpreter finds there.
TEST(PlaneVariances, AreThoseBehindThePool) {
  Random random(5);
  const std::string before = std::string(conv) + "avg_pool(3x2, stride=2, padding=same) ";
  const Shape shape{{7, 8}, 2};
  const Network network = parse_network(before + conv + "flatten dense");
  const auto plan = plane_plan(network, shape);
  const Matrix<double> x = plane_images<double>(random, 9, shape);
  const Matrix<double> variances = plane_own<double>(*plan, x);
  ASSERT_EQ(variances.cols(), std::size_t{4 * 4});
  // With the read-out of one position; a convolution of one tap keeps the covariance of the position it is at.
  for (std::size_t p = 0; p < variances.cols(); ++p) {
    const Network one = parse_network(before + "conv(1x1) index(\"[:, " + std::to_string(p / 4) + ", " +
                                      std::to_string(p % 4) + "]\") dense");
    const Matrix<double> k = materialize(*position_gram({Limit::nngp, one}, shape, x.view()));
    for (std::size_t i = 0; i < x.rows(); ++i) EXPECT_NEAR(variances(i, p), k(i, i), 1e-14 * k(i, i)) << p;
  }
}

TEST(PlaneVariances, HaveTheSameBitsOnAnyNumberOfThreads) {
  Random random(6);
  const auto plan = plane_plan(parse_network(cases()[1].text), cases()[1].shape);
  const Matrix<float> x = plane_images<float>(random, 40, cases()[1].shape);
  set_thread_count(1);
  const Matrix<float> one = plane_own<float>(*plan, x);
  for (const std::size_t threads : Sizes{2, 7}) {
    set_thread_count(threads);
    const Matrix<float> many = plane_own<float>(*plan, x);
    EXPECT_TRUE(std::equal(one.data(), one.data() + one.size(), many.data(), same_bits<float>));
  }
  set_thread_count(0);
}

TEST(PlanePool, HasTheSameBitsInEveryTiling) {
  Random random(7);
  const std::vector<PlaneCase> all = cases();
  for (const std::size_t k : Sizes{0, 2, 3, 4, 6, 8, 9}) expect_same_bits_everywhere<double>(all[k], 11, random);
}

// Only a few displacements of a level are open at once: never the 4096^2 pairs of positions. Where pools of stride 1
// meet many, a part of the displacements at a time.
TEST(PlanePool, NeedsLessThan64MiBPerThreadFor64x64Images) {
  const std::string c = conv, pool = "avg_pool(3x3, stride=1, padding=same) ", end = "global_avg_pool dense";
  const auto deep = [](int layers, const std::string& layer) {
    return "repeat(" + std::to_string(layers) + ")[" + layer + "] ";
  };
  const std::string circle = "conv(3x3, padding=circular) relu ";
  for (const std::string& text : std::vector<std::string>{
           "myrtle5", "myrtle7", "myrtle10", c + pool + c + end, c + pool + c + pool + c + pool + c + end,
           c + "avg_pool(9x9, stride=1, padding=circular) flatten dense",
           c + "avg_pool(3x3, stride=1, padding=circular) " + c + end, deep(100, c) + end,
           deep(100, c) + "flatten dense", deep(50, circle) + end, deep(12, c) + pool + deep(12, c) + end}) {
    const auto plan = plane_plan(parse_network(text), {{64, 64}, 3});
    ASSERT_TRUE(plan) << text;
    for (const std::size_t size : Sizes{sizeof(double), sizeof(float)})
      EXPECT_LT(plane_gram_bytes(*plan, size), thread_count() * (std::size_t{64} << 20)) << text;
  }
}

TEST(PlanePool, NeedsTheDisplacementsThatReachTheReadOut) {
  const auto plan = plane_plan(parse_network("myrtle5"), {{32, 32}, 3});
  ASSERT_TRUE(plan);
  EXPECT_EQ(displacement_count(*plan), std::size_t{63 * 63});
  // Two convolutions over 1024^2 pairs of positions, one over 256^2 and one over 64^2.
  EXPECT_EQ(activation_count(*plan), 2 * 1024.0 * 1024 + 256 * 256 + 64 * 64);
  const auto local = plane_plan(parse_network("conv(3x3) relu avg_pool(3x3, stride=1) flatten dense"), {{9, 9}, 1});
  ASSERT_TRUE(local);
  EXPECT_EQ(displacement_count(*local), std::size_t{5 * 5});
}

}  // namespace
}  // namespace widenet
