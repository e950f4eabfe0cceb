// The Gram of a network on planes, by the plane engine.
#pragma once

#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"
#include "widenet/infinite/plane_plan.h"

namespace widenet {

// NNGP or NTK between images or sequences: rows of x (and z) are samples of plan.input.size() * plan.channels numbers,
// positions first, channels last. An entry costs the displacements (one, or 4 height width) times height width layers
// ReLU steps, a quarter of that on average over the displacements. Throws Error(usage) where the sizes differ or a
// number is not finite. The views must outlive the Gram.
template <class T>
std::unique_ptr<Gram<T>> plane_gram(const PlanePlan& plan, Limit limit, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> plane_gram(const PlanePlan& plan, Limit limit, MatrixView<const T> x, MatrixView<const T> z);

// Bytes that all threads need together to compute it.
std::size_t plane_gram_bytes(const PlanePlan& plan, std::size_t number_size);

}  // namespace widenet
