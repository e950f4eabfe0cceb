#include "widenet/infinite/plane_engine.h"

#include <algorithm>
#include <limits>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/infinite/plane_engine.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include "widenet/base/vector-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {

#define WIDENET_INLINE HWY_INLINE
#include "widenet/infinite/closed_dual-inl.h"
#include "widenet/infinite/plane_stage-inl.h"
#undef WIDENET_INLINE

template <class T>
void run(const PlanePlan& plan, bool theta, const PlaneSamples<T>& rows, std::size_t i, const PlaneSamples<T>& columns,
         std::size_t block, PlaneScratch<T>& scratch, double* out) {
  using N = Vector<T>;
  for (std::size_t lane = 0; lane < plane_lanes<T>; lane += Number<N>::lanes)
    PlaneRun<N, T>(plan, theta, rows, i, columns, block, lane, scratch).all(out + lane);
}

void run_double(const PlanePlan& p, bool t, const PlaneSamples<double>& r, std::size_t i, const PlaneSamples<double>& c,
                std::size_t b, PlaneScratch<double>& s, double* out) {
  run(p, t, r, i, c, b, s, out);
}
void run_float(const PlanePlan& p, bool t, const PlaneSamples<float>& r, std::size_t i, const PlaneSamples<float>& c,
               std::size_t b, PlaneScratch<float>& s, double* out) {
  run(p, t, r, i, c, b, s, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(run_double);
HWY_EXPORT(run_float);

namespace {
// Of the largest plane that any stage reads or writes.
std::size_t largest(const PlanePlan& plan, std::size_t Plane::*side) {
  std::size_t most = plan.input.*side;
  for (const PlaneStage& stage : plan.stages) most = std::max(most, stage.out.*side);
  return most;
}
}  // namespace

template <class T>
PlaneScratch<T>::PlaneScratch(const PlanePlan& plan) {
  const std::size_t width = largest(plan, &Plane::width), height = largest(plan, &Plane::height);
  margin_ = plane_lanes<T>;
  plane_ = width * height * plane_lanes<T>;
  row_ = (width + 2) * plane_lanes<T>;
  data_ = Buffer<T>(4 * plane_ + (1 + 2 * plane_rows) * row_, T(0));
}
template <class T>
std::size_t PlaneScratch<T>::bytes(const PlanePlan& plan) {
  const std::size_t width = largest(plan, &Plane::width), height = largest(plan, &Plane::height);
  return (4 * width * height + (1 + 2 * plane_rows) * (width + 2)) * 64;
}

template <>
void run_planes(const PlanePlan& plan, bool theta, const PlaneSamples<double>& rows, std::size_t i,
                const PlaneSamples<double>& columns, std::size_t block, PlaneScratch<double>& scratch, double* out) {
  HWY_DYNAMIC_DISPATCH(run_double)(plan, theta, rows, i, columns, block, scratch, out);
}
template <>
void run_planes(const PlanePlan& plan, bool theta, const PlaneSamples<float>& rows, std::size_t i,
                const PlaneSamples<float>& columns, std::size_t block, PlaneScratch<float>& scratch, double* out) {
  HWY_DYNAMIC_DISPATCH(run_float)(plan, theta, rows, i, columns, block, scratch, out);
}

template class PlaneScratch<double>;
template class PlaneScratch<float>;

}  // namespace widenet
#endif
