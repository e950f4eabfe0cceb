// ZCA whitening: the linear map nearest to the identity after which the features of the training rows are uncorrelated.
#pragma once

#include <cstddef>

#include "widenet/base/matrix.h"

namespace widenet {

// W = (C + r (tr C / d) I)^(-1/2), the symmetric root, with C = X^T X / n of rows X (n x d) that are centred already,
// one by one: d x d. r > 0, the regularisation, counts in mean eigenvalues of C, so that the unit of the rows does not
// matter. Coates and Ng 2012; with this r Lee et al. 2020 (arXiv 2007.15801); Shankar et al. 2020 (arXiv 2003.02237)
// add 1e-4 to the C of rows of norm 1, which is r = 1e-4 d (0.3072 for 32 x 32 x 3). 2 n d^2 + 11 d^3 flops. Throws
// Error: usage where r is not above 0 or not finite; environment where the d x d matrices do not fit the memory or the
// eigendecomposition fails. Rows that are all 0 give the identity.
Matrix<double> learn_whitening(MatrixView<const double> rows, double regularisation);

// X W, every row by itself: its bits depend on no other.
Matrix<double> whitened(MatrixView<const double> rows, const Matrix<double>& whitening);

// What learn_whitening takes at its peak, its result included.
std::size_t whitening_bytes(std::size_t features);

}  // namespace widenet
