// Networks put together at random from every layer: what holds for any of them.
#include "tests/support/position_samples.h"
#include "tests/support/random_positions.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

using namespace testing_support;

class PositionRandom : public testing::TestWithParam<bool> {};

TEST_P(PositionRandom, EqualSamplesAndCauchySchwarz) {
  const bool masked = GetParam();
  Random random(masked ? 21 : 20);
  const Shape shape{{4, 3}, 2};
  const std::optional<double> mask = masked ? std::optional(0.5) : std::nullopt;
  std::size_t valid = 0;
  for (int k = 0; k < 400 && valid < 60; ++k) {
    RandomPositions write{random};
    // Tables take long to build; masks do not see them.
    if (masked) std::erase(write.activations, "tanh");
    const std::string text = write.chain(1);
    std::optional<PositionNetwork> network;
    try {
      network.emplace(parse_network(text), shape, mask);
    } catch (const Error&) {
      continue;  // a shape that does not fit
    }
    ++valid;
    std::vector<double> a = random_sample(random, shape), b = random_sample(random, shape),
                        edges(network->nodes() * network->nodes());
    for (double& edge : edges) edge = uniform(random, 0, 1);
    if (masked) std::fill_n(a.begin(), 2, 0.5), std::fill_n(b.end() - 6, 6, 0.5);
    const OwnState x = network->own({a, edges}), z = network->own({b, edges}), copy = network->own({a, edges});
    const PairKernel pair = network->pair(x, z), same = network->pair(x, copy), back = network->pair(z, x);
    Workspace work;
    const PairKernel alone = network->pair(x, z, Limit::nngp, work);
    ASSERT_EQ(alone.tangent.size(), 0U);
    const bool drops = text.find("dropout") != std::string::npos;
    for (std::size_t p = 0; p < pair.covariance.rows(); ++p)
      for (std::size_t q = 0; q < pair.covariance.rows(); ++q) {
        const double k_bound = std::sqrt(x.kernel.covariance(p, p) * z.kernel.covariance(q, q));
        const double theta_bound = std::sqrt(x.kernel.tangent(p, p) * z.kernel.tangent(q, q));
        ASSERT_LE(std::abs(pair.covariance(p, q)), k_bound * (1 + 1e-9)) << text;
        ASSERT_LE(std::abs(pair.tangent(p, q)), theta_bound * (1 + 1e-9) + 1e-12 * k_bound) << text;
        ASSERT_NEAR(pair.covariance(p, q), back.covariance(q, p), 1e-12 * k_bound) << text;
        ASSERT_NEAR(pair.tangent(p, q), back.tangent(q, p), 1e-7 * theta_bound) << text;
        ASSERT_EQ(alone.covariance(p, q), pair.covariance(p, q)) << text;
        if (drops) continue;
        ASSERT_EQ(same.covariance(p, q), x.kernel.covariance(p, q)) << text;
        ASSERT_EQ(same.tangent(p, q), x.kernel.tangent(p, q)) << text;
      }
  }
  EXPECT_EQ(valid, 60U);
}

INSTANTIATE_TEST_SUITE_P(Networks, PositionRandom, testing::Bool());

}  // namespace
}  // namespace widenet
