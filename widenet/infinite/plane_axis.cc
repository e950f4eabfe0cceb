// Which displacements every level of a plane plan needs along one axis, from the read-out back to the samples.
#include "widenet/infinite/plane_axis.h"

#include <algorithm>

namespace widenet {
namespace {

// What a displacement is of pairs of positions of an axis: of one in a circle, that far apart or the other way round.
struct Straight {
  std::ptrdiff_t d;
  Range positions;
};
std::vector<Straight> straight(std::ptrdiff_t d, std::ptrdiff_t n, bool circular) {
  const auto range = [](std::ptrdiff_t begin, std::ptrdiff_t end) {
    return Range{static_cast<std::size_t>(begin), static_cast<std::size_t>(end)};
  };
  std::vector<Straight> out{{d, range(std::max<std::ptrdiff_t>(0, -d), n - std::max<std::ptrdiff_t>(0, d))}};
  if (circular && d > 0) out.push_back({d - n, range(n - d, n)});
  return out;
}

// A pool between two levels, along an axis.
struct Between {
  const PlanePool& pool;
  int axis;
  bool circular_before, circular_behind;
};

// Taps i of o and i' of o + D read positions that are d apart where i' - i = d - stride D: a pool adds d to D where two
// taps are that far apart, of a circular one also that far and a few times around the plane.
void add_meetings(const Between& at, const Straight& before, std::size_t next, const Straight& behind,
                  std::vector<PlaneMeeting>& out) {
  const auto k = static_cast<std::ptrdiff_t>(at.pool.window[at.axis]), n = extent(at.pool.in, at.axis);
  const std::ptrdiff_t away = before.d - static_cast<std::ptrdiff_t>(at.pool.stride[at.axis]) * behind.d;
  const std::ptrdiff_t turns = at.pool.circular ? (k + std::abs(away)) / n : 0;
  const Range& outputs = behind.positions;
  const auto width = static_cast<std::size_t>(extent(at.pool.out, at.axis));
  for (std::ptrdiff_t apart = away - turns * n; apart <= away + turns * n; apart += n) {
    if (std::abs(apart) >= k) continue;
    const Range taps{static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, -apart)),
                     static_cast<std::size_t>(std::min(k, k - apart))};
    out.push_back({next, taps, before.positions, outputs, at.circular_behind ? outputs.begin : 0,
                   at.circular_behind ? width : outputs.size()});
  }
}
std::vector<PlaneMeeting> meetings(const Between& at, std::ptrdiff_t d, const std::vector<std::ptrdiff_t>& behind) {
  std::vector<PlaneMeeting> out;
  for (std::size_t next = 0; next < behind.size(); ++next)
    for (const Straight& one : straight(d, extent(at.pool.in, at.axis), at.circular_before))
      for (const Straight& other : straight(behind[next], extent(at.pool.out, at.axis), at.circular_behind))
        add_meetings(at, one, next, other, out);
  return out;
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

// Positions that have a partner, over these displacements.
std::size_t count_pairs(const std::vector<std::ptrdiff_t>& displacements, std::ptrdiff_t n, bool circular) {
  std::ptrdiff_t count = 0;
  for (const std::ptrdiff_t d : displacements) count += circular ? n : std::max<std::ptrdiff_t>(n - std::abs(d), 0);
  return static_cast<std::size_t>(count);
}

}  // namespace

std::vector<std::ptrdiff_t> all_displacements(const Plane& plane, int axis, bool circular) {
  std::vector<std::ptrdiff_t> out;
  for (std::ptrdiff_t d = circular ? 0 : 1 - extent(plane, axis); d < extent(plane, axis); ++d) out.push_back(d);
  return out;
}

PlaneAxisChain axis_chain(const PlanePlan& plan, int axis, const std::vector<std::ptrdiff_t>& wanted) {
  PlaneAxisChain chain(plan.levels.size());
  for (std::size_t l = chain.size(); l-- > 0;) {
    PlaneAxisLevel& here = chain[l];
    const PlaneLevel& level = plan.levels[l];
    if (l + 1 == chain.size()) {
      here.last = wanted;
    } else {
      PlaneAxisLevel& behind = chain[l + 1];
      const Between at{plan.pools[l], axis, level.circular, plan.levels[l + 1].circular};
      for (const std::ptrdiff_t d : all_displacements(at.pool.in, axis, at.circular_before))
        if (std::vector<PlaneMeeting> met = meetings(at, d, behind.first); !met.empty()) {
          here.last.push_back(d);
          here.meets.push_back(std::move(met));
        }
      here.open = open_during(here.meets, behind.first.size());
      for (const Range& open : here.open) behind.most_open = std::max(behind.most_open, open.size());
    }
    here.first = here.last;
    for (std::ptrdiff_t& d : here.first) d *= level.planes[0].growth[axis];
    here.first_pairs = count_pairs(here.first, extent(plan.first_plane(l), axis), level.circular);
    here.last_pairs = count_pairs(here.last, extent(plan.last_plane(l), axis), level.circular);
  }
  return chain;
}

}  // namespace widenet
