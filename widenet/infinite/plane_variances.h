// Variances behind the pools of a network on planes.
#pragma once

#include "widenet/base/matrix.h"
#include "widenet/infinite/plane_plan.h"

namespace widenet {

// Behind a pool the variance of position o is the mean of K(x, x) over all pairs of positions of its window: one run of
// the engine of every sample with itself over the few displacements of a window, level by level, on all threads. The
// engine's own sums, bit by bit, so that equal patches are exactly as alike as a patch and itself.
// x: as PlaneSamples reads it. Returns one row per sample, laid out as variance_offsets(plan) says.
template <class T>
Matrix<T> plane_variances(const PlanePlan& plan, MatrixView<const T> x);

}  // namespace widenet
