#include "lab/permutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace widenet::lab {
namespace {

using Order = std::vector<std::size_t>;

// As numpy.random.RandomState(seed).permutation(n) prints them (numpy 2.4.6).
TEST(LegacyPermutation, NumbersOfNumpy) {
  EXPECT_EQ(legacy_permutation(5, 0), (Order{2, 0, 1, 3, 4}));
  EXPECT_EQ(legacy_permutation(10, 0), (Order{2, 8, 4, 9, 1, 6, 7, 3, 0, 5}));
  EXPECT_EQ(legacy_permutation(20, 0), (Order{18, 1, 19, 8, 10, 17, 6, 13, 4, 2, 5, 14, 9, 7, 16, 11, 3, 0, 15, 12}));
  EXPECT_EQ(legacy_permutation(8, 7), (Order{2, 5, 0, 6, 3, 1, 4, 7}));
  const Order housing = legacy_permutation(20640, 0);
  EXPECT_EQ(Order(housing.begin(), housing.begin() + 5), (Order{14740, 10101, 20566, 2670, 15709}));
  EXPECT_EQ(Order(housing.end() - 5, housing.end()), (Order{13123, 19648, 9845, 10799, 2732}));
}

TEST(LegacyPermutation, SmallSizes) {
  EXPECT_TRUE(legacy_permutation(0, 0).empty());
  EXPECT_EQ(legacy_permutation(1, 0), Order{0});
  for (const std::size_t n : {2u, 3u, 4u, 7u, 8u, 9u}) {
    Order sorted = legacy_permutation(n, 123), all(n);
    std::sort(sorted.begin(), sorted.end());
    std::iota(all.begin(), all.end(), std::size_t{0});
    EXPECT_EQ(sorted, all) << n;
  }
}

}  // namespace
}  // namespace widenet::lab
