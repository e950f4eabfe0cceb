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
  // The first plane of a level behind a pool, of its displacements a and b along columns and rows. Few a are open at a
  // time, and take turns.
  T* pooled(std::size_t level, std::size_t a, std::size_t b, std::size_t which) {
    const Pooled& at = layout_.pooled[level];
    return data_.data() + at.begin + (2 * (a % at.open) + which) * at.size + at.places[b];
  }

 private:
  struct Pooled {
    std::size_t begin = 0, open = 1, size = 0;
    std::vector<std::size_t> places;
  };
  struct Layout {
    explicit Layout(const PlanePlan& plan);
    std::size_t plane, zeros, row, size;
    std::vector<Pooled> pooled;
  };
  Layout layout_;
  Buffer<T> data_;
};

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
