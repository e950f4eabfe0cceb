#include "widenet/solve/cholesky.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/solve/problems.h"
#include "widenet/base/threads.h"
#include "widenet/solve/ridge_path.h"

namespace widenet {
namespace {

using namespace testing_problems;

// A Gaussian kernel of n points in the square, with a ridge that keeps the condition number near 10 n / ridge.
struct Problem {
  Matrix<double> K, Y;
  double ridge = 0.1;
  explicit Problem(std::size_t n, std::size_t outputs = 3)
      : K(gaussian_kernel(random_matrix(n, 2, 1), random_matrix(n, 2, 1), 0.3)), Y(random_matrix(n, outputs, 2)) {}
  // Forward error of a backward stable solve: c n eps cond, times the size of the answer.
  double tolerance(double size) const {
    const auto n = static_cast<double>(K.rows());
    return 10 * n * eps * (n / ridge + 1) * size;
  }
};

class CholeskyThreads : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override { set_thread_count(GetParam()); }
  void TearDown() override { set_thread_count(0); }
};

TEST_P(CholeskyThreads, FactorSolutionDeterminantAndInverseMatchThePlainOnes) {
  for (std::size_t n : {0u, 1u, 2u, 7u, 8u, 9u, 16u, 97u})
    for (std::size_t b : {1u, 8u, 384u}) {
      const Problem p(n);
      const CholeskyResult result = cholesky(to_tiles(p.K, b), p.ridge);
      ASSERT_TRUE(result) << n;
      const CholeskyFactor& factor = *result.factor;
      const Matrix<double> L = plain_cholesky(p.K, p.ridge);
      const double scale = static_cast<double>(n + 1);
      double log_determinant = 0;
      for (std::size_t i = 0; i < n; ++i) {
        log_determinant += 2 * std::log(L(i, i));
        for (std::size_t j = 0; j <= i; ++j)
          ASSERT_NEAR(factor.lower()(i, j), L(i, j), p.tolerance(1)) << n << " " << b;
      }
      EXPECT_NEAR(factor.log_determinant(), log_determinant, scale * p.tolerance(1));

      const Matrix<double> alpha = plain_solve(p.K, p.ridge, p.Y);
      EXPECT_LE(distance(factor.solve(p.Y), alpha), p.tolerance(magnitude(alpha)));

      const Matrix<double> inverse = plain_solve(p.K, p.ridge, identity(n));
      const std::vector<double> diagonal = factor.inverse_diagonal();
      ASSERT_EQ(diagonal.size(), n);
      for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(diagonal[i], inverse(i, i), p.tolerance(inverse(i, i)));

      // Columns of L^-1 B: their squares add up to b^T A^-1 b.
      Matrix<double> half = p.Y;
      factor.solve_lower_in_place(half);
      for (std::size_t c = 0; c < p.Y.cols(); ++c) {
        double squares = 0, quadratic = 0;
        for (std::size_t i = 0; i < n; ++i) squares += half(i, c) * half(i, c), quadratic += p.Y(i, c) * alpha(i, c);
        EXPECT_NEAR(squares, quadratic, p.tolerance(quadratic));
      }
    }
}

TEST_P(CholeskyThreads, FailureNamesThePivotWhereverItFalls) {
  const std::size_t n = 29;
  for (std::size_t bad : {0u, 1u, 7u, 8u, 20u, 28u}) {
    Problem p(n);
    for (std::size_t j = 0; j < n; ++j)
      if (j != bad) p.K(bad, j) = p.K(j, bad) = 0;
    p.K(bad, bad) = -3;
    const CholeskyResult result = cholesky(to_tiles(p.K, 8), 0.5);
    ASSERT_FALSE(result);
    const CholeskyFailure& failure = *result.failure;
    EXPECT_EQ(failure.pivot, bad);
    EXPECT_EQ(failure.value, -2.5);
    EXPECT_EQ(failure.ridge, 0.5);
    EXPECT_GE(failure.sufficient_ridge, 3);
    EXPECT_EQ(failure.message.find(
                  fmt::format("the kernel matrix plus the ridge 0.5 is not positive definite (pivot {} of 29 "
                              "is -2.5) use a ridge of ",
                              bad)),
              0u)
        << failure.message;
    EXPECT_TRUE(cholesky(to_tiles(p.K, 8), failure.sufficient_ridge));
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, CholeskyThreads, testing::Values(1, 2, 7));

TEST(Cholesky, BitsDoNotDependOnTheThreads) {
  const std::size_t n = 769;
  const Problem p(n, 300);
  const auto run = [&](std::size_t threads) {
    set_thread_count(threads);
    const CholeskyResult result = cholesky(to_tiles(p.K, 64), p.ridge);
    std::vector<double> numbers = result.factor->inverse_diagonal();
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) numbers.push_back(result.factor->lower()(i, j));
    const Matrix<double> X = result.factor->solve(p.Y);
    numbers.insert(numbers.end(), X.data(), X.data() + X.size());
    set_thread_count(0);
    return numbers;
  };
  const auto one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(7));
}

