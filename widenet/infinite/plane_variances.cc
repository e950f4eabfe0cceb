#include "widenet/infinite/plane_variances.h"

#include "widenet/base/threads.h"
#include "widenet/infinite/plane_engine.h"

namespace widenet {
namespace {

// Of a few samples behind the pool in front of a level, from those of the levels before; `plan` ends at that level.
template <class T>
void variances_of_level(const PlanePlan& plan, double scale, MatrixView<const T> x, Range places,
                        MatrixView<T> variances) {
  constexpr std::size_t lanes = plane_lanes<T>;
  using Samples = PlaneSamples<T>;
  const Samples rows(plan, x, variances, Samples::As::rows), block(plan, x, variances, Samples::As::blocks);
  PlaneScratch<T> scratch(plan);
  Buffer<T> plane(places.size() * lanes);
  for (std::size_t i = 0; i < x.rows(); ++i) {
    run_plane<T>(plan, rows, i, block, i / lanes, scratch, plane.data());
    for (std::size_t p = 0; p < places.size(); ++p)
      variances(i, places.begin + p) =
          scale > 0 ? static_cast<T>(static_cast<double>(plane[p * lanes + i % lanes]) / scale) : T(0);
  }
}

}  // namespace

template <class T>
Matrix<T> plane_variances(const PlanePlan& plan, MatrixView<const T> x) {
  const std::vector<std::size_t> offsets = variance_offsets(plan);
  Matrix<T> variances(x.rows(), offsets.back());
  constexpr std::size_t lanes = plane_lanes<T>;
  for (std::size_t l = 1; l < plan.levels.size(); ++l) {
    const Range places{offsets[l], offsets[l + 1]};
    if (places.size() == 0) continue;
    const PlanePlan before = plan_before(plan, l);
    const double scale = plan.stages[plan.levels[l].begin].scale;
    parallel_for((x.rows() + lanes - 1) / lanes, [&](std::size_t b, std::size_t) {
      const Range samples{b * lanes, std::min(x.rows(), (b + 1) * lanes)};
      variances_of_level<T>(before, scale, x.rows(samples), places, variances.view().rows(samples));
    });
  }
  return variances;
}

template Matrix<double> plane_variances(const PlanePlan&, MatrixView<const double>);
template Matrix<float> plane_variances(const PlanePlan&, MatrixView<const float>);

}  // namespace widenet
