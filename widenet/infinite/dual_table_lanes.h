// The inner loop of a DualTable: one row's series at a block of columns, columns in the SIMD lanes.
#pragma once

#include <cstddef>
#include <vector>

#include "widenet/infinite/dual_table_cell.h"

namespace widenet {

// Columns of one cell and one sign of the correlation.
struct alignas(128) DualLanes {
  static constexpr std::size_t width = 32;
  double complement[width];                  // |s|
  double basis[VarianceGrid::nodes][width];  // T_m of the columns' variances
  double value[width], slope[width];         // K and K', written
};

// K and K' of the first `count` lanes at least; all hold numbers. Every lane goes through the same operations, whatever
// stands in the others. About 4 flops per used coefficient and lane.
void evaluate_lanes(const DualCell::Row& row, std::size_t count, DualLanes& lanes);

}  // namespace widenet
