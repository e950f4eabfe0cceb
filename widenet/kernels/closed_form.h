// Kernels of vectors with a closed form.
#pragma once

#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"

namespace widenet {

// G(i, j) = k(x_i, z_j), x n x d, z m x d. With r = |x - z| after every feature is divided by its length:
//   linear             x . z + offset
//   polynomial         (scale x . z + offset)^degree
//   gaussian           exp(-r^2 / 2)
//   laplacian          exp(-r);  laplacian1  exp(-sum_k |x_k - z_k|)
//   cauchy             prod_k 1 / (1 + (x_k - z_k)^2)
//   matern12|32|52     exp(-t), (1 + t) exp(-t), (1 + t + t^2/3) exp(-t) with t = sqrt(2 nu) r
//   rational_quadratic (1 + r^2 / (2 alpha))^-alpha
// (Rasmussen & Williams 2006, ch. 4; Rahimi & Recht 2007 for the product kernels.) arccos0|1|2 are networks of one
// layer and live in widenet/infinite. r^2 comes from |x|^2 + |z|^2 - 2 x . z, or from the difference of the rows where
// that would cancel: the error of r is below closed_form_distance_error<T> (|x| + |z|) for all rows, and equal rows
// have r = 0. Throws Error(usage) for lengths that are not one, or one per feature, and positive; for values that are
// not finite. Cost: 2 n m d flops (3 n m d for laplacian1 and cauchy) and one map per entry. The views must outlive the
// Gram.
template <class T>
std::unique_ptr<Gram<T>> closed_form_gram(const ClosedKernel& kernel, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> closed_form_gram(const ClosedKernel& kernel, MatrixView<const T> x, MatrixView<const T> z);

// Error of the map from r or x . z to the value, relative to the larger of 1 and the value.
template <class T>
inline constexpr double closed_form_map_error = 16 * (sizeof(T) == 8 ? 0x1p-53 : 0x1p-24);
template <class T>
inline constexpr double closed_form_distance_error = 64 * (sizeof(T) == 8 ? 0x1p-53 : 0x1p-24);

}  // namespace widenet