TEST(Cholesky, SolutionHasASmallResidualAcrossTileEdges) {
  const std::size_t n = 769;
  const Problem p(n, 2);
  const CholeskyResult result = cholesky(to_tiles(p.K, SymmetricTiles::default_tile_size), p.ridge);
  ASSERT_TRUE(result);
  const Matrix<double> X = result.factor->solve(p.Y);
  // |b - A x| <= c n eps |A| |x| for a backward stable solver; every row of A sums to at most n + ridge.
  const double bound = 4 * static_cast<double>(n) * eps * (static_cast<double>(n) + p.ridge) * magnitude(X);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < 2; ++c) {
      double sum = p.ridge * X(i, c);
      for (std::size_t j = 0; j < n; ++j) sum += p.K(i, j) * X(j, c);
      ASSERT_NEAR(sum, p.Y(i, c), bound);
    }
}

TEST(Cholesky, SummaryStatesWhatWasDone) {
  Matrix<double> K(2, 2);
  K(0, 0) = 3, K(1, 0) = K(0, 1) = 2, K(1, 1) = 9;
  const CholeskyResult result = cholesky(to_tiles(K, 384), 1);  // [[4, 2], [2, 10]] has pivots 4 and 9
  ASSERT_TRUE(result);
  const CholeskySummary& summary = result.factor->summary();
  EXPECT_EQ(summary.size, 2u);
  EXPECT_EQ(summary.ridge, 1);
  EXPECT_EQ(summary.largest_diagonal, 10);
  EXPECT_EQ(summary.smallest_pivot, 4);
  EXPECT_EQ(summary.largest_pivot, 9);
  EXPECT_EQ(summary.flops, 8.0 / 3);
  EXPECT_GE(summary.seconds, 0);
  EXPECT_EQ(summary.warning, "");
}

TEST(Cholesky, WarnsOfARidgeBelowTheRounding) {
  const CholeskyResult result = cholesky(to_tiles(identity(4), 2), 1e-17);
  ASSERT_TRUE(result);
  EXPECT_EQ(
      result.factor->summary().warning,
      "the ridge 1e-17 is below the rounding of the factorisation, n eps max A_ii = 8.88178e-16 (the smallest "
      "eigenvalues of the kernel matrix may be rounding errors) trust the solution's residual, not its coefficients, "
      "or use a larger ridge");
}

TEST(Cholesky, DuplicateRowsWithoutRidgeAreNamedNotPatched) {
  const std::size_t n = 60;
  Matrix<double> x = random_matrix(n, 2, 1);
  for (std::size_t d = 0; d < 2; ++d) x(40, d) = x(11, d);
  const Matrix<double> K = gaussian_kernel(x, x, 3.0);  // eigenvalues fall far below eps
  const CholeskyResult result = cholesky(to_tiles(K, 16), 0);
  ASSERT_FALSE(result);
  EXPECT_LE(result.failure->pivot, 40u);
  EXPECT_LE(result.failure->value, 0);
  // What is missing is of the size of rounding, and so is the ridge that certainly helps.
  EXPECT_LT(result.failure->sufficient_ridge, 1e4 * static_cast<double>(n * n) * eps);
  EXPECT_TRUE(cholesky(to_tiles(K, 16), result.failure->sufficient_ridge));
}

TEST(Cholesky, TheSufficientRidgeIsSufficientForIndefiniteMatrices) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::size_t n = 3 + seed % 37;
    Matrix<double> K = random_matrix(n, n, seed);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j) K(j, i) = K(i, j);
    const CholeskyResult result = cholesky(to_tiles(K, 8), 0.25);
    if (result) continue;
    EXPECT_GT(result.failure->sufficient_ridge, 0.25);
    EXPECT_TRUE(cholesky(to_tiles(K, 8), result.failure->sufficient_ridge)) << seed;
  }
}

