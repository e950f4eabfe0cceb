// Networks of convolutions on planes (up to two spatial dimensions), as the fast engine runs them.
//
// The covariance of positions (p, p') passes through a convolution to (o, o') with the same displacement p' - p: every
// displacement is a small image of its own. Pooling adds each to the few that it meets, so a network is a list of
// levels, the stages between two pools. A flattened network needs the displacement 0 alone, a globally pooled one all
// of them; which ones that takes of the levels before is settled here.
//
// A stage sums what it reads, so branches that are added up or put beside one another are one stage with several
// inputs. Their strides agree, so that a displacement of the stage has one displacement of every plane before it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"
#include "widenet/infinite/attention.h"
#include "widenet/infinite/closed_dual.h"
#include "widenet/infinite/dual_table.h"

namespace widenet {

// Height and width; sequences have height 1.
struct Plane {
  std::size_t height = 1, width = 1;
  std::size_t size() const { return height * width; }
  bool operator==(const Plane&) const = default;
};

// Bytes of a position: the vector of all lanes, in any precision.
inline constexpr std::size_t plane_vector_bytes = 64;
// What a thread may take of memory, and the sums of pools of it; where samples alone take more, `open_sums_least`.
inline constexpr std::size_t plane_thread_bytes = std::size_t{60} << 20, open_sums_bytes = std::size_t{48} << 20,
                             open_sums_least = std::size_t{8} << 20;

// Rows of a plane that go through a stage together, and the taps that they may have together.
inline constexpr std::size_t plane_rows = 4, plane_taps = 64;

// Tap t of output o reads input stride o - before + t. Circular: windows go on at the other end of the plane.
struct PlaneWindow {
  std::size_t window[2] = {1, 1}, stride[2] = {1, 1}, before[2] = {0, 0};
  bool circular = false;
  Plane in, out;
};

// The taps of output o along an axis that read inside the plane.
Range taps_inside(const PlaneWindow& window, std::size_t axis, std::size_t o);

// What a stage reads: scale sum(K) over the window of a plane of its level, and scale sum(own K + Theta). Local,
// without shared weights: at the displacement 0 alone.
struct PlaneInput : PlaneWindow {
  std::size_t plane = 0;  // 0: the first one of the level, s + 1: the outputs of its stage s
  double scale = 1, own = 0;
  bool local = false;
  std::size_t handover = 0;  // resolved: which of its plane's it reads
};

// K and Theta of (p, p') divided by the root mean squares of the two samples there: r_p^2 is the mean of q +
// layer_norm_epsilon over the axes that it goes along, of no axis that of the position itself.
struct PlaneNorm {
  bool along[2] = {false, false};
};

// K' = the sum of what it reads + bias, Theta' likewise + own_bias, with local ones at the displacement 0; then a norm
// or an activation, if any; then, of a sample with itself and a position with itself alone, divided by `keep`, the kept
// share of dropout.
struct PlaneStage {
  std::vector<PlaneInput> inputs;
  double bias = 0, own_bias = 0, local_bias = 0, local_own_bias = 0;
  std::optional<PlaneNorm> norm;
  std::optional<ClosedDual> activation;
  std::shared_ptr<const DualTable> table;  // of an activation without closed form
  double keep = 1;
  Plane out;
  // Resolved: where its numbers begin among those of a row's sample and of a column's, and the roundings of a
  // correlation that its sums have.
  std::size_t parameters = 0, column_parameters = 0;
  double roundings = 0;

  // Whether it sums its windows itself: 3 x 3 over planes of one size. Others read rows that are summed already.
  bool sums_itself() const;
  // Whether it is sums alone.
  bool linear() const { return !norm && !activates() && keep == 1; }
  bool activates() const { return activation || table; }
};

// K'(o, o') = scale sum K(i, i') over the windows of both, likewise Theta; times weights[o] weights[o'] along each axis
// where there are any (means over what lies inside).
struct PlanePool : PlaneWindow {
  double scale = 1;
  std::vector<double> weights[2];
};

// A plane as inputs read it, already multiplied by their scale: K, and own K + Theta. `summed`: row by row the sums of
// the window along the row, else the rows as they are.
struct PlaneHandover : PlaneWindow {
  double scale = 1, own = 0;
  bool summed = false;
  std::size_t slot = 0;  // where it is kept, from its first row to its last reader
};

// What the readers of a plane settle.
struct PlaneValues {
  // Outputs leave multiplied for their one handover, pool or read-out; where there are several handovers, as they are.
  double scale = 1, own = 0;
  std::vector<PlaneHandover> handovers;  // of the last plane of a level: none
  std::ptrdiff_t growth[2] = {1, 1};     // of a displacement, from the level's last plane back to this one
  bool positive = false;                 // its correlations are certainly >= 0
};

// The stages between two pools; the last one's outputs are all that is left.
struct PlaneLevel {
  std::vector<PlaneStage> stages;
  // Whether its windows are circular: then displacements are taken modulo the extents of a plane, from 0 on, and every
  // position has a partner. The rows of a column's sample lie twice, so that the partners of a row are neighbours.
  bool circular = false;

  std::size_t partner_width(const Plane& plane) const { return (circular ? 2 : 1) * plane.width; }
  std::size_t partners(const Plane& plane) const { return plane.height * partner_width(plane); }

