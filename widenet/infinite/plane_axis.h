// Which displacements every level of a plane plan needs along one axis.
#pragma once

#include <cstddef>
#include <vector>

#include "widenet/infinite/plane_plan.h"

namespace widenet {

// As PlaneDisplacements says, of one axis; the pairs of positions along it of the level's first and last plane over all
// displacements, and how many of `first` are open at once when the axis is that of the columns.
struct PlaneAxisLevel {
  std::vector<std::ptrdiff_t> first, last;
  std::vector<std::vector<PlaneMeeting>> meets;
  std::vector<Range> open;
  std::size_t most_open = 0, first_pairs = 0, last_pairs = 0;
};
using PlaneAxisChain = std::vector<PlaneAxisLevel>;  // level by level

// Those that the wanted ones of the read-out take.
PlaneAxisChain axis_chain(const PlanePlan& plan, int axis, const std::vector<std::ptrdiff_t>& wanted);

// All of a plane, ascending.
std::vector<std::ptrdiff_t> all_displacements(const Plane& plane, int axis, bool circular);

inline std::ptrdiff_t extent(const Plane& plane, int axis) {
  return static_cast<std::ptrdiff_t>(axis == 0 ? plane.height : plane.width);
}

}  // namespace widenet
