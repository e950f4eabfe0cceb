// One pass over the eigenvectors of K = V^T diag(s) V for several ridges at once, as matrix products.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "widenet/base/matrix.h"

namespace widenet {

// A_r = K + ridge_r I. Projections: V Y, n x m.
class SpectralPass {
 public:
  static constexpr std::size_t block = 128;         // samples of one task
  static constexpr std::size_t most_columns = 512;  // ridges times outputs of one pass: bounds its memory

  SpectralPass(MatrixView<const double> vectors, std::span<const double> eigenvalues,
               MatrixView<const double> projections, std::span<const double> ridges);

  std::size_t blocks() const { return (vectors_.rows() + block - 1) / block; }
  // Calls use(index, rows, alpha, inverse) for every block of samples, on all threads: alpha(i, r m + j) is
  // (A_r^-1 Y)(rows.begin + i, j) and inverse(i, r) is (A_r^-1) at the diagonal. 2 n (m + 1) flops per sample and
  // ridge.
  using Use = std::function<void(std::size_t index, Range rows, MatrixView<const double> alpha,
                                 MatrixView<const double> inverse)>;
  void for_each_block(const Use& use) const;
  // A_r^-1 Y alone, side by side: n x (r m).
  Matrix<double> coefficients() const;

 private:
  MatrixView<const double> vectors_;
  Matrix<double> weights_;    // n x r, 1 / (s_k + ridge_r)
  Matrix<double> projected_;  // n x (r m), weights(k, r) (V Y)(k, j)
};

// A^T B on all threads.
Matrix<double> multiply_transposed(MatrixView<const double> A, MatrixView<const double> B);

}  // namespace widenet
