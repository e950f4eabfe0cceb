// The Gram of a network on planes, by the plane engine.
#pragma once

#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"
#include "widenet/infinite/plane_plan.h"

namespace widenet {

// NNGP or NTK between images or sequences: rows of x (and z) are samples of plan.input.size() * plan.channels numbers,
// positions first, channels last. An entry costs activation_count(plan) steps. Behind pools the samples' variances are
// computed at once, on all threads: a few displacements of every sample with itself. Throws Error(usage) where the
// sizes differ or a number is not finite. The views must outlive the Gram.
template <class T>
std::unique_ptr<Gram<T>> plane_gram(const PlanePlan& plan, Limit limit, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> plane_gram(const PlanePlan& plan, Limit limit, MatrixView<const T> x, MatrixView<const T> z);

// Bytes that all threads need together to compute it; and those kept of every sample.
std::size_t plane_gram_bytes(const PlanePlan& plan, std::size_t number_size);
std::size_t plane_sample_bytes(const PlanePlan& plan, std::size_t number_size);

}  // namespace widenet
