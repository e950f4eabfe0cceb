// A network on samples with positions as plain steps on the state of a pair, and what each step reads of one sample.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"
#include "widenet/infinite/attention.h"
#include "widenet/infinite/dual_table.h"
#include "widenet/infinite/position_windows.h"
#include "widenet/infinite/program.h"

namespace widenet {

// Which positions of a sample are there; empty: all of them.
using Presence = std::vector<bool>;

// Of two samples: K and Theta of position p of the first (row) and p' of the second (column), and who is there. Entries
// of absent positions are 0.
struct PairState {
  Matrix<double> covariance, tangent;
  Presence rows, columns;
};

struct DenseAt {
  AffineLayer layer;
};
struct ConvAt {
  Taps taps;
  bool local;
  AffineLayer layer;
};
// A linear map of positions. With centres (pools) an output is present where its centre is, else where anything is that
// it reads.
struct MapAt {
  PositionMap map;
  std::vector<std::size_t> centre;
};
struct GlobalPoolAt {
  bool sum;
};
struct FlattenAt {};
struct NormAt {
  std::vector<std::size_t> group;  // per position; one mean square per group
};
struct DropoutAt {
  double keep;
};
struct DualAt {
  std::optional<ClosedDual> closed;
  std::shared_ptr<const DualTable> table;  // where there is no closed form
};
struct AggregateAt {
  std::size_t nodes;
};

using PositionLeaf =
    std::variant<DenseAt, ConvAt, MapAt, GlobalPoolAt, FlattenAt, NormAt, DropoutAt, DualAt, AttentionAt, AggregateAt>;

struct PositionSteps;
struct RepeatAt {
  std::vector<std::shared_ptr<const PositionSteps>> bodies;  // equal ones shared
};
struct JoinAt {
  Join join;
  std::vector<std::shared_ptr<const PositionSteps>> branches;
  std::vector<double> weights;  // of sum and of concat over channels
  // Of concat over positions: the branch and its position behind every output; else empty.
  std::vector<std::pair<std::size_t, std::size_t>> places;
};
using PositionStep = std::variant<PositionLeaf, RepeatAt, JoinAt>;
struct PositionSteps {
  std::vector<PositionStep> steps;
};

// The steps of a network that validate() has passed for this shape.
std::shared_ptr<const PositionSteps> compile_positions(const Network& network, const Shape& input);

// What a step reads of one sample; which members are filled is the leaf's business.
struct SampleStep {
  std::vector<double> variance;              // dual: before it, per position
  std::vector<double> parameters;            // dual: as own_moments writes them, position after position
  std::vector<double> variance_after;        // dual
  DualSides sides;                           // dual by table
  std::vector<double> root_mean_squares;     // norm: of the position's group
  double count = 0;                          // global pool: positions that are there, at least 1
  Matrix<double> weights;                    // attention: of every query (row) and key
  std::shared_ptr<const PositionMap> edges;  // aggregate
};

// The numbers of one sample from its state with itself.
SampleStep read_sample(const PositionLeaf& leaf, const PairState& own, const std::shared_ptr<const PositionMap>& edges);

// One step of a pair, with what it reads of the two. &row == &column: the sample with itself.
void apply(const PositionLeaf& leaf, PairState& state, const SampleStep& row, const SampleStep& column);
// The join of the states that the branches ended in.
PairState joined(const JoinAt& join, const std::vector<PairState>& ends);

// The layers that have files of their own.
SampleStep read_dual(const DualAt& step, const PairState& own);
void apply_dual(const DualAt& step, PairState& state, const SampleStep& row, const SampleStep& column);
SampleStep read_attention(const AttentionAt& step, const PairState& own);
void apply_attention(const AttentionAt& step, PairState& state, const SampleStep& row, const SampleStep& column);

// Whether a position is there.
inline bool is_present(const Presence& presence, std::size_t p) { return presence.empty() || presence[p]; }
// K and Theta of absent positions to 0.
void clear_absent(PairState& state);

}  // namespace widenet
