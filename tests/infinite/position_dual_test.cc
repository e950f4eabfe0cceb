// Activations on all pairs of positions beside the same formulas on one pair of numbers at a time.
#include "widenet/infinite/position_dual.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "tests/support/hard_rows.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/number.h"
#include "widenet/infinite/execute.h"

#define WIDENET_INLINE inline

namespace widenet {
namespace {

using namespace testing_support;

#include "widenet/infinite/closed_dual-inl.h"

ClosedDual dual_of(const std::string& text) {
  return *closed_dual(std::get<Activation>(parse_network("dense " + text).layers[1]));
}
std::vector<std::string> activations() {
  std::vector<std::string> all = bounded_activations();
  all.insert(all.end(), growing_activations().begin(), growing_activations().end());
  all.push_back("hermite(20)");
  return all;
}

// 1 - |rho| with the sign of rho, in branches.
Correlation<double> plain_correlation(double k, double q, double other_q) {
  const double r = std::sqrt(q), other_r = std::sqrt(other_q);
  if (!(r > 0 && other_r > 0)) return q == other_q ? Correlation<double>{0, 1} : Correlation<double>{1, 0};
  const double size = std::min(std::abs(k) / (r * other_r), 1.0), sign = k < 0 ? -1 : 1;
  if (1 - size < 8 * std::numeric_limits<double>::epsilon()) return {std::copysign(0.0, sign), sign};
  return {std::copysign(1 - size, sign), std::copysign(size, sign)};
}

struct Moments {
  double k, slope, own_k, own_slope;  // own: roots of the products of the two positions' own
};
Moments plain_pair(const ClosedDual& any, double k, double q, double other_q) {
  double mine[most_dual_numbers], theirs[most_dual_numbers];
  const DualMoments own = own_moments(any, q, mine), other = own_moments(any, other_q, theirs);
  return std::visit(
      [&](const auto& dual) {
        using D = std::decay_t<decltype(dual)>;
        Side<double, D::factors> i, j;
        i.root = mine[0];
        j.root = theirs[0];
        std::copy_n(mine + 1, D::factors, i.f);
        std::copy_n(theirs + 1, D::factors, j.f);
        const Dual<double> next = pair<double>(dual, plain_correlation(k, q, other_q), i, j);
        const double size = std::sqrt(own.variance) * std::sqrt(other.variance);
        return Moments{D::gives_covariance ? next.out.rho : size * next.out.rho, next.slope, size,
                       std::sqrt(own.slope) * std::sqrt(other.slope)};
      },
      any);
}

struct Two {
  std::vector<double> rows, columns;
  Matrix<double> k, theta;
};
// Variances and covariances as they come, and as they rarely do: none, equal, opposite, a rounding off, uncorrelated.
Two hard_pairs(Random& random, std::size_t rows, std::size_t columns) {
  Two out{{}, {}, Matrix<double>(rows, columns), normal_rows<double>(random, rows, columns)};
  const auto variance = [&] {
    return below(random, 6) == 0 ? 0.0 : below(random, 4) == 0 ? 0.5 : uniform(random, 0.01, 2);
  };
  for (std::size_t p = 0; p < rows; ++p) out.rows.push_back(variance());
  for (std::size_t q = 0; q < columns; ++q) out.columns.push_back(variance());
  for (std::size_t p = 0; p < rows; ++p)
    for (std::size_t q = 0; q < columns; ++q) {
      const double hard[] = {
          0, 1, -1, 1 - 0x1p-51, -1 + 0x1p-40, 1 - 1e-9, uniform(random, -1, 1), uniform(random, -1, 1)};
      out.k(p, q) = std::sqrt(out.rows[p]) * std::sqrt(out.columns[q]) * hard[below(random, 8)];
      if (below(random, 5) == 0) out.theta(p, q) = 0;
    }
  return out;
}

TEST(PositionDual, IsThePlainFormula) {
  Random random(1);
  for (const std::string& text : activations())
    for (const std::size_t columns : Sizes{1, 3, 8, 31, 45}) {
      const ClosedDual dual = dual_of(text);
      const Two before = hard_pairs(random, 9, columns);
      Two after = before;
      apply_dual(dual, dual_numbers(dual, before.rows), 0, dual_numbers(dual, before.columns), after.k, after.theta);
      for (std::size_t p = 0; p < 9; ++p)
        for (std::size_t q = 0; q < columns; ++q) {
          const Moments plain = plain_pair(dual, before.k(p, q), before.rows[p], before.columns[q]);
          const double bound = 2 * closed_dual_error, theta = before.theta(p, q);
          ASSERT_NEAR(after.k(p, q), plain.k, bound * plain.own_k) << text << " " << p << " " << q;
          if (theta == 0) {
            ASSERT_EQ(after.theta(p, q), 0) << text;
          } else if (!std::isinf(plain.slope)) {
            ASSERT_NEAR(after.theta(p, q), theta * plain.slope, bound * std::abs(theta) * plain.own_slope)
                << text << " " << before.k(p, q) << " " << before.rows[p] << " " << before.columns[q];
          }
        }
    }
}

// Equal positions have the bits of their variance, and K with the bits of both variances is such.
TEST(PositionDual, EqualPositionsAreExact) {
  for (const std::string& text : activations())
    for (const double q : {0.0, 0.3, 1.7}) {
      const ClosedDual dual = dual_of(text);
      const std::vector<double> one{q}, many(19, q);
      Matrix<double> own(1, 1, q), own_theta(1, 1, 1.0), k(19, 19, q), theta(19, 19, 1.0);
      apply_dual(dual, dual_numbers(dual, one), 0, dual_numbers(dual, one), own, own_theta);
      apply_dual(dual, dual_numbers(dual, many), 0, dual_numbers(dual, many), k, theta);
      for (std::size_t e = 0; e < k.size(); ++e) {
        ASSERT_EQ(k.data()[e], own(0, 0)) << text << " " << q;
        ASSERT_TRUE(theta.data()[e] == own_theta(0, 0) || std::isnan(own_theta(0, 0))) << text << " " << q;
      }
    }
}

// The bits of an entry are those of its pair: in any place, and with the samples exchanged.
TEST(PositionDual, EntriesDependOnTheirPairAlone) {
  Random random(2);
  for (const std::string& text : activations()) {
    const ClosedDual dual = dual_of(text);
    const Two before = hard_pairs(random, 5, 43);
    Two after = before;
    apply_dual(dual, dual_numbers(dual, before.rows), 0, dual_numbers(dual, before.columns), after.k, after.theta);
    for (std::size_t p = 0; p < 5; ++p)
      for (std::size_t q = 0; q < 43; ++q) {
        Matrix<double> k(1, 1, before.k(p, q)), theta(1, 1, before.theta(p, q));
        const std::vector<double> row{before.rows[p]}, column{before.columns[q]};
        apply_dual(dual, dual_numbers(dual, column), 0, dual_numbers(dual, row), k, theta);
        ASSERT_EQ(k(0, 0), after.k(p, q)) << text;
        ASSERT_TRUE(theta(0, 0) == after.theta(p, q) || std::isnan(theta(0, 0))) << text;
      }
  }
}

}  // namespace
}  // namespace widenet
