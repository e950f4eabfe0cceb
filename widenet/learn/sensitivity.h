// Which features a fitted function depends on, and the length scales that follow from it.
#pragma once

#include <cstddef>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/base/matrix.h"

namespace widenet {

// The diagonal of the average gradient outer product (Radhakrishnan, Beaglehole, Pandit and Belkin, Science 383, 2024)
// of f_c(z) = sum_i alpha(i, c) k(z, x_i): for every feature j the mean over the rows z of `at` of sum_c (df_c /
// dz_j)^2. x is n x d, alpha n x m, at p x d. At a kink of laplacian1 the two one-sided derivatives are averaged.
// kernel: matern32 or laplacian1 with one length or one per feature; throws Error(usage) for others.
// Cost: 2 p n m d flops, for laplacian1 2 p n d (m + 1); 128 n numbers of memory per thread and for matern32 n d. The
// bits are the same for any number of threads.
std::vector<double> mean_squared_gradients(const ClosedKernel& kernel, MatrixView<const double> x,
                                           MatrixView<const double> alpha, MatrixView<const double> at);

// Lengths inversely proportional to the root of the gradients' mean squares, with mean_j (base / length_j)^2 = 1: the
// mean square distance of standardised rows is then what the one length `base` gives. A feature without influence gets
// 1e4 times the length of a typical one. Equal lengths where no feature has influence.
std::vector<double> sensitive_lengths(const std::vector<double>& mean_squares, double base);

}  // namespace widenet
