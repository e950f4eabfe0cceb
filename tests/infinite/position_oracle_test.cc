// Any network of the language beside nested loops.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "tests/support/position_oracle.h"
#include "tests/support/position_samples.h"
#include "tests/support/random_positions.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

using namespace testing_support;

PositionOracle::Sample sample_of(Random& random, const Shape& shape, std::size_t nodes, std::optional<double> mask) {
  PositionOracle::Sample sample{random_sample(random, shape), std::vector<double>(nodes * nodes)};
  for (double& edge : sample.edges) edge = uniform(random, -0.2, 1);
  for (std::size_t e = 0; e < sample.values.size() && mask; ++e)
    if (below(random, 3) == 0) std::fill_n(sample.values.begin() + static_cast<std::ptrdiff_t>(e / 2 * 2), 2, *mask);
  return sample;
}

// The sample with every number but those that are absent changed by a few roundings.
PositionOracle::Sample shaken(Random& random, PositionOracle::Sample sample, std::optional<double> mask) {
  for (double& value : sample.values)
    if (value != mask) value *= 1 + uniform(random, -1, 1) * 0x1p-44;
  return sample;
}

// What a pair may be off: of K 1e-12 of sqrt(K(p,p) K(q,q)); of Theta the root of a rounding, as slopes of nearly equal
// patches are; of both what a few roundings of the samples do, where much cancels or grows; and where numbers cancel
// altogether a rounding of the largest, of Theta the root of one of the nested loops' own (2^-64): the slope of two
// equal positions is off by that much there.
struct Bounds {
  const OraclePair &rows, &columns;  // the samples with themselves
  double largest;                    // number on the way
  double size(const std::vector<Real> OraclePair::*matrix, std::size_t p, std::size_t q) const {
    const Real row = (rows.*matrix)[rows.at(p, p)], column = (columns.*matrix)[columns.at(q, q)];
    return static_cast<double>(std::sqrt(std::abs(row) * std::abs(column)));
  }
};
void expect_alike(const PairKernel& found, const OraclePair& wanted, const OraclePair& shaken, const Bounds& bounds,
                  const std::string& what) {
  ASSERT_EQ(found.covariance.rows(), wanted.rows) << what;
  ASSERT_EQ(found.covariance.cols(), wanted.cols) << what;
  for (std::size_t p = 0; p < wanted.rows; ++p)
    for (std::size_t q = 0; q < wanted.cols; ++q) {
      const std::size_t at = wanted.at(p, q);
      const double zero = 0x1p-50 * bounds.largest, theta_zero = 0x1p-32 * bounds.largest;
      const double k_size = bounds.size(&OraclePair::k, p, q), theta_size = bounds.size(&OraclePair::theta, p, q);
      const auto change = [&](const std::vector<Real> OraclePair::*matrix) {
        return static_cast<double>(std::abs((shaken.*matrix)[at] - (wanted.*matrix)[at]));
      };
      ASSERT_NEAR(found.covariance(p, q), static_cast<double>(wanted.k[at]),
                  1e-12 * k_size + change(&OraclePair::k) + zero)
          << what << " K " << p << " " << q;
      ASSERT_NEAR(found.tangent(p, q), static_cast<double>(wanted.theta[at]),
                  2e-7 * theta_size + 1e-12 * k_size + change(&OraclePair::theta) + theta_zero)
          << what << " Theta " << p << " " << q;
    }
}

// Draws networks until one fits the shape.
void check_any(std::uint64_t seed, const Shape& shape, std::optional<double> mask) {
  Random random(seed);
  RandomPositions write{random, shape.positions.size(), {"relu", "erf", "abrelu(0.2, -0.9)", "cos"}};
  for (int k = 0; k < 50; ++k) {
    const std::string text = write.network();
    std::optional<PositionNetwork> network;
    try {
      network.emplace(parse_network(text), shape, mask);
    } catch (const Error&) {
      continue;
    }
    const std::string what = text + " on " + to_text(shape) + (mask ? ", masked" : "");
    const auto a = sample_of(random, shape, network->nodes(), mask),
               b = sample_of(random, shape, network->nodes(), mask);
    PositionOracle oracle(shape, a, b, mask);
    PositionOracle near(shape, shaken(random, a, mask), shaken(random, b, mask), mask);
    oracle.run(parse_network(text));
    near.run(parse_network(text));
    const OwnState x = network->own({a.values, a.edges}), z = network->own({b.values, b.edges});
    const OraclePair &aa = oracle.pair(0), &bb = oracle.pair(2);
    expect_alike(x.kernel, aa, near.pair(0), {aa, aa, oracle.largest()}, what);
    expect_alike(z.kernel, bb, near.pair(2), {bb, bb, oracle.largest()}, what);
    expect_alike(network->pair(x, z), oracle.pair(1), near.pair(1), {aa, bb, oracle.largest()}, what);
    return;
  }
}

void on_any_network(const Shape& shape, std::optional<double> mask) {
  check_any(*rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()), shape, mask);
  RC_ASSERT_FALSE(testing::Test::HasFailure());
}

RC_GTEST_PROP(PositionOracle, SequencesAreNestedLoops, ()) { on_any_network({{6}, 2}, {}); }
RC_GTEST_PROP(PositionOracle, ImagesAreNestedLoops, ()) { on_any_network({{4, 3}, 2}, {}); }
RC_GTEST_PROP(PositionOracle, VolumesAreNestedLoops, ()) { on_any_network({{2, 3, 2}, 2}, {}); }
RC_GTEST_PROP(PositionOracle, MaskedSequencesAreNestedLoops, ()) { on_any_network({{6}, 2}, 0.5); }
RC_GTEST_PROP(PositionOracle, MaskedImagesAreNestedLoops, ()) { on_any_network({{4, 3}, 2}, 0.5); }

}  // namespace
}  // namespace widenet
