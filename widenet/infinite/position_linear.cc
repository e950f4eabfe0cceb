// The layers that are linear in the covariances, and who is present behind each layer.
#include <algorithm>
#include <cmath>

#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

// K and Theta of every pair of positions, in place.
template <class Change>
void change(PairState& state, const Change& change_entry) {
  for (std::size_t p = 0; p < state.covariance.rows(); ++p) {
    double *k = state.covariance.row(p).data(), *theta = state.tangent.row(p).data();
    for (std::size_t q = 0; q < state.covariance.cols(); ++q) change_entry(p, q, k[q], theta[q]);
  }
}

// K and Theta of the one position that is left.
void leave(PairState& state, double k, double theta) {
  state.covariance.reshape(1, 1);
  state.tangent.reshape(1, 1);
  state.covariance(0, 0) = k;
  state.tangent(0, 0) = theta;
}

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

// row_map K column_map^T
Matrix<double> mapped(const PositionMap& row_map, const Matrix<double>& from, const PositionMap& column_map) {
  Matrix<double> half(row_map.size(), from.cols()), out(row_map.size(), column_map.size());
  for (std::size_t p = 0; p < row_map.size(); ++p)
    for (const Share& share : row_map[p])
      for (std::size_t q = 0; q < from.cols(); ++q) half(p, q) += share.weight * from(share.position, q);
  for (std::size_t p = 0; p < row_map.size(); ++p)
    for (std::size_t q = 0; q < column_map.size(); ++q)
      for (const Share& share : column_map[q]) out(p, q) += share.weight * half(p, share.position);
  return out;
}
void map_both(PairState& state, const PositionMap& rows, const PositionMap& columns) {
  state.covariance = mapped(rows, state.covariance, columns);
  state.tangent = mapped(rows, state.tangent, columns);
}

struct Apply {
  PairState& state;
  const SampleStep &row, &column;
  Workspace& work;

  void operator()(const DenseAt& step) const {
    change(state, [&](std::size_t, std::size_t, double& k, double& theta) {
      theta = tangent_after(step.layer, k, theta);
      k = covariance_after(step.layer, k);
    });
  }
  void operator()(const ConvAt& step) const { apply_conv(step, state, work); }
  void operator()(const MapAt& step) const { map_both(state, step.map, step.map); }
  void operator()(const AggregateAt&) const { map_both(state, *row.edges, *column.edges); }
  void operator()(const GlobalPoolAt& step) const {
    const double divisor = step.sum ? 1 : row.count * column.count;
    leave(state, sum_of(state.covariance) / divisor, sum_of(state.tangent) / divisor);
  }
  void operator()(const FlattenAt&) const {
    const auto mean = [](const Matrix<double>& from) {
      double sum = 0;
      for (std::size_t p = 0; p < from.rows(); ++p) sum += from(p, p);
      return sum / static_cast<double>(from.rows());
    };
    leave(state, mean(state.covariance), mean(state.tangent));
  }
  void operator()(const NormAt&) const {
    change(state, [&](std::size_t p, std::size_t q, double& k, double& theta) {
      const double scale = row.root_mean_squares[p] * column.root_mean_squares[q];
      k /= scale;
      theta /= scale;
    });
  }
  // Two samples drop units of their own: only a sample with itself is changed, and a position with itself.
  void operator()(const DropoutAt& step) const {
    if (&row != &column) return;
    for (std::size_t p = 0; p < state.covariance.rows(); ++p) {
      state.covariance(p, p) /= step.keep;
      state.tangent(p, p) /= step.keep;
    }
  }
  void operator()(const DualAt& step) const { apply_dual(step, state, row, column); }
  void operator()(const AttentionAt& step) const { apply_attention(step, state, row, column, work); }
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
    for (std::size_t q = 0; q < state.covariance.cols(); ++q)
      if (!is_present(state.rows, p) || !is_present(state.columns, q)) state.covariance(p, q) = state.tangent(p, q) = 0;
}

void apply(const PositionLeaf& leaf, PairState& state, const SampleStep& row, const SampleStep& column,
           Workspace& work) {
  std::visit(Apply{state, row, column, work}, leaf);
  if (!state.rows.empty()) state.rows = std::visit(Present{state.rows}, leaf);
  if (!state.columns.empty()) state.columns = std::visit(Present{state.columns}, leaf);
  clear_absent(state);
}

}  // namespace widenet
