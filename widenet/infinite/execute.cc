#include "widenet/infinite/execute.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numbers>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/infinite/execute.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include "widenet/base/vector-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {

#define WIDENET_INLINE HWY_INLINE
#include "widenet/infinite/execute-inl.h"
#undef WIDENET_INLINE

// Interpolated duals work in double on whole chunks; lanes that are no samples are left as they are.
template <class T>
void run_table(const TableStep& step, const ChunkArguments<T>& a, std::size_t table, const Cursor<T>& at) {
  constexpr std::size_t lanes = chunk_lanes<T>;
  T* s = a.state + step.slot * numbers_per_pair * lanes;
  T *rho = s + lanes, *theta = rho + lanes;
  double in[lanes] = {}, k[lanes] = {}, slope[lanes] = {};
  const std::size_t valid = a.column_samples.size();
  std::copy_n(s, valid, in);
  step.table->run(a.row_sides[table], a.row_sample, a.column_sides[table], a.column_samples, in, k, slope);
  for (std::size_t j = 0; j < valid; ++j) {
    const double inverse = static_cast<double>(at.row[2]) * static_cast<double>(at.columns[2 * lanes + j]);
    const double after = k[j] * inverse;
    // Equal rows stay equal, opposite ones opposite where the function is odd.
    const double complement = std::max(1 - std::abs(after), 0.0);
    const bool same = in[j] == 0 && at.row[0] == at.columns[j] && complement < 2 * DualTable::error;
    s[j] = static_cast<T>(std::copysign(same ? 0.0 : complement, after));
    rho[j] = static_cast<T>(after);
    theta[j] *= static_cast<T>(slope[j]);
  }
}

// Streams where asked and where the place is aligned to a vector.
template <class T>
HWY_INLINE void store_result(Vector<T> x, T* to, bool stream) {
  if (stream && reinterpret_cast<std::uintptr_t>(to) % sizeof(x.v) == 0)
    hn::Stream(x.v, typename Vector<T>::Tag(), to);
  else
    store(x, to);
}

template <class T>
void run(const ChunkArguments<T>& a) {
  using N = Vector<T>;
  constexpr std::size_t lanes = chunk_lanes<T>;
  const bool theta = a.output == Output::ntk;
  std::fill_n(a.state + 2 * lanes, lanes, T(0));
  Cursor<T> at{a.row, a.columns, lanes};
  std::size_t table = 0;
  for (const Step& step : a.program->steps) {
    if (const auto* t = std::get_if<TableStep>(&step))
      run_table(*t, a, table++, at);
    else
      run_step<N>(step, at, theta, a.state);
    at.advance(parameter_count(step));
  }
  const N root = constant<N>(*at.row);
  for (std::size_t j = 0; j < lanes; j += Number<N>::lanes)
    store_result(
        theta ? load<N>(a.state + 2 * lanes + j) : root * load<N>(at.columns + j) * load<N>(a.state + lanes + j),
        a.out + j, a.stream);
}

template <class T>
T correlate_chunk(const T* product, T inverse_norm, const T* inverse_norms, T* state) {
  using N = Vector<T>;
  const N scale = constant<N>(inverse_norm), one = constant<N>(1);
  N smallest = one;
  for (std::size_t j = 0; j < chunk_lanes<T>; j += Number<N>::lanes) {
    const N rho = load<N>(product + j) * (scale * load<N>(inverse_norms + j));
    const N complement = one - magnitude(rho);
    smallest = {hn::Min(smallest.v, complement.v)};
    store(with_sign_of(magnitude(complement), rho), state + j);
    store(rho, state + chunk_lanes<T> + j);
  }
  return hn::GetLane(hn::MinOfLanes(typename N::Tag(), smallest.v));
}

template <class T>
void polynomial(std::span<const T> c, const T* s, T scale, const T* scales, T* out, bool stream) {
  using N = Vector<T>;
  constexpr std::size_t W = Number<N>::lanes, U = 4;
  const N outer = constant<N>(scale), per_right_angle = constant<N>(2 / std::numbers::pi_v<long double>);
  for (std::size_t j = 0; j < chunk_lanes<T>; j += U * W) {
    N y[U], sum[U];
#pragma GCC unroll 4
    for (std::size_t u = 0; u < U; ++u) {
      const N x = load<N>(s + j + u * W);
      const N t = angle(sine(x), constant<N>(1) - magnitude(x));
      y[u] = with_sign_of(negative_multiply_add(t, per_right_angle, constant<N>(1)), x);
      sum[u] = constant<N>(c.back());
    }
    for (std::size_t k = c.size() - 1; k-- > 0;) {
      const N next = constant<N>(c[k]);
#pragma GCC unroll 4
      for (std::size_t u = 0; u < U; ++u) sum[u] = multiply_add(sum[u], y[u], next);
    }
#pragma GCC unroll 4
    for (std::size_t u = 0; u < U; ++u)
      store_result(sum[u] * (outer * load<N>(scales + j + u * W)), out + j + u * W, stream);
  }
}

void run_double(const ChunkArguments<double>& a) { run(a); }
void run_float(const ChunkArguments<float>& a) { run(a); }
double correlate_double(const double* p, double i, const double* j, double* s) { return correlate_chunk(p, i, j, s); }
float correlate_float(const float* p, float i, const float* j, float* s) { return correlate_chunk(p, i, j, s); }
void polynomial_double(std::span<const double> c, const double* s, double x, const double* y, double* out,
                       bool stream) {
  polynomial(c, s, x, y, out, stream);
}
void polynomial_float(std::span<const float> c, const float* s, float x, const float* y, float* out, bool stream) {
  polynomial(c, s, x, y, out, stream);
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(run_double);
HWY_EXPORT(run_float);
HWY_EXPORT(correlate_double);
HWY_EXPORT(correlate_float);
HWY_EXPORT(polynomial_double);
HWY_EXPORT(polynomial_float);

void flush_streams() { hwy::FlushStream(); }

template <>
void execute(const ChunkArguments<double>& arguments) {
  HWY_DYNAMIC_DISPATCH(run_double)(arguments);
}
template <>
void execute(const ChunkArguments<float>& arguments) {
  HWY_DYNAMIC_DISPATCH(run_float)(arguments);
}
template <>
double correlate(const double* product, double inverse_norm, const double* inverse_norms, double* s) {
  return HWY_DYNAMIC_DISPATCH(correlate_double)(product, inverse_norm, inverse_norms, s);
}
template <>
float correlate(const float* product, float inverse_norm, const float* inverse_norms, float* s) {
  return HWY_DYNAMIC_DISPATCH(correlate_float)(product, inverse_norm, inverse_norms, s);
}
template <>
void execute_polynomial(std::span<const double> c, const double* s, double scale, const double* scales, double* out,
                        bool stream) {
  HWY_DYNAMIC_DISPATCH(polynomial_double)(c, s, scale, scales, out, stream);
}
template <>
void execute_polynomial(std::span<const float> c, const float* s, float scale, const float* scales, float* out,
                        bool stream) {
  HWY_DYNAMIC_DISPATCH(polynomial_float)(c, s, scale, scales, out, stream);
}

}  // namespace widenet
#endif
