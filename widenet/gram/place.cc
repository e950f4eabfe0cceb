#include "widenet/gram/place.h"

#include <cstdint>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/gram/place.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Whole vectors at aligned places are streamed, the ends are stored.
template <class T>
HWY_INLINE void stream(const T* from, T* to, std::size_t count) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t ahead = (reinterpret_cast<std::uintptr_t>(to) / sizeof(T)) % lanes;
  const std::size_t first = std::min(count, ahead == 0 ? 0 : lanes - ahead);
  std::copy_n(from, first, to);
  std::size_t k = first;
  for (; k + lanes <= count; k += lanes) hn::Stream(hn::LoadU(d, from + k), d, to + k);
  std::copy_n(from + k, count - k, to + k);
}

template <class T>
void rows(MatrixView<const T> tile, MatrixView<T> out) {
  for (std::size_t i = 0; i < tile.rows(); ++i) stream(tile.row_data(i), out.row_data(i), tile.cols());
}

// A line of columns at a time; rows in blocks that a buffer holds.
template <class T>
void columns(MatrixView<const T> tile, MatrixView<T> out) {
  constexpr std::size_t line = 64 / sizeof(T), block = 96;
  T turned[line][block];
  for (std::size_t i0 = 0; i0 < tile.rows(); i0 += block) {
    const std::size_t count = std::min(block, tile.rows() - i0);
    for (std::size_t j0 = 0; j0 < tile.cols(); j0 += line) {
      const std::size_t width = std::min(line, tile.cols() - j0);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < width; ++j) turned[j][i] = tile(i0 + i, j0 + j);
      for (std::size_t j = 0; j < width; ++j) stream(turned[j], out.row_data(j0 + j) + i0, count);
    }
  }
}

void rows_double(MatrixView<const double> tile, MatrixView<double> out) { rows(tile, out); }
void rows_float(MatrixView<const float> tile, MatrixView<float> out) { rows(tile, out); }
void columns_double(MatrixView<const double> tile, MatrixView<double> out) { columns(tile, out); }
void columns_float(MatrixView<const float> tile, MatrixView<float> out) { columns(tile, out); }

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(rows_double);
HWY_EXPORT(rows_float);
HWY_EXPORT(columns_double);
HWY_EXPORT(columns_float);

template <>
void place(MatrixView<const double> tile, MatrixView<double> out) {
  HWY_DYNAMIC_DISPATCH(rows_double)(tile, out);
  hwy::FlushStream();
}
template <>
void place(MatrixView<const float> tile, MatrixView<float> out) {
  HWY_DYNAMIC_DISPATCH(rows_float)(tile, out);
  hwy::FlushStream();
}
template <>
void place_transposed(MatrixView<const double> tile, MatrixView<double> out) {
  HWY_DYNAMIC_DISPATCH(columns_double)(tile, out);
  hwy::FlushStream();
}
template <>
void place_transposed(MatrixView<const float> tile, MatrixView<float> out) {
  HWY_DYNAMIC_DISPATCH(columns_float)(tile, out);
  hwy::FlushStream();
}

}  // namespace widenet
#endif
