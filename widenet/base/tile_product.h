// Products of samples, x_i . z_j, tile by tile: what a kernel entry begins with.
//
// Why not BLAS: an entry must have the same bits in every tiling, and the variances must come from the same sum as the
// covariances. Here every entry is one chain of fused multiply-adds over k = 0, 1, ..., d-1, on any instruction set;
// and the columns are packed once for all tiles.
#pragma once

#include <span>

#include "widenet/base/matrix.h"

namespace widenet {

// Samples packed for use as the columns of tiles: panel p holds samples [p w, (p+1) w) as [feature][lane], where
// w = panel_width<T> fills three of the widest vectors; missing samples at the end are zeros.
template <class T>
inline constexpr std::size_t panel_width = 192 / sizeof(T);

template <class T>
class Panels {
 public:
  Panels() = default;
  // Packs the rows of `samples` (n x d): n d numbers, rounded up to whole panels.
  explicit Panels(MatrixView<const T> samples);

  std::size_t samples() const { return samples_; }
  std::size_t features() const { return features_; }
  std::size_t count() const { return (samples_ + panel_width<T> - 1) / panel_width<T>; }
  const T* panel(std::size_t p) const { return data_.data() + p * panel_width<T> * features_; }

 private:
  std::size_t samples_ = 0, features_ = 0;
  Buffer<T> data_;
};

// The rows of a tile, packed for its products with any panels.
template <class T>
class PackedRows {
 public:
  // Reuses the memory of what was packed before.
  void pack(MatrixView<const T> rows);
  std::size_t rows() const { return rows_; }
  std::size_t features() const { return features_; }
  const T* data() const { return data_.data(); }

 private:
  std::size_t rows_ = 0, features_ = 0;
  Buffer<T> data_;
};

// out(i, j) = sum_k rows(i, k) z_j(k), j counting from the first sample of panel panels.begin; out has
// panels.size() * panel_width columns at least and a stride that is a multiple of the width of a vector.
// The sum runs over k in increasing order with one rounding per term. 2 m n d flops.
template <class T>
void tile_product(const PackedRows<T>& rows, const Panels<T>& columns, Range panels, MatrixView<T> out);

// out[i] = |x_i|^2 by the same sum.
template <class T>
void squared_norms(MatrixView<const T> rows, std::span<T> out);

// x . z by the same sum as an entry of tile_product.
template <class T>
T dot(std::span<const T> x, std::span<const T> z);

}  // namespace widenet
