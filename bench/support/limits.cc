#include "bench/support/limits.h"

#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/support/limits.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include "widenet/base/vector-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {

// Twelve independent chains keep both pipes busy.
template <class T>
double multiply_adds(std::size_t rounds) {
  using N = Vector<T>;
  constexpr std::size_t chains = 12;
  N sum[chains];
  for (std::size_t k = 0; k < chains; ++k) sum[k] = constant<N>(1.0L + 0.01L * static_cast<long double>(k));
  const N factor = constant<N>(0.999999L), term = constant<N>(1e-6L);
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (std::size_t k = 0; k < chains; ++k) sum[k] = multiply_add(sum[k], factor, term);
  }
  for (std::size_t k = 1; k < chains; ++k) sum[0] = sum[0] + sum[k];
  T out[Number<N>::lanes];
  store(sum[0], out);
  volatile T keep = out[0];
  (void)keep;
  return static_cast<double>(rounds * chains * Number<N>::lanes * 2);
}

// The arc-cosine pair of Cho & Saul 2009 as it is written: k1 = (r + |rho| A) / pi + rho / 2 and k0 = 1/2 + sign(rho) A
// / pi, where r = sqrt(1 - rho^2) and A = asin |rho|. The roots of one group run beside the polynomials of the group
// before.
template <class T>
void steps(const T* correlation, T* next, T* slope, std::size_t count) {
  using N = Vector<T>;
  constexpr std::size_t W = Number<N>::lanes, group = 4;
  const N half = constant<N>(0.5), per_pi = constant<N>(std::numbers::inv_pi_v<long double>);
  struct Group {
    N rho[group], size[group], root[group];
    HWY_INLINE explicit Group(const T* from) {
      for (std::size_t u = 0; u < group; ++u) {
        rho[u] = load<N>(from + u * W);
        size[u] = magnitude(rho[u]);
        root[u] = square_root(negative_multiply_add(size[u], size[u], constant<N>(1)));
      }
    }
  };
  Group now(correlation);
  for (std::size_t i = 0; i < count; i += group * W) {
    const Group following(correlation + (i + group * W < count ? i + group * W : 0));
    N angle[group];
    angles<group>(now.size, now.root, angle);
    for (std::size_t u = 0; u < group; ++u) {
      const N k1 = multiply_add(now.size[u], angle[u], now.root[u]);
      store(multiply_add(k1, per_pi, half * now.rho[u]), next + i + u * W);
      store(multiply_add(with_sign_of(angle[u], now.rho[u]), per_pi, half), slope + i + u * W);
    }
    now = following;
  }
}

double multiply_adds_double(std::size_t rounds) { return multiply_adds<double>(rounds); }
double multiply_adds_float(std::size_t rounds) { return multiply_adds<float>(rounds); }
void steps_double(const double* c, double* n, double* s, std::size_t count) { steps(c, n, s, count); }
void steps_float(const float* c, float* n, float* s, std::size_t count) { steps(c, n, s, count); }

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(multiply_adds_double);
HWY_EXPORT(multiply_adds_float);
HWY_EXPORT(steps_double);
HWY_EXPORT(steps_float);

double run_multiply_adds(std::size_t rounds, double) { return HWY_DYNAMIC_DISPATCH(multiply_adds_double)(rounds); }
double run_multiply_adds(std::size_t rounds, float) { return HWY_DYNAMIC_DISPATCH(multiply_adds_float)(rounds); }
void run_steps(const double* c, double* n, double* s, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(steps_double)(c, n, s, count);
}
void run_steps(const float* c, float* n, float* s, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(steps_float)(c, n, s, count);
}

namespace bench {

template <class T>
double peak_flops() {
  double flops = 0;
  const Times t = repeat(50, [&] { flops = run_multiply_adds(100000, T(0)); });
  return flops / t.minimum;
}

template <class T>
double relu_steps() {
  constexpr std::size_t count = 960, rounds = 500;
  alignas(128) static T correlation[count], next[count], slope[count];
  for (std::size_t i = 0; i < count; ++i) correlation[i] = static_cast<T>(2 * i + 1) / T(count) - 1;
  const Times t = repeat(200, [&] {
    for (std::size_t r = 0; r < rounds; ++r) run_steps(correlation, next, slope, count);
  });
  return static_cast<double>(count * rounds) / t.minimum;
}

template double peak_flops<double>();
template double peak_flops<float>();
template double relu_steps<double>();
template double relu_steps<float>();

}  // namespace bench
}  // namespace widenet
#endif
