#include "widenet/solve/smo_passes.h"

#include <limits>

#include "widenet/base/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/solve/smo_passes.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace widenet::smo::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
hn::Vec<D> load(D d, const double* p) {
  return hn::LoadU(d, p);
}
template <class D>
hn::Vec<D> load(D d, const float* p) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), p));
}

// The largest value that lanes saw and where: indices are carried as doubles, which hold them exactly.
template <class D>
struct LaneMost {
  hn::Vec<D> value, index;

  LaneMost(D d, double least) : value(hn::Set(d, least)), index(hn::Set(d, -1.0)) {}
  template <class M>
  void offer(M eligible, hn::Vec<D> x, hn::Vec<D> at) {
    const auto better = hn::And(eligible, hn::Gt(x, value));
    value = hn::IfThenElse(better, x, value);
    index = hn::IfThenElse(better, at, index);
  }
  // The first index of the largest value over all lanes and `before`.
  Most over_lanes(D d, Most before) const {
    HWY_ALIGN double values[hn::MaxLanes(D())], indices[hn::MaxLanes(D())];
    hn::Store(value, d, values);
    hn::Store(index, d, indices);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
      if (indices[lane] < 0) continue;
      const auto at = static_cast<std::size_t>(indices[lane]);
      if (values[lane] > before.value || (values[lane] == before.value && at < before.index))
        before = {values[lane], at};
    }
    return before;
  }
};

// Samples [begin, end) of update_and_select, end - begin a multiple of D's lanes.
template <class D, class T>
Most update_range(D d, Range r, const T* ki, const T* kj, double step, double* F, const float* side, Most before) {
  const std::size_t lanes = hn::Lanes(d);
  const auto steps = hn::Set(d, step), stride = hn::Set(d, static_cast<double>(lanes)), zero = hn::Zero(d);
  auto at = hn::Iota(d, static_cast<double>(r.begin));
  LaneMost<D> most(d, before.value);
  for (std::size_t t = r.begin; t < r.end; t += lanes, at = hn::Add(at, stride)) {
    const auto f = hn::NegMulAdd(steps, hn::Sub(load(d, ki + t), load(d, kj + t)), hn::LoadU(d, F + t));
    hn::StoreU(f, d, F + t);
    most.offer(hn::Le(load(d, side + t), zero), f, at);
  }
  return most.over_lanes(d, before);
}

template <class T>
Most update_all(std::size_t n, const T* ki, const T* kj, double step, double* F, const float* side) {
  const hn::ScalableTag<double> d;
  const std::size_t whole = n - n % hn::Lanes(d);
  const Most most =
      update_range(d, {0, whole}, ki, kj, step, F, side, {-std::numeric_limits<double>::infinity(), none});
  return update_range(hn::CappedTag<double, 1>(), {whole, n}, ki, kj, step, F, side, most);
}

struct SecondSoFar {
  double violation;
  Most gain;
};

template <class D, class T>
SecondSoFar second_range(D d, Range r, const T* ki, double kii, double Fi, const double* diagonal, const double* F,
                         const float* side, SecondSoFar before) {
  const std::size_t lanes = hn::Lanes(d);
  const auto stride = hn::Set(d, static_cast<double>(lanes)), zero = hn::Zero(d), two = hn::Set(d, 2.0);
  const auto fi = hn::Set(d, Fi), k = hn::Set(d, kii), floor = hn::Set(d, least_curvature);
  auto at = hn::Iota(d, static_cast<double>(r.begin)), violation = hn::Set(d, before.violation);
  LaneMost<D> most(d, before.gain.value);
  for (std::size_t t = r.begin; t < r.end; t += lanes, at = hn::Add(at, stride)) {
    const auto b = hn::Sub(fi, hn::LoadU(d, F + t));
    const auto low = hn::Ge(load(d, side + t), zero);
    violation = hn::IfThenElse(low, hn::Max(violation, b), violation);
    const auto curvature = hn::Max(hn::NegMulAdd(two, load(d, ki + t), hn::Add(k, hn::LoadU(d, diagonal + t))), floor);
    most.offer(hn::And(low, hn::Gt(b, zero)), hn::Div(hn::Mul(b, b), curvature), at);
  }
  return {hn::GetLane(hn::MaxOfLanes(d, violation)), most.over_lanes(d, before.gain)};
}

template <class T>
Second second_all(std::size_t n, const T* ki, double kii, double Fi, const double* diagonal, const double* F,
                  const float* side) {
  const hn::ScalableTag<double> d;
  const std::size_t whole = n - n % hn::Lanes(d);
  SecondSoFar so_far{-std::numeric_limits<double>::infinity(), {-1.0, none}};
  so_far = second_range(d, {0, whole}, ki, kii, Fi, diagonal, F, side, so_far);
  so_far = second_range(hn::CappedTag<double, 1>(), {whole, n}, ki, kii, Fi, diagonal, F, side, so_far);
  return {so_far.violation, so_far.gain.index};
}

Most update_float(std::size_t n, const float* ki, const float* kj, double step, double* F, const float* side) {
  return update_all(n, ki, kj, step, F, side);
}
Most update_double(std::size_t n, const double* ki, const double* kj, double step, double* F, const float* side) {
  return update_all(n, ki, kj, step, F, side);
}
Second second_float(std::size_t n, const float* ki, double kii, double Fi, const double* diagonal, const double* F,
                    const float* side) {
  return second_all(n, ki, kii, Fi, diagonal, F, side);
}
Second second_double(std::size_t n, const double* ki, double kii, double Fi, const double* diagonal, const double* F,
                     const float* side) {
  return second_all(n, ki, kii, Fi, diagonal, F, side);
}

}  // namespace widenet::smo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet::smo {

HWY_EXPORT(update_float);
HWY_EXPORT(update_double);
HWY_EXPORT(second_float);
HWY_EXPORT(second_double);

Most update_and_select(std::size_t n, const float* ki, const float* kj, double step, double* F, const float* side) {
  return HWY_DYNAMIC_DISPATCH(update_float)(n, ki, kj, step, F, side);
}
Most update_and_select(std::size_t n, const double* ki, const double* kj, double step, double* F, const float* side) {
  return HWY_DYNAMIC_DISPATCH(update_double)(n, ki, kj, step, F, side);
}
Second select_second(std::size_t n, const float* ki, double kii, double Fi, const double* diagonal, const double* F,
                     const float* side) {
  return HWY_DYNAMIC_DISPATCH(second_float)(n, ki, kii, Fi, diagonal, F, side);
}
Second select_second(std::size_t n, const double* ki, double kii, double Fi, const double* diagonal, const double* F,
                     const float* side) {
  return HWY_DYNAMIC_DISPATCH(second_double)(n, ki, kii, Fi, diagonal, F, side);
}

}  // namespace widenet::smo
#endif
