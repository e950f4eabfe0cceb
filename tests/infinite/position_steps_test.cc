// Each step of a pair beside its definition: nested loops over positions, taps and keys.
#include "widenet/infinite/position_steps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/position_samples.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

using namespace testing_support;

constexpr double eps = std::numeric_limits<double>::epsilon();

template <class Leaf>
Leaf leaf_of(const std::string& text, const Shape& shape) {
  return std::get<Leaf>(std::get<PositionLeaf>(compile_positions(parse_network(text), shape)->steps.at(0)));
}
PairState random_state(Random& random, std::size_t positions) {
  return {normal_rows<double>(random, positions, positions), normal_rows<double>(random, positions, positions), {}, {}};
}

// The sum over the taps of both positions, and of the magnitudes of its terms.
struct TapSum {
  double sum = 0, size = 0;
};
TapSum over_taps(const Matrix<double>& from, const Taps& taps, std::size_t p, std::size_t q) {
  TapSum out;
  for (std::size_t t = 0; t < taps.taps; ++t) {
    const std::size_t i = taps.at(p, t), j = taps.at(q, t);
    if (i == no_position || j == no_position) continue;
    out.sum += from(i, j);
    out.size += std::abs(from(i, j));
  }
  return out;
}

TEST(PositionSteps, ConvolutionsAreMeansOverTheTaps) {
  Random random(1);
  const std::vector<std::pair<std::string, Shape>> cases{
      {"3", {{7}, 1}},      {"2", {{1}, 1}},      {"3x3", {{5, 6}, 1}},     {"1x4", {{3, 7}, 1}},
      {"4x2", {{6, 5}, 1}}, {"5x5", {{2, 3}, 1}}, {"2x3x2", {{3, 4, 2}, 1}}};
  std::size_t checked = 0;
  for (const auto& [window, shape] : cases)
    for (const char* kind : {"conv", "conv_local", "conv_transpose"})
      for (const char* padding : {"valid", "same", "circular"})
        for (const char* stride : {"1", "2"}) {
          const std::string text = std::string(kind) + "(" + window + ", 4, padding=" + padding + ", stride=" + stride +
                                   ", weight_std=1.3, bias_std=0.4)";
          std::optional<ConvAt> conv;
          try {
            conv = leaf_of<ConvAt>(text, shape);
          } catch (const Error&) {
            continue;  // a window larger than the positions
          }
          ++checked;
          const PairState before = random_state(random, position_count(shape.positions));
          PairState after = before;
          Workspace work;
          apply(*conv, after, {}, {}, work);
          const Taps& taps = conv->taps;
          const double count = static_cast<double>(taps.taps), a = 1.3 * 1.3, b = 0.4 * 0.4;
          ASSERT_EQ(after.covariance.rows(), taps.outputs) << text;
          ASSERT_EQ(after.covariance.cols(), taps.outputs) << text;
          for (std::size_t p = 0; p < taps.outputs; ++p)
            for (std::size_t q = 0; q < taps.outputs; ++q) {
              const bool none = conv->local && p != q;
              const TapSum k = over_taps(before.covariance, taps, p, q), theta = over_taps(before.tangent, taps, p, q);
              const double kernel = a * k.sum / count + b;
              // A rounding per tap and axis, and a few of what follows.
              const double k_bound = (count + 4) * eps * (a * k.size / count + b);
              ASSERT_NEAR(after.covariance(p, q), none ? 0 : kernel, k_bound) << text << " " << p << " " << q;
              ASSERT_NEAR(after.tangent(p, q), none ? 0 : kernel + a * theta.sum / count,
                          k_bound + (count + 4) * eps * a * theta.size / count)
                  << text << " " << p << " " << q;
            }
        }
  EXPECT_GT(checked, 100U);
}

TEST(PositionSteps, AttentionIsTheSumOverKeys) {
  Random random(2);
  for (const std::size_t n : Sizes{1, 2, 7, 8, 9, 25, 130}) {
    const Shape shape{{n}, 1};
    const auto step =
        leaf_of<AttentionAt>("attention(weights=identity, value_std=1.2, output_std=0.9, bias_std=0.3)", shape);
    const PairState row = random_state(random, n), column = random_state(random, n), before = random_state(random, n);
    const Matrix<double>&a = row.covariance, &b = column.covariance;  // the scores are the weights
    const SampleStep row_step = read_attention(step, row), column_step = read_attention(step, column);
    PairState after = before;
    Workspace work;
    apply(step, after, row_step, column_step, work);
    const double c = std::pow(1.2 * 0.9, 2), bias = 0.3 * 0.3, terms = static_cast<double>(n) * 2 + 8;
    for (std::size_t p = 0; p<n; p += n> 30 ? 11 : 1)
      for (std::size_t q = 0; q < n; ++q) {
        double k = 0, theta = 0, k_size = 0, theta_size = 0;
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < n; ++j) {
            const double weight = a(p, i) * b(q, j);
            k += weight * before.covariance(i, j);
            theta += weight * before.tangent(i, j);
            k_size += std::abs(weight * before.covariance(i, j));
            theta_size += std::abs(weight * before.tangent(i, j));
          }
        ASSERT_NEAR(after.covariance(p, q), c * k + bias, terms * eps * (c * k_size + bias)) << n;
        ASSERT_NEAR(after.tangent(p, q), c * theta + 2 * c * k + bias,
                    terms * eps * (c * theta_size + 2 * c * k_size + bias))
            << n;
      }
  }
}

TEST(PositionSteps, GlobalPoolingIsTheMean) {
  Random random(3);
  for (const std::size_t n : Sizes{1, 3, 8, 23}) {
    PairState state = random_state(random, n);
    double sum = 0, size = 0;
    for (std::size_t k = 0; k < n * n; ++k) {
      sum += state.covariance.data()[k];
      size += std::abs(state.covariance.data()[k]);
    }
    Workspace work;
    SampleStep counted;
    counted.count = static_cast<double>(n);
    const double pairs = static_cast<double>(n * n);
    apply(leaf_of<GlobalPoolAt>("global_avg_pool", {{n}, 1}), state, counted, counted, work);
    ASSERT_EQ(state.covariance.size(), 1U);
    EXPECT_NEAR(state.covariance(0, 0), sum / pairs, pairs * eps * size / pairs);
  }
}

}  // namespace
}  // namespace widenet
