// Which displacements every level of a plane plan needs, from the read-out back to the samples.
#include <algorithm>

#include "widenet/infinite/plane_plan.h"

namespace widenet {
namespace {

using Displacements = std::vector<std::ptrdiff_t>;

std::ptrdiff_t extent(const Plane& plane, int axis) {
  return static_cast<std::ptrdiff_t>(axis == 0 ? plane.height : plane.width);
}

Displacements all_of(const Plane& plane, int axis) {
  Displacements out;
  for (std::ptrdiff_t d = 1 - extent(plane, axis); d < extent(plane, axis); ++d) out.push_back(d);
  return out;
}

// A pool adds the displacement d to D where two windows D apart have two positions d apart: |d - stride D| < window.
bool meet(const PlanePool& pool, int axis, std::ptrdiff_t d, std::ptrdiff_t pooled) {
  return std::abs(d - static_cast<std::ptrdiff_t>(pool.stride[axis]) * pooled) <
         static_cast<std::ptrdiff_t>(pool.window[axis]);
}

Displacements before_pool(const PlanePool& pool, int axis, const Displacements& behind) {
  Displacements out;
  for (const std::ptrdiff_t d : all_of(pool.in, axis))
    if (std::any_of(behind.begin(), behind.end(), [&](std::ptrdiff_t pooled) { return meet(pool, axis, d, pooled); }))
      out.push_back(d);
  return out;
}

// Ascending displacements meet ranges whose ends ascend.
std::vector<Range> meetings(const PlanePool& pool, int axis, const Displacements& before, const Displacements& behind) {
  std::vector<Range> out;
  for (const std::ptrdiff_t d : before) {
    Range range;
    while (range.begin < behind.size() && !meet(pool, axis, d, behind[range.begin])) ++range.begin;
    range.end = range.begin;
    while (range.end < behind.size() && meet(pool, axis, d, behind[range.end])) ++range.end;
    out.push_back(range);
  }
  return out;
}

void resolve_displacements(PlanePlan& plan) {
  for (std::size_t l = plan.levels.size(); l-- > 0;) {
    PlaneLevel& level = plan.levels[l];
    const bool end = l == plan.pools.size();
    for (int a = 0; a < 2; ++a) {
      if (end)
        level.last[a] = plan.all_displacements ? all_of(plan.last_plane(l), a) : Displacements{0};
      else
        level.last[a] = before_pool(plan.pools[l], a, plan.levels[l + 1].first[a]);
      if (!end) level.meets[a] = meetings(plan.pools[l], a, level.last[a], plan.levels[l + 1].first[a]);
      // Through strides the displacement grows towards the input.
      level.first[a] = level.last[a];
      for (std::size_t s = level.begin; s < level.end; ++s)
        for (std::ptrdiff_t& d : level.first[a]) d *= static_cast<std::ptrdiff_t>(plan.stages[s].stride[a]);
    }
  }
}

void resolve_signs(PlanePlan& plan) {
  for (std::size_t l = 0; l + 1 < plan.levels.size(); ++l) {
    bool positive = plan.levels[l].positive;
    for (std::size_t s = plan.levels[l].begin; s < plan.levels[l].end; ++s)
      positive = certainly_positive(plan.stages[s], positive);
    plan.levels[l + 1].positive = positive;
  }
}

}  // namespace

Range taps_inside(const PlaneWindow& window, std::size_t axis, std::size_t o) {
  const std::size_t n = axis == 0 ? window.in.height : window.in.width, before = window.before[axis];
  const std::size_t first = o * window.stride[axis];  // minus `before` is what tap 0 reads
  const std::size_t begin = first < before ? before - first : 0;
  const std::size_t end = n + before > first ? std::min(window.window[axis], n + before - first) : 0;
  return {begin, std::max(begin, end)};
}

bool certainly_positive(const PlaneStage& stage, bool inputs) {
  if (!stage.activation) return inputs;
  const auto* relu = std::get_if<ReluDual>(&*stage.activation);
  return relu && relu->nonnegative();
}

void resolve(PlanePlan& plan) {
  plan.levels.assign(plan.pools.size() + 1, {});
  for (std::size_t l = 0; l < plan.levels.size(); ++l) {
    plan.levels[l].begin = l == 0 ? 0 : plan.pools[l - 1].stage;
    plan.levels[l].end = l == plan.pools.size() ? plan.stages.size() : plan.pools[l].stage;
  }
  resolve_displacements(plan);
  resolve_signs(plan);
  plan.handovers.clear();
  for (const PlaneStage& stage : plan.stages) plan.handovers.push_back({stage.scale, stage.own});
  plan.handovers.push_back({plan.readout.scale, plan.readout.own});
  for (const PlanePool& pool : plan.pools) plan.handovers[pool.stage].scale *= pool.scale;
}

PlanePlan plan_before(const PlanePlan& plan, std::size_t level) {
  PlanePlan out = plan;
  out.pools.resize(level);
  out.stages.resize(plan.levels[level].begin);
  out.all_displacements = false;
  out.attention = nullptr;
  resolve(out);
  out.handovers.back() = plan.handovers[out.stages.size()];
  return out;
}

PlanePlan plan_of_covariances(const PlanePlan& plan) {
  PlanePlan out = plan;
  out.attention = nullptr;
  out.all_displacements = true;
  out.readout.scale = 1;
  resolve(out);
  return out;
}

std::size_t displacement_count(const PlanePlan& plan) {
  return plan.levels[0].last[0].size() * plan.levels[0].last[1].size();
}

double activation_count(const PlanePlan& plan) {
  double count = 0;
  for (const PlaneLevel& level : plan.levels) {
    std::ptrdiff_t growth[2] = {1, 1};  // of the displacement, from the last plane back to the stage's
    for (std::size_t s = level.end; s-- > level.begin;) {
      const PlaneStage& stage = plan.stages[s];
      double pairs = stage.activation ? 1 : 0;
      for (int a = 0; a < 2; ++a) {
        std::ptrdiff_t along = 0;
        for (const std::ptrdiff_t d : level.last[a])
          along += std::max<std::ptrdiff_t>(extent(stage.out, a) - std::abs(d * growth[a]), 0);
        pairs *= static_cast<double>(along);
        growth[a] *= static_cast<std::ptrdiff_t>(stage.stride[a]);
      }
      count += pairs;
    }
  }
  return count;
}

}  // namespace widenet
