// What the plane engine reads of each sample: its pixels, and what the activations read of its variances.
#pragma once

#include "widenet/base/matrix.h"
#include "widenet/infinite/plane_plan.h"

namespace widenet {

// Samples that run side by side, one per lane of a vector.
template <class T>
inline constexpr std::size_t plane_lanes = 64 / sizeof(T);

// Numbers that a stage's activation reads of one sample at one position: 1 / sqrt(q), the root of the output's
// variance, then sqrt(q) and the factors of the formula where it has any.
std::size_t plane_parameters(const PlaneStage& stage);

// Where the parameters of the stages begin: [stage][position][parameter].
std::vector<std::size_t> plane_offsets(const PlanePlan& plan);

// Behind pools the variances of a sample are sums of its covariances with itself: [level][position], where the
// variances of a level that has activations begin; one entry more than levels.
std::vector<std::size_t> variance_offsets(const PlanePlan& plan);

// Numbers that are known of a sample beforehand: its variances behind pools, then, where there is attention, the sum of
// its weights over the queries for every position of the last plane.
std::size_t own_numbers(const PlanePlan& plan);

// The same of a few samples: as rows, one after the other, or as blocks of plane_lanes<T>, lane by lane.
template <class T>
class PlaneSamples {
 public:
  enum class As { rows, blocks };
  PlaneSamples(const PlanePlan& plan, As as);
  PlaneSamples(const PlanePlan& plan, MatrixView<const T> x, MatrixView<const T> own, As as) : PlaneSamples(plan, as) {
    assign(plan, x, own);
  }
  // Other samples, in the memory of those before. x: samples of plan.input.size() * channels finite numbers, positions
  // first. own: own_numbers(plan) of each. The plan is that of the construction.
  void assign(const PlanePlan& plan, MatrixView<const T> x, MatrixView<const T> own);

  // [position][channel] of sample i or, with [lane] behind, of block i.
  const T* pixels(std::size_t i) const { return pixels_.data() + i * pixel_count_ * lanes_; }
  const T* parameters(std::size_t i) const { return parameters_.data() + i * parameter_count_ * lanes_; }
  // [position] of attention.
  const T* weights(std::size_t i) const { return weights_.data() + i * weight_count_ * lanes_; }

  // Bytes of memory per sample.
  static std::size_t bytes(const PlanePlan& plan);

 private:
  void fill(const PlanePlan& plan, const T* x, const T* own, T* pixels, T* parameters) const;
  void activate(const PlanePlan& plan, std::size_t stage, std::vector<double>& q, T* to) const;

  std::size_t lanes_, pixel_count_;
  std::vector<std::size_t> offsets_;
  std::size_t parameter_count_, weight_count_;
  Buffer<T> pixels_, parameters_, weights_;
};

}  // namespace widenet
