// The kernels that a fit without options tries.
#pragma once

#include <cstddef>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/data/scaling.h"

namespace widenet {

struct FamilyMember {
  Kernel kernel;
  Scale scale = ScaleMode::standard;
};

// Linear, gaussian, laplacian, laplacian1, matern32 and matern52 kernels at lengths that suit standardised features,
// NNGP and NTK of ReLU networks of depths 1 to 4 with and without bias; the networks, the linear and one gaussian,
// laplacian and matern kernel on normalised rows as well. In this order: of equals the first is taken, so the plain
// kernels stand before the elaborate ones.
std::vector<FamilyMember> default_family(std::size_t features);

// A stationary kernel with one length, or one per feature, to three significant digits.
Kernel stationary(Closed kind, std::vector<double> lengths);

// factor * kernel, folded into a product that is there.
Kernel scaled(const Kernel& kernel, double factor);

}  // namespace widenet
