// What the planes of every level of a plane plan hand on, and to whom.
#include <algorithm>

#include "widenet/infinite/plane_plan.h"

namespace widenet {
namespace {

// Through strides the displacement grows towards the input.
void resolve_growth(PlaneLevel& level) {
  for (std::size_t s = level.stages.size(); s-- > 0;)
    for (const PlaneInput& input : level.stages[s].inputs)
      for (int a = 0; a < 2; ++a)
        level.planes[input.plane].growth[a] =
            level.planes[s + 1].growth[a] * static_cast<std::ptrdiff_t>(input.stride[a]);
}

// Of plane s + 1 after those before it. Every sum of several inputs, and every norm, adds roundings that no activation
// has taken away; the first two are among the usual eight, as the windows up to 4 x 4 are: in different orders their
// sums differ by at most one per row and column.
void resolve_stage(PlaneLevel& level, std::size_t s, std::vector<double>& added) {
  PlaneStage& stage = level.stages[s];
  PlaneValues& out = level.planes[s + 1];
  out.positive = true;
  double before = 0, window = 8;
  for (const PlaneInput& input : stage.inputs) {
    window = std::max(window, static_cast<double>(input.window[0] + input.window[1]));
    out.positive = out.positive && level.planes[input.plane].positive;
    before = std::max(before, added[input.plane]);
  }
  if (stage.inputs.size() > 1) ++before;
  stage.roundings = window + std::max(0.0, before - 2);
  if (stage.norm) before += 2;
  added.push_back(stage.activates() ? 0 : before);
  if (!stage.activates()) return;
  const auto* relu = stage.activation ? std::get_if<ReluDual>(&*stage.activation) : nullptr;
  out.positive = relu && relu->nonnegative();
}

bool read_alike(const PlaneHandover& a, const PlaneHandover& b) {
  if (a.scale != b.scale || a.own != b.own || a.summed != b.summed || a.circular != b.circular) return false;
  return !a.summed || (a.window[1] == b.window[1] && a.stride[1] == b.stride[1] && a.before[1] == b.before[1] &&
                       a.out.width == b.out.width);
}

// Returns the last stage that reads each handover of each plane.
std::vector<std::vector<std::size_t>> resolve_handovers(PlaneLevel& level) {
  std::vector<std::vector<std::size_t>> last(level.planes.size());
  for (std::size_t s = 0; s < level.stages.size(); ++s)
    for (PlaneInput& input : level.stages[s].inputs) {
      const bool pointwise = input.window[1] == 1 && input.stride[1] == 1 && input.before[1] == 0;
      const PlaneHandover wanted{input, input.scale, input.own, !pointwise && !level.stages[s].sums_itself(), 0};
      std::vector<PlaneHandover>& all = level.planes[input.plane].handovers;
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const PlaneHandover& h) { return read_alike(h, wanted); });
      input.handover = static_cast<std::size_t>(found - all.begin());
      if (found == all.end()) {
        all.push_back(wanted);
        last[input.plane].push_back(s);
      }
      last[input.plane][input.handover] = s;
    }
  return last;
}

// A stage's outputs are written while its inputs are read. Returns the number of slots.
std::size_t resolve_slots(PlaneLevel& level, const std::vector<std::vector<std::size_t>>& last) {
  constexpr std::size_t free = std::size_t(-1);
  std::vector<std::size_t> until;  // per slot the last stage that reads it
  for (std::size_t p = 0; p < level.planes.size(); ++p) {
    for (std::size_t h = 0; h < last[p].size(); ++h) {
      const auto slot = std::find(until.begin(), until.end(), free);
      level.planes[p].handovers[h].slot = static_cast<std::size_t>(slot - until.begin());
      slot == until.end() ? until.push_back(last[p][h]) : void(*slot = last[p][h]);
    }
    for (std::size_t& end : until)
      if (p > 0 && end == p - 1) end = free;
  }
  return until.size();
}

