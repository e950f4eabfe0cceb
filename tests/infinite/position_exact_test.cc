// Equal patches are exact: where the patches of two samples have the same bits, K has the bits of the variances.
#include "tests/support/position_samples.h"

namespace widenet {
namespace {

using namespace testing_support;

const Shape image{{7, 6}, 2};

// Two images that differ in one corner.
struct Background {
  std::vector<double> x, z;
  explicit Background(std::uint64_t seed, double changed = 7) {
    Random random(seed);
    x = random_sample(random, image);
    z = x;
    z[0] = changed;
  }
};

// Whether an entry of x with z has the bits of x with itself and of z with itself.
bool exact(const Matrix<double>& pair, const Matrix<double>& x, const Matrix<double>& z, std::size_t p) {
  return pair(p, p) == x(p, p) && pair(p, p) == z(p, p);
}

TEST(PositionExact, CommonBackground) {
  for (const char* text :
       {"repeat(2)[conv(3x3, padding=same, weight_std=sqrt(2), bias_std=0.1) relu] dense",
        "repeat(2)[conv(3x3, padding=same, weight_std=1.7) erf] dense", "repeat(2)[conv(3x3, padding=same) gelu] dense",
        "repeat(2)[conv(3x3, padding=same) abrelu(0.3, -0.7)] dense", "repeat(2)[conv(3x3, padding=same) rbf] dense",
        "repeat(2)[conv(3x3, padding=same) rectified_monomial(2)] dense",
        "repeat(2)[conv(3x3, padding=same) monomial(3)] dense", "repeat(2)[conv(3x3, padding=same) tanh] dense",
        "repeat(2)[conv(3x3, padding=same) sin(b=2, c=0.4)] dense",
        "repeat(2)[conv(3x3, padding=same) exp(b=0.1)] dense",
        "repeat(2)[conv(3x3, padding=same) layer_norm relu] dense",
        "conv(3x3, padding=same) relu conv(3x3, stride=2x2, padding=same) relu dense",
        "conv(3x3, padding=same) sum[identity | relu conv(3x3, padding=same)] relu dense",
        "conv(3x3, padding=same) product[relu | erf conv(3x3, padding=same)] dense",
        "conv(3x3, padding=same) relu avg_pool(3x3, stride=1x1, padding=same) dense relu dense",
        "conv(2x2) relu conv_transpose(2x2, stride=2x2) relu dense"}) {
    const PositionNetwork network = network_of(text, image);
    const Background samples(11);
    const OwnState x = network.own({samples.x}), z = network.own({samples.z});
    const PairKernel pair = network.pair(x, z);
    std::size_t equal = 0;
    for (std::size_t p = 0; p < pair.covariance.rows(); ++p) {
      if (!exact(pair.covariance, x.kernel.covariance, z.kernel.covariance, p)) continue;
      ++equal;
      EXPECT_EQ(pair.tangent(p, p), x.kernel.tangent(p, p)) << text << " " << p;
    }
    // All but those that see the corner, at most 4 x 4 of them before the positions are spread apart.
    EXPECT_GE(equal, pair.covariance.rows() / 4) << text;
    EXPECT_LT(equal, pair.covariance.rows()) << text;
    const std::size_t last = pair.covariance.rows() - 1;
    EXPECT_TRUE(exact(pair.covariance, x.kernel.covariance, z.kernel.covariance, last)) << text;
  }
}

// Positions that see no difference, counted: receptive fields of 5 x 5.
TEST(PositionExact, ReceptiveFields) {
  const PositionNetwork network = network_of("repeat(2)[conv(3x3, padding=same) relu] dense", image);
  const Background samples(2);
  const OwnState x = network.own({samples.x}), z = network.own({samples.z});
  const PairKernel pair = network.pair(x, z);
  for (std::size_t p = 0; p < 42; ++p)
    EXPECT_EQ(exact(pair.covariance, x.kernel.covariance, z.kernel.covariance, p), p / 6 > 2 || p % 6 > 2) << p;
}

// A flat background inside one image: any two of its positions are as exact as one with itself.
TEST(PositionExact, FlatBackgroundInsideAnImage) {
  std::vector<double> x(84, 0.3);
  for (std::size_t k = 0; k < 5; ++k) x[k] = static_cast<double>(k);
  for (const char* text :
       {"repeat(2)[conv(3x3, padding=circular) relu] dense", "repeat(2)[conv(3x3, padding=circular) erf] dense",
        "repeat(2)[conv(3x3, padding=circular) softplus] dense"}) {
    const PairKernel own = network_of(text, image).own({x}).kernel;
    EXPECT_EQ(own.covariance(21, 22), own.covariance(21, 21)) << text;
    EXPECT_EQ(own.tangent(21, 22), own.tangent(22, 22)) << text;
  }
}

// Two samples of the same numbers are as exact as one with itself, through layers that look at all positions.
TEST(PositionExact, EqualSamples) {
  for (const char* text : {"conv(3x3, padding=same) relu global_avg_pool dense",
                           "conv(3x3) erf avg_pool(2x2) conv(2x2) relu flatten dense",
                           "conv(3x3) layer_norm(1x2x3) relu attention(position=sum, position_decay=exp:0.5, "
                           "position_in_values=true) relu "
                           "flatten dense",
                           "conv(3x3) relu attention(scaling=sqrt, weights=identity) relu global_sum_pool dense",
                           "conv_local(3x3) tanh resize(3x9) dense relu global_avg_pool dense"}) {
    const PositionNetwork network = network_of(text, image);
    const Background samples(4);
    const OwnState x = network.own({samples.x}), copy = network.own({samples.x});
    const PairKernel pair = network.pair(x, copy);
    EXPECT_EQ(pair.covariance(0, 0), x.kernel.covariance(0, 0)) << text;
    EXPECT_EQ(pair.tangent(0, 0), x.kernel.tangent(0, 0)) << text;
  }
}

// Zero patches, and patches of the smallest and largest numbers.
TEST(PositionExact, ZeroAndExtremePatches) {
  for (const double scale : {0.0, 1e-140, 1e140}) {
    Background samples(6);
    for (std::size_t k = 40; k < 84; ++k) {
      samples.x[k] *= scale;
      samples.z[k] *= scale;
    }
    const PositionNetwork network = network_of("repeat(2)[conv(3x3, padding=same) relu] dense", image);
    const OwnState x = network.own({samples.x}), z = network.own({samples.z});
    const PairKernel pair = network.pair(x, z);
    for (std::size_t p = 0; p < 42; ++p) {
      EXPECT_TRUE(std::isfinite(pair.tangent(p, p)));
      EXPECT_TRUE(p < 30 || exact(pair.covariance, x.kernel.covariance, z.kernel.covariance, p)) << scale << " " << p;
    }
  }
}

// Exchanging two samples changes nothing but the order of sums.
TEST(PositionExact, PairsAreSymmetric) {
  for (const char* text :
       {"repeat(2)[conv(3x3, padding=same) relu]  dense", "repeat(2)[conv(3x3, padding=same) elu] dense"}) {
    Random random(9);
    const PositionNetwork network = network_of(text, image);
    const OwnState x = network.own({random_sample(random, image)}), z = network.own({random_sample(random, image)});
    const PairKernel there = network.pair(x, z), back = network.pair(z, x);
    for (std::size_t p = 0; p < 42; ++p)
      for (std::size_t q = 0; q < 42; ++q) {
        EXPECT_EQ(there.covariance(p, q), back.covariance(q, p)) << text;
        EXPECT_EQ(there.tangent(p, q), back.tangent(q, p)) << text;
      }
  }
}

}  // namespace
}  // namespace widenet
