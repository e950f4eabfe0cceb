// The Gram matrix of an infinitely wide network: NNGP or NTK of vectors.
#pragma once

#include <cmath>
#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"
#include "widenet/infinite/execute.h"

namespace widenet {

// G(i, j) = K(x_i, z_j) or Theta(x_i, z_j) of the network as all widths go to infinity (Neal 1996; Lee et al. 2018,
// eq. 5; Jacot et al. 2018, thm. 1; Arora et al. 2019), x n x d, z m x d; the input covariance is x . z / d.
// Error below network_gram_bound<T>(layers, d) of sqrt(G(i,i) G(j,j)) for any rows: zero, duplicate, parallel,
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

// Per dense layer; and per root of the number of features, as roundings of a sum add up when they are independent. The
// latter is largest, in the NTK, for rows that are 2 to 5 degrees apart.
template <class T>
inline constexpr double network_gram_error = 16 * (sizeof(T) == 8 ? 0x1p-53 : 0x1p-24);
template <class T>
inline constexpr double network_product_error = 8 * (sizeof(T) == 8 ? 0x1p-53 : 0x1p-24);
template <class T>
double network_gram_bound(std::size_t layers, std::size_t features) {
  return network_gram_error<T> * static_cast<double>(layers) +
         network_product_error<T> * std::sqrt(static_cast<double>(features));
}

}  // namespace widenet
