// A network on samples with positions as plain steps on the state of a pair, and what each step reads of one sample.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"
#include "widenet/base/packed_tile.h"
#include "widenet/infinite/attention.h"
#include "widenet/infinite/dual_table.h"
#include "widenet/infinite/position_windows.h"
#include "widenet/infinite/program.h"

namespace widenet {

// Which positions of a sample are there; empty: all of them.
using Presence = std::vector<bool>;

// Of two samples: K and Theta of position p of the first (row) and p' of the second (column), and who is there. Entries
// of absent positions are 0. Where Theta is not asked for its matrix is empty.
struct PairState {
  Matrix<double> covariance, tangent;
  Presence rows, columns;

  bool has_tangent() const { return tangent.size() > 0; }
};

// Rows of a state, from position `first` on.
struct StateRows {
  std::size_t first;
  MatrixView<double> covariance, tangent;
};

// The memory that a pair is worked on in, kept for the next.
class Workspace {
 public:
  // A matrix with any numbers in it: of the smallest memory that suffices, of these the latest, which the cache knows.
  Matrix<double> take(std::size_t rows, std::size_t columns) {
    Matrix<double> out;
    std::size_t best = idle_.size();
    for (std::size_t k = idle_.size(); k-- > 0;)
      if (idle_[k].capacity() >= rows * columns &&
          (best == idle_.size() || idle_[k].capacity() < idle_[best].capacity()))
        best = k;
    if (best < idle_.size()) {
      out = std::move(idle_[best]);
      idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(best));
    }
    out.reshape(rows, columns);
    return out;
  }
  void give(Matrix<double>&& matrix) {
    if (matrix.capacity() > 0) idle_.push_back(std::move(matrix));
  }
  // Puts new K and Theta in the place of those of the state.
  void replace(PairState& state, Matrix<double>&& covariance, Matrix<double>&& tangent) {
    std::swap(state.covariance, covariance);
    std::swap(state.tangent, tangent);
    give(std::move(tangent));
    give(std::move(covariance));
  }
  // Memory for a new Theta of that many positions, empty where the state has none.
  Matrix<double> take_tangent(const PairState& state, std::size_t rows, std::size_t columns) {
    return state.has_tangent() ? take(rows, columns) : Matrix<double>();
  }

 private:
  std::vector<Matrix<double>> idle_;
};

struct DenseAt {
  AffineLayer layer;
};
struct ConvAt {
  Taps taps;
  std::vector<WindowAxis> axes;
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
  Activation activation;
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

// Rows of a matrix, packed for products.
struct PackedWeights {
  explicit PackedWeights(const Matrix<double>& rows)
      : memory(rows.size()), tile{memory.data(), rows.rows(), rows.cols()} {
    pack_tile(rows, {0, rows.cols()}, tile);
  }
  Buffer<double> memory;
  PackedTile tile;
};

// What a step reads of one sample; which members are filled is the leaf's business.
struct SampleStep {
  std::vector<double> variance;           // dual: before it, per position
  Matrix<double> dual;                    // dual in closed form: of every position (column) what DualNumbers says
  DualSides sides;                        // dual by table
  std::vector<double> root_mean_squares;  // norm: of the position's group
  double count = 0;                       // global pool: positions that are there, at least 1
  std::shared_ptr<const PackedWeights> weights;  // attention: of every query (row) and key
  std::shared_ptr<const PositionMap> edges;      // aggregate
};

// The numbers of one sample from its state with itself.
SampleStep read_sample(const PositionLeaf& leaf, const PairState& own, const std::shared_ptr<const PositionMap>& edges);

// What is to be done with rows of a state as soon as they are there.
using Finish = std::function<void(const StateRows&)>;

// One step of a pair, with what it reads of the two. &row == &column: the sample with itself. `finish` gets all rows of
// the state behind the step, a few at a time while the cache has them, before absent positions are cleared.
void apply(
    const PositionLeaf& leaf, PairState& state, const SampleStep& row, const SampleStep& column, Workspace& work,
    const Finish& finish = [](const StateRows&) {});
// Whether a step changes every pair of positions by itself; and such a step on rows.
bool changes_rows(const PositionLeaf& leaf);
void change_rows(const PositionLeaf& leaf, const StateRows& rows, const SampleStep& row, const SampleStep& column);
// Calls f(StateRows) for all rows of the state, as many at a time as stay in the cache.
template <class F>
void for_rows(PairState& state, const F& f) {
  constexpr std::size_t numbers = 16384;  // of K, and as many of Theta
  const std::size_t count = state.covariance.rows();
  const std::size_t band = std::max<std::size_t>(numbers / std::max<std::size_t>(state.covariance.cols(), 1), 1);
  for (std::size_t p = 0; p < count; p += band) {
    const Range rows{p, std::min(count, p + band)};
    f(StateRows{p, state.covariance.view().rows(rows),
                state.has_tangent() ? state.tangent.view().rows(rows) : MatrixView<double>()});
  }
}
// The join of the states that the branches ended in.
PairState joined(const JoinAt& join, const std::vector<PairState>& ends);

// The layers that have files of their own. Convolutions and attention finish their rows.
SampleStep read_dual(const DualAt& step, const PairState& own);
void apply_table(const DualTable& table, PairState& state, const SampleStep& row, const SampleStep& column);
SampleStep read_attention(const AttentionAt& step, const PairState& own);
void apply_attention(const AttentionAt& step, PairState& state, const SampleStep& row, const SampleStep& column,
                     Workspace& work, const Finish& finish);
void apply_conv(const ConvAt& step, PairState& state, Workspace& work, const Finish& finish);

// K' = A K + B, Theta' = own_out K' + own_in K + own_one + A Theta.
inline double covariance_after(const AffineLayer& layer, double k) {
  return layer.weight_variance * k + layer.bias_variance;
}
inline double tangent_after(const AffineLayer& layer, double k, double theta) {
  return layer.own_out * covariance_after(layer, k) + layer.own_in * k + layer.own_one + layer.weight_variance * theta;
}

// Whether a position is there.
inline bool is_present(const Presence& presence, std::size_t p) { return presence.empty() || presence[p]; }
// K and Theta of absent positions to 0.
void clear_absent(PairState& state);

}  // namespace widenet
