// Activations by table in networks on planes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<PlaneCase> cases() {
  const std::string c = "conv(3x3, padding=same, weight_std=1.5) ";
  return {
      {c + "tanh " + c + "softplus flatten dense", {{6, 5}, 3}},
      // With formulas beside them, biases, norms, dropout, branches, a pool; one kink, and clamps.
      {"conv(3, bias_std=0.3) tanh conv(3, stride=2) relu conv(2) elu flatten dense(bias_std=0.2)", {{15}, 2}},
      {c + "layer_norm tanh " + c + "sum[identity | elu " + c + "] tanh dropout(0.6) flatten dense", {{5, 6}, 2}},
      {c + "hard_tanh dense relu6 avg_pool(3x3, stride=3) flatten dense", {{9, 9}, 2}},
      {c + "avg_pool(2x2) dense softplus avg_pool(2x1, stride=1, padding=circular) flatten dense", {{16, 12}, 2}},
  };
}

template <class T>
struct PlaneTables : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlaneTables, Numbers);

TYPED_TEST(PlaneTables, AreThoseOfThePlainInterpreter) {
  Random random(3);
  for (const PlaneCase& network : cases()) expect_plain<TypeParam>(network, 8, random);
}

TYPED_TEST(PlaneTables, HaveTheSameBitsInEveryTiling) {
  Random random(4);
  for (const PlaneCase& network : {cases()[1], cases()[4]}) expect_same_bits_everywhere<TypeParam>(network, 18, random);
}

TYPED_TEST(PlaneTables, OfEqualSamplesAreEqual) {
  Random random(5);
  for (const PlaneCase& network : cases()) expect_copies_alike<TypeParam>(network, random);
}

// Where few of the pairs of positions are left out the plain interpreter has more of a row's series.
TEST(PlaneTable, TakesNetworksThatNeedFewDisplacements) {
  const Shape shape{{16, 16}, 3};
  for (const char* text : {"conv(3x3, padding=same) tanh flatten dense",
                           "conv(3x3, padding=same) tanh avg_pool(3x3, stride=1) flatten dense",
                           "conv(3x3, padding=same) relu avg_pool(2x2) dense tanh flatten dense"})
    EXPECT_TRUE(plane_plan(parse_network(text), shape)) << text;
  for (const char* text : {"conv(3x3, padding=same) tanh global_avg_pool dense",
                           "conv(3x3, padding=same) tanh conv(3x3) attention global_avg_pool dense"})
    EXPECT_FALSE(plane_plan(parse_network(text), shape)) << text;
}

}  // namespace
}  // namespace widenet
