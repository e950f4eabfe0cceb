#include "widenet/infinite/plane_engine.h"

#include <algorithm>
#include <limits>
#include <numbers>
#include <span>

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
#include "widenet/infinite/plane_run-inl.h"
#undef WIDENET_INLINE

template <class T>
void run(const PlanePlan& plan, bool theta, const PlaneSamples<T>& rows, std::size_t i, const PlaneSamples<T>& columns,
         std::size_t block, std::size_t itself, PlaneScratch<T>& scratch, double* out) {
  using N = Vector<T>;
  for (std::size_t lane = 0; lane < plane_lanes<T>; lane += Number<N>::lanes)
    PlaneRun<N, T>(plan, theta, rows, i, columns, block, lane, itself, scratch).all(out + lane);
}
template <class T>
void run_one(const PlanePlan& plan, const PlaneSamples<T>& rows, std::size_t i, const PlaneSamples<T>& columns,
             std::size_t block, std::size_t lane, PlaneScratch<T>& scratch, const PlaneSink<T>& sink) {
  using N = Vector<T>;
  const std::size_t first = lane / Number<N>::lanes * Number<N>::lanes;
  PlaneRun<N, T>(plan, false, rows, i, columns, block, first, lane, scratch).rows(lane - first, sink);
}

void run_double(const PlanePlan& p, bool t, const PlaneSamples<double>& r, std::size_t i, const PlaneSamples<double>& c,
                std::size_t b, std::size_t itself, PlaneScratch<double>& s, double* out) {
  run(p, t, r, i, c, b, itself, s, out);
}
void run_float(const PlanePlan& p, bool t, const PlaneSamples<float>& r, std::size_t i, const PlaneSamples<float>& c,
               std::size_t b, std::size_t itself, PlaneScratch<float>& s, double* out) {
  run(p, t, r, i, c, b, itself, s, out);
}
void run_one_double(const PlanePlan& p, const PlaneSamples<double>& r, std::size_t i, const PlaneSamples<double>& c,
                    std::size_t b, std::size_t lane, PlaneScratch<double>& s, const PlaneSink<double>& sink) {
  run_one(p, r, i, c, b, lane, s, sink);
}
void run_one_float(const PlanePlan& p, const PlaneSamples<float>& r, std::size_t i, const PlaneSamples<float>& c,
                   std::size_t b, std::size_t lane, PlaneScratch<float>& s, const PlaneSink<float>& sink) {
  run_one(p, r, i, c, b, lane, s, sink);
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(run_double);
HWY_EXPORT(run_float);
HWY_EXPORT(run_one_double);
HWY_EXPORT(run_one_float);

namespace {
// Of the largest plane that any stage or pool reads or writes.
std::size_t largest(const PlanePlan& plan, std::size_t Plane::*side) {
  std::size_t most = plan.input.*side;
  for (const PlaneLevel& level : plan.levels)
    for (const PlaneStage& stage : level.stages) most = std::max(most, stage.out.*side);
  for (const PlanePool& pool : plan.pools) most = std::max(most, pool.out.*side);
  return most;
}
}  // namespace

template <class T>
PlaneScratch<T>::Layout::Layout(const PlanePlan& plan) {
  constexpr std::size_t lanes = plane_lanes<T>;
  const std::size_t width = largest(plan, &Plane::width), height = largest(plan, &Plane::height);
  plane = width * height * lanes;
  row = (width + 2) * lanes;
  zeros = 2 * plan.slots * plane;
  around = zeros + (1 + 2 * plane_rows) * row;
  std::size_t circle = 0;
  const auto turn = [&circle](const PlaneWindow& window) {
    if (window.circular) circle = std::max(circle, around_width(window));
  };
  for (const PlanePool& pool : plan.pools) turn(pool);
  for (const PlaneLevel& level : plan.levels)
    for (const PlaneStage& stage : level.stages)
      for (const PlaneInput& input : stage.inputs) turn(input);
  pooled = around + circle * lanes;
  size = pooled + open_positions(plan) * lanes;
}
template <class T>
PlaneScratch<T>::PlaneScratch(const PlanePlan& plan) : layout_(plan), data_(layout_.size, T(0)) {}
template <class T>
std::size_t PlaneScratch<T>::bytes(const PlanePlan& plan) {
  return Layout(plan).size * sizeof(T);
}

using D = PlaneSamples<double>;
using F = PlaneSamples<float>;
template <>
void run_planes(const PlanePlan& plan, bool theta, const D& rows, std::size_t i, const D& columns, std::size_t block,
                std::size_t itself, PlaneScratch<double>& scratch, double* out) {
  HWY_DYNAMIC_DISPATCH(run_double)(plan, theta, rows, i, columns, block, itself, scratch, out);
}
template <>
void run_planes(const PlanePlan& plan, bool theta, const F& rows, std::size_t i, const F& columns, std::size_t block,
                std::size_t itself, PlaneScratch<float>& scratch, double* out) {
  HWY_DYNAMIC_DISPATCH(run_float)(plan, theta, rows, i, columns, block, itself, scratch, out);
}
template <>
void run_rows(const PlanePlan& plan, const D& rows, std::size_t i, const D& columns, std::size_t block,
              std::size_t lane, PlaneScratch<double>& scratch, const PlaneSink<double>& sink) {
  HWY_DYNAMIC_DISPATCH(run_one_double)(plan, rows, i, columns, block, lane, scratch, sink);
}
template <>
void run_rows(const PlanePlan& plan, const F& rows, std::size_t i, const F& columns, std::size_t block,
              std::size_t lane, PlaneScratch<float>& scratch, const PlaneSink<float>& sink) {
  HWY_DYNAMIC_DISPATCH(run_one_float)(plan, rows, i, columns, block, lane, scratch, sink);
}

template class PlaneScratch<double>;
template class PlaneScratch<float>;

}  // namespace widenet
#endif
