// Branches of networks on planes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_engine.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<PlaneCase> cases() {
  const std::string c = "conv(3x3, padding=same) ", block = "sum[identity | relu " + c + "relu " + c + "] ";
  return {
      {"wide_resnet(1)", {{32, 32}, 1}},
      {c + block + block + "avg_pool(2x2) flatten dense", {{6, 4}, 2}},
      {c + "repeat(2)[sum[identity | relu " + c + "relu " + c + "] relu dense] global_avg_pool dense", {{5, 4}, 3}},
      // An activation behind the sum in its own stage, biases and untrained layers, strides that agree.
      {"conv(3x3, stride=2, padding=same, bias_std=0.2) sum[erf conv(2x1, stride=2x1, padding=same) gelu "
       "dense(bias_std=0.3) | conv(3x3, stride=2x1, padding=same, trained=false)] relu flatten dense",
       {{9, 7}, 2}},
      // Branches of the samples themselves, and of sums of a pool.
      {"sum[conv(3x2, padding=same) | conv(1x1) relu dense | dense] relu avg_pool(2x2) sum[" + c + "| dense relu " + c +
           "] erf global_avg_pool dense",
       {{6, 6}, 2}},
      // Sums inside of sums, and of one branch.
      {c + "sum[sum[relu conv(1x3, padding=same) | dense] relu dense | sum[erf dense] | identity] relu flatten dense",
       {{4, 5}, 2}},
      // Shares of the widths.
      {"conv(3, 4, bias_std=0.1) concat[relu dense(3) | conv(3, 5, padding=same) | erf conv(1, 8) relu] dense relu "
       "flatten dense",
       {{8}, 2}},
      {"conv(3, 4) concat[identity | relu | sum[identity | conv(1, 4)] erf] avg_pool(2) conv(2) relu global_sum_pool "
       "dense",
       {{9}, 2}},
      {"conv(3, 6) sum[conv(3, 4, padding=same, parametrization=standard, weight_std=1.3) | dense(4, weight_std=0.4)] "
       "relu "
       "attention global_avg_pool",
       {{7}, 3}},
      {"dense sum[identity | relu conv(5, padding=same, weight_std=0)] sum[identity | relu dense] relu flatten dense",
       {{6}, 2}},
  };
}

template <class T>
struct PlaneBranches : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlaneBranches, Numbers);

// A few roundings per stage, and of every sum of a pool over window^2 pairs of positions, of sqrt(K(i,i) K(j,j)).
TYPED_TEST(PlaneBranches, AreThoseOfThePlainInterpreter) {
  Random random(3);
  for (const PlaneCase& network : cases())
    expect_plain<TypeParam>(network, network.shape.positions[0] > 20 ? 3 : 6, random);
}

TYPED_TEST(PlaneBranches, OfEqualSamplesAreEqual) {
  Random random(4);
  for (const PlaneCase& network : cases()) expect_copies_alike<TypeParam>(network, random);
}

TYPED_TEST(PlaneBranches, HaveTheSameBitsInEveryTiling) {
  Random random(7);
  for (const PlaneCase& network : cases())
    if (network.shape.positions[0] <= 20) expect_same_bits_everywhere<TypeParam>(network, 19, random);
}

TEST(PlaneBranch, NeedsLessThan64MiBPerThreadFor64x64Images) {
  const std::string c = "conv(3x3, padding=same) ";
  for (const std::string& text : {std::string("wide_resnet(1)"), std::string("wide_resnet(4)"),
                                  c + "repeat(3)[sum[identity | relu " + c + "| conv(1x1) relu " + c + "| relu sum[" +
                                      c + "| dense]]] relu flatten dense"}) {
    const auto plan = plane_plan(parse_network(text), {{64, 64}, 3});
    ASSERT_TRUE(plan) << text;
    EXPECT_LT(plane_gram_bytes(*plan, sizeof(double)), thread_count() * (std::size_t{64} << 20)) << text;
    EXPECT_LT(plane_gram_bytes(*plan, sizeof(float)), thread_count() * (std::size_t{64} << 20)) << text;
  }
}

// What is read as it is by two is kept once.
TEST(PlaneBranch, OfAResidualNetworkKeepFourPlanesAtOnce) {
  const auto plan = plane_plan(parse_network("wide_resnet(3)"), {{32, 32}, 3});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->slots, 4u);
  // Two by two strides in front of 8 x 8 positions.
  EXPECT_EQ(displacement_count(*plan), std::size_t{15 * 15});
}

TEST(PlaneBranch, LeavesStridesThatDisagreeAndPoolsInsideToThePlainInterpreter) {
  for (const char* text :
       {"conv(3x3) sum[conv(2x2, stride=2) | conv(4x4)] relu flatten dense",
        "conv(3x3) sum[identity | conv(3x3, padding=same) avg_pool(3x3, stride=1, padding=same)] relu flatten dense",
        "conv(3x3) sum[avg_pool(2x2) conv(1x1) | avg_pool(2x2)] relu flatten dense",
        "conv(3x3) product[identity | relu conv(1x1)] relu flatten dense",
        "conv(3x3) concat(axis=1)[conv(1x1) | conv(1x1)] relu flatten dense",
        "conv(3x3) sum[flatten dense | global_avg_pool dense]", "conv(3x3) sum[attention | conv(1x1)] global_avg_pool"})
    EXPECT_FALSE(plane_plan(parse_network(text), {{8, 8}, 2})) << text;
}

}  // namespace
}  // namespace widenet