void resolve_level(PlaneLevel& level, bool positive) {
  level.planes.assign(level.stages.size() + 1, {});
  level.planes[0].positive = positive;
  std::vector<double> added{0};
  for (std::size_t s = 0; s < level.stages.size(); ++s) resolve_stage(level, s, added);
  resolve_growth(level);
}

// What outputs leave multiplied with. Levels without stages stand between pools.
void resolve_leaving(PlanePlan& plan) {
  for (PlaneLevel& level : plan.levels)
    for (PlaneValues& plane : level.planes)
      if (plane.handovers.size() == 1) {
        plane.scale = plane.handovers[0].scale;
        plane.own = plane.handovers[0].own;
      }
  PlaneValues reader;
  reader.scale = plan.readout.scale;
  reader.own = plan.readout.own;
  for (std::size_t l = plan.levels.size(), of_reader = l - 1; l-- > 0;) {
    PlaneLevel& level = plan.levels[l];
    PlaneValues& end = level.planes.back();
    end.scale = reader.scale;
    end.own = reader.own;
    for (std::size_t pool = l; pool < of_reader; ++pool) end.scale *= plan.pools[pool].scale;
    if (level.stages.empty()) continue;
    reader = level.planes.front();
    of_reader = l;
  }
}

}  // namespace

Range taps_inside(const PlaneWindow& window, std::size_t axis, std::size_t o) {
  const std::size_t n = axis == 0 ? window.in.height : window.in.width, before = window.before[axis];
  if (window.circular) return {0, window.window[axis]};
  const std::size_t first = o * window.stride[axis];  // minus `before` is what tap 0 reads
  const std::size_t begin = first < before ? before - first : 0;
  const std::size_t end = n + before > first ? std::min(window.window[axis], n + before - first) : 0;
  return {begin, std::max(begin, end)};
}

bool PlaneStage::sums_itself() const {
  if (inputs.size() != 1) return false;
  const PlaneInput& w = inputs[0];
  return w.window[0] == 3 && w.window[1] == 3 && w.stride[0] == 1 && w.stride[1] == 1 && w.before[0] == 1 &&
         w.before[1] == 1 && w.in == w.out;
}

namespace {
// What a row and a block of columns leave of a thread's memory for the sums of pools.
std::size_t bytes_beside_samples(const PlanePlan& plan) {
  const std::size_t samples =
      row_numbers(plan).sum() * sizeof(double) + column_numbers(plan).sum() * plane_vector_bytes;
  return std::max(open_sums_least, plane_thread_bytes - std::min(samples, plane_thread_bytes));
}
}  // namespace

void resolve(PlanePlan& plan, std::size_t sums_bytes) {
  plan.slots = plan.parameters = plan.column_parameters = 0;
  bool positive = false;
  for (PlaneLevel& level : plan.levels) {
    resolve_level(level, positive);
    positive = level.planes.back().positive;
    plan.slots = std::max(plan.slots, resolve_slots(level, resolve_handovers(level)));
    for (PlaneStage& stage : level.stages) {
      stage.parameters = plan.parameters;
      stage.column_parameters = plan.column_parameters;
      plan.parameters += plane_parameters(stage) * stage.out.size();
      plan.column_parameters += plane_parameters(stage) * level.partners(stage.out);
    }
  }
  resolve_leaving(plan);
  resolve_walks(plan, std::min(sums_bytes, bytes_beside_samples(plan)));
}

PlanePlan plan_before(const PlanePlan& plan, std::size_t level) {
  PlanePlan out = plan;
  out.pools.resize(level);
  out.levels.resize(level + 1);
  out.levels[level].stages.clear();
  out.all_displacements = false;
  out.attention = nullptr;
  out.readout = {.scale = plan.levels[level].planes[0].scale, .own = plan.levels[level].planes[0].own};
  resolve(out);
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

std::size_t stage_count(const PlanePlan& plan) {
  std::size_t count = 0;
  for (const PlaneLevel& level : plan.levels) count += level.stages.size();
  return count;
}

}  // namespace widenet
