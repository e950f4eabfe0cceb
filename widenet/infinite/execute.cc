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
void run_table(const TableStep& step, const ChunkArguments<T>& a, std::size_t table, const Cursor<T>& at,
               std::size_t row) {
  constexpr std::size_t lanes = chunk_lanes<T>;
  T* s = a.state + (step.slot * a.rows + row) * numbers_per_pair * lanes;
  T *rho = s + lanes, *theta = rho + lanes;
  double in[lanes] = {}, k[lanes] = {}, slope[lanes] = {};
  const std::size_t valid = a.column_samples.size();
  std::copy_n(s, valid, in);
  step.table->run(a.row_sides[table], a.row_sample + row, a.column_sides[table], a.column_samples, in, k, slope);
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

// Whether a vector of T's may be streamed to any of the places.
template <class T>
bool streamable(T* const* places, std::size_t count) {
  return std::all_of(places, places + count, [](const T* place) {
    return reinterpret_cast<std::uintptr_t>(place) % sizeof(Vector<T>::v) == 0;
  });
}
template <class T>
HWY_INLINE void store_result(Vector<T> x, T* to, bool stream) {
  if (stream)
    hn::Stream(x.v, typename Vector<T>::Tag(), to);
  else
    store(x, to);
}

// Where the results go: to `out` at once, for a chain of ReLUs before the last affine step; so stores past the caches
// run beside the arithmetic. What no lane changes is read once.
template <class T, std::size_t Rows>
class FinalTheta {
 public:
  using N = Vector<T>;
  FinalTheta(const AffineLayer& layer, const Cursor<T>& at, T* const* out, bool stream)
      : affine_(layer), roots_(at.columns + 2 * at.lanes), stream_(stream) {
    for (std::size_t r = 0; r < Rows; ++r) {
      root_[r] = of_row<N>(at.of_row(r), 2);
      out_[r] = out[r];
    }
  }
  HWY_INLINE void operator()(std::size_t r, std::size_t lane, N s, N tau) const {
    store_result(affine_.of_tau(root_[r] * load<N>(roots_ + lane), s, tau), out_[r] + lane, stream_);
  }

 private:
  AffineTheta<N> affine_;
  N root_[Rows];
  const T* roots_;
  T* out_[Rows];
  bool stream_;
};
template <class T, std::size_t Rows>
struct FinalCovariance {
  using N = Vector<T>;
  const AffineStep* last;
  Cursor<T> at;
  T* const* out;
  bool stream;
  HWY_INLINE void operator()(std::size_t r, std::size_t lane, N s, N tau) const {
    store_result(kernel_value<N>(last, false, at.of_row(r), lane, s, s, tau), out[r] + lane, stream);
  }
};

template <class T, std::size_t Rows>
void run_rows(const ChunkArguments<T>& a) {
  using N = Vector<T>;
  constexpr std::size_t lanes = chunk_lanes<T>;
  const bool theta = a.output == Output::ntk, stream = a.stream && streamable(a.out, Rows);
  Cursor<T> at{a.row, a.columns, lanes, a.row_stride};
  const Slot<T> result{a.state, a.state + lanes, a.state + 2 * lanes};
  const AffineStep* last = last_affine(*a.program);
  const std::span<const Step> steps = std::span(a.program->steps).first(a.program->steps.size() - (last ? 1 : 0));
  // A network that is one chain and a read-out, the common case.
  if (last && last->from_complement && steps.size() == 1) {
    const auto& chain = std::get<ChainStep>(steps[0]);
    Cursor<T> behind = at;
    behind.advance(parameter_count(steps[0]));
    const auto run = [&](ThetaIn in, const auto& sink) {
      relu_chain<N, Rows>(chain, std::get<ReluDual>(chain.dual), at, in, a.nonnegative ? Sign::nonnegative : Sign::any,
                          result, sink);
    };
    return theta ? run(ThetaIn::zero, FinalTheta<T, Rows>(last->layer, behind, a.out, stream))
                 : run(ThetaIn::unused, FinalCovariance<T, Rows>{last, behind, a.out, stream});
  }
  for (std::size_t r = 0; r < Rows; ++r) std::fill_n(result.of_row(r, lanes).theta, lanes, T(0));
  std::size_t table = 0;
  for (const Step& step : steps) {
    if (const auto* t = std::get_if<TableStep>(&step)) {
      for (std::size_t r = 0; r < Rows; ++r) run_table(*t, a, table, at.of_row(r), r);
      ++table;
    } else {
      run_step<N, Rows>(step, at, theta, a.state);
    }
    at.advance(parameter_count(step));
  }
  for (std::size_t r = 0; r < Rows; ++r) {
    const Slot<T> slot = result.of_row(r, lanes);
    const Cursor<T> here = at.of_row(r);
    for (std::size_t j = 0; j < lanes; j += Number<N>::lanes) {
      const N value =
          kernel_value<N>(last, theta, here, j, load<N>(slot.s + j), load<N>(slot.rho + j), load<N>(slot.theta + j));
      store_result(value, a.out[r] + j, stream);
    }
  }
}

template <class T>
void run(const ChunkArguments<T>& a) {
  if (a.rows == rows_at_once)
    run_rows<T, rows_at_once>(a);
  else
    run_rows<T, 1>(a);
}

template <class T>
Correlated<T> correlate_rows(MatrixView<const T> products, const T* inverse_norms, const T* of_columns, T* state) {
  using N = Vector<T>;
  const N one = constant<N>(1);
  N smallest = one, signs = constant<N>(0);
  for (std::size_t r = 0; r < products.rows(); ++r, state += numbers_per_pair * chunk_lanes<T>) {
    const T* product = products.row_data(r);
    const N scale = constant<N>(inverse_norms[r]);
    for (std::size_t j = 0; j < chunk_lanes<T>; j += Number<N>::lanes) {
      const N rho = load<N>(product + j) * (scale * load<N>(of_columns + j));
      const N complement = one - magnitude(rho);
      smallest = {hn::Min(smallest.v, complement.v)};
      signs = {hn::Or(signs.v, rho.v)};
      store(with_sign_of(magnitude(complement), rho), state + j);
      store(rho, state + chunk_lanes<T> + j);
    }
  }
  const typename N::Tag tag;
  return {hn::GetLane(hn::MinOfLanes(tag, smallest.v)), hn::AllFalse(tag, is_negative(signs).m)};
}

template <class T>
void polynomial(std::span<const T> c, const T* s, T scale, const T* scales, T* out, bool stream) {
  using N = Vector<T>;
  constexpr std::size_t W = Number<N>::lanes, U = 4;
  stream = stream && streamable(&out, 1);
  const N outer = constant<N>(scale), per_right_angle = constant<N>(2 / std::numbers::pi_v<long double>);
  for (std::size_t j = 0; j < chunk_lanes<T>; j += U * W) {
    N x[U], y[U], sum[U];
    PoleRoot<N> root[U];
    Pole<N> pole[U];
#pragma GCC unroll 4
    for (std::size_t u = 0; u < U; ++u) {
      x[u] = load<N>(s + j + u * W);
      root[u] = pole_root(magnitude(x[u]));
    }
    poles<U>(root, pole);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < U; ++u) {
      y[u] = with_sign_of(negative_multiply_add(pole[u].t, per_right_angle, constant<N>(1)), x[u]);
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
Correlated<double> correlate_double(MatrixView<const double> p, const double* i, const double* j, double* s) {
  return correlate_rows(p, i, j, s);
}
Correlated<float> correlate_float(MatrixView<const float> p, const float* i, const float* j, float* s) {
  return correlate_rows(p, i, j, s);
}
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
Correlated<double> correlate(MatrixView<const double> products, const double* rows, const double* columns,
                             double* state) {
  return HWY_DYNAMIC_DISPATCH(correlate_double)(products, rows, columns, state);
}
template <>
Correlated<float> correlate(MatrixView<const float> products, const float* rows, const float* columns, float* state) {
  return HWY_DYNAMIC_DISPATCH(correlate_float)(products, rows, columns, state);
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
