// Activations on all pairs of positions. The state holds K, and the formulas read correlations: they are taken from K
// and the two variances so that K with the bits of both makes a complement of exactly 0, and K' is put together so that
// a complement of 0 gives the bits of the variances back.
#include <algorithm>
#include <cmath>
#include <limits>

#include "widenet/base/number.h"
#include "widenet/infinite/execute.h"
#include "widenet/infinite/position_steps.h"

#define WIDENET_INLINE inline

namespace widenet {
namespace {

#include "widenet/infinite/closed_dual-inl.h"

// 1 - |rho| with the sign of rho. Correlations nearer to 1 than the rounding of K are 1: equal patches are exactly as
// alike as a patch and itself, and so are patches that differ by a factor. A position of variance 0 is independent of
// all others but its like.
Correlation<double> correlation_of(double k, double q, double other_q) {
  constexpr double rounding = 8 * std::numeric_limits<double>::epsilon();
  const double r = std::sqrt(q), other_r = std::sqrt(other_q);
  if (!(r > 0 && other_r > 0)) return q == other_q ? Correlation<double>{0, 1} : Correlation<double>{1, 0};
  const double size = std::min(std::abs(k) / (r * other_r), 1.0), sign = k < 0 ? -1 : 1;
  if (1 - size < rounding) return {std::copysign(0.0, sign), sign};
  return {std::copysign(1 - size, sign), std::copysign(size, sign)};
}

// K' from the outputs' correlation: near 1 by the squared distance of the outputs, near -1 by that of their sum.
double covariance_of(const Correlation<double>& c, double q, double other_q) {
  if (c.s == 0 && !std::signbit(c.s) && q == other_q) return q;
  const double r = std::sqrt(q), other_r = std::sqrt(other_q);
  if (std::abs(c.s) > 0.5) return r * other_r * c.rho;
  const double gap = r - other_r, distance = gap * gap + 2 * r * other_r * std::abs(c.s);
  return std::copysign(((q + other_q) - distance) / 2, c.s);
}

std::size_t parameters_of(const ClosedDual& dual) {
  return std::visit([](const auto& d) { return 1 + d.factors + (d.gives_covariance ? 1 : 0); }, dual);
}

template <class D>
std::vector<Side<double, D::factors>> sides_of(const SampleStep& sample, std::size_t parameters) {
  std::vector<Side<double, D::factors>> sides(sample.variance.size());
  for (std::size_t p = 0; p < sides.size(); ++p) {
    const double* from = sample.parameters.data() + p * parameters;
    sides[p].root = from[0];
    std::copy_n(from + 1, D::factors, sides[p].f);
  }
  return sides;
}

// A tangent kernel of 0 stays: the slope of a pair may be infinite where nothing is trained.
double tangent_of(double theta, double slope) { return theta == 0 ? 0 : theta * slope; }

template <class D>
void apply_closed(const D& dual, std::size_t parameters, PairState& state, const SampleStep& row,
                  const SampleStep& column) {
  const auto rows = sides_of<D>(row, parameters), columns = sides_of<D>(column, parameters);
  for (std::size_t p = 0; p < rows.size(); ++p)
    for (std::size_t q = 0; q < columns.size(); ++q) {
      double &k = state.covariance(p, q), &theta = state.tangent(p, q);
      const Correlation<double> c = correlation_of(k, row.variance[p], column.variance[q]);
      const Dual<double> next = pair<double>(dual, c, rows[p], columns[q]);
      if constexpr (D::gives_covariance)
        k = next.out.rho;
      else
        k = covariance_of(next.out, row.variance_after[p], column.variance_after[q]);
      theta = tangent_of(theta, next.slope);
    }
}

// One row of a table: the position p of one sample against all of the other.
struct TableRow {
  std::vector<double> s, value, slope;
  TableRow(const DualTable& table, const SampleStep& first, std::size_t p, const SampleStep& second,
           std::vector<double> complements)
      : s(std::move(complements)), value(s.size()), slope(s.size()) {
    table.run(first.sides, p, second.sides, {0, s.size()}, s.data(), value.data(), slope.data());
  }
};

// The table reads its two samples in turn: the one of larger variance first, so that exchanging them changes nothing.
void apply_table(const DualTable& table, PairState& state, const SampleStep& row, const SampleStep& column) {
  const std::size_t rows = row.variance.size(), columns = column.variance.size();
  const Matrix<double> before = state.covariance;
  const auto complement = [&](std::size_t p, std::size_t q) {
    return correlation_of(before(p, q), row.variance[p], column.variance[q]).s;
  };
  const auto write = [&](std::size_t p, std::size_t q, double value, double slope) {
    state.covariance(p, q) = value;
    state.tangent(p, q) = tangent_of(state.tangent(p, q), slope);
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

}  // namespace

SampleStep read_dual(const DualAt& step, const PairState& own) {
  SampleStep out;
  const std::size_t positions = own.covariance.rows();
  for (std::size_t p = 0; p < positions; ++p) out.variance.push_back(own.covariance(p, p));
  if (!step.closed) {
    out.sides = step.table->sides(out.variance);
    return out;
  }
  const std::size_t parameters = parameters_of(*step.closed);
  out.parameters.resize(positions * parameters);
  for (std::size_t p = 0; p < positions; ++p)
    out.variance_after.push_back(
        own_moments(*step.closed, out.variance[p], out.parameters.data() + p * parameters).variance);
  return out;
}

void apply_dual(const DualAt& step, PairState& state, const SampleStep& row, const SampleStep& column) {
  if (!step.closed) {
    apply_table(*step.table, state, row, column);
    return;
  }
  std::visit([&](const auto& dual) { apply_closed(dual, parameters_of(*step.closed), state, row, column); },
             *step.closed);
}

}  // namespace widenet
