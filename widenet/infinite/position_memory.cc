// The memory of a network with positions, counted over its steps.
#include <algorithm>

#include "widenet/infinite/position_dual.h"
#include "widenet/infinite/position_kernel.h"

namespace widenet {
namespace {

constexpr std::size_t table_side_bytes = 240;  // of a position in DualSides

class Count {
 public:
  explicit Count(std::size_t positions) : positions_(positions) { take(positions); }

  void run(const PositionSteps& steps) {
    for (const PositionStep& step : steps.steps) std::visit([this](const auto& s) { add(s); }, step);
  }
  std::size_t records() const { return records_; }
  std::size_t output() const { return positions_; }
  std::size_t states() const { return most_; }

 private:
  static std::size_t state_bytes(std::size_t positions) { return 2 * positions * positions * sizeof(double); }
  // The states before and behind a layer, and at most two half way between them, beside those that branches hold.
  void take(std::size_t positions) {
    positions_ = positions;
    most_ = std::max(most_, held_ + 4 * state_bytes(positions));
  }

  void add(const PositionLeaf& leaf) {
    records_ += sizeof(SampleStep);
    std::visit([this](const auto& s) { add(s); }, leaf);
  }
  void add(const DenseAt&) {}
  void add(const ConvAt& step) { take(step.taps.outputs); }
  void add(const MapAt& step) { take(step.map.size()); }
  void add(const GlobalPoolAt&) { take(1); }
  void add(const FlattenAt&) { take(1); }
  void add(const NormAt&) { records_ += positions_ * sizeof(double); }
  void add(const DropoutAt&) {}
  void add(const DualAt& step) {
    records_ += positions_ * sizeof(double);  // variances
    const std::size_t lanes = (positions_ + dual_lanes - 1) / dual_lanes * dual_lanes;
    records_ += step.closed ? dual_number_count(*step.closed) * lanes * sizeof(double) : positions_ * table_side_bytes;
  }
  void add(const AttentionAt& step) {
    if (step.layer.scaling == AttentionScaling::linear) records_ += positions_ * positions_ * sizeof(double);
  }
  void add(const AggregateAt&) {}
  void add(const RepeatAt& repeat) {
    for (const auto& body : repeat.bodies) run(*body);
  }
  void add(const JoinAt& join) {
    const std::size_t before = positions_, held = held_;
    held_ += join.branches.size() * state_bytes(before);
    for (const auto& branch : join.branches) {
      positions_ = before;
      run(*branch);
    }
    held_ = held;
    take(join.places.empty() ? positions_ : join.places.size());
  }

  std::size_t positions_, records_ = 0, held_ = 0, most_ = 0;
};

std::size_t count_of(const Window& positions) {
  std::size_t count = 1;
  for (const std::size_t extent : positions) count *= extent;
  return count;
}

}  // namespace

std::size_t PositionNetwork::own_bytes() const {
  const std::size_t positions = count_of(input_.positions);
  Count count(positions);
  count.run(*steps_);
  const std::size_t graph = nodes_ * nodes_ * sizeof(Share);
  return sizeof(OwnState) + positions * input_.channels * sizeof(double) + graph + count.records() +
         2 * count.output() * count.output() * sizeof(double);
}

std::size_t PositionNetwork::working_bytes() const {
  Count count(count_of(input_.positions));
  count.run(*steps_);
  return count.states();
}

}  // namespace widenet