  // Filled in by resolve(): of all its planes.
  std::vector<PlaneValues> planes;
};

// Along one axis: a pool adds a displacement of first positions `inputs` to the next-th one behind it, for the windows
// `outputs`, through these taps of the first of two windows. Of `width` sums that are kept theirs begin at `place`.
struct PlaneMeeting {
  std::size_t next;
  Range taps, inputs, outputs;
  std::size_t place, width;
};

// Displacements of a level: the product of those along the two axes.
struct PlaneDisplacements {
  // Of its last plane and, in the same places, those of its first plane that they come from; ascending.
  std::vector<std::ptrdiff_t> first[2], last[2];
  // What the pool behind the level adds every one of `last` to.
  std::vector<std::vector<PlaneMeeting>> meets[2];
  // Which of the next level's, along the columns, are begun and not complete while every one of `last` is on its way.
  std::vector<Range> open;
  // The sums of the pool in front: at most `most_open` along the columns at once, of `size` positions each, in which
  // every one along the rows has its place; they lie behind `begin` positions of the levels before.
  std::size_t begin = 0, most_open = 0, size = 0;
  std::vector<std::size_t> places;
};
// The displacements of all levels that a part of the read-out's takes.
using PlaneWalk = std::vector<PlaneDisplacements>;

// K' = scale K + bias, Theta' = scale (own K + Theta) + own_bias of the pooled K and Theta; of a sample with itself the
// scale is divided by `keep`.
struct PlaneReadOut {
  double scale = 1, own = 0, bias = 0, own_bias = 0, keep = 1;
};

struct PlanePlan {
  Plane input;
  std::size_t channels = 1;
  std::vector<PlaneLevel> levels = std::vector<PlaneLevel>(1);
  std::vector<PlanePool> pools;    // between the levels
  bool all_displacements = false;  // global pooling; else flatten
  // Attention in front of the global pooling, or null: the pooled kernel is a K a'^T, where a sums a sample's weights
  // over the queries.
  std::shared_ptr<const AttentionAt> attention;
  PlaneReadOut readout;  // with the pooling in its scale

  // Filled in by resolve(): the handovers that are kept at once, and the numbers that stages read of a row's sample and
  // of a column's.
  std::size_t slots = 0, parameters = 0, column_parameters = 0;
  // One after the other, so that the sums of pools that are open at once take no more than their share of a thread's
  // memory where that can be: displacements at the border of two parts are computed for both. Most plans have one.
  std::vector<PlaneWalk> walks;

  const Plane& first_plane(std::size_t level) const { return level == 0 ? input : pools[level - 1].out; }
  const Plane& last_plane(std::size_t level) const {
    return levels[level].stages.empty() ? first_plane(level) : levels[level].stages.back().out;
  }
  const Plane& last_plane() const { return last_plane(levels.size() - 1); }
};

// The plan of a network that validate() has passed for samples of this shape; nothing where the engine does not do it:
// it does dense layers, convolutions (transposed ones without stride) and pools in one or two dimensions (of the
// convolutions between two pools either none or all with circular padding, and strides that divide the plane),
// activations (by table where that leaves out most pairs of positions), layer_norm, dropout, sums and concat over
// channels of branches of these whose strides multiply to the same (pools outside), then one global pooling (perhaps of
// attention with linear scaling, then with at most one dense layer behind it), flatten or an end in one position.
std::optional<PlanePlan> plane_plan(const Network& network, const Shape& shape);

// What of the network the engine does not do: its first such layer; empty where there is a plan.
std::string plane_obstacle(const Network& network, const Shape& shape);

// Numbers that a stage reads of one sample at one position. A norm: 1 / r. A table: 1 / sqrt(q) and q. A formula:
// 1 / sqrt(q), the root of the output's variance, then sqrt(q) and the factors of its formula where it has any.
std::size_t plane_parameters(const PlaneStage& stage);

// All numbers that are kept of a sample: its pixels, those of the stages and its weights.
struct PlaneNumbers {
  std::size_t pixels = 0, parameters = 0, weights = 0;
  std::size_t sum() const { return pixels + parameters + weights; }
};
PlaneNumbers row_numbers(const PlanePlan& plan);
PlaneNumbers column_numbers(const PlanePlan& plan);

// Settles what is said to be resolved, from all the rest.
void resolve(PlanePlan& plan, std::size_t sums_bytes = open_sums_bytes);
// The part of it that is the walks, when the planes' values are settled.
void resolve_walks(PlanePlan& plan, std::size_t sums_bytes);
// Positions that the sums of pools take at once.
std::size_t open_positions(const PlanePlan& plan);

// Up to the first plane of a level behind a pool, flattened, with what is handed to that level as it is in the whole.
PlanePlan plan_before(const PlanePlan& plan, std::size_t level);

// Up to the last plane, all displacements of it, as it is.
PlanePlan plan_of_covariances(const PlanePlan& plan);

// Stages of all levels.
std::size_t stage_count(const PlanePlan& plan);

// Displacements between positions of the samples that are computed; those of two walks count twice.
std::size_t displacement_count(const PlanePlan& plan);

// Pairs of positions, over all displacements, that a pair of samples takes through activations; and through those by
// table.
double activation_count(const PlanePlan& plan);
double table_count(const PlanePlan& plan);

}  // namespace widenet
