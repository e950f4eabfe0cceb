// One sample against a block of samples through a plane plan.
#pragma once

#include <vector>

#include "widenet/infinite/plane_samples.h"

namespace widenet {

// Rows of a plane that go through a stage together, and the taps that they may have together.
inline constexpr std::size_t plane_rows = 4, plane_taps = 64;

// Working memory of one thread: rows of covariances of one displacement, a vector per position.
template <class T>
class PlaneScratch {
 public:
  explicit PlaneScratch(const PlanePlan& plan);
  static std::size_t bytes(const PlanePlan& plan);

  // K and B (own K + Theta, of the stage that reads them), for the stage before and after; a row of zeros.
  T* plane(std::size_t parity, std::size_t which) { return data_.data() + (2 * parity + which) * plane_; }
  T* zeros() { return data_.data() + 4 * plane_; }
  // Finished rows, with zeros on both sides.
  T* row(std::size_t u, std::size_t which) { return data_.data() + 4 * plane_ + (1 + 2 * u + which) * row_ + margin_; }

 private:
  std::size_t plane_, row_, margin_;
  Buffer<T> data_;
};

// out[lane] = the kernel (NNGP or NTK) of sample i of `rows` and of the lanes of a block of `columns`; plane_lanes<T>
// numbers.
template <class T>
void run_planes(const PlanePlan& plan, bool theta, const PlaneSamples<T>& rows, std::size_t i,
                const PlaneSamples<T>& columns, std::size_t block, PlaneScratch<T>& scratch, double* out);

}  // namespace widenet
