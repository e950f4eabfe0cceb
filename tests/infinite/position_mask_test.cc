// Absent positions: a sample filled up with them is the shorter sample.
#include <limits>

#include "tests/support/position_samples.h"

namespace widenet {
namespace {

using namespace testing_support;

constexpr double absent = -99;
const Shape padded{{6}, 2};

std::vector<double> filled_up(const std::vector<double>& x, double mask, std::size_t size = 12) {
  std::vector<double> out = x;
  out.resize(size, mask);
  return out;
}

// Layers that see the absent positions as they see what lies outside.
TEST(PositionMask, TheShorterSample) {
  Random random(1);
  for (const double mask : {absent, std::numeric_limits<double>::quiet_NaN()})
    for (const char* text :
         {"conv(3, padding=same, bias_std=0.1) relu global_avg_pool dense(bias_std=0.1)",
          "repeat(2)[conv(3, padding=same, bias_std=0.1) erf] global_sum_pool dense",
          "dense(bias_std=0.3) layer_norm(1x2) cos conv(5, padding=same, bias_std=0.1) relu global_avg_pool dense",
          "conv(1, 3, bias_std=0.2) relu attention(bias_std=0.5) relu global_avg_pool dense",
          "dense(bias_std=0.2) cos attention(weights=relu, bias_std=0.5, position=sum, position_decay=exp:0.5) cos "
          "global_avg_pool dense",
          "dense(bias_std=0.2) relu attention(scaling=sqrt, weights=identity, position=concat) relu global_avg_pool "
          "dense",
          "dense sum[identity | cos conv(3, padding=same)] relu sum_pool(3, stride=1, padding=same) global_sum_pool "
          "dense"}) {
      const std::vector<double> x = random_sample(random, {{4}, 2});
      const PairKernel own = network_of(text, padded, mask).own({filled_up(x, mask)}).kernel;
      const PairKernel shorter = network_of(text, {{4}, 2}).own({x}).kernel;
      expect_near(own, shorter, 4e-15, text);
    }
}

TEST(PositionMask, PairsOfDifferentLengths) {
  Random random(2);
  const std::vector<double> x = random_sample(random, {{4}, 2}), z = random_sample(random, {{3}, 2});
  const std::string body = "conv(3, padding=same, bias_std=0.1) cos conv(3, padding=same, bias_std=0.1)";
  const PositionNetwork network = network_of(body, padded, absent),
                        pooled = network_of(body + " global_avg_pool", padded, absent);
  const auto pair_of = [&](const PositionNetwork& n) {
    return n.pair(n.own({filled_up(x, absent)}), n.own({filled_up(z, absent)}));
  };
  const PairKernel all = pair_of(network), mean = pair_of(pooled);
  double sum = 0;
  for (std::size_t p = 0; p < 6; ++p)
    for (std::size_t q = 0; q < 6; ++q) {
      EXPECT_EQ(all.covariance(p, q) != 0, p < 4 && q < 3) << p << " " << q;
      sum += all.tangent(p, q);
    }
  EXPECT_NEAR(mean.tangent(0, 0), sum / 12, 1e-15 * std::abs(sum));
}

// A position is absent only where all its channels are; a single one counts as 0.
TEST(PositionMask, SingleChannelsAreZero) {
  const std::vector<double> x{1, absent, 3, 4}, zero{1, 0, 3, 4};
  const Shape shape{{2}, 2};
  const std::string text = "dense(bias_std=1)";
  expect_near(network_of(text, shape, absent).own({x}).kernel, network_of(text, shape).own({zero}).kernel, 0, text);
}

// Who is there behind each layer: the diagonal of a network with bias, whose present positions are never 0.
TEST(PositionMask, BehindLayers) {
  struct Case {
    std::string text;
    std::vector<bool> present;
  };
  // Positions 0, 1, 3 are there.
  std::vector<double> x{1, 1, 2, 2, absent, absent, 1, 3, absent, absent, absent, absent};
  const std::vector<Case> cases{
      {"dense(bias_std=1)", {1, 1, 0, 1, 0, 0}},
      {"conv(3, padding=same, bias_std=1)", {1, 1, 0, 1, 0, 0}},
      {"conv(2, padding=same, stride=2, bias_std=1)", {1, 0, 0}},
      {"conv(3, bias_std=1)", {1, 0, 1, 0}},
      {"dense(bias_std=1) avg_pool(2)", {1, 0, 0}},
      {"dense(bias_std=1) avg_pool(3, stride=1, padding=circular)", {1, 1, 0, 1, 0, 0}},
      {"conv_transpose(2, stride=2, bias_std=1)", {1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0}},
      {"dense(bias_std=1) index(\"[:, ::-1]\")", {0, 0, 1, 0, 1, 1}},
      // An antialiased output reaches one position further.
      {"dense(bias_std=1) resize(3)", {1, 1, 1}},
      {"dense(bias_std=1) resize(3, antialias=false)", {1, 1, 0}},
      {"dense(bias_std=1) resize(3, method=nearest)", {1, 1, 0}},
      {"dense(bias_std=1) dot_general([[1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0]], 1)", {1, 0}},
      {"dense(bias_std=1) cos dense(bias_std=1) global_avg_pool", {1}},
      {"dense(bias_std=1) flatten dense(bias_std=1)", {1}},
      {"concat(axis=1)[dense(bias_std=1) | dense(bias_std=1) index(\"[:, 2:4]\")]", {1, 1, 0, 1, 0, 0, 0, 1}},
      {"sum[dense(bias_std=1) | conv(3, padding=circular, bias_std=1) index(\"[:, ::-1]\") dense]", {1, 1, 1, 1, 1, 1}},
  };
  for (const Case& c : cases) {
    const PairKernel own = network_of(c.text, padded, absent).own({x}).kernel;
    ASSERT_EQ(own.covariance.rows(), c.present.size()) << c.text;
    for (std::size_t p = 0; p < c.present.size(); ++p)
      EXPECT_EQ(own.covariance(p, p) != 0, c.present[p]) << c.text << " " << p;
  }
}

TEST(PositionMask, ASampleOfNothing) {
  const std::vector<double> x(12, absent);
  for (const char* text : {"dense(bias_std=1) relu global_avg_pool dense(bias_std=1)",
                           "dense(bias_std=1) layer_norm(1x2) relu attention(bias_std=1) flatten dense(bias_std=1)"}) {
    const PairKernel own = network_of(text, padded, absent).own({x}).kernel;
    EXPECT_EQ(own.covariance(0, 0), 0) << text;
    EXPECT_EQ(own.tangent(0, 0), 0) << text;
  }
}

}  // namespace
}  // namespace widenet
