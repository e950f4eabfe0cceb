#include "widenet/base/packed_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/base/packed_tile.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include <hwy/highway.h>
// clang-format on

#include <algorithm>

#include "widenet/base/register_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Of one product: a pass of the columns of a block stays in the first-level cache, that of all of A in the second.
constexpr std::size_t depth_block = 128;
// Rows of a panel: those of a block of registers, whole vectors of columns too.
constexpr std::size_t height = row_block;

// Where a panel begins, and its rows.
struct Panel {
  const double* data;
  std::size_t rows;
};
HWY_INLINE Panel panel(const PackedTile& tile, std::size_t first) {
  return {tile.data + first * tile.depth, std::min(height, tile.rows - first)};
}

// The 3 vectors of columns of a block: terms `depths` of the panels from row `first` of B. Panels that do not exist are
// given as one that does; one that is not full is filled up with zeros.
struct Columns {
  const double* vectors[3];
  double filled[depth_block * height];

  void set(const PackedTile& B, std::size_t first, Range depths) {
    constexpr hn::ScalableTag<double> d;
    for (std::size_t v = 0; v < 3; ++v) {
      const std::size_t column = first + v * hn::Lanes(d), at = std::min(column / height, (B.rows - 1) / height);
      const auto [data, rows] = panel(B, at * height);
      const double* from = data + depths.begin * rows;
      if (rows < height) {
        for (std::size_t k = 0; k < depths.size(); ++k)
          for (std::size_t r = 0; r < height; ++r) filled[k * height + r] = r < rows ? from[k * rows + r] : 0.0;
        from = filled;
      }
      vectors[v] = from + column % height;
    }
  }
};

// The entries of Rows rows and a block's columns, of which `count` exist.
template <std::size_t Rows>
HWY_INLINE void update(const double* a, std::size_t a_stride, const Columns& columns, std::size_t depth, double* to,
                       std::size_t stride, std::size_t count, const double* ahead) {
  constexpr hn::ScalableTag<double> d;
  const std::size_t width = 3 * hn::Lanes(d);
  // They are read at the end, and would be waited for.
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t c = 0; c < count; c += 8) __builtin_prefetch(to + r * stride + c, 1);
  RegisterBlock<Rows, double> block;
  block.clear();
  block.template add<true>(a, a_stride, columns.vectors, height, depth, ahead);
  if (count >= width)
    return block.store(to, stride, [](auto sum, const double* at) HWY_ATTR {
      constexpr hn::ScalableTag<double> tag;
      return hn::Sub(hn::LoadU(tag, at), sum);
    });
  double values[Rows * HWY_LANES(double) * 3];
  block.store(values, width, [](auto sum, const double*) HWY_ATTR { return sum; });
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t c = 0; c < count; ++c) to[r * stride + c] -= values[r * width + c];
}

// What to fetch while the block (i, j) runs: of the first columns the rows after the next, which have not been read
// yet; at the last rows the next columns.
HWY_INLINE const double* wanted_soon(const PackedTile& A, std::size_t i, const PackedTile& B, std::size_t j,
                                     std::size_t k) {
  const std::size_t width = 3 * hn::Lanes(hn::ScalableTag<double>()), left = A.rows - i;
  if (j == 0 && left >= 3 * height) return A.data + (i + 2 * height) * A.depth + k * height;
  const std::size_t column = j + width + left / height * height - height;
  if (left <= 3 * height && column + height <= B.rows) return B.data + column * B.depth + k * height;
  return A.data + i * A.depth + k * height;
}

void subtract(const PackedTile& A, const PackedTile& B, Range all, bool lower, MatrixView<double> C) {
  constexpr hn::ScalableTag<double> d;
  const std::size_t width = 3 * hn::Lanes(d);
  Columns columns;
  for (std::size_t k = all.begin; k < all.end; k += depth_block) {
    const Range depths{k, std::min(all.end, k + depth_block)};
    for (std::size_t j = 0; j < B.rows; j += width) {
      columns.set(B, j, depths);
      const std::size_t count = std::min(width, B.rows - j);
      for (std::size_t i = lower ? j / height * height : 0; i < A.rows; i += height) {
        const auto [data, rows] = panel(A, i);
        const double* a = data + k * rows;
        double* to = C.row_data(i) + j;
        if (rows == height) {
          update<height>(a, height, columns, depths.size(), to, C.stride(), count, wanted_soon(A, i, B, j, k));
        } else {
          for (std::size_t r = 0; r < rows; ++r)
            update<1>(a + r, rows, columns, depths.size(), to + r * C.stride(), C.stride(), count, a);
        }
      }
    }
  }
}

// Every number (i, k) of the columns `depths` with its place among the packed ones.
template <class F>
HWY_INLINE void for_packed(std::size_t rows, std::size_t depth, Range depths, const F& number) {
  for (std::size_t first = 0; first < rows; first += height) {
    const std::size_t count = std::min(height, rows - first), begin = first * depth;
    if (count == height) {
      for (std::size_t k = depths.begin; k < depths.end; ++k)
#pragma GCC unroll 8
        for (std::size_t r = 0; r < height; ++r) number(begin + k * height + r, first + r, k);
    } else {
      for (std::size_t k = depths.begin; k < depths.end; ++k)
        for (std::size_t r = 0; r < count; ++r) number(begin + k * count + r, first + r, k);
    }
  }
}
void pack(MatrixView<const double> rows, Range depths, const PackedTile& to) {
  for_packed(to.rows, to.depth, depths,
             [&](std::size_t at, std::size_t i, std::size_t k) HWY_ATTR { to.data[at] = rows(i, k); });
}
void unpack(const PackedTile& from, MatrixView<double> rows) {
  for_packed(from.rows, from.depth, {0, from.depth},
             [&](std::size_t at, std::size_t i, std::size_t k) HWY_ATTR { rows(i, k) = from.data[at]; });
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(subtract);
HWY_EXPORT(pack);
HWY_EXPORT(unpack);

void pack_tile(MatrixView<const double> rows, Range depths, const PackedTile& to) {
  HWY_DYNAMIC_DISPATCH(pack)(rows, depths, to);
}
void unpack_tile(const PackedTile& from, MatrixView<double> rows) { HWY_DYNAMIC_DISPATCH(unpack)(from, rows); }

void subtract_product(const PackedTile& A, const PackedTile& B, Range depths, Part part, MatrixView<double> C) {
  HWY_DYNAMIC_DISPATCH(subtract)(A, B, depths, part == Part::lower, C);
}

}  // namespace widenet
#endif
