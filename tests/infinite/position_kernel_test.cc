// What must hold for networks with positions, whatever their numbers are.
#include "widenet/infinite/position_kernel.h"

#include <rapidcheck/gtest.h>

#include <array>

#include "tests/support/position_samples.h"
#include "widenet/infinite/network_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

struct Two {
  std::vector<double> x, z;
};
Two two_samples(const Shape& shape, std::uint64_t seed = 1) {
  Random random(seed);
  auto x = random_sample(random, shape);
  return {std::move(x), random_sample(random, shape)};
}

PairKernel pair_of(const PositionNetwork& network, const Two& samples) {
  return network.pair(network.own({samples.x}), network.own({samples.z}));
}
PairKernel pair_of(const std::string& text, const Shape& shape, std::uint64_t seed = 1) {
  return pair_of(network_of(text, shape), two_samples(shape, seed));
}

const Shape image{{6, 5}, 3}, sequence{{7}, 3};

// Every activation with parameters that keep its moments finite.
const std::vector<std::string> activations{"relu",
                                           "leaky_relu(0.1)",
                                           "abs",
                                           "abrelu(0.5, -0.7)",
                                           "sign",
                                           "erf",
                                           "sigmoid_like",
                                           "gelu",
                                           "sin(a=2, b=1.5, c=-0.7)",
                                           "cos",
                                           "rbf",
                                           "exp(a=0.5, b=0.25)",
                                           "gaussian",
                                           "gaussian(0.5, 0.05)",
                                           "gabor",
                                           "exp_normalized",
                                           "hermite(3)",
                                           "monomial(3)",
                                           "monomial(2)",
                                           "rectified_monomial(0)",
                                           "rectified_monomial(2)",
                                           "polynomial(1, -0.5, 0.2)",
                                           "tanh",
                                           "elu",
                                           "hard_tanh"};

// A vector is the case of no positions; windows of one position are dense layers.
TEST(PositionKernel, VectorsAreTheCaseWithoutPositions) {
  Random random(3);
  const Matrix<double> x = normal_rows<double>(random, 4, 5);
  for (const std::string& activation : activations)
    for (const std::string& text : {"dense(weight_std=0.9, bias_std=0.3) " + activation + " dense(bias_std=0.2) " +
                                        activation + " dense(trained=false)",
                                    "dense(4, parametrization=standard) sum[identity | " + activation +
                                        " dense(4)] layer_norm " + activation + " dense(parametrization=standard)"}) {
      const PositionNetwork plain = network_of(text, {{}, 5});
      const Matrix<double> k = materialize(*network_gram<double>({Limit::nngp, parse_network(text)}, x.view()));
      const Matrix<double> theta = materialize(*network_gram<double>({Limit::ntk, parse_network(text)}, x.view()));
      for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j) {
          const OwnState row = plain.own({x.row(i)}), column = plain.own({x.row(j)});
          const PairKernel pair = i == j ? row.kernel : plain.pair(row, column);
          EXPECT_NEAR(pair.covariance(0, 0), k(i, j), 2e-12 * std::sqrt(k(i, i) * k(j, j))) << text;
          EXPECT_NEAR(pair.tangent(0, 0), theta(i, j), 2e-12 * std::sqrt(theta(i, i) * theta(j, j))) << text;
        }
    }
}

// The same steps, lowered to a program on tiles and run as they are. These hold K, not its correlations, so that a
// slope between nearly parallel samples has the root of a rounding.
RC_GTEST_PROP(PositionKernel, AnyNetworkOfVectors, ()) {
  Random random(*rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()));
  std::vector<std::string> smooth = bounded_activations();
  std::erase(smooth, "sign");
  const std::string text = random_network(random, smooth, 2);
  const Matrix<double> x = normal_rows<double>(random, 2, 1 + below(random, 9));
  const PositionNetwork plain = network_of(text, {{}, x.cols()});
  const PairKernel pair = plain.pair(plain.own({x.row(0)}), plain.own({x.row(1)}));
  const auto expect = [&](Limit limit, double value, double bound) {
    const Matrix<double> tiles = materialize(*network_gram<double>({limit, parse_network(text)}, x.view()));
    EXPECT_NEAR(value, tiles(0, 1), bound * std::sqrt(tiles(0, 0) * tiles(1, 1))) << text;
  };
  const double layers = static_cast<double>(std::ranges::count(text, '('));  // at least as many as any path has
  expect(Limit::nngp, pair.covariance(0, 0), 64 * 0x1p-52 * layers);
  expect(Limit::ntk, pair.tangent(0, 0), 8 * std::sqrt(0x1p-52 * layers));
  RC_ASSERT_FALSE(testing::Test::HasFailure());
}

