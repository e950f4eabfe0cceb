// The Gram matrix of an infinitely wide network: NNGP or NTK of vectors.
#pragma once

#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"
#include "widenet/infinite/execute.h"

namespace widenet {

// G(i, j) = K(x_i, z_j) or Theta(x_i, z_j) of the network as all widths go to infinity (Neal 1996; Lee et al. 2018,
// eq. 5; Jacot et al. 2018, thm. 1; Arora et al. 2019), x n x d, z m x d; the input covariance is x . z / d.
// Relative error below network_gram_error<T> per layer of sqrt(G(i,i) G(j,j)) for any rows: zero, duplicate, parallel,
// opposite, nearly so, of norms in [1e-150, 1e150] (float: [1e-17, 1e17]). After an activation that is not of the ReLU
// family, two rows closer than 1e-7 of their norm are resolved to the rounding of T only.
// Throws Error(usage) for an invalid network, a NaN, a norm outside, a variance that is not finite.
// Cost: 2 n m d flops and operations_per_entry() per entry, half of it where x is z. Memory: Samples::bytes.
// The views must outlive the Gram.
template <class T>
std::unique_ptr<Gram<T>> network_gram(const NetworkKernel& kernel, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> network_gram(const NetworkKernel& kernel, MatrixView<const T> x, MatrixView<const T> z);

// The same for a compiled program; a homogeneous one is collapsed to its polynomial.
template <class T>
std::unique_ptr<Gram<T>> program_gram(Program program, Output output, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> program_gram(Program program, Output output, MatrixView<const T> x, MatrixView<const T> z);

template <class T>
inline constexpr double network_gram_error = 16 * (sizeof(T) == 8 ? 0x1p-53 : 0x1p-24);

}  // namespace widenet
