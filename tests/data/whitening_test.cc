#include "widenet/data/whitening.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/data/fixture.h"
#include "tests/solve/problems.h"
#include "widenet/base/threads.h"
#include "widenet/data/scaling.h"

namespace widenet {
namespace {

using testing_problems::eps;
using testing_problems::random_matrix;

Matrix<double> product(const Matrix<double>& a, const Matrix<double>& b) {
  Matrix<double> c(a.rows(), b.cols());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t j = 0; j < b.cols(); ++j)
      for (std::size_t k = 0; k < a.cols(); ++k) c(i, j) += a(i, k) * b(k, j);
  return c;
}

// X^T X / n + r (its mean eigenvalue) I.
Matrix<double> regularised(const Matrix<double>& x, double r) {
  const std::size_t d = x.cols();
  Matrix<double> c(d, d);
  double trace = 0;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t k = 0; k < x.rows(); ++k) c(i, j) += x(k, i) * x(k, j) / static_cast<double>(x.rows());
  for (std::size_t k = 0; k < d; ++k) trace += c(k, k);
  for (std::size_t k = 0; k < d; ++k) c(k, k) += r * trace / static_cast<double>(d);
  return c;
}

// W is symmetric and positive definite with W (C + r I) W = I: these say which matrix it is. With fewer rows than
// features as well.
TEST(Whitening, IsTheSymmetricInverseRoot) {
  for (const std::size_t n : {1u, 2u, 7u, 40u})
    for (const std::size_t d : {1u, 2u, 11u, 150u})
      for (const double r : {1e-3, 0.3, 10.0}) {
        const Matrix<double> x = random_matrix(n, d, n + d);
        const Matrix<double> w = learn_whitening(x, r);
        const Matrix<double> one = product(product(w, regularised(x, r)), w);
        // The condition of C + r I is at most 1 + d / r.
        const double tolerance = 16 * static_cast<double>(d) * eps * (1 + static_cast<double>(d) / r);
        for (std::size_t i = 0; i < d; ++i) {
          EXPECT_GT(w(i, i), 0);
          for (std::size_t j = 0; j < d; ++j) {
            EXPECT_EQ(w(i, j), w(j, i));
            EXPECT_NEAR(one(i, j), i == j ? 1 : 0, tolerance) << n << " " << d << " " << r;
          }
        }
      }
}

TEST(Whitening, RowsGoThroughItOneByOne) {
  const Matrix<double> x = random_matrix(300, 13, 1), w = learn_whitening(x, 0.1), z = whitened(x, w);
  const Matrix<double> plain = product(x, w);
  for (std::size_t i = 0; i < 300; ++i) {
    const Matrix<double> alone = whitened(x.view().rows({i, i + 1}), w);
    for (std::size_t j = 0; j < 13; ++j) {
      EXPECT_EQ(alone(0, j), z(i, j));
      double size = 0;
      for (std::size_t k = 0; k < 13; ++k) size += std::abs(x(i, k) * w(k, j));
      EXPECT_NEAR(z(i, j), plain(i, j), 2 * 13 * eps * size);
    }
  }
}

TEST(Whitening, IsTheSameForAnyNumberOfThreads) {
  const Matrix<double> x = random_matrix(50, 290, 2);
  set_thread_count(1);
  const Matrix<double> one = learn_whitening(x, 0.1);
  set_thread_count(7);
  const Matrix<double> seven = learn_whitening(x, 0.1);
  set_thread_count(0);
  for (std::size_t k = 0; k < one.size(); ++k) ASSERT_EQ(one.data()[k], seven.data()[k]);
}

TEST(Whitening, RowsOfZerosGiveTheIdentity) {
  const Matrix<double> w = learn_whitening(Matrix<double>(3, 2), 0.1);
  EXPECT_EQ(w(0, 0), 1);
  EXPECT_EQ(w(0, 1), 0);
}

TEST(Whitening, RefusesARegularisationThatIsNone) {
  const Matrix<double> x = random_matrix(3, 2, 1);
  EXPECT_MESSAGE(learn_whitening(x, 0), "the regularisation of the whitening is 0 (it counts in mean eigenvalues)");
  EXPECT_MESSAGE(learn_whitening(x, std::nan("")), "is nan");
  EXPECT_MESSAGE(learn_whitening(Matrix<double>(1, 1 << 20), 1), "do not fit half of this machine's");
}

// Shankar et al. 2020: every image at mean 0 and norm 1, 1e-4 added to the eigenvalues, no mean image taken away.
TEST(Whitening, IsThatOfThePaperOnRowsOfNormOne) {
  const std::size_t n = 30, d = 12;
  const Matrix<double> raw = random_matrix(n, d, 5);
  Matrix<double> unit = raw;
  for (std::size_t i = 0; i < n; ++i) {
    double mean = 0, norm = 0;
    for (const double v : raw.row(i)) mean += v / static_cast<double>(d);
    for (double& v : unit.row(i)) v -= mean;
    for (const double v : unit.row(i)) norm += v * v;
    for (double& v : unit.row(i)) v /= std::sqrt(norm);
  }
  const Scaling scaling = learn_scaling(Scale(ScaleMode::zca, 1e-4 * d), raw);
  const Matrix<double> z = scale_inputs(scaling, raw);
  // (z C_paper z^T)-like identities hold for the paper's map alone: its map takes the unit rows to z.
  Matrix<double> covariance(d, d);
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t k = 0; k < n; ++k) covariance(i, j) += unit(k, i) * unit(k, j) / static_cast<double>(n);
  for (std::size_t k = 0; k < d; ++k) covariance(k, k) += 1e-4;
  // z = u W with W (C + 1e-4 I) W = I, so W z_i solves (C + 1e-4 I) v = u_i: v = W z_i.
  Matrix<double> root = scaling.whitening;
  for (std::size_t k = 0; k < root.size(); ++k) root.data()[k] *= std::sqrt(static_cast<double>(d));
  const Matrix<double> back = product(product(z, root), covariance);
  const double tolerance = 64 * d * eps * (1 + 1 / 1e-4);
  for (std::size_t k = 0; k < back.size(); ++k) EXPECT_NEAR(back.data()[k], unit.data()[k], tolerance);
}

}  // namespace
}  // namespace widenet
