#include "widenet/base/checksum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace widenet {
namespace {

TEST(Checksum, IsTheOneOfTheStandard) {
  const std::string digits = "123456789";  // whose CRC-32 every description of it gives
  Checksum whole, pieces;
  whole.add(digits.data(), digits.size());
  for (const char c : digits) pieces.add(&c, 1);
  EXPECT_EQ(whole.value(), 0xcbf43926u);
  EXPECT_EQ(pieces.value(), whole.value());
}

TEST(HashOf, TellsMatricesApart) {
  std::set<std::uint64_t> seen;
  const auto add = [&](const Matrix<double>& matrix) { return seen.insert(hash_of(matrix.view())).second; };
  Matrix<double> x(3, 4);
  EXPECT_TRUE(add(x));
  EXPECT_TRUE(add(Matrix<double>(4, 3)));
  EXPECT_TRUE(add(Matrix<double>(12, 1)));
  EXPECT_TRUE(add(Matrix<double>(0, 4)));
  for (std::size_t k = 0; k < x.size(); ++k) {
    x.data()[k] = -0.0;  // one bit
    EXPECT_TRUE(add(x));
    x.data()[k] = 1;
    EXPECT_TRUE(add(x));
    x.data()[k] = std::nextafter(1.0, 2.0);
    EXPECT_TRUE(add(x));
    x.data()[k] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(add(x));
    x.data()[k] = 0;
  }
  // Two changed signs do not make up for one another.
  x(0, 0) = -0.0;
  x(0, 1) = -0.0;
  EXPECT_TRUE(add(x));
}

TEST(HashOf, ReadsTheNumbersOfAView) {
  Matrix<float> wide(5, 9);
  for (std::size_t k = 0; k < wide.size(); ++k) wide.data()[k] = static_cast<float>(k);
  const MatrixView<float> part = wide.view().block({1, 3}, {2, 6});
  EXPECT_EQ(hash_of(part), hash_of(copy<float>(part).view()));
  EXPECT_NE(hash_of("ab", 2), hash_of("ba", 2));
  EXPECT_NE(hash_of("", 0), hash_of("\0", 1));
}

}  // namespace
}  // namespace widenet