TEST(PositionKernel, WindowsOfOnePositionAreDenseLayers) {
  const std::string tail = " relu global_avg_pool dense";
  for (const char* layer : {"conv(1x1", "conv_transpose(1x1", "conv(1x1, padding=same"})
    for (const char* rest : {", weight_std=1.3, bias_std=0.2)", ", bias_std=0.1, parametrization=standard)"})
      expect_near(pair_of(layer + std::string(rest) + tail, image),
                  pair_of("dense(" + std::string(rest).substr(2) + tail, image), 0, layer);
}

TEST(PositionKernel, LocalWeightsAgreeWithSharedOnesOnTheDiagonal) {
  for (const char* window : {"3x2", "3x2, padding=same", "2x3, stride=2x1, padding=circular"}) {
    const std::string options = std::string(window) + ", weight_std=1.4, bias_std=0.1)";
    const PairKernel shared = pair_of("conv(" + options + " relu conv(" + options, image);
    const PairKernel local = pair_of("conv_local(" + options + " relu conv_local(" + options, image);
    for (std::size_t p = 0; p < shared.covariance.rows(); ++p)
      for (std::size_t q = 0; q < shared.covariance.cols(); ++q) {
        EXPECT_EQ(local.covariance(p, q), p == q ? shared.covariance(p, p) : 0);
        EXPECT_EQ(local.tangent(p, q), p == q ? shared.tangent(p, p) : 0);
      }
  }
}

TEST(PositionKernel, EquivalentNetworks) {
  const std::vector<std::array<std::string, 2>> same{
      {"repeat(3)[conv(3x3, padding=same) relu] flatten dense",
       "conv(3x3, padding=same) relu conv(3x3, padding=same) relu conv(3x3, padding=same) relu flatten dense"},
      {"conv(2x2) repeat(2)[relu conv(2x2)] flatten dense", "conv(2x2) relu conv(2x2) relu conv(2x2) flatten dense"},
      {"conv(3x3) relu avg_pool(4x3) flatten dense", "conv(3x3) relu global_avg_pool dense"},
      {"conv(3x3) relu sum_pool(4x3) flatten dense", "conv(3x3) relu global_sum_pool dense"},
      {"conv(3x3) relu index(\"[:, ::-1, :]\") global_avg_pool dense", "conv(3x3) relu global_avg_pool dense"},
      {"conv(3x3) relu resize(4x3) global_avg_pool dense", "conv(3x3) relu global_avg_pool dense"},
      {"conv(1x1) relu dot_general([1, 0, 0, 0, 0, -1], 1) flatten dense",
       "conv(1x1) relu dot_general([-1, 0, 0, 0, 0, 1], 1) flatten dense"},
      {"conv(1x1) relu dot_general([0, 0, 1, 0, 0, 0], 1) flatten dense",
       "conv(1x1) relu index(\"[:, 2]\") flatten dense"},
      {"conv(3x3) leaky_relu(-1) global_avg_pool dense", "conv(3x3) abs global_avg_pool dense"},
      {"dense(8) relu concat[dense(3) | dense(3)] dense relu flatten dense",
       "dense(8) relu dense(6) dense relu flatten dense"},
  };
  for (const auto& [a, b] : same) expect_near(pair_of(a, image), pair_of(b, image), 4e-15, a);
}

// Branches laid end to end are independent: the mean over both is the mean of their means.
TEST(PositionKernel, ConcatAlongPositions) {
  const std::string a = "conv(3, padding=same, bias_std=0.3)", b = "conv(2, weight_std=1.2)";
  const PairKernel joined = pair_of("concat(axis=1)[" + a + " | " + b + "]", sequence);
  const PairKernel first = pair_of(a, sequence), second = pair_of(b, sequence);
  ASSERT_EQ(joined.covariance.rows(), 13U);
  for (std::size_t p = 0; p < 13; ++p)
    for (std::size_t q = 0; q < 13; ++q) {
      const double expected = p < 7 && q < 7     ? first.tangent(p, q)
                              : p >= 7 && q >= 7 ? second.tangent(p - 7, q - 7)
                                                 : 0;
      EXPECT_EQ(joined.tangent(p, q), expected);
    }
  // Along the second of two axes the positions of the branches alternate.
  const std::string c = "conv(2x2)", d = "conv(2x1)";
  const PairKernel wide = pair_of("concat(axis=2)[" + c + " | " + d + "]", image), right = pair_of(d, image);
  ASSERT_EQ(wide.covariance.rows(), 5U * 9U);
  for (std::size_t h = 0; h < 5; ++h)
    for (std::size_t w = 0; w < 5; ++w)
      EXPECT_EQ(wide.covariance(9 * h + 4 + w, 4), right.covariance(5 * h + w, 0)) << h << " " << w;
}

