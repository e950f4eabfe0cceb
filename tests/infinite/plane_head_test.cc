// Layers behind a flatten or global pooling, on planes.
#include <gtest/gtest.h>

#include "tests/support/hard_rows.h"
#include "tests/support/plane_oracle.h"
#include "widenet/infinite/plane_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

// Behind one, two and three dense layers, with all that may stand between them.
std::vector<PlaneCase> cases() {
  const std::string c = "conv(3x3, padding=same, weight_std=sqrt(2), bias_std=0.1) relu ";
  const std::string circular = "conv(3x3, padding=circular, bias_std=0.1) relu ";
  return {
      {c + "avg_pool(2x2) " + c + "avg_pool(2x2) flatten dense relu dense(bias_std=0.2) relu dense", {{8, 8}, 2}},
      {c + "flatten dense(weight_std=sqrt(2), bias_std=0.3) erf dense", {{5, 7}, 2}},
      {c + "global_avg_pool dense(bias_std=0.3) relu dense", {{4, 5}, 2}},
      {c + "avg_pool(2x2, stride=1) " + c + "global_sum_pool dense layer_norm relu dense", {{5, 5}, 3}},
      {c + "flatten dropout(0.5) dense(bias_std=0.3) relu dropout(0.8) dense(bias_std=0.1) gelu dense", {{4, 4}, 2}},
      {c + "global_avg_pool dropout(0.7) dense(bias_std=0.3) dropout(0.5) dense relu dense", {{4, 4}, 2}},
      {c + "flatten dense sum[identity | relu dense(bias_std=0.1)] relu dense", {{4, 6}, 2}},
      {c + "global_avg_pool dense(3) concat[relu dense(2) | erf dense(5)] dense", {{4, 3}, 2}},
      {circular + circular + "flatten dense relu dense", {{4, 6}, 2}},
      {circular + "global_avg_pool dense relu dense", {{5, 6}, 2}},
      {"conv(3, 4, parametrization=standard, bias_std=0.2) relu flatten dense(7, parametrization=standard) relu "
       "dense(parametrization=standard, bias_std=1)",
       {{9}, 2}},
      {c + "conv(4x4, bias_std=0.1)", {{4, 4}, 2}},
      {c + "conv(1x1) avg_pool(2x2) avg_pool(2x2)", {{4, 4}, 2}},
      {"conv(3) relu flatten dense tanh dense", {{12}, 2}},
      {"conv(2) relu conv(1) global_avg_pool layer_norm relu dense", {{6}, 2}},
  };
}

TEST(PlaneHead, IsThatOfThePlainInterpreter) { expect_planes<double>(cases()); }
TEST(PlaneHead, IsThatOfThePlainInterpreterInFloat) { expect_planes<float>(cases()); }

// A flattened plane is the window of a convolution that fits once.
TEST(PlaneHead, IsAConvolutionOverTheWholePlane) {
  const Shape shape{{6, 5}, 2};
  Random random(2);
  const Matrix<double> x = plane_images<double>(random, 9, shape);
  const auto gram = [&](const std::string& end) {
    const auto plan = plane_plan(parse_network("conv(3x3, padding=same) relu " + end), shape);
    return materialize(*plane_gram<double>(*plan, Limit::ntk, x.view()));
  };
  const Matrix<double> head = gram("flatten dense(bias_std=0.1) relu dense");
  const Matrix<double> window = gram("conv(6x5, bias_std=0.1) relu flatten dense");
  for (std::size_t k = 0; k < head.size(); ++k)
    EXPECT_NEAR(head.data()[k], window.data()[k], 100 * std::numeric_limits<double>::epsilon() * head(0, 0));
}

// Sums over a large plane run in one order of its samples and in another of its pairs.
TEST(PlaneHead, OfEqualLargeImagesIsEqual) {
  Random random(3);
  for (const char* text : {"conv(3x3) relu flatten dense relu dense", "conv(1x1) erf flatten dense erf dense"}) {
    expect_copies_alike<double>({text, {{33, 61}, 3}}, random);
    expect_copies_alike<float>({text, {{33, 61}, 3}}, random);
  }
}

TEST(PlaneHead, LeavesTheRestToThePlainInterpreter) {
  const Shape shape{{4, 4}, 2};
  for (const char* text : {"conv(3x3) relu attention global_avg_pool dense relu dense",
                           "conv(3x3) relu flatten dense product[relu dense | relu dense] dense"})
    EXPECT_FALSE(plane_plan(parse_network(text), shape)) << text;
  EXPECT_FALSE(plane_plan(parse_network("conv(3x3) relu flatten dense relu dense"), {{80, 80}, 3}));
}

}  // namespace
}  // namespace widenet