// A pivot that fails before the number that is none is met.
TEST(Cholesky, NoRidgeHelpsBesideNumbersThatAreNotFinite) {
  Problem p(29);
  p.K(1, 1) = -3;
  p.K(20, 5) = p.K(5, 20) = std::numeric_limits<double>::quiet_NaN();
  const CholeskyResult result = cholesky(to_tiles(p.K, 4), 0.1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.failure->sufficient_ridge, std::numeric_limits<double>::infinity());
  EXPECT_EQ(result.failure->message.find("the kernel matrix cannot be factorised (some of its numbers are not finite"),
            0u)
      << result.failure->message;
}

// The smallest eigenvalue of a symmetric matrix, and n eps |K|.
struct Spectrum {
  double smallest, rounding;
};
Spectrum spectrum(const Matrix<double>& K) {
  const RidgePathResult path = ridge_path(K, Matrix<double>(K.rows(), 1).view());
  return {path.path->summary().smallest_eigenvalue, path.path->summary().rounding_bound};
}

Matrix<double> symmetric(std::size_t n, std::uint64_t seed) {
  Matrix<double> K = random_matrix(n, n, seed);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) K(j, i) = K(i, j);
  return K;
}

// n (n + 1) eps of the factorisation's theory beside what is missing, and no more.
TEST(Cholesky, TheSufficientRidgeIsNotMuchMoreThanWhatIsMissing) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const std::size_t n = 3 + seed % 37;
    Matrix<double> K = symmetric(n, seed);
    // A tiny first pivot makes what is left after it huge.
    if (seed % 2 == 0) K(0, 0) = 1e-7;
    const Spectrum s = spectrum(K);
    const CholeskyResult result = cholesky(to_tiles(K, seed % 3 == 0 ? 384 : 4), 0);
    ASSERT_FALSE(result);
    const double size = static_cast<double>(n);
    EXPECT_GE(result.failure->sufficient_ridge, -s.smallest);
    EXPECT_LE(result.failure->sufficient_ridge, -s.smallest * (1 + 4 * size * (size + 1) * eps) + 8 * size * s.rounding)
        << seed;
    EXPECT_TRUE(cholesky(to_tiles(K, 8), result.failure->sufficient_ridge)) << seed;
  }
}

// Too large for an eigendecomposition.
TEST(Cholesky, TheSufficientRidgeOfALargeMatrix) {
  const std::size_t n = 700;
  Matrix<double> K(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    K(i, i) = i == 0 ? 1e-9 : 1;
    if (i > 0) K(i, 0) = K(0, i) = 1e-2;  // S_ij = -1e5
  }
  for (const std::size_t threads : {1u, 7u}) {
    set_thread_count(threads);
    const CholeskyResult result = cholesky(to_tiles(K, 64), 0);
    ASSERT_FALSE(result);
    EXPECT_LE(result.failure->sufficient_ridge, 8.001 * std::sqrt(699) * 1e-2);  // 8 |lambda_min|, about 0.06
    EXPECT_TRUE(cholesky(to_tiles(K, 64), result.failure->sufficient_ridge));
  }
  set_thread_count(0);
  // No diagonal that could say how much is missing: eigenvalues 1 and -1.
  Matrix<double> swap(n, n);
  for (std::size_t i = 0; i < n; ++i) swap(i, n - 1 - i) = 1;
  const CholeskyResult swapped = cholesky(to_tiles(swap, 64), 0);
  ASSERT_FALSE(swapped);
  EXPECT_GE(swapped.failure->sufficient_ridge, 1);
  EXPECT_LE(swapped.failure->sufficient_ridge, 1 + 5 * static_cast<double>(n * (n + 1)) * eps);
  EXPECT_TRUE(cholesky(to_tiles(swap, 64), swapped.failure->sufficient_ridge));
  // Semidefinite, one row thrice: only rounding is missing.
  Matrix<double> x = random_matrix(n, 2, 1);
  for (std::size_t d = 0; d < 2; ++d) x(40, d) = x(500, d) = x(11, d);
  const Matrix<double> G = gaussian_kernel(x, x, 0.05);
  const CholeskyResult result = cholesky(to_tiles(G, 64), 0);
  ASSERT_FALSE(result);
  EXPECT_LE(result.failure->sufficient_ridge, 5 * static_cast<double>(n * (n + 1)) * eps);
  EXPECT_TRUE(cholesky(to_tiles(G, 64), result.failure->sufficient_ridge));
}

