// One sample against a block of samples through a plane plan.
#pragma once

#include <functional>
#include <vector>

#include "widenet/infinite/plane_samples.h"

namespace widenet {

// Working memory of one thread: rows of covariances of one displacement, a vector per position, and the sums of pools
// that are not complete yet.
template <class T>
class PlaneScratch {
 public:
  explicit PlaneScratch(const PlanePlan& plan);
  static std::size_t bytes(const PlanePlan& plan);

  // K and B = own K + Theta as they are handed over; a row of zeros.
  T* plane(std::size_t slot, std::size_t which) { return data_.data() + (2 * slot + which) * layout_.plane; }
  T* zeros() { return data_.data() + layout_.zeros; }
  // Finished rows, with zeros on both sides.
  T* row(std::size_t u, std::size_t which) { return zeros() + (1 + 2 * u + which) * layout_.row + plane_lanes<T>; }
  // The sums of the pool in front of a level, of its displacements a and b along columns and rows. The few a that are
  // open at a time take turns.
  T* pooled(const PlaneDisplacements& level, std::size_t a, std::size_t b, std::size_t which) {
    const std::size_t position = level.begin + (2 * (a % level.most_open) + which) * level.size + level.places[b];
    return data_.data() + layout_.pooled + position * plane_lanes<T>;
  }
  // A row that goes on around the plane.
  T* around() { return data_.data() + layout_.around; }

 private:
  struct Layout {
    explicit Layout(const PlanePlan& plan);
    std::size_t plane, zeros, row, around, pooled, size;
  };
  Layout layout_;
  Buffer<T> data_;
};

// Positions along a row from the first tap of the first window to the last of the last.
inline std::size_t around_width(const PlaneWindow& window) {
  return (window.out.width - 1) * window.stride[1] + window.window[1];
}

// No lane of a block.
inline constexpr std::size_t no_lane = static_cast<std::size_t>(-1);

// out[lane] = the kernel (NNGP or NTK) of sample i of `rows` and of the lanes of a block of `columns`; plane_lanes<T>
// numbers. In lane `itself`, if any, is the same sample, as dropout means it.
template <class T>
void run_planes(const PlanePlan& plan, bool theta, const PlaneSamples<T>& rows, std::size_t i,
                const PlaneSamples<T>& columns, std::size_t block, std::size_t itself, PlaneScratch<T>& scratch,
                double* out);

// Takes a row of K of the last plane: values[x * plane_lanes<T>] belongs to position p + x of one sample and partner +
// x of the other, x < count.
template <class T>
using PlaneSink = std::function<void(std::size_t p, std::size_t partner, std::size_t count, const T* values)>;

// All rows of sample i and itself in `lane` of a block, displacement after displacement.
template <class T>
void run_rows(const PlanePlan& plan, const PlaneSamples<T>& rows, std::size_t i, const PlaneSamples<T>& columns,
              std::size_t block, std::size_t lane, PlaneScratch<T>& scratch, const PlaneSink<T>& sink);

}  // namespace widenet