// x'_p = sum over q of A(q, p) x_q: aggregate is dot_general with the transposed matrix.
TEST(PositionKernel, AggregateIsALinearMapOfTheNodes) {
  Random random(5);
  const Matrix<double> graph = normal_rows<double>(random, 7, 7);
  DotGeneral map{"", 1, {7, 7}, std::vector<double>(49)};
  for (std::size_t k = 0; k < 49; ++k) map.numbers[k] = graph(k % 7, k / 7);
  Network constant = parse_network("dense relu identity dense relu global_avg_pool dense");
  constant.layers[2] = map;
  const Two samples = two_samples(sequence);
  const PositionNetwork with_graph = network_of("dense relu aggregate dense relu global_avg_pool dense", sequence);
  const std::span<const double> edges{graph.data(), graph.size()};
  expect_near(with_graph.pair(with_graph.own({samples.x, edges}), with_graph.own({samples.z, edges})),
              pair_of(PositionNetwork(constant, sequence), samples), 1e-15, "aggregate");
}

// Units dropped by two samples are not the same; a position with itself grows by 1 / keep.
TEST(PositionKernel, DropoutChangesASampleWithItselfAlone) {
  const std::string head = "conv(2x2) relu";
  const Two samples = two_samples(image);
  const PositionNetwork dropped = network_of(head + " dropout(0.5) dense", image),
                        plain = network_of(head + " dense", image);
  expect_near(pair_of(dropped, samples), pair_of(plain, samples), 0, "pair");
  const PairKernel own = dropped.own({samples.x}).kernel, kept = plain.own({samples.x}).kernel;
  for (std::size_t p = 0; p < own.covariance.rows(); ++p)
    for (std::size_t q = 0; q < own.covariance.cols(); ++q)
      EXPECT_EQ(own.covariance(p, q), kept.covariance(p, q) * (p == q ? 2 : 1));
}

TEST(PositionKernel, AttentionOfEqualScoresIsTheMean) {
  // Scores of zero: softmax weighs all positions alike.
  const PairKernel flat = pair_of("dense attention(query_std=1e-200) index(\"[:, 0]\")", sequence);
  const PairKernel mean = pair_of("dense global_avg_pool", sequence);
  EXPECT_NEAR(flat.covariance(0, 0), mean.covariance(0, 0), 1e-15);
  EXPECT_NEAR(flat.tangent(0, 0), mean.tangent(0, 0) + 2 * mean.covariance(0, 0), 1e-14);
}

// Local average pooling (Li et al. 2019, arXiv 1911.00809): before the read-out every position becomes the mean over
// the window around it. A window as large as the image is global pooling.
TEST(PositionKernel, LocalAveragePooling) {
  const Shape small{{5, 4}, 2};
  Random random(11);
  const std::vector<double> x = random_sample(random, small), z = random_sample(random, small);
  const auto pair = [&](const std::string& text) {
    const PositionNetwork network = network_of(text, small);
    return network.pair(network.own({x}), network.own({z}));
  };
  const std::string body = "conv(3x3, padding=circular) relu ";
  expect_near(pair(body + "avg_pool(5x4, stride=1, padding=circular) flatten dense"),
              pair(body + "global_avg_pool dense"), 64 * 0x1p-52, "as large as the image");
  const Matrix<double> before = pair(body + "dense").covariance;
  double sum = 0;
  for (int p = 0; p < 20; ++p)
    for (int a = 0; a < 9; ++a)
      for (int b = 0; b < 9; ++b) {
        const auto at = [&](int tap) { return (p / 4 + tap / 3 + 4) % 5 * 4 + (p % 4 + tap % 3 + 3) % 4; };
        sum += before(static_cast<std::size_t>(at(a)), static_cast<std::size_t>(at(b))) / 81 / 20;
      }
  EXPECT_NEAR(pair(body + "avg_pool(3x3, stride=1, padding=circular) flatten dense").covariance(0, 0), sum,
              64 * 0x1p-52 * std::abs(sum));
}

}  // namespace
}  // namespace widenet