TEST(Cholesky, TheSufficientRidgeIsNeverZero) {
  for (const std::size_t n : {1u, 2u, 9u, 600u}) {
    const Matrix<double> zero(n, n);
    const CholeskyResult result = cholesky(to_tiles(zero, 8), 0);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.failure->sufficient_ridge, 1);
    EXPECT_EQ(result.failure->message,
              "the kernel matrix is zero and the ridge is 0 (their sum has no inverse) use another kernel; any ridge "
              "above 0 makes all predictions the mean");
    EXPECT_TRUE(cholesky(to_tiles(zero, 8), result.failure->sufficient_ridge));
    // Numbers near the smallest there are.
    for (const double tiny : {5e-324, 1e-310, 1e-250}) {
      Matrix<double> K(n, n, tiny);
      const CholeskyResult small = cholesky(to_tiles(K, 8), 0);
      if (small) continue;
      EXPECT_GT(small.failure->sufficient_ridge, 0);
      EXPECT_TRUE(cholesky(to_tiles(K, 8), small.failure->sufficient_ridge)) << tiny;
    }
  }
}

TEST(Cholesky, NumbersThatAreNotFiniteAreReportedWithTheirRow) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (double poison : {nan, infinity, -infinity})
    for (std::size_t row : {0u, 5u, 17u, 28u})
      for (std::size_t col : {0u, 3u, 17u}) {
        if (col > row) continue;
        Problem p(29);
        p.K(row, col) = p.K(col, row) = poison;
        const CholeskyResult result = cholesky(to_tiles(p.K, 8), 0.1);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.failure->pivot, row) << poison << " at " << row << ", " << col;
        EXPECT_EQ(result.failure->sufficient_ridge, infinity);
        EXPECT_EQ(
            result.failure->message.find(fmt::format("the kernel matrix cannot be factorised (row {} holds a number "
                                                     "that is not finite",
                                                     row)),
            0u)
            << result.failure->message;
      }
}

TEST(Cholesky, ProgressEndsAtItsTotal) {
  const Problem p(50);
  for (bool inverse : {false, true}) {
    double last = 0, total = -1;
    const Progress listen = [&](const ProgressEvent& event) { last = event.done, total = event.total; };
    const CholeskyResult result = cholesky(to_tiles(p.K, 8), p.ridge, inverse ? Progress{} : listen);
    if (inverse) result.factor->inverse_diagonal(listen);
    EXPECT_NEAR(last, total, 100 * eps * total);
    EXPECT_GE(total, 0.999 * 50 * 50 * 50 / 3);
  }
}

TEST(Cholesky, AnExceptionOfTheListenerReachesTheCaller) {
  for (std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    const Problem p(200);
    EXPECT_THROW(cholesky(to_tiles(p.K, 8), p.ridge,
                          [](const ProgressEvent& event) {
                            if (event.done > event.total / 3) throw std::runtime_error("stop");
                          }),
                 std::runtime_error);
  }
  set_thread_count(0);
}

TEST(Cholesky, StatesItsMemory) {
  const std::size_t n = 5000;
  EXPECT_GE(cholesky_bytes(n), SymmetricTiles::bytes(n));
  EXPECT_LT(static_cast<double>(cholesky_bytes(n)), 0.65 * 8 * n * n);
  EXPECT_LE(CholeskyFactor::inverse_diagonal_bytes(n), SymmetricTiles::bytes(n));
  // However many threads: a second half of the matrix, in whole tiles, and two tiles each.
  set_thread_count(64);
  const std::size_t b = SymmetricTiles::default_tile_size, tiles = (n + b - 1) / b;
  EXPECT_LE(CholeskyFactor::inverse_diagonal_bytes(n), 8 * b * b * (tiles * (tiles + 1) / 2 + 2 * tiles));
  set_thread_count(0);
}

TEST(Cholesky, RefusesMisuse) {
  EXPECT_EQ(message_of([] { cholesky(SymmetricTiles(0), -1); }),
            "a ridge of -1 (a ridge is a finite number, 0 or more) give such a number");
  EXPECT_EQ(message_of([] {
              const CholeskyResult result = cholesky(to_tiles(identity(3), 2), 1);
              Matrix<double> B(4, 1);
              result.factor->solve_in_place(B);
            }),
            "a right-hand side of 4 rows (the factor has 3) give one row per sample");
}

}  // namespace
}  // namespace widenet
