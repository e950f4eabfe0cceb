// Activations on all pairs of positions: what they read of one sample, and those by table.
#include <algorithm>
#include <cmath>
#include <limits>

#include "widenet/base/number.h"
#include "widenet/infinite/position_dual.h"
#include "widenet/infinite/position_steps.h"

#define WIDENET_INLINE inline

namespace widenet {
namespace {

#include "widenet/infinite/closed_dual-inl.h"
#include "widenet/infinite/position_dual-inl.h"

// One row of a table: the position p of one sample against all of the other.
struct TableRow {
  std::vector<double> s, value, slope;
  TableRow(const DualTable& table, const SampleStep& first, std::size_t p, const SampleStep& second,
           std::vector<double> complements)
      : s(std::move(complements)), value(s.size()), slope(s.size()) {
    table.run(first.sides, p, second.sides, {0, s.size()}, s.data(), value.data(), slope.data());
  }
};

}  // namespace

SampleStep read_dual(const DualAt& step, const PairState& own) {
  SampleStep out;
  for (std::size_t p = 0; p < own.covariance.rows(); ++p) out.variance.push_back(own.covariance(p, p));
  if (step.closed)
    out.dual = dual_numbers(*step.closed, out.variance);
  else
    out.sides = step.table->sides(out.variance);
  return out;
}

// The table reads its two samples in turn: the one of larger variance first, so that exchanging them changes nothing.
void apply_table(const DualTable& table, PairState& state, const SampleStep& row, const SampleStep& column) {
  const std::size_t rows = row.variance.size(), columns = column.variance.size();
  const Matrix<double> before = state.covariance;
  const auto complement = [&](std::size_t p, std::size_t q) {
    const double q_row = row.variance[p], q_column = column.variance[q];
    const Variances<double> i{q_row, std::sqrt(q_row), 0, 0}, j{q_column, std::sqrt(q_column), 0, 0};
    return correlation_of(before(p, q), i, j).s;
  };
  const auto write = [&](std::size_t p, std::size_t q, double value, double slope) {
    state.covariance(p, q) = value;
    if (state.has_tangent()) state.tangent(p, q) = tangent_of(state.tangent(p, q), slope);
  };
  for (std::size_t p = 0; p < rows; ++p) {
    std::vector<double> s(columns);
    for (std::size_t q = 0; q < columns; ++q) s[q] = complement(p, q);
    const TableRow run(table, row, p, column, std::move(s));
    for (std::size_t q = 0; q < columns; ++q)
      if (row.variance[p] >= column.variance[q]) write(p, q, run.value[q], run.slope[q]);
  }
  for (std::size_t q = 0; q < columns; ++q) {
    std::vector<double> s(rows);
    for (std::size_t p = 0; p < rows; ++p) s[p] = complement(p, q);
    const TableRow run(table, column, q, row, std::move(s));
    for (std::size_t p = 0; p < rows; ++p)
      if (row.variance[p] < column.variance[q]) write(p, q, run.value[p], run.slope[p]);
  }
}

}  // namespace widenet
