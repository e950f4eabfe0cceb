#include "widenet/solve/spectral_pass.h"

#include "widenet/base/blas.h"
#include "widenet/base/threads.h"

namespace widenet {

using blas::Transpose;

SpectralPass::SpectralPass(MatrixView<const double> vectors, std::span<const double> eigenvalues,
                           MatrixView<const double> projections, std::span<const double> ridges)
    : vectors_(vectors),
      weights_(Matrix<double>::uninitialized(vectors.rows(), ridges.size())),
      projected_(Matrix<double>::uninitialized(vectors.rows(), ridges.size() * projections.cols())) {
  const std::size_t m = projections.cols();
  for (std::size_t k = 0; k < vectors.rows(); ++k)
    for (std::size_t r = 0; r < ridges.size(); ++r) {
      weights_(k, r) = 1 / (eigenvalues[k] + ridges[r]);
      for (std::size_t j = 0; j < m; ++j) projected_(k, r * m + j) = weights_(k, r) * projections(k, j);
    }
}

void SpectralPass::for_each_block(const Use& use) const {
  constexpr std::size_t chunk = 256;  // eigenvectors squared at a time: they stay in the second-level cache
  parallel_for(blocks(), [&](std::size_t index, std::size_t) {
    const Range rows{index * block, std::min(vectors_.rows(), (index + 1) * block)};
    const MatrixView<const double> columns = vectors_.block({0, vectors_.rows()}, rows);
    Matrix<double> alpha(rows.size(), projected_.cols()), inverse(rows.size(), weights_.cols());
    Matrix<double> squares(chunk, rows.size());
    for (std::size_t k = 0; k < vectors_.rows(); k += chunk) {
      const Range part{k, std::min(vectors_.rows(), k + chunk)};
      const MatrixView<const double> V = columns.rows(part);
      const MatrixView<double> squared = squares.view().rows({0, part.size()});
      for (std::size_t r = 0; r < part.size(); ++r)
        for (std::size_t c = 0; c < rows.size(); ++c) squared(r, c) = V(r, c) * V(r, c);
      blas::gemm(Transpose::yes, Transpose::no, 1, V, projected_.view().rows(part), 1, alpha);
      blas::gemm(Transpose::yes, Transpose::no, 1, squared, weights_.view().rows(part), 1, inverse);
    }
    use(index, rows, alpha, inverse);
  });
}

Matrix<double> SpectralPass::coefficients() const { return multiply_transposed(vectors_, projected_); }

Matrix<double> multiply_transposed(MatrixView<const double> A, MatrixView<const double> B) {
  constexpr std::size_t block = SpectralPass::block;
  Matrix<double> C(A.cols(), B.cols());
  parallel_for((C.rows() + block - 1) / block, [&](std::size_t index, std::size_t) {
    const Range rows{index * block, std::min(C.rows(), (index + 1) * block)};
    blas::gemm(Transpose::yes, Transpose::no, 1, A.block({0, A.rows()}, rows), B, 0, C.view().rows(rows));
  });
  return C;
}

}  // namespace widenet
