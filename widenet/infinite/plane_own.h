// What a network on planes knows of each sample before it compares it with others.
#pragma once

#include "widenet/base/matrix.h"
#include "widenet/infinite/plane_plan.h"

namespace widenet {

// own_numbers(plan) of each sample, one row per sample, on all threads. x: as PlaneSamples reads it.
//
// Behind a pool the variance of position o is the mean of K(x, x) over all pairs of positions of its window: one run of
// the engine of every sample with itself over the few displacements of a window, level by level. The engine's own sums,
// bit by bit, so that equal patches are exactly as alike as a patch and itself.
//
// Attention: the weights of the queries o on the keys p come from K(x, x) at all pairs of positions, displacement by
// displacement. Kept is their sum over o alone, and of softmax meanwhile its normalisation, so it takes two runs. A run
// costs as much as a block of entries.
template <class T>
Matrix<T> plane_own(const PlanePlan& plan, MatrixView<const T> x);

}  // namespace widenet
