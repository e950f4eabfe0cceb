// The conventions of the ridge, each turned into the one the solvers use: the number delta added to the diagonal of the
// n x n kernel matrix, f(x) = k(x, X) (K + delta I)^-1 y.
#pragma once

#include <cstddef>

namespace widenet::ridge {

// All throw Error(usage) for a value that is negative or not finite. r_i = y_i - f(x_i), |f|^2 the norm of the
// function in the kernel's space.

// delta itself; also the lambda of the summed loss: sum r_i^2 + lambda |f|^2 (scikit-learn's KernelRidge alpha).
double absolute(double delta);

// (1/n) sum r_i^2 + lambda |f|^2: delta = n lambda (Rahimi and Recht 2008, Falkon's penalty).
double from_mean_square_loss(double lambda, std::size_t n);

// (1/n) sum (1/2) r_i^2 + lambda |f|^2: delta = 2 n lambda.
double from_half_mean_square_loss(double lambda, std::size_t n);

// delta = factor * mean of the diagonal of K (neural-tangents' diag_reg).
double relative_to_mean_diagonal(double factor, double mean_diagonal);

// y_i = f(x_i) + noise of this variance (not standard deviation), f a Gaussian process of covariance K: delta =
// variance.
double from_noise_variance(double variance);

}  // namespace widenet::ridge
