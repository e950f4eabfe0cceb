#include "widenet/base/tile_product.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/hard_rows.h"
#include "tests/support/targets.h"

namespace widenet {
namespace {

using namespace testing_support;

template <class T>
struct TileProduct : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(TileProduct, Numbers);

// The sum as it is defined: one fused multiply-add per feature, in order. Every instruction set gives its bits.
TYPED_TEST(TileProduct, IsTheSumInOrderOnEveryInstructionSet) {
  using T = TypeParam;
  constexpr std::size_t width = panel_width<T>;
  Random random(1);
  for (const std::size_t rows : Sizes{0, 1, 2, 7, 8, 9, 19})
    for (const std::size_t cols : Sizes{0, 1, width - 1, width, width + 1, 3 * width + 5})
      for (const std::size_t features : Sizes{0, 1, 2, 5, 191, 192, 193, 400}) {
        const Matrix<T> x = normal_rows<T>(random, rows, features), z = normal_rows<T>(random, cols, features);
        const Panels<T> panels(z.view());
        ASSERT_EQ(panels.count(), (cols + width - 1) / width);
        for_each_target([&](std::int64_t target) {
          const std::size_t first = panels.count() / 2;
          Matrix<T> out(rows, (panels.count() - first) * width, std::numeric_limits<T>::quiet_NaN());
          PackedRows<T> packed;
          packed.pack(x.view());
          tile_product<T>(packed, panels, {first, panels.count()}, out);
          for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < out.cols(); ++j) {
              T sum = 0;
              const std::size_t column = first * width + j;
              for (std::size_t k = 0; k < features && column < cols; ++k) sum = std::fma(x(i, k), z(column, k), sum);
              ASSERT_EQ(out(i, j), sum) << target << ": " << i << ", " << j << " of " << rows << " x " << cols << " x "
                                        << features;
              if (column < cols) {
                ASSERT_EQ(dot<T>(x.row(i), z.row(column)), sum);
              }
            }
        });
      }
}

}  // namespace
}  // namespace widenet
