// The inner loop of products: a few rows against three vectors of columns, all sums in registers. Included once per
// instruction set, inside HWY_BEFORE_NAMESPACE / HWY_AFTER_NAMESPACE, by files that use Highway's foreach_target.
#if defined(WIDENET_REGISTER_BLOCK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WIDENET_REGISTER_BLOCK_INL
#undef WIDENET_REGISTER_BLOCK_INL
#else
#define WIDENET_REGISTER_BLOCK_INL
#endif

// clang-format off
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows per block: 24 of 32 registers hold sums on AVX-512 and 12 of 16 on AVX2.
inline constexpr std::size_t row_block = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

template <std::size_t Rows, class T>
struct RegisterBlock {
  using Tag = hn::ScalableTag<T>;
  hn::Vec<Tag> sum[Rows][3];

  HWY_INLINE void clear() {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 3
      for (std::size_t v = 0; v < 3; ++v) sum[r][v] = hn::Zero(Tag());
  }

  // sum(r, vector v) += a[k * a_stride + r] b[v][k * b_stride + .] for k < depth, in this order. Fetches what lies at
  // `ahead` meanwhile, a line per term; where told so.
  template <bool Ahead = false>
  HWY_INLINE void add(const T* HWY_RESTRICT a, std::size_t a_stride, const T* const (&b)[3], std::size_t b_stride,
                      std::size_t depth, const T* ahead = nullptr) {
    const T *HWY_RESTRICT first = b[0], *HWY_RESTRICT second = b[1], *HWY_RESTRICT third = b[2];
    for (std::size_t k = 0; k < depth; ++k) {
      const auto b0 = hn::LoadU(Tag(), first), b1 = hn::LoadU(Tag(), second), b2 = hn::LoadU(Tag(), third);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < Rows; ++r) {
        const auto x = hn::Set(Tag(), a[r]);
        sum[r][0] = hn::MulAdd(x, b0, sum[r][0]);
        sum[r][1] = hn::MulAdd(x, b1, sum[r][1]);
        sum[r][2] = hn::MulAdd(x, b2, sum[r][2]);
      }
      if constexpr (Ahead) {
        __builtin_prefetch(ahead);
        ahead += 64 / sizeof(T);
      }
      a += a_stride;
      first += b_stride;
      second += b_stride;
      third += b_stride;
    }
  }

  // to(r, .) = f(sum(r, .), to(r, .)), rows `stride` apart.
  template <class F>
  HWY_INLINE void store(T* HWY_RESTRICT to, std::size_t stride, const F& f) const {
    const std::size_t lanes = hn::Lanes(Tag());
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 3
      for (std::size_t v = 0; v < 3; ++v) {
        T* at = to + r * stride + v * lanes;
        hn::StoreU(f(sum[r][v], at), Tag(), at);
      }
  }
  HWY_INLINE void load(const T* HWY_RESTRICT from, std::size_t stride) {
    const std::size_t lanes = hn::Lanes(Tag());
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 3
      for (std::size_t v = 0; v < 3; ++v) sum[r][v] = hn::LoadU(Tag(), from + r * stride + v * lanes);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#endif  // WIDENET_REGISTER_BLOCK_INL
