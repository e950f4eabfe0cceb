#include "widenet/base/packed_tile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/hard_rows.h"
#include "tests/support/targets.h"

namespace widenet {
namespace {

using namespace testing_support;

struct Packed {
  explicit Packed(const Matrix<double>& rows) : memory(rows.rows(), rows.cols()) {
    tile = {memory.data(), rows.rows(), rows.cols()};
    pack_tile(rows, {0, rows.cols()}, tile);
  }
  Matrix<double> memory;
  PackedTile tile;
};

TEST(PackedTile, UnpacksToItself) {
  Random random(1);
  for_each_target([&](std::int64_t target) {
    for (const std::size_t rows : Sizes{0, 1, 2, 7, 8, 9, 24, 31})
      for (const std::size_t depth : Sizes{1, 2, 5, 129}) {
        const Matrix<double> x = normal_rows<double>(random, rows, depth);
        const Packed packed(x);
        Matrix<double> back(rows, depth + 3, -1.0);
        unpack_tile(packed.tile, back.view().block({0, rows}, {0, depth}));
        for (std::size_t i = 0; i < rows; ++i)
          for (std::size_t k = 0; k < depth + 3; ++k)
            EXPECT_EQ(back(i, k), k < depth ? x(i, k) : -1.0) << rows << " x " << depth << " target " << target;
      }
  });
}

// The plain sum, its error bound depth eps sum |a b| (Higham, Accuracy and Stability, 3.1).
TEST(PackedTile, SubtractsTheProductOnEveryInstructionSet) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  Random random(2);
  for (const std::size_t rows : Sizes{0, 1, 3, 8, 23, 24, 25, 50})
    for (const std::size_t cols : Sizes{0, 1, 2, 8, 23, 24, 29, 48})
      for (const Range depths : {Range{0, 0}, Range{0, 1}, Range{0, 127}, Range{0, 128}, Range{3, 300}}) {
        const Matrix<double> a = normal_rows<double>(random, rows, 300), b = normal_rows<double>(random, cols, 300),
                             c = normal_rows<double>(random, rows, cols);
        for_each_target([&](std::int64_t target) {
          const Packed A(a), B(b);
          Matrix<double> out(rows, cols + 5, 7.0);
          for (std::size_t i = 0; i < rows; ++i) std::copy_n(c.row(i).data(), cols, out.row(i).data());
          subtract_product(A.tile, B.tile, depths, Part::all, out.view().block({0, rows}, {0, cols}));
          for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < cols + 5; ++j) {
              if (j >= cols) {
                ASSERT_EQ(out(i, j), 7.0) << "written beyond its columns";
                continue;
              }
              long double sum = c(i, j), size = std::abs(c(i, j));
              for (std::size_t k = depths.begin; k < depths.end; ++k) {
                sum -= static_cast<long double>(a(i, k)) * b(j, k);
                size += std::abs(a(i, k) * b(j, k));
              }
              ASSERT_NEAR(out(i, j), static_cast<double>(sum),
                          static_cast<double>(depths.size() + 1) * eps * static_cast<double>(size))
                  << rows << " x " << cols << " depths " << depths.begin << ".." << depths.end << " target " << target;
            }
        });
      }
}

TEST(PackedTile, AnEntryDoesNotDependOnItsPlace) {
  Random random(3);
  const Matrix<double> a = normal_rows<double>(random, 40, 200), b = normal_rows<double>(random, 40, 200);
  const Packed A(a), B(b);
  Matrix<double> all(40, 40);
  subtract_product(A.tile, B.tile, {0, 200}, Part::all, all);
  for (std::size_t i : {0u, 7u, 8u, 39u})
    for (std::size_t j : {0u, 23u, 24u, 39u}) {
      Matrix<double> x(1, 200), z(1, 200), one(1, 1);
      std::copy_n(a.row(i).data(), 200, x.data());
      std::copy_n(b.row(j).data(), 200, z.data());
      const Packed X(x), Z(z);
      subtract_product(X.tile, Z.tile, {0, 200}, Part::all, one);
      EXPECT_EQ(one(0, 0), all(i, j));
    }
}

TEST(PackedTile, TheLowerPartIsThatOfTheWhole) {
  Random random(4);
  for (const std::size_t n : Sizes{1, 2, 8, 25, 50}) {
    const Matrix<double> a = normal_rows<double>(random, n, 60);
    for_each_target([&](std::int64_t) {
      const Packed A(a);
      Matrix<double> whole(n, n), lower(n, n);
      subtract_product(A.tile, A.tile, {0, 60}, Part::all, whole);
      subtract_product(A.tile, A.tile, {0, 60}, Part::lower, lower);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j <= i; ++j) EXPECT_EQ(lower(i, j), whole(i, j));
    });
  }
}

}  // namespace
}  // namespace widenet
