#include "widenet/data/whitening.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/base/tile_product.h"
#include "widenet/data/array.h"

namespace widenet {
namespace {

using blas::Transpose;

constexpr std::size_t block_rows = 128;

template <class Work>
void for_blocks(std::size_t count, const Work& work) {
  parallel_for((count + block_rows - 1) / block_rows, [&](std::size_t block, std::size_t) {
    work(Range{block * block_rows, std::min(count, (block + 1) * block_rows)});
  });
}

// A^T A / divisor in blocks of rows: one product per call, the same bits for any number of threads.
Matrix<double> gram_of_columns(MatrixView<const double> A, double divisor) {
  const std::size_t d = A.cols();
  auto out = Matrix<double>::uninitialized(d, d);
  for_blocks(d, [&](Range block) {
    blas::gemm(Transpose::yes, Transpose::no, 1 / divisor, A.block({0, A.rows()}, block), A, 0, out.view().rows(block));
  });
  return out;
}

// Entries below the diagonal as above it, so that the map is symmetric to the last bit.
void mirror(Matrix<double>& A) {
  for (std::size_t i = 0; i < A.rows(); ++i)
    for (std::size_t j = 0; j < i; ++j) A(i, j) = A(j, i);
}

}  // namespace

Matrix<double> learn_whitening(MatrixView<const double> rows, double regularisation) {
  if (!(regularisation > 0 && std::isfinite(regularisation)))
    fail("the regularisation of the whitening is {} (it counts in mean eigenvalues) give a number above 0",
         regularisation);
  const std::size_t d = rows.cols();
  check_fits_memory(3 * d, d, "whitening the features takes three matrices of their covariances");
  Matrix<double> vectors = gram_of_columns(rows, static_cast<double>(rows.rows()));
  double trace = 0;
  for (std::size_t k = 0; k < d; ++k) trace += vectors(k, k);
  if (!(trace > 0)) {
    Matrix<double> identity(d, d);
    for (std::size_t k = 0; k < d; ++k) identity(k, k) = 1;
    return identity;
  }
  mirror(vectors);
  std::vector<double> values(d);
  if (const int info = blas::syevd(vectors, values.data()); info != 0)
    fail_outside(
        "the eigendecomposition of the {} features' covariances did not converge (LAPACK says {}) scale otherwise", d,
        info);
  const double added = regularisation * trace / static_cast<double>(d);
  // Rows of `vectors` are eigenvectors v_k: W = sum_k v_k v_k^T / sqrt(e_k + added). Rounding may leave e_k below 0.
  for (std::size_t k = 0; k < d; ++k) {
    const double root = std::pow(std::max(values[k], 0.0) + added, -0.25);
    for (double& x : vectors.row(k)) x *= root;
  }
  Matrix<double> whitening = gram_of_columns(vectors, 1);
  mirror(whitening);
  return whitening;
}

Matrix<double> whitened(MatrixView<const double> rows, const Matrix<double>& whitening) {
  // W is symmetric, so its rows may stand for its columns.
  const Panels<double> panels(whitening.view());
  auto out = Matrix<double>::uninitialized(rows.rows(), rows.cols());
  for_blocks(rows.rows(), [&](Range block) {
    thread_local PackedRows<double> packed;
    packed.pack(rows.rows(block));
    Matrix<double> products(block.size(), panels.count() * panel_width<double>);
    tile_product<double>(packed, panels, {0, panels.count()}, products);
    for (std::size_t i = 0; i < block.size(); ++i)
      std::copy_n(products.row(i).begin(), rows.cols(), out.row(block.begin + i).begin());
  });
  return out;
}

std::size_t whitening_bytes(std::size_t features) { return 3 * features * features * sizeof(double); }

}  // namespace widenet
