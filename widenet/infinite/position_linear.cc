// The layers that are linear in the covariances, and who is present behind each layer.
#include <algorithm>
#include <cmath>

#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

// In eight sums that take turns.
double sum_of(const Matrix<double>& from) {
  constexpr std::size_t width = 8;
  double sums[width] = {}, rest = 0;
  std::size_t k = 0;
  for (; k + width <= from.size(); k += width)
    for (std::size_t l = 0; l < width; ++l) sums[l] += from.data()[k + l];
  for (; k < from.size(); ++k) rest += from.data()[k];
  for (const double sum : sums) rest += sum;
  return rest;
}

// row_map K column_map^T in the place of K
void map(const PositionMap& row_map, Matrix<double>& k, const PositionMap& column_map, Workspace& work) {
  Matrix<double> half = work.take(row_map.size(), k.cols());
  for (std::size_t p = 0; p < row_map.size(); ++p) {
    double* to = half.row(p).data();
    std::fill_n(to, k.cols(), 0.0);
    for (const Share& share : row_map[p]) {
      const double* from = k.row(share.position).data();
      for (std::size_t q = 0; q < k.cols(); ++q) to[q] += share.weight * from[q];
    }
  }
  k.reshape(row_map.size(), column_map.size());
  for (std::size_t p = 0; p < row_map.size(); ++p)
    for (std::size_t q = 0; q < column_map.size(); ++q) {
      double sum = 0;
      for (const Share& share : column_map[q]) sum += share.weight * half(p, share.position);
      k(p, q) = sum;
    }
  work.give(std::move(half));
}

// Steps that do not change every pair of positions by itself.
struct Apply {
  PairState& state;
  const SampleStep &row, &column;
  Workspace& work;
  const Finish& finish;

  void operator()(const ConvAt& step) const { apply_conv(step, state, work, finish); }
  void operator()(const AttentionAt& step) const { apply_attention(step, state, row, column, work, finish); }
  void operator()(const MapAt& step) const { map_both(step.map, step.map); }
  void operator()(const AggregateAt&) const { map_both(*row.edges, *column.edges); }
  void operator()(const GlobalPoolAt& step) const {
    const double divisor = step.sum ? 1 : row.count * column.count;
    leave_one([divisor](const Matrix<double>& from) { return sum_of(from) / divisor; });
  }
  void operator()(const FlattenAt&) const {
    leave_one([](const Matrix<double>& from) {
      double sum = 0;
      for (std::size_t p = 0; p < from.rows(); ++p) sum += from(p, p);
      return sum / static_cast<double>(from.rows());
    });
  }
  // Two samples drop units of their own: only a sample with itself is changed, and a position with itself.
  void operator()(const DropoutAt& step) const {
    if (&row == &column)
      for (std::size_t p = 0; p < state.covariance.rows(); ++p) {
        state.covariance(p, p) /= step.keep;
        state.tangent(p, p) /= step.keep;
      }
    for_rows(state, finish);
  }
  void operator()(const DualAt& step) const {
    apply_table(*step.table, state, row, column);
    for_rows(state, finish);
  }
  // Those that change_rows does.
  void operator()(const DenseAt&) const {}
  void operator()(const NormAt&) const {}

 private:
  void map_both(const PositionMap& rows, const PositionMap& columns) const {
    map(rows, state.covariance, columns, work);
    if (state.has_tangent()) map(rows, state.tangent, columns, work);
    for_rows(state, finish);
  }
  // One position, of the numbers that f makes of K and of Theta.
  template <class F>
  void leave_one(const F& f) const {
    for (Matrix<double>* matrix : {&state.covariance, &state.tangent}) {
      if (matrix->size() == 0) continue;
      const double number = f(*matrix);
      matrix->reshape(1, 1);
      (*matrix)(0, 0) = number;
    }
    for_rows(state, finish);
  }
};

struct Read {
  const PairState& own;
  const std::shared_ptr<const PositionMap>& edges;

