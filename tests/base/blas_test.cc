#include "widenet/base/blas.h"

#include <gtest/gtest.h>

namespace widenet {
namespace {

TEST(Blas, FactorisesAndSolvesASmallSystem) {
  // A = L L^T with L = [[2, 0], [1, 3]].
  Matrix<double> a(2, 2);
  a(0, 0) = 4, a(1, 0) = 2, a(1, 1) = 10;
  ASSERT_EQ(blas::potrf(a), 0u);
  EXPECT_EQ(a(0, 0), 2);
  EXPECT_EQ(a(1, 0), 1);
  EXPECT_EQ(a(1, 1), 3);
  Matrix<double> b(2, 1);
  b(0, 0) = 8, b(1, 0) = 22;
  blas::trsm_left(blas::Transpose::no, a.view(), b);
  blas::trsm_left(blas::Transpose::yes, a.view(), b);
  EXPECT_NEAR(4 * b(0, 0) + 2 * b(1, 0), 8, 1e-14);
  EXPECT_NEAR(2 * b(0, 0) + 10 * b(1, 0), 22, 1e-14);
}

TEST(Blas, ReportsTheFirstBadPivot) {
  Matrix<double> a(3, 3);
  a(0, 0) = 1, a(1, 1) = -1, a(2, 2) = 1;
  EXPECT_EQ(blas::potrf(a), 2u);
}

TEST(Blas, EigenvectorsAreRows) {
  Matrix<double> a(2, 2);
  a(0, 0) = 2, a(1, 0) = 1, a(1, 1) = 2;
  double values[2];
  ASSERT_EQ(blas::syevd(a, values), 0);
  EXPECT_NEAR(values[0], 1, 1e-15);
  EXPECT_NEAR(values[1], 3, 1e-15);
  EXPECT_NEAR(a(0, 0), -a(0, 1), 1e-15);
  EXPECT_NEAR(a(1, 0), a(1, 1), 1e-15);
}

TEST(Blas, IsTheFlavourThatMayBeCalledFromManyThreads) {
  EXPECT_NE(blas::description().find("pthread"), std::string::npos);
}

}  // namespace
}  // namespace widenet
