// The seam to BLAS and LAPACK: row-major, one thread per call inside our own pool, float and double by overload.
#pragma once

#include <cstddef>
#include <string>

#include "widenet/base/matrix.h"

namespace widenet::blas {

enum class Transpose { no, yes };

// C = alpha op(A) op(B) + beta C, shapes by the views. 2 m n k flops.
void gemm(Transpose a, Transpose b, double alpha, MatrixView<const double> A, MatrixView<const double> B, double beta,
          MatrixView<double> C);
void gemm(Transpose a, Transpose b, float alpha, MatrixView<const float> A, MatrixView<const float> B, float beta,
          MatrixView<float> C);

// Lower Cholesky factor of the leading square of A, in place; the strict upper triangle is left alone.
// Returns 0, or the 1-based index of the first pivot that is not positive. n^3/3 flops.
std::size_t potrf(MatrixView<double> A);

// B = B L^-T (right) or B = L^-1 B / L^-T B (left) for a lower triangular L. m n^2 flops.
void trsm_right_transposed(MatrixView<const double> L, MatrixView<double> B);
void trsm_left(Transpose transpose, MatrixView<const double> L, MatrixView<double> B);

// Eigendecomposition of the symmetric A (lower triangle read): on return row k of A is the eigenvector of the k-th
// eigenvalue, values in increasing order in `values` (n numbers). About 9 n^3 flops. Returns LAPACK's info (0: fine).
int syevd(MatrixView<double> A, double* values);

// Flavour and version of the library that was loaded, e.g. "OpenBLAS 0.3.21 pthread (SkylakeX)".
// Throws Error(environment) when it is one that gives wrong results under concurrent calls.
std::string description();

}  // namespace widenet::blas
