// Networks put together at random from every layer: what holds for any of them.
#include "tests/support/position_samples.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

using namespace testing_support;

struct Writer {
  Random& random;

  std::string one_of(const std::vector<std::string>& texts) { return texts[below(random, texts.size())]; }
  std::string options() {
    return one_of(
        {"", ", weight_std=1.3", ", bias_std=0.2", ", trained=false", ", bias_std=0.1, parametrization=standard"});
  }
  // A layer with weights; its width is always known.
  std::string weights() {
    const std::string kind = one_of({"conv", "conv", "conv_local", "conv_transpose"});
    switch (below(random, 4)) {
      case 0:
        return "dense(4" + options() + ")";
      case 1:
        return one_of({"attention(width=4, bias_std=0.2)", "attention(width=4, weights=abs, position=sum)",
                       "attention(width=4, weights=identity, position=concat, position_channels=2, "
                       "position_decay=inverse:2)",
                       "attention(width=4, scaling=sqrt, weights=identity, position=sum, position_in_values=true)"});
      default:
        return kind + "(" + one_of({"3x2", "2x2", "1x3"}) + ", 4, padding=" + one_of({"valid", "same", "circular"}) +
               one_of({"", ", stride=2x1"}) + options() + ")";
    }
  }
  std::string linear() {
    return one_of({"identity", "avg_pool(2x2, stride=1x1)", "avg_pool(3x2, padding=same, edges=actual)",
                   "sum_pool(2x3, stride=2x1, padding=circular)", "resize(4x3)", "resize(3x5, method=nearest)",
                   "resize(3x3, method=cubic)", "index(\"[:, ::-1, 1:]\")", "dot_general([[1, -1, 0], [0.5, 0, 2]], 2)",
                   "aggregate"});
  }
  std::string activation() { return one_of({"relu", "erf", "abrelu(0.2, -0.9)", "cos", "tanh", "gelu"}); }
  std::string chain(int depth) {
    std::string text = weights();
    for (std::size_t k = below(random, 3); k > 0; --k) {
      text += ' ' + one_of({"", linear()}) + ' ' + one_of({"", "layer_norm", "layer_norm(1x3)"}) + ' ' + activation() +
              ' ' + one_of({"", linear(), "dropout(0.8)"}) + ' ' + weights();
      if (depth > 0 && below(random, 3) == 0) text += ' ' + join(depth - 1);
    }
    return text;
  }
  std::string join(int depth) {
    return one_of({"sum", "product", "concat", "concat(axis=1)", "concat(axis=2)"}) + "[" +
           one_of({"identity", chain(depth)}) + " | " + activation() + ' ' + chain(depth) + "] " + weights();
  }
};

class PositionRandom : public testing::TestWithParam<bool> {};

TEST_P(PositionRandom, EqualSamplesAndCauchySchwarz) {
  const bool masked = GetParam();
  Random random(masked ? 21 : 20);
  const Shape shape{{4, 3}, 2};
  const std::optional<double> mask = masked ? std::optional(0.5) : std::nullopt;
  std::size_t valid = 0;
  for (int k = 0; k < 400 && valid < 60; ++k) {
    const std::string text = Writer{random}.chain(1);
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