  SampleStep operator()(const NormAt& step) const {
    const std::size_t positions = step.group.size();
    std::vector<double> sum(positions, 0.0), count(positions, 0.0);
    for (std::size_t p = 0; p < positions; ++p) {
      if (!is_present(own.rows, p)) continue;
      sum[step.group[p]] += own.covariance(p, p) + layer_norm_epsilon;
      count[step.group[p]] += 1;
    }
    SampleStep out;
    for (const std::size_t g : step.group)
      out.root_mean_squares.push_back(count[g] > 0 ? std::sqrt(sum[g] / count[g]) : 1);
    return out;
  }
  SampleStep operator()(const GlobalPoolAt&) const {
    SampleStep out;
    for (std::size_t p = 0; p < own.covariance.rows(); ++p) out.count += is_present(own.rows, p) ? 1 : 0;
    out.count = std::max(out.count, 1.0);
    return out;
  }
  SampleStep operator()(const AggregateAt&) const {
    SampleStep out;
    out.edges = edges;
    return out;
  }
  SampleStep operator()(const DualAt& step) const { return read_dual(step, own); }
  SampleStep operator()(const AttentionAt& step) const { return read_attention(step, own); }
  template <class Other>
  SampleStep operator()(const Other&) const {
    return {};
  }
};

struct Present {
  const Presence& before;

  bool any() const { return std::find(before.begin(), before.end(), true) != before.end(); }

  Presence operator()(const ConvAt& step) const {
    Presence after(step.taps.outputs);
    for (std::size_t o = 0; o < after.size(); ++o)
      after[o] = step.taps.centre.empty() ? reads_present_only(step.taps, o) : before[step.taps.centre[o]];
    return after;
  }
  Presence operator()(const MapAt& step) const {
    Presence after(step.map.size());
    for (std::size_t o = 0; o < after.size(); ++o) {
      const auto& row = step.map[o];
      after[o] = step.centre.empty()
                     ? std::any_of(row.begin(), row.end(), [&](const Share& s) { return before[s.position]; })
                     : before[step.centre[o]];
    }
    return after;
  }
  Presence operator()(const GlobalPoolAt&) const { return {any()}; }
  Presence operator()(const FlattenAt&) const { return {any()}; }
  template <class Other>
  Presence operator()(const Other&) const {
    return before;
  }

 private:
  bool reads_present_only(const Taps& taps, std::size_t output) const {
    for (std::size_t t = 0; t < taps.taps; ++t)
      if (taps.at(output, t) != no_position && !before[taps.at(output, t)]) return false;
    return true;
  }
};

}  // namespace

SampleStep read_sample(const PositionLeaf& leaf, const PairState& own,
                       const std::shared_ptr<const PositionMap>& edges) {
  return std::visit(Read{own, edges}, leaf);
}

void clear_absent(PairState& state) {
  if (state.rows.empty() && state.columns.empty()) return;
  for (std::size_t p = 0; p < state.covariance.rows(); ++p)
    for (std::size_t q = 0; q < state.covariance.cols(); ++q) {
      if (is_present(state.rows, p) && is_present(state.columns, q)) continue;
      state.covariance(p, q) = 0;
      if (state.has_tangent()) state.tangent(p, q) = 0;
    }
}

void apply(const PositionLeaf& leaf, PairState& state, const SampleStep& row, const SampleStep& column, Workspace& work,
           const Finish& finish) {
  if (changes_rows(leaf))
    for_rows(state, [&](const StateRows& rows) {
      change_rows(leaf, rows, row, column);
      finish(rows);
    });
  else
    std::visit(Apply{state, row, column, work, finish}, leaf);
  if (!state.rows.empty()) state.rows = std::visit(Present{state.rows}, leaf);
  if (!state.columns.empty()) state.columns = std::visit(Present{state.columns}, leaf);
  clear_absent(state);
}

}  // namespace widenet
