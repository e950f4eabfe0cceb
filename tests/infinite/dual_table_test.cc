// Tables of duals beside the quadrature that fills them.
#include "widenet/infinite/dual_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"

namespace widenet {
namespace {

using namespace testing_support;

std::vector<Activation> activations() { return {{"tanh", {}}, {"softplus", {}}, {"elu", {1.0}}, {"hard_tanh", {}}}; }

// Columns of a few octaves of variance around a row's, of both signs; nearly parallel and opposite ones among them.
struct Columns {
  std::vector<double> q, s, value, slope;
  Columns(Random& random, std::size_t n) : q(n), s(n), value(n), slope(n) {
    for (std::size_t j = 0; j < n; ++j) {
      q[j] = std::exp2(uniform(random, -4, 3));
      const double small = std::exp2(uniform(random, -50, 0));
      s[j] = j % 2 == 0 ? uniform(random, -1, 1) : j % 4 == 1 ? small : -small;
    }
  }
};

// The bound that the header states.
TEST(DualTable, IsThatOfTheQuadrature) {
  Random random(1);
  for (const Activation& activation : activations()) {
    const DualTable table(activation);
    const DualQuadrature& exact = table.quadrature();
    for (const double q : {0.07, 5.3}) {
      Columns c(random, 8);
      table.run(q, c.q, c.s.data(), c.value.data(), c.slope.data());
      const DualValue row = exact.moments(q);
      for (std::size_t j = 0; j < c.q.size(); ++j) {
        const DualValue dual = exact.dual(q, c.q[j], c.s[j]), column = exact.moments(c.q[j]);
        const double bound = DualTable::error + DualQuadrature::dual_error;
        EXPECT_NEAR(c.value[j], dual.value, bound * std::sqrt(row.value * column.value)) << activation.name;
        EXPECT_NEAR(c.slope[j], dual.slope, bound * std::sqrt(row.slope * column.slope)) << activation.name;
      }
    }
  }
}

// Whatever other columns are asked for beside it, and through sides as without.
TEST(DualTable, EntriesDependOnTheirOwnNumbersAlone) {
  Random random(2);
  for (const Activation& activation : {Activation{"tanh", {}}, Activation{"hard_tanh", {}}}) {
    const DualTable table(activation);
    Columns c(random, 71);
    c.q[5] = 0;
    c.q[7] = 1.3;
    c.s[7] = 0;
    table.run(1.3, c.q, c.s.data(), c.value.data(), c.slope.data());
    EXPECT_TRUE(same_bits(c.value[7], table.variance(1.3)));
    EXPECT_TRUE(same_bits(c.slope[7], table.variance_slope(1.3)));
    for (std::size_t j = 0; j < c.q.size(); ++j) {
      double value = 0, slope = 0;
      table.run(1.3, {&c.q[j], 1}, &c.s[j], &value, &slope);
      EXPECT_TRUE(same_bits(value, c.value[j]) && same_bits(slope, c.slope[j])) << activation.name << " " << j;
    }
    const DualSides rows = table.sides(std::vector<double>{0.2, 1.3}), columns = table.sides(c.q);
    std::vector<double> value(60), slope(60);
    table.run(rows, 1, columns, {11, 71}, c.s.data() + 11, value.data(), slope.data());
    EXPECT_TRUE(std::equal(value.begin(), value.end(), c.value.begin() + 11, same_bits<double>));
  }
}

}  // namespace
}  // namespace widenet
