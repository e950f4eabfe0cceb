#include "widenet/learn/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet {
namespace {

using blas::Transpose;

constexpr std::size_t block_rows = 64;

std::vector<double> lengths_of(const ClosedKernel& kernel, std::size_t features) {
  if (kernel.lengths.empty()) return std::vector<double>(features, 1.0);
  if (kernel.lengths.size() == 1) return std::vector<double>(features, kernel.lengths[0]);
  return kernel.lengths;
}

Matrix<double> divided(MatrixView<const double> x, std::span<const double> lengths) {
  Matrix<double> u(x.rows(), x.cols());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < x.cols(); ++j) u(i, j) = x(i, j) / lengths[j];
  return u;
}

// Sum over the outputs and the rows of `gradient` of its squares.
double sum_of_squares(const Matrix<double>& gradient) {
  return std::inner_product(gradient.data(), gradient.data() + gradient.size(), gradient.data(), 0.0);
}

// matern32: k = (1 + t) exp(-t), t = sqrt(3) r, so dk/dz_j = -3 exp(-t) (z_j - x_j) / l_j^2. With W = 3 exp(-t) the
// gradient of f at z is (sum_i W_i alpha_i x_ij - z_j sum_i W_i alpha_i) / l_j^2.
void add_matern32(MatrixView<const double> u, MatrixView<const double> z, MatrixView<const double> alpha,
                  std::vector<double>& sums) {
  const std::size_t n = u.rows(), d = u.cols();
  // t from k itself would lose digits near 0: from the distance.
  Matrix<double> weights(z.rows(), n);
  const ClosedKernel exponential{.kind = Closed::matern12, .lengths = {1 / std::sqrt(3.0)}, .lengths_file = {}};
  materialize(*kernel_gram<double>({exponential}, z, u), weights.view());
  Matrix<double> weighted(n, d), gradient(z.rows(), d);
  for (std::size_t c = 0; c < alpha.cols(); ++c) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < d; ++j) weighted(i, j) = alpha(i, c) * u(i, j);
    blas::gemm(Transpose::no, Transpose::no, 3, weights.view(), weighted.view(), 0, gradient.view());
    for (std::size_t a = 0; a < z.rows(); ++a) {
      double total = 0;
      for (std::size_t i = 0; i < n; ++i) total += 3 * weights(a, i) * alpha(i, c);
      for (std::size_t j = 0; j < d; ++j) {
        const double g = gradient(a, j) - total * z(a, j);
        sums[j] += g * g;
      }
    }
  }
}

// laplacian1: dk/dz_j = -k sign(z_j - x_j) / l_j, one product with alpha for every feature.
void add_laplacian1(MatrixView<const double> u, MatrixView<const double> z, MatrixView<const double> alpha,
                    std::vector<double>& sums) {
  const ClosedKernel unit{.kind = Closed::laplacian1, .lengths = {}, .lengths_file = {}};
  Matrix<double> values(z.rows(), u.rows()), masked(z.rows(), u.rows()), gradient(z.rows(), alpha.cols());
  materialize(*kernel_gram<double>({unit}, z, u), values.view());
  std::vector<double> feature(u.rows());
  for (std::size_t j = 0; j < u.cols(); ++j) {
    for (std::size_t i = 0; i < u.rows(); ++i) feature[i] = u(i, j);
    for (std::size_t a = 0; a < z.rows(); ++a) {
      const double at = z(a, j);
      const double* from = values.row(a).data();
      double* to = masked.row(a).data();
      for (std::size_t i = 0; i < u.rows(); ++i)
        to[i] = from[i] * (static_cast<double>(feature[i] > at) - static_cast<double>(feature[i] < at));
    }
    blas::gemm(Transpose::no, Transpose::no, 1, masked.view(), alpha, 0, gradient.view());
    sums[j] += sum_of_squares(gradient);
  }
}

}  // namespace

std::vector<double> mean_squared_gradients(const ClosedKernel& kernel, MatrixView<const double> x,
                                           MatrixView<const double> alpha, MatrixView<const double> at) {
  if (kernel.kind != Closed::matern32 && kernel.kind != Closed::laplacian1)
    fail(
        "sensitivities are known for matern32 and laplacian1 (fit learns length scales with these two) give one of "
        "them");
  const std::size_t d = x.cols();
  const std::vector<double> lengths = lengths_of(kernel, d);
  const Matrix<double> u = divided(x, lengths), z = divided(at, lengths);
  // Blocks of rows with sums of their own, added in order: the same bits for any number of threads.
  const std::size_t blocks = (z.rows() + block_rows - 1) / block_rows;
  std::vector<std::vector<double>> sums(blocks, std::vector<double>(d, 0.0));
  parallel_for(blocks, [&](std::size_t b, std::size_t) {
    const MatrixView<const double> block = z.view().rows({b * block_rows, std::min(z.rows(), (b + 1) * block_rows)});
    if (kernel.kind == Closed::matern32)
      add_matern32(u.view(), block, alpha, sums[b]);
    else
      add_laplacian1(u.view(), block, alpha, sums[b]);
  });
  std::vector<double> means(d, 0.0);
  for (const auto& part : sums)
    for (std::size_t j = 0; j < d; ++j) means[j] += part[j] / (lengths[j] * lengths[j] * static_cast<double>(z.rows()));
  return means;
}

std::vector<double> sensitive_lengths(const std::vector<double>& mean_squares, double base) {
  const double count = static_cast<double>(mean_squares.size());
  const double average = std::accumulate(mean_squares.begin(), mean_squares.end(), 0.0) / count;
  std::vector<double> lengths(mean_squares.size(), base);
  if (!(average > 0) || !std::isfinite(average)) return lengths;
  std::vector<double> squares;
  squares.reserve(mean_squares.size());
  for (const double g : mean_squares) squares.push_back(std::max(g / average, 1e-8));
  const double norm = std::accumulate(squares.begin(), squares.end(), 0.0) / count;
  for (std::size_t j = 0; j < squares.size(); ++j) lengths[j] = base / std::sqrt(squares[j] / norm);
  return lengths;
}

}  // namespace widenet
