// The walks of a plane plan through the displacements of its levels.
#include <algorithm>
#include <limits>

#include "widenet/infinite/plane_axis.h"

namespace widenet {
namespace {

using Chains = std::vector<PlaneAxisChain>;

// The wanted displacements in so many equal parts, in their order.
Chains chains_of(const PlanePlan& plan, int axis, const std::vector<std::ptrdiff_t>& wanted, std::size_t parts) {
  Chains chains;
  const auto at = [&](std::size_t p) {
    return wanted.begin() + static_cast<std::ptrdiff_t>(p * wanted.size() / parts);
  };
  for (std::size_t p = 0; p < parts; ++p) chains.push_back(axis_chain(plan, axis, {at(p), at(p + 1)}));
  return chains;
}

// Positions that the sums of pools take at once.
std::size_t sums_of(const PlanePlan& plan, const PlaneAxisChain& down, const PlaneAxisChain& across) {
  std::size_t sums = 0;
  for (std::size_t l = 1; l < down.size(); ++l)
    sums += 2 * down[l].most_open * plan.first_plane(l).height * across[l].first_pairs;
  return sums;
}
std::size_t most_sums(const PlanePlan& plan, const Chains& down, const Chains& across) {
  std::size_t most = 0;
  for (const PlaneAxisChain& one : down)
    for (const PlaneAxisChain& other : across) most = std::max(most, sums_of(plan, one, other));
  return most;
}

// About what the walks of all parts cost.
double work_of(const PlanePlan& plan, const Chains& down, const Chains& across) {
  double work = 0;
  const auto pairs = [](const Chains& chains, std::size_t l) {
    double sum = 0;
    for (const PlaneAxisChain& chain : chains) sum += static_cast<double>(chain[l].last_pairs);
    return sum;
  };
  for (std::size_t l = 0; l < plan.levels.size(); ++l)
    work += static_cast<double>(plan.levels[l].stages.size() + 1) * pairs(down, l) * pairs(across, l);
  return work;
}

PlaneWalk walk_of(const PlanePlan& plan, const PlaneAxisChain& down, const PlaneAxisChain& across) {
  PlaneWalk walk(down.size());
  std::size_t begin = 0;
  for (std::size_t l = 0; l < walk.size(); ++l) {
    PlaneDisplacements& level = walk[l];
    const PlaneAxisLevel* const axes[2] = {&down[l], &across[l]};
    for (int a = 0; a < 2; ++a) {
      level.first[a] = axes[a]->first;
      level.last[a] = axes[a]->last;
      level.meets[a] = axes[a]->meets;
    }
    level.open = down[l].open;
    level.begin = begin;
    level.most_open = down[l].most_open;
    const Plane& first = plan.first_plane(l);
    for (const std::ptrdiff_t d : level.first[1]) {
      level.places.push_back(level.size);
      level.size +=
          first.height * static_cast<std::size_t>(extent(first, 1) - (plan.levels[l].circular ? 0 : std::abs(d)));
    }
    begin += 2 * level.most_open * level.size;
  }
  return walk;
}

// Numbers of parts that are tried.
std::vector<std::size_t> part_counts(std::size_t most) {
  std::vector<std::size_t> counts;
  for (std::size_t n = 1; n < most; n = std::max(n + 1, n * 5 / 4)) counts.push_back(n);
  counts.push_back(most);
  return counts;
}

// The parts of the two axes whose sums fit at the least cost, or else take the least.
std::pair<Chains, Chains> parts_that_fit(const PlanePlan& plan, const std::vector<std::ptrdiff_t> (&wanted)[2],
                                         std::size_t positions) {
  std::vector<Chains> across;
  for (const std::size_t parts : part_counts(wanted[1].size())) across.push_back(chains_of(plan, 1, wanted[1], parts));
  std::pair<Chains, Chains> best;
  double least = std::numeric_limits<double>::infinity();
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const std::size_t parts : part_counts(wanted[0].size())) {
    const Chains down = chains_of(plan, 0, wanted[0], parts);
    for (const Chains& other : across) {
      const std::size_t sums = std::max(most_sums(plan, down, other), positions);
      const double work = work_of(plan, down, other);
      if (sums > fewest || (sums == fewest && work >= least)) continue;
      fewest = sums;
      least = work;
      best = {down, other};
    }
  }
  return best;
}

}  // namespace

void resolve_walks(PlanePlan& plan, std::size_t sums_bytes) {
  const Plane& last = plan.last_plane();
  std::vector<std::ptrdiff_t> wanted[2] = {{0}, {0}};
  for (int a = 0; a < 2 && plan.all_displacements; ++a)
    wanted[a] = all_displacements(last, a, plan.levels.back().circular);
  std::pair<Chains, Chains> parts{chains_of(plan, 0, wanted[0], 1), chains_of(plan, 1, wanted[1], 1)};
  const std::size_t positions = sums_bytes / plane_vector_bytes;
  if (most_sums(plan, parts.first, parts.second) > positions) parts = parts_that_fit(plan, wanted, positions);
  plan.walks.clear();
  for (const PlaneAxisChain& down : parts.first)
    for (const PlaneAxisChain& across : parts.second) plan.walks.push_back(walk_of(plan, down, across));
}

std::size_t open_positions(const PlanePlan& plan) {
  std::size_t most = 0;
  for (const PlaneWalk& walk : plan.walks)
    most = std::max(most, walk.back().begin + 2 * walk.back().most_open * walk.back().size);
  return most;
}

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
    const std::ptrdiff_t n = extent(level.stages[s].out, a);
    std::ptrdiff_t along = 0;
    for (const std::ptrdiff_t d : displacements.last[a])
      along += level.circular ? n : std::max<std::ptrdiff_t>(n - std::abs(d * level.planes[s + 1].growth[a]), 0);
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
