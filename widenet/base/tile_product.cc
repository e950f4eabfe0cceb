#include "widenet/base/tile_product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/base/tile_product.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include <hwy/highway.h>
// clang-format on

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows per register block: 3 vectors wide, so 24 of 32 registers hold sums on AVX-512 and 12 of 16 on AVX2.
constexpr std::size_t row_block = HWY_TARGET <= HWY_AVX3 ? 8 : 4;
// Features per pass: a pass of a panel stays in the first-level cache.
constexpr std::size_t depth_block = 192;

// One register block: Rows x (3 vectors), features [0, depth). `a` is [feature][row_block].
template <std::size_t Rows, class T>
HWY_INLINE void register_block(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, std::size_t depth, T* HWY_RESTRICT out,
                               std::size_t stride, bool first) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  using V = hn::Vec<decltype(d)>;
  V sum[Rows][3];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 3
    for (std::size_t v = 0; v < 3; ++v) sum[r][v] = first ? hn::Zero(d) : hn::LoadU(d, out + r * stride + v * lanes);
  for (std::size_t k = 0; k < depth; ++k) {
    const V b0 = hn::LoadU(d, b), b1 = hn::LoadU(d, b + lanes), b2 = hn::LoadU(d, b + 2 * lanes);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const V x = hn::Set(d, a[r]);
      sum[r][0] = hn::MulAdd(x, b0, sum[r][0]);
      sum[r][1] = hn::MulAdd(x, b1, sum[r][1]);
      sum[r][2] = hn::MulAdd(x, b2, sum[r][2]);
    }
    a += row_block;
    b += panel_width<T>;
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 3
    for (std::size_t v = 0; v < 3; ++v) hn::StoreU(sum[r][v], d, out + r * stride + v * lanes);
}

// Rows of the tile as [block][feature][row_block], the last block filled with zeros.
template <class T>
const T* pack_rows(MatrixView<const T> rows) {
  thread_local Buffer<T> packed;
  const std::size_t blocks = (rows.rows() + row_block - 1) / row_block;
  const std::size_t size = blocks * row_block * rows.cols();
  if (packed.size() < size) packed = Buffer<T>(size);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t first = b * row_block, count = std::min(row_block, rows.rows() - first);
    T* to = packed.data() + first * rows.cols();
    for (std::size_t k = 0; k < rows.cols(); ++k, to += row_block)
      for (std::size_t r = 0; r < row_block; ++r) to[r] = r < count ? rows(first + r, k) : T(0);
  }
  return packed.data();
}

template <class T>
void product(MatrixView<const T> rows, const Panels<T>& columns, Range panels, MatrixView<T> out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t features = rows.cols();
  const T* packed = pack_rows(rows);
  for (std::size_t k0 = 0; k0 == 0 || k0 < features; k0 += depth_block) {
    const std::size_t depth = std::min(depth_block, features - k0);
    for (std::size_t p = panels.begin; p < panels.end; ++p) {
      const T* panel = columns.panel(p) + k0 * panel_width<T>;
      for (std::size_t i = 0; i < rows.rows(); i += row_block) {
        const T* a = packed + i * features + k0 * row_block;
        T* to = out.row_data(i) + (p - panels.begin) * panel_width<T>;
        const std::size_t left = rows.rows() - i;
        for (std::size_t c = 0; c < panel_width<T>; c += 3 * lanes) {
          if (left >= row_block) {
            register_block<row_block>(a, panel + c, depth, to + c, out.stride(), k0 == 0);
          } else {
            for (std::size_t r = 0; r < left; ++r)
              register_block<1>(a + r, panel + c, depth, to + c + r * out.stride(), out.stride(), k0 == 0);
          }
        }
      }
    }
  }
}

void product_double(MatrixView<const double> rows, const Panels<double>& columns, Range panels,
                    MatrixView<double> out) {
  product(rows, columns, panels, out);
}
void product_float(MatrixView<const float> rows, const Panels<float>& columns, Range panels, MatrixView<float> out) {
  product(rows, columns, panels, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(product_double);
HWY_EXPORT(product_float);

template <class T>
Panels<T>::Panels(MatrixView<const T> samples) : samples_(samples.rows()), features_(samples.cols()) {
  constexpr std::size_t width = panel_width<T>;
  data_ = Buffer<T>(count() * width * features_, T(0));
  for (std::size_t j = 0; j < samples_; ++j) {
    T* to = data_.data() + j / width * width * features_ + j % width;
    for (std::size_t k = 0; k < features_; ++k) to[k * width] = samples(j, k);
  }
}

template <>
void tile_product(MatrixView<const double> rows, const Panels<double>& columns, Range panels, MatrixView<double> out) {
  HWY_DYNAMIC_DISPATCH(product_double)(rows, columns, panels, out);
}
template <>
void tile_product(MatrixView<const float> rows, const Panels<float>& columns, Range panels, MatrixView<float> out) {
  HWY_DYNAMIC_DISPATCH(product_float)(rows, columns, panels, out);
}

template <class T>
T dot(std::span<const T> x, std::span<const T> z) {
  T sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum = std::fma(x[k], z[k], sum);
  return sum;
}

template class Panels<double>;
template class Panels<float>;
template double dot(std::span<const double>, std::span<const double>);
template float dot(std::span<const float>, std::span<const float>);

}  // namespace widenet
#endif
