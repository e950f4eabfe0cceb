// What the plane engine reads of each sample: its pixels, and what the activations read of its variances.
#pragma once

#include <vector>

#include "widenet/base/matrix.h"
#include "widenet/infinite/plane_plan.h"

namespace widenet {

// Samples that run side by side, one per lane of a vector.
template <class T>
inline constexpr std::size_t plane_lanes = plane_vector_bytes / sizeof(T);

// Behind pools the variances of a sample are sums of its covariances with itself: [level][position], where the
// variances of a level that has activations begin; one entry more than levels.
std::vector<std::size_t> variance_offsets(const PlanePlan& plan);

// Numbers that are known of a sample beforehand: its variances behind pools, then, where there is attention, the sum of
// its weights over the queries for every position of the last plane.
std::size_t own_numbers(const PlanePlan& plan);

// The same of the samples that are wanted next, one by one or in blocks of plane_lanes<T>, lane by lane, with the rows
// of circular levels twice. A unit, sample or block, has its place by its number modulo the
// room, and stays there until another takes it.
template <class T>
class PlaneSamples {
 public:
  enum class As { rows, blocks };
  // x: samples of plan.input.size() * channels finite numbers, positions first. own: own_numbers(plan) of each. All
  // three are kept by reference. Room for `room` samples, of blocks a multiple of plane_lanes<T>.
  PlaneSamples(const PlanePlan& plan, MatrixView<const T> x, MatrixView<const T> own, As as, std::size_t room);

  // Prepares what is not there yet of at most as many units as there is room for.
  void hold(Range units);
  bool holds(std::size_t unit) const { return held_[unit % held_.size()] == unit; }

  // [position][channel] of a sample or, with [lane] behind, of a block.
  const T* pixels(std::size_t unit) const { return pixels_.data() + place(unit) * numbers_.pixels; }
  // [stage][position][parameter], [lane] behind.
  const T* parameters(std::size_t unit) const { return parameters_.data() + place(unit) * numbers_.parameters; }
  // [position] of attention.
  const T* weights(std::size_t unit) const { return weights_.data() + place(unit) * numbers_.weights; }

  // Bytes of memory per sample of the room.
  static std::size_t bytes(const PlanePlan& plan, As as) { return numbers(plan, as).sum() * sizeof(T); }

 private:
  static PlaneNumbers numbers(const PlanePlan& plan, As as) {
    return as == As::rows ? row_numbers(plan) : column_numbers(plan);
  }
  std::size_t place(std::size_t unit) const { return unit % held_.size() * lanes_; }
  void prepare(std::size_t unit);
  std::vector<double> read_pixels(std::size_t unit);
  void run_level(const PlaneLevel& level, std::vector<double> q, T* parameters) const;
  void write(const PlaneStage& stage, double leaving, std::vector<double>& q, T* to) const;
  void lay(const PlaneLevel& level, const Plane& plane, std::size_t numbers, T* data) const;
  void normalise(const PlaneStage& stage, std::vector<double>& q, T* to) const;
  void activate(const PlaneStage& stage, double leaving, std::vector<double>& q, T* to) const;
  void look_up(const DualTable& table, std::vector<double>& q, T* to) const;

  const PlanePlan& plan_;
  MatrixView<const T> x_, own_;
  std::size_t lanes_;
  PlaneNumbers numbers_;
  std::vector<std::size_t> pooled_;
  std::vector<std::size_t> held_;  // which unit stands in each place
  Buffer<T> pixels_, parameters_, weights_;
};

}  // namespace widenet
