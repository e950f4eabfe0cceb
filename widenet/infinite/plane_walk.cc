// Which displacements every level of a plane plan needs, from the read-out back to the samples.
#include <algorithm>
#include <limits>

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

// Taps i of o and i' of o + D read positions that are d apart where i' - i = d - stride D: a pool adds d to D where two
// taps are that far apart, of a circular one also that far and a few times around the plane.
std::vector<PlaneMeeting> meetings(const PlanePool& pool, int axis, std::ptrdiff_t d, const Displacements& behind) {
  const auto k = static_cast<std::ptrdiff_t>(pool.window[axis]), n = extent(pool.in, axis);
  std::vector<PlaneMeeting> out;
  for (std::size_t next = 0; next < behind.size(); ++next) {
    const std::ptrdiff_t straight = d - static_cast<std::ptrdiff_t>(pool.stride[axis]) * behind[next];
    const std::ptrdiff_t turns = pool.circular ? (k + std::abs(straight)) / n : 0;
    for (std::ptrdiff_t apart = straight - turns * n; apart <= straight + turns * n; apart += n)
      if (std::abs(apart) < k)
        out.push_back({next,
                       {static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, -apart)),
                        static_cast<std::size_t>(std::min(k, k - apart))}});
  }
  return out;
}

void before_pool(const PlanePool& pool, int axis, const Displacements& behind, PlaneDisplacements& level) {
  for (const std::ptrdiff_t d : all_of(pool.in, axis))
    if (std::vector<PlaneMeeting> met = meetings(pool, axis, d, behind); !met.empty()) {
      level.last[axis].push_back(d);
      level.meets[axis].push_back(std::move(met));
    }
}

// Those of the next level are begun and completed in their order.
std::vector<Range> open_during(const std::vector<std::vector<PlaneMeeting>>& meets, std::size_t next_count) {
  std::vector<std::size_t> from(next_count, meets.size()), to(next_count, 0);
  for (std::size_t a = 0; a < meets.size(); ++a)
    for (const PlaneMeeting& met : meets[a]) {
      from[met.next] = std::min(from[met.next], a);
      to[met.next] = a;
    }
  for (std::size_t next = 1; next < next_count; ++next) to[next] = std::max(to[next], to[next - 1]);
  for (std::size_t next = next_count; next-- > 1;) from[next - 1] = std::min(from[next - 1], from[next]);
  std::vector<Range> out;
  for (std::size_t a = 0; a < meets.size(); ++a)
    out.push_back({static_cast<std::size_t>(std::lower_bound(to.begin(), to.end(), a) - to.begin()),
                   static_cast<std::size_t>(std::upper_bound(from.begin(), from.end(), a) - from.begin())});
  return out;
}

void place_sums(const Plane& first, const PlaneDisplacements& before, PlaneDisplacements& level) {
  level.begin = before.begin + 2 * before.most_open * before.size;
  for (const Range& open : before.open) level.most_open = std::max(level.most_open, open.size());
  for (const std::ptrdiff_t d : level.first[1]) {
    level.places.push_back(level.size);
    level.size += first.height * static_cast<std::size_t>(extent(first, 1) - std::abs(d));
  }
}
std::size_t end_of_sums(const PlaneWalk& walk) {
  return walk.back().begin + 2 * walk.back().most_open * walk.back().size;
}

// What these displacements of the read-out take.
PlaneWalk walk_to(const PlanePlan& plan, const Displacements& down, const Displacements& across) {
  PlaneWalk walk(plan.levels.size());
  for (std::size_t l = walk.size(); l-- > 0;) {
    const bool end = l + 1 == walk.size();
    for (int a = 0; a < 2; ++a) {
      if (end)
        walk[l].last[a] = a == 0 ? down : across;
      else
        before_pool(plan.pools[l], a, walk[l + 1].first[a], walk[l]);
      walk[l].first[a] = walk[l].last[a];
      for (std::ptrdiff_t& d : walk[l].first[a]) d *= plan.levels[l].planes[0].growth[a];
    }
    if (!end) walk[l].open = open_during(walk[l].meets[0], walk[l + 1].first[0].size());
  }
  for (std::size_t l = 1; l < walk.size(); ++l) place_sums(plan.first_plane(l), walk[l - 1], walk[l]);
  return walk;
}

