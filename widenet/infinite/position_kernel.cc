#include "widenet/infinite/position_kernel.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "widenet/architecture/kernel.h"
#include "widenet/base/error.h"
#include "widenet/infinite/samples.h"

namespace widenet {
namespace {

// K = x_p . z_p' / channels, one chain of fused operations, and Theta = 0.
PairState input_state(const OwnState& row, const OwnState& column, Limit limit, Workspace& work) {
  const Matrix<double>&x = row.values, &z = column.values;
  const std::size_t channels = x.cols(), columns = z.rows();
  Matrix<double> of_channel = work.take(channels, columns);  // z, channels first
  for (std::size_t q = 0; q < columns; ++q)
    for (std::size_t c = 0; c < channels; ++c) of_channel(c, q) = z(q, c);
  PairState state{work.take(x.rows(), columns), {}, row.present, column.present};
  if (limit == Limit::ntk) {
    state.tangent = work.take(x.rows(), columns);
    std::fill_n(state.tangent.data(), state.tangent.size(), 0.0);
  }
  for (std::size_t p = 0; p < x.rows(); ++p) {
    double* sum = state.covariance.row(p).data();
    std::fill_n(sum, columns, 0.0);
    for (std::size_t c = 0; c < channels; ++c) {
      const double* from = of_channel.row(c).data();
      const double factor = x(p, c);
      for (std::size_t q = 0; q < columns; ++q) sum[q] = std::fma(factor, from[q], sum[q]);
    }
    for (std::size_t q = 0; q < columns; ++q) sum[q] /= static_cast<double>(channels);
  }
  work.give(std::move(of_channel));
  return state;
}

// What a pair came to; its memory goes back.
PairKernel kernel_of(PairState& state, Workspace& work) {
  PairKernel out{copy<double>(state.covariance.view()), copy<double>(state.tangent.view())};
  work.give(std::move(state.covariance));
  work.give(std::move(state.tangent));
  return out;
}

// Runs the steps on a state; `run_leaves` is called for every step but repeat and branches, in one order for all
// samples, and for those behind it at once that change_rows does.
using Leaves = std::span<const PositionStep>;
using RunLeaves = std::function<void(Leaves, PairState&)>;
const PositionLeaf& leaf_of(const PositionStep& step) { return std::get<PositionLeaf>(step); }

void run(const PositionSteps& steps, PairState& state, const RunLeaves& run_leaves) {
  const Leaves all = steps.steps;
  for (std::size_t s = 0; s < all.size(); ++s) {
    if (std::holds_alternative<PositionLeaf>(all[s])) {
      std::size_t count = 1;
      const auto follows = [](const PositionStep& step) {
        return std::holds_alternative<PositionLeaf>(step) && changes_rows(leaf_of(step));
      };
      while (s + count < all.size() && follows(all[s + count])) ++count;
      run_leaves(all.subspan(s, count), state);
      s += count - 1;
    } else if (const auto* repeat = std::get_if<RepeatAt>(&all[s])) {
      for (const auto& body : repeat->bodies) run(*body, state, run_leaves);
    } else if (const auto* join = std::get_if<JoinAt>(&all[s])) {
      std::vector<PairState> ends(join->branches.size(), state);
      for (std::size_t b = 0; b < ends.size(); ++b) run(*join->branches[b], ends[b], run_leaves);
      state = joined(*join, ends);
    }
  }
}

// The positions that aggregate reads, the same in all layers; 0: there is none.
void count_nodes(const PositionSteps& steps, std::size_t& nodes) {
  for (const PositionStep& step : steps.steps) {
    if (const auto* leaf = std::get_if<PositionLeaf>(&step)) {
      const auto* aggregate = std::get_if<AggregateAt>(leaf);
      if (aggregate == nullptr) continue;
      if (nodes != 0 && nodes != aggregate->nodes)
        fail(
            "aggregate reads {} positions in one layer and {} in another (a sample has one graph) change their number "
            "before the first, or behind the last",
            nodes, aggregate->nodes);
      nodes = aggregate->nodes;
    } else if (const auto* repeat = std::get_if<RepeatAt>(&step)) {
      for (const auto& body : repeat->bodies) count_nodes(*body, nodes);
    } else if (const auto* join = std::get_if<JoinAt>(&step)) {
      for (const auto& branch : join->branches) count_nodes(*branch, nodes);
    }
  }
}

void check_finite(const PairState& own, std::size_t number) {
  for (std::size_t p = 0; p < own.covariance.rows(); ++p) {
    const double k = own.covariance(p, p), theta = own.tangent(p, p);
    if (std::abs(k) < largest_kernel<double> && std::abs(theta) < largest_kernel<double>) continue;
    fail(
        "the kernel of sample {} is not finite (on the way a mean square is {:.3g}, its tangent kernel {:.3g}, and the "
        "numbers reach {:g}) scale the inputs down, or choose smaller weight_std or another activation",
        number, k, theta, largest_kernel<double>);
  }
}

// The values as positions x channels, with what is masked taken out.
OwnState unmasked(const PositionSample& sample, const Shape& shape, std::optional<double> mask) {
  const std::size_t positions = position_count(shape.positions);
  OwnState own{Matrix<double>(positions, shape.channels), {}, {}, {}};
  std::copy(sample.values.begin(), sample.values.end(), own.values.data());
  if (!mask) return own;
  const auto masked = [&](double x) { return x == *mask || (std::isnan(x) && std::isnan(*mask)); };
  for (std::size_t p = 0; p < positions; ++p) {
    const auto values = own.values.row(p);
    own.present.push_back(!std::all_of(values.begin(), values.end(), masked));
    std::replace_if(values.begin(), values.end(), masked, 0.0);
  }
  return own;
}

void check_norms(const Matrix<double>& values, std::size_t number) {
  for (std::size_t p = 0; p < values.rows(); ++p) {
    double largest = 0;
    for (const double x : values.row(p)) {
      if (std::isnan(x)) fail("sample {} holds a NaN (no kernel is defined for it) remove or fill it", number);
      largest = std::max(largest, std::abs(x));
    }
    if (largest > 1e150 || (largest > 0 && largest < 1e-150))
      fail(
          "the largest number {:.3g} of position {} of sample {} lies outside [1e-150, 1e150] (its square is not a "
          "float64 number of full precision) scale the inputs",
          largest, p, number);
  }
}

// Sums that cancel, as of pools, may leave a mean square of 0 a rounding below it.
void drop_negative(Matrix<double>& own) {
  for (std::size_t p = 0; p < own.rows(); ++p)
    if (own(p, p) < 0) own(p, p) = 0;
}

// x'_p = sum over q of A(q, p) x_q.
std::shared_ptr<const PositionMap> edges_of(std::span<const double> adjacency, std::size_t positions) {
  PositionMap map(positions);
  for (std::size_t q = 0; q < positions; ++q)
    for (std::size_t p = 0; p < positions; ++p)
      if (adjacency[q * positions + p] != 0) map[p].push_back({q, adjacency[q * positions + p]});
  return std::make_shared<PositionMap>(std::move(map));
}

}  // namespace

PositionNetwork::PositionNetwork(const Network& network, const Shape& shape, std::optional<double> mask)
    : input_(shape), mask_(mask) {
  if (shape.channels == 0)
    fail("the samples have no channels (a covariance is a mean over them) give samples of at least one channel");
  validate(network, shape);
  output_ = shape_after(network, shape);
  steps_ = compile_positions(network, shape);
  count_nodes(*steps_, nodes_);
}

OwnState PositionNetwork::own(const PositionSample& sample, std::size_t number) const {
  const std::size_t positions = position_count(input_.positions);
  if (sample.values.size() != positions * input_.channels)
    fail("sample {} has {} numbers (a sample of the shape {} has {}) give samples of that shape", number,
         sample.values.size(), to_text(input_), positions * input_.channels);
  OwnState own = unmasked(sample, input_, mask_);
  check_norms(own.values, number);
  std::shared_ptr<const PositionMap> edges;
  if (nodes_ > 0) {
    if (sample.adjacency.size() != nodes_ * nodes_)
      fail("the graph of sample {} has {} numbers (aggregate needs an adjacency matrix of {} x {} positions) give one",
           number, sample.adjacency.size(), nodes_, nodes_);
    edges = edges_of(sample.adjacency, nodes_);
  }
  Workspace work;
  PairState state = input_state(own, own, Limit::ntk, work);
  run(*steps_, state, [&](Leaves leaves, PairState& now) {
    for (const PositionStep& leaf : leaves) {
      const SampleStep& step = own.steps.emplace_back(read_sample(leaf_of(leaf), now, edges));
      apply(leaf_of(leaf), now, step, step, work);
      drop_negative(now.covariance);
      check_finite(now, number);
    }
  });
  check_finite(state, number);
  own.kernel = kernel_of(state, work);
  return own;
}

PairKernel PositionNetwork::pair(const OwnState& row, const OwnState& column, Limit limit, Workspace& work) const {
  if (&row == &column) return row.kernel;
  PairState state = input_state(row, column, limit, work);
  std::size_t next = 0;
  run(*steps_, state, [&](Leaves leaves, PairState& now) {
    apply(leaf_of(leaves[0]), now, row.steps[next], column.steps[next], work, [&](const StateRows& rows) {
      for (std::size_t k = 1; k < leaves.size(); ++k)
        change_rows(leaf_of(leaves[k]), rows, row.steps[next + k], column.steps[next + k]);
    });
    next += leaves.size();
  });
  return kernel_of(state, work);
}

PairKernel PositionNetwork::pair(const OwnState& row, const OwnState& column) const {
  Workspace work;
  return pair(row, column, Limit::ntk, work);
}

}  // namespace widenet
