#include "widenet/solve/ridge_path.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/spectral_pass.h"

namespace widenet {
namespace {

using blas::Transpose;
void check(MatrixView<const double> K, MatrixView<const double> Y) {
  if (K.rows() != K.cols() || K.rows() != Y.rows())
    fail(
        "a kernel matrix of {} x {} with targets of {} rows (K must be square, Y has one row per sample) give matching "
        "shapes",
        K.rows(), K.cols(), Y.rows());
  if (K.rows() == 0 || Y.cols() == 0)
    fail("a ridge path of {} samples and {} outputs (there is nothing to choose a ridge for) give at least one of each",
         K.rows(), Y.cols());
  for (std::size_t i = 0; i < K.rows(); ++i) {
    for (std::size_t j = 0; j <= i; ++j)
      if (!std::isfinite(K(i, j)))
        fail(
            "entry ({}, {}) of the kernel matrix is {} (an eigendecomposition needs finite numbers) mend the data or "
            "the "
            "kernel",
            i, j, K(i, j));
    for (std::size_t j = 0; j < Y.cols(); ++j)
      if (!std::isfinite(Y(i, j)))
        fail("target {} of sample {} is {} (every target must be a finite number) leave the sample out or mend it", j,
             i, Y(i, j));
  }
}

}  // namespace

RidgePathResult ridge_path(Matrix<double> K, MatrixView<const double> Y) {
  check(K, Y);
  const auto start = std::chrono::steady_clock::now();
  const std::size_t n = K.rows();
  RidgePath path;
  RidgePathSummary& summary = path.summary_;
  summary.samples = n, summary.outputs = Y.cols();
  for (std::size_t i = 0; i < n; ++i) summary.mean_diagonal += K(i, i) / static_cast<double>(n);
  path.eigenvalues_.resize(n);
  if (const int info = blas::syevd(K, path.eigenvalues_.data()); info != 0)
    return {
        .path = std::nullopt,
        .failure = fmt::format("the eigendecomposition of the {} x {} kernel matrix did not converge (LAPACK's dsyevd "
                               "says {}) solve by Cholesky at given ridges instead",
                               n, n, info)};
  path.vectors_ = std::move(K);
  path.targets_ = copy<double>(Y);
  path.projections_ = Matrix<double>(n, Y.cols());
  constexpr std::size_t block = SpectralPass::block;
  parallel_for((n + block - 1) / block, [&](std::size_t index, std::size_t) {
    const Range rows{index * block, std::min(n, (index + 1) * block)};
    blas::gemm(Transpose::no, Transpose::no, 1, path.vectors_.view().rows(rows), Y, 0,
               path.projections_.view().rows(rows));
  });
  path.treat_negative_eigenvalues();
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {.path = std::move(path), .failure = {}};
}

void RidgePath::treat_negative_eigenvalues() {
  summary_.smallest_eigenvalue = eigenvalues_.front();
  summary_.largest_eigenvalue = eigenvalues_.back();
  summary_.rounding_bound = static_cast<double>(eigenvalues_.size()) * std::numeric_limits<double>::epsilon() *
                            std::max(-eigenvalues_.front(), eigenvalues_.back());
  for (double& s : eigenvalues_) {
    if (s >= 0) break;
    if (s < -summary_.rounding_bound) {
      ++summary_.negative_beyond_rounding;
    } else {
      ++summary_.negative_by_rounding;
      s = 0;
    }
  }
  if (summary_.negative_beyond_rounding > 0)
    summary_.warning = fmt::format(
        "the kernel matrix has {} negative eigenvalues down to {:g} (rounding explains {:g}: the kernel is not "
        "positive "
        "semidefinite or is computed inexactly) only ridges above {:g} have an answer",
        summary_.negative_beyond_rounding, summary_.smallest_eigenvalue, -summary_.rounding_bound,
        -summary_.smallest_eigenvalue);
  else if (summary_.negative_by_rounding > 0)
    summary_.warning =
        fmt::format("{} eigenvalues between {:g} and 0 are rounding errors (bound {:g}) and count as 0",
                    summary_.negative_by_rounding, summary_.smallest_eigenvalue, -summary_.rounding_bound);
}

bool RidgePath::positive_definite(double ridge) const { return eigenvalues_.front() + ridge > 0; }

void RidgePath::check_positive_definite(double ridge) const {
  if (!std::isfinite(ridge) || !positive_definite(ridge))
    fail(
        "a ridge of {} (the smallest eigenvalue of the kernel matrix is {:g}, their sum must be positive) use a larger "
        "ridge, or ridgeless() for the limit",
        ridge, eigenvalues_.front());
}

Matrix<double> RidgePath::coefficients(double ridge) const {
  check_positive_definite(ridge);
  return SpectralPass(vectors_, eigenvalues_, projections_, {&ridge, 1}).coefficients();
}

LeaveOneOut RidgePath::leave_one_out(double ridge) const {
  check_positive_definite(ridge);
  const std::size_t n = targets_.rows(), m = targets_.cols();
  LeaveOneOut out{
      .residuals = Matrix<double>(n, m), .predictions = Matrix<double>(n, m), .variances = std::vector<double>(n)};
  const SpectralPass pass(vectors_, eigenvalues_, projections_, {&ridge, 1});
  pass.for_each_block([&](std::size_t, Range rows, MatrixView<const double> alpha, MatrixView<const double> inverse) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      out.variances[rows.begin + i] = 1 / inverse(i, 0);
      for (std::size_t j = 0; j < m; ++j) {
        const double residual = alpha(i, j) / inverse(i, 0);
        out.residuals(rows.begin + i, j) = residual;
        out.predictions(rows.begin + i, j) = targets_(rows.begin + i, j) - residual;
      }
    }
  });
  return out;
}

RidgelessSolution RidgePath::ridgeless() const {
  const std::size_t n = targets_.rows(), m = targets_.cols();
  RidgelessSolution out{.coefficients = {},
                        .rank = 0,
                        .threshold = 1e-12 * static_cast<double>(n) * std::max(0.0, eigenvalues_.back()),
                        .squared_norm = 0};
  Matrix<double> scaled(n, m);
  for (std::size_t k = 0; k < n; ++k) {
    if (!(eigenvalues_[k] > out.threshold)) continue;
    ++out.rank;
    for (std::size_t j = 0; j < m; ++j) {
      scaled(k, j) = projections_(k, j) / eigenvalues_[k];
      out.squared_norm += projections_(k, j) * scaled(k, j);
    }
  }
  out.coefficients = multiply_transposed(vectors_, scaled);
  return out;
}

std::size_t ridge_path_bytes(std::size_t samples, std::size_t outputs) {
  // K, LAPACK's 1 + 6 n + 2 n^2 numbers and 3 + 5 n integers, then targets, projections and one pass of evaluate().
  return sizeof(double) * (3 * samples * samples + 8 * samples +
                           samples * (2 * outputs + 2 * std::max(SpectralPass::most_columns, outputs))) +
         sizeof(int) * 5 * samples;
}

}  // namespace widenet