// The part-th of `parts` equal shares, in their order.
Displacements share(const Displacements& all, std::size_t part, std::size_t parts) {
  const auto at = [&](std::size_t p) { return all.begin() + static_cast<std::ptrdiff_t>(p * all.size() / parts); };
  return {at(part), at(part + 1)};
}

struct Parts {
  std::size_t along[2] = {1, 1};
};
std::vector<PlaneWalk> walks_of(const PlanePlan& plan, const Displacements (&wanted)[2], Parts parts) {
  std::vector<PlaneWalk> walks;
  for (std::size_t p = 0; p < parts.along[0]; ++p)
    for (std::size_t q = 0; q < parts.along[1]; ++q)
      walks.push_back(walk_to(plan, share(wanted[0], p, parts.along[0]), share(wanted[1], q, parts.along[1])));
  return walks;
}

std::size_t open_positions(const std::vector<PlaneWalk>& walks) {
  std::size_t most = 0;
  for (const PlaneWalk& walk : walks) most = std::max(most, end_of_sums(walk));
  return most;
}

}  // namespace

// Twice as many parts along the axis where that saves more, until the sums fit or nothing is left to part.
void resolve_walks(PlanePlan& plan, std::size_t sums_bytes) {
  const Plane& last = plan.last_plane(plan.levels.size() - 1);
  Displacements wanted[2] = {{0}, {0}};
  for (int a = 0; a < 2 && plan.all_displacements; ++a) wanted[a] = all_of(last, a);
  Parts parts;
  plan.walks = walks_of(plan, wanted, parts);
  while (open_positions(plan.walks) * plane_vector_bytes > sums_bytes) {
    Parts best;
    std::vector<PlaneWalk> walks;
    for (const int a : {1, 0}) {
      Parts next = parts;
      next.along[a] = std::min(2 * parts.along[a], wanted[a].size());
      if (next.along[a] == parts.along[a]) continue;
      std::vector<PlaneWalk> other = walks_of(plan, wanted, next);
      if (!walks.empty() && open_positions(other) >= open_positions(walks)) continue;
      walks = std::move(other);
      best = next;
    }
    if (walks.empty()) return;
    plan.walks = std::move(walks);
    parts = best;
  }
}

std::size_t open_positions(const PlanePlan& plan) { return open_positions(plan.walks); }

std::size_t displacement_count(const PlanePlan& plan) {
  std::size_t count = 0;
  for (const PlaneWalk& walk : plan.walks) count += walk[0].last[0].size() * walk[0].last[1].size();
  return count;
}

namespace {
// Pairs of positions of a stage's plane over all displacements of a level.
double pairs_of(const PlaneLevel& level, std::size_t s, const PlaneDisplacements& displacements) {
  double pairs = 1;
  for (int a = 0; a < 2; ++a) {
    std::ptrdiff_t along = 0;
    for (const std::ptrdiff_t d : displacements.last[a])
      along +=
          std::max<std::ptrdiff_t>(extent(level.stages[s].out, a) - std::abs(d * level.planes[s + 1].growth[a]), 0);
    pairs *= static_cast<double>(along);
  }
  return pairs;
}

// Of the stages that are wanted.
template <class F>
double count_pairs(const PlanePlan& plan, const F& wanted) {
  double count = 0;
  for (const PlaneWalk& walk : plan.walks)
    for (std::size_t l = 0; l < walk.size(); ++l)
      for (std::size_t s = 0; s < plan.levels[l].stages.size(); ++s)
        if (wanted(plan.levels[l].stages[s])) count += pairs_of(plan.levels[l], s, walk[l]);
  return count;
}
}  // namespace

double activation_count(const PlanePlan& plan) {
  return count_pairs(plan, [](const PlaneStage& stage) { return stage.activates(); });
}
double table_count(const PlanePlan& plan) {
  return count_pairs(plan, [](const PlaneStage& stage) { return stage.table != nullptr; });
}

}  // namespace widenet
