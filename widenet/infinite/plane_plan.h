// Networks of convolutions on planes (up to two spatial dimensions), as the fast engine runs them.
//
// The covariance of positions (p, p') passes through a convolution to (o, o') with the same displacement p' - p: every
// displacement is a small image of its own. Pooling adds each to the few that it meets, so a network is a list of
// levels, the stages between two pools. A flattened network needs the displacement 0 alone, a globally pooled one all
// of them; which ones that takes of the levels before is settled here.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"
#include "widenet/infinite/attention.h"
#include "widenet/infinite/closed_dual.h"

namespace widenet {

// Height and width; sequences have height 1.
struct Plane {
  std::size_t height = 1, width = 1;
  std::size_t size() const { return height * width; }
  bool operator==(const Plane&) const = default;
};

// Tap t of output o reads input stride o - before + t.
struct PlaneWindow {
  std::size_t window[2] = {1, 1}, stride[2] = {1, 1}, before[2] = {0, 0};
  Plane in, out;
};

// The taps of output o along an axis that read inside the plane.
Range taps_inside(const PlaneWindow& window, std::size_t axis, std::size_t o);

// K' = scale sum(K) + bias over the window, Theta' = scale sum(own K + Theta) + own_bias; then an activation, if any.
struct PlaneStage : PlaneWindow {
  double scale = 1, bias = 0, own = 1, own_bias = 0;
  std::optional<ClosedDual> activation;
};

// K'(o, o') = scale sum K(i, i') over the windows of both, likewise Theta; times weights[o] weights[o'] along each axis
// where there are any (means over what lies inside).
struct PlanePool : PlaneWindow {
  std::size_t stage = 0;  // the first one behind it
  double scale = 1;
  std::vector<double> weights[2];
};

// The stages [begin, end) between two pools.
struct PlaneLevel {
  std::size_t begin = 0, end = 0;
  // Displacements are the product of those along the two axes. A displacement of its last plane has the place of the
  // one of its first plane that it comes from; ascending.
  std::vector<std::ptrdiff_t> first[2], last[2];
  // Which of the next level's first displacements the pool between adds those of the last plane to.
  std::vector<Range> meets[2];
  // Whether its inputs are certainly >= 0.
  bool positive = false;
};

// K and own K + Theta leave a stage already multiplied by the scale of what reads them.
struct PlaneHandover {
  double scale = 1, own = 0;
};

struct PlanePlan {
  Plane input;
  std::size_t channels = 1;
  std::vector<PlaneStage> stages;
  std::vector<PlanePool> pools;
  bool all_displacements = false;  // global pooling; else flatten
  // Attention in front of the global pooling, or null: the pooled kernel is a K a'^T, where a sums a sample's weights
  // over the queries.
  std::shared_ptr<const AttentionAt> attention;
  // The read-out's, with the pooling in its scale; window and planes unused.
  PlaneStage readout;

  // Filled in by resolve(): one level more than pools, and of every stage, and the read-out, what it is handed.
  std::vector<PlaneLevel> levels;
  std::vector<PlaneHandover> handovers;

  const Plane& first_plane(std::size_t level) const { return level == 0 ? input : pools[level - 1].out; }
  const Plane& last_plane(std::size_t level) const {
    const PlaneLevel& l = levels[level];
    return l.begin == l.end ? first_plane(level) : stages[l.end - 1].out;
  }
};

// The plan of a network that validate() has passed for samples of this shape; nothing where the engine does not do it:
// it does dense layers, shared convolutions and pools in one or two dimensions (padding valid or same), activations of
// closed form, then one global pooling (perhaps of attention with linear scaling) or flatten, then at most one dense
// layer.
std::optional<PlanePlan> plane_plan(const Network& network, const Shape& shape);

// Whether a stage's outputs are never negative, of inputs that are not or may be.
bool certainly_positive(const PlaneStage& stage, bool inputs);

// Settles levels and what is handed on, from all the rest.
void resolve(PlanePlan& plan);

// Up to the first plane of a level behind a pool, flattened, with what is handed to that level as it is in the whole.
PlanePlan plan_before(const PlanePlan& plan, std::size_t level);

// Up to the last plane, all displacements of it, as it is.
PlanePlan plan_of_covariances(const PlanePlan& plan);

// Displacements between positions of the samples that are computed.
std::size_t displacement_count(const PlanePlan& plan);

// Pairs of positions, over all displacements, that a pair of samples takes through activations.
double activation_count(const PlanePlan& plan);

}  // namespace widenet
