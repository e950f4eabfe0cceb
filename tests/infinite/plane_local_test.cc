// Convolutions that share no weights, and transposed ones, on planes.
#include <gtest/gtest.h>

#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<PlaneCase> cases() {
  const std::string c = "conv(3x3, padding=same, weight_std=sqrt(2), bias_std=0.1) relu ";
  const std::string local = "conv_local(3x3, padding=same, weight_std=sqrt(2), bias_std=0.3) relu ";
  return {
      {local + local + "flatten dense", {{5, 6}, 2}},
      // Between different positions there is nothing but what the layers behind make of it.
      {local + c + "global_avg_pool dense", {{4, 5}, 2}},
      {c + "conv_local(2x3, stride=2x1, bias_std=0.2) erf " + c + "global_sum_pool dense", {{6, 5}, 2}},
      {local + "avg_pool(2x2, stride=1) " + local + "avg_pool(2x2) flatten dense", {{6, 6}, 2}},
      // Beside convolutions that share theirs, with biases of both.
      {c + "sum[conv_local(3x3, padding=same, bias_std=0.3) | conv(3x3, padding=same, bias_std=0.2) | dense] relu "
           "conv(2x2) global_avg_pool dense",
       {{5, 4}, 2}},
      {"conv_local(3, 4, padding=same, parametrization=standard, bias_std=1) layer_norm relu dropout(0.8) "
       "global_avg_pool dense",
       {{7}, 2}},
      {"conv_local(3x2, padding=circular, bias_std=0.2) relu conv(2x2, padding=circular) gelu global_avg_pool dense",
       {{4, 5}, 2}},
      {c + "conv_transpose(3x2, bias_std=0.1) relu global_avg_pool dense", {{4, 5}, 2}},
      {"conv_transpose(4x3, padding=same) relu avg_pool(2x2) conv_transpose(2x2, padding=same) erf flatten dense",
       {{5, 6}, 2}},
      {"conv_transpose(2x3, padding=circular) relu conv(3x3, padding=circular) relu global_avg_pool dense",
       {{4, 4}, 2}},
  };
}

TEST(PlaneLocal, IsThatOfThePlainInterpreter) { expect_planes<double>(cases()); }
TEST(PlaneLocal, IsThatOfThePlainInterpreterInFloat) { expect_planes<float>(cases()); }

// Of one displacement alone nothing shows whether weights are shared (Novak et al. 2019, section 5.1).
TEST(PlaneLocal, FlattensToTheKernelOfSharedWeights) {
  const Shape shape{{6, 5}, 2};
  Random random(2);
  const Matrix<double> x = plane_images<double>(random, 9, shape);
  const auto gram = [&](const std::string& conv) {
    const auto plan = plane_plan(parse_network(conv + " relu " + conv + " relu flatten dense"), shape);
    return materialize(*plane_gram<double>(*plan, Limit::ntk, x.view()));
  };
  const Matrix<double> local = gram("conv_local(3x3, bias_std=0.1)"), shared = gram("conv(3x3, bias_std=0.1)");
  EXPECT_TRUE(std::equal(local.data(), local.data() + local.size(), shared.data(), same_bits<double>));
}

TEST(PlaneLocal, LeavesTransposedStridesToThePlainInterpreter) {
  const Shape shape{{4, 4}, 2};
  for (const char* text : {"conv_transpose(3x3, stride=2) relu flatten dense",
                           "avg_pool(2x2) conv_transpose(3x3) relu global_avg_pool dense"})
    EXPECT_FALSE(plane_plan(parse_network(text), shape)) << text;
}

}  // namespace
}  // namespace widenet
