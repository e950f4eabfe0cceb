// The 15 kernels of the protocol against their plain recursion.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lab/uci90.h"
#include "widenet/base/random.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet::lab {
namespace {

Matrix<double> rows_with_corner_cases(std::size_t n, std::size_t d) {
  Matrix<double> x(n, d);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) x(i, j) = static_cast<double>(random_below(2001, 3, i * d + j)) / 1000 - 1;
  for (std::size_t j = 0; j < d; ++j) {
    x(1, j) = x(0, j);       // equal
    x(2, j) = -2 * x(0, j);  // opposite
    x(3, j) = 0;
    x(4, j) = 1e3 * x(5, j);  // parallel and large
  }
  return x;
}

TEST(Uci90Kernels, FifteenInTheOrderInWhichTheFirstMaximumWins) {
  const auto networks = fixed_networks();
  ASSERT_EQ(networks.size(), 15u);
  EXPECT_EQ(networks[0].depth, 0u);
  EXPECT_EQ(networks[4].depth, 2u);
  EXPECT_EQ(networks[4].fixed, 1u);
  EXPECT_EQ(networks[14].depth, 4u);
  EXPECT_EQ(networks[14].fixed, 4u);
}

TEST(Uci90Kernels, TextOfTheLanguage) {
  EXPECT_EQ(to_text(fixed_kernel({0, 0}, 7)), "7*ntk[dense]");
  EXPECT_EQ(to_text(fixed_kernel({2, 1}, 3)), "3*ntk[dense(trained=false) relu dense relu dense]");
}

// The recursion and our tiles round differently: acos near the ends of its range turns an error e of the correlation
// into sqrt(2 e), which the plain recursion suffers and the tiles avoid. So rows that are parallel are compared at the
// accuracy of the recursion.
TEST(Uci90Kernels, EqualTheRecursion) {
  for (const auto& [n, d] : {std::pair<std::size_t, std::size_t>{23, 1}, {23, 5}, {31, 64}}) {
    const Matrix<double> x = rows_with_corner_cases(n, d);
    for (const FixedNetwork network : fixed_networks()) {
      const Matrix<double> expected = fixed_kernel_reference(network, x.view());
      const Matrix<double> found = materialize(*kernel_gram<double>(fixed_kernel(network, d), x.view()));
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
          const double unit = std::sqrt(expected(i, i) * expected(j, j));
          const bool parallel = d == 1 || i == j || (i < 3 && j < 3) || (i >= 4 && i <= 5 && j >= 4 && j <= 5);
          const double tolerance = parallel && i != j ? std::sqrt(8 * std::numeric_limits<double>::epsilon()) : 1e-13;
          EXPECT_NEAR(found(i, j), expected(i, j), tolerance * unit)
              << "depth " << network.depth << ", fixed " << network.fixed << ", d " << d << ", entry " << i << " " << j;
        }
    }
  }
}

}  // namespace
}  // namespace widenet::lab
