#include "widenet/base/tile_product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/base/tile_product.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include <hwy/highway.h>
// clang-format on

#include <cmath>

#include "widenet/base/register_block-inl.h"
#include "widenet/base/threads.h"

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Features per pass: half of the first-level cache holds a pass of a panel, the other half takes in the next one.
constexpr std::size_t depth_block = 132;

// One block of registers: Rows x (3 vectors), features [0, depth). `a` is [feature][row_block]. Fetches `depth` lines
// from `ahead` meanwhile, unless that is null.
template <std::size_t Rows, class T>
HWY_INLINE void register_block(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, std::size_t depth, T* HWY_RESTRICT out,
                               std::size_t stride, bool first, const T* ahead = nullptr) {
  RegisterBlock<Rows, T> block;
  if (first)
    block.clear();
  else
    block.load(out, stride);
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const T* const vectors[3] = {b, b + lanes, b + 2 * lanes};
  if (ahead)
    block.template add<true>(a, row_block, vectors, panel_width<T>, depth, ahead);
  else
    block.add(a, row_block, vectors, panel_width<T>, depth);
  block.store(out, stride, [](auto sum, const T*) HWY_ATTR { return sum; });
}

// Rows of the tile as [block][feature][row_block], the last block filled with copies of the last row.
template <class T>
void pack(MatrixView<const T> rows, T* to) {
  for (std::size_t first = 0; first < rows.rows(); first += row_block) {
    const std::size_t last = rows.rows() - 1;
    const T* from[row_block];
    for (std::size_t r = 0; r < row_block; ++r) from[r] = rows.row_data(std::min(first + r, last));
    for (std::size_t k = 0; k < rows.cols(); ++k, to += row_block)
#pragma GCC unroll 8
      for (std::size_t r = 0; r < row_block; ++r) to[r] = from[r][k];
  }
}

template <class T>
void product(const PackedRows<T>& rows, const Panels<T>& columns, Range panels, MatrixView<T> out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t features = rows.features();
  constexpr std::size_t lines = panel_width<T> * sizeof(T) / 64;  // of cache per feature
  const auto slice = [&](std::size_t p, std::size_t k) { return columns.panel(p) + k * panel_width<T>; };
  for (std::size_t k0 = 0; k0 == 0 || k0 < features; k0 += depth_block) {
    const std::size_t depth = std::min(depth_block, features - k0);
    for (std::size_t p = panels.begin; p < panels.end; ++p) {
      const T* panel = slice(p, k0);
      const T* next =
          p + 1 < panels.end ? slice(p + 1, k0) : slice(panels.begin, k0 + depth < features ? k0 + depth : 0);
      for (std::size_t i = 0; i < rows.rows(); i += row_block) {
        const T* a = rows.data() + i * features + k0 * row_block;
        T* to = out.row_data(i) + (p - panels.begin) * panel_width<T>;
        const std::size_t left = rows.rows() - i, block = i / row_block;
        for (std::size_t c = 0; c < panel_width<T>; c += 3 * lanes) {
          if (left >= row_block) {
            // Each of the first blocks fetches a part of what is read next.
            const T* ahead = c == 0 && block < lines ? next + block * depth * (panel_width<T> / lines) : nullptr;
            register_block<row_block>(a, panel + c, depth, to + c, out.stride(), k0 == 0, ahead);
          } else {
            for (std::size_t r = 0; r < left; ++r)
              register_block<1>(a + r, panel + c, depth, to + c + r * out.stride(), out.stride(), k0 == 0);
          }
        }
      }
    }
  }
}

std::size_t rows_per_block() { return row_block; }
void pack_double(MatrixView<const double> rows, double* to) { pack(rows, to); }
void pack_float(MatrixView<const float> rows, float* to) { pack(rows, to); }
void product_double(const PackedRows<double>& rows, const Panels<double>& columns, Range panels,
                    MatrixView<double> out) {
  product(rows, columns, panels, out);
}
void product_float(const PackedRows<float>& rows, const Panels<float>& columns, Range panels, MatrixView<float> out) {
  product(rows, columns, panels, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(rows_per_block);
HWY_EXPORT(pack_double);
HWY_EXPORT(pack_float);
HWY_EXPORT(product_double);
HWY_EXPORT(product_float);

template <class T>
Panels<T>::Panels(MatrixView<const T> samples) : samples_(samples.rows()), features_(samples.cols()) {
  constexpr std::size_t width = panel_width<T>;
  data_ = Buffer<T>(count() * width * features_);
  parallel_for(count(), [&](std::size_t p, std::size_t) {
    const std::size_t first = p * width, valid = std::min(width, samples_ - first);
    T* to = data_.data() + first * features_;
    for (std::size_t k = 0; k < features_; ++k, to += width)
      for (std::size_t j = 0; j < width; ++j) to[j] = j < valid ? samples(first + j, k) : T(0);
  });
}

template <class T>
void PackedRows<T>::pack(MatrixView<const T> rows) {
  rows_ = rows.rows();
  features_ = rows.cols();
  const std::size_t block = HWY_DYNAMIC_DISPATCH(rows_per_block)(),
                    size = (rows_ + block - 1) / block * block * features_;
  if (data_.size() < size) data_ = Buffer<T>(size);
  if constexpr (sizeof(T) == 8)
    HWY_DYNAMIC_DISPATCH(pack_double)(rows, data_.data());
  else
    HWY_DYNAMIC_DISPATCH(pack_float)(rows, data_.data());
}

template <>
void tile_product(const PackedRows<double>& rows, const Panels<double>& columns, Range panels, MatrixView<double> out) {
  HWY_DYNAMIC_DISPATCH(product_double)(rows, columns, panels, out);
}
template <>
void tile_product(const PackedRows<float>& rows, const Panels<float>& columns, Range panels, MatrixView<float> out) {
  HWY_DYNAMIC_DISPATCH(product_float)(rows, columns, panels, out);
}

// Several rows at once: each sum is one chain, and would wait for itself.
template <class T>
void squared_norms(MatrixView<const T> rows, std::span<T> out) {
  constexpr std::size_t block = 8;
  for (std::size_t first = 0; first < rows.rows(); first += block) {
    const std::size_t count = std::min(block, rows.rows() - first);
    const T* x[block];
    T sum[block] = {};
    for (std::size_t r = 0; r < block; ++r) x[r] = rows.row_data(first + std::min(r, count - 1));
    for (std::size_t k = 0; k < rows.cols(); ++k)
#pragma GCC unroll 8
      for (std::size_t r = 0; r < block; ++r) sum[r] = std::fma(x[r][k], x[r][k], sum[r]);
    std::copy_n(sum, count, out.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

template <class T>
T dot(std::span<const T> x, std::span<const T> z) {
  T sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum = std::fma(x[k], z[k], sum);
  return sum;
}

template class Panels<double>;
template class Panels<float>;
template class PackedRows<double>;
template class PackedRows<float>;
template void squared_norms(MatrixView<const double>, std::span<double>);
template void squared_norms(MatrixView<const float>, std::span<float>);
template double dot(std::span<const double>, std::span<const double>);
template float dot(std::span<const float>, std::span<const float>);

}  // namespace widenet
#endif
