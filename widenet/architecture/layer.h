// An architecture as plain data: layers are structs, interpreters are visitors.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "widenet/activation/activation.h"

namespace widenet {

enum class Parametrization { ntk, standard };

// z = (weight_std / sqrt(fan_in)) W x + bias_std b, all entries N(0, 1) and trained (ntk); or weights of variance
// weight_std^2 / fan_in trained themselves (standard). `trained = false` leaves the layer's own term out of the NTK.
struct Dense {
  std::optional<std::size_t> width;
  double weight_std = 1, bias_std = 0;
  Parametrization parametrization = Parametrization::ntk;
  bool trained = true;
  bool operator==(const Dense&) const = default;
};

struct Identity {
  bool operator==(const Identity&) const = default;
};

// x / sqrt(mean square + 1e-12), no gain, no bias; the mean runs over the axes: 1, 2, ... are the positions, the one
// behind the last position is that of the channels and must be among them. Empty: the channels alone.
struct LayerNorm {
  std::vector<std::size_t> axes = {};  // in increasing order
  bool operator==(const LayerNorm&) const = default;
};

// Keeps each unit with probability `keep` and divides by it: only a sample's covariance with itself grows, by 1 / keep.
struct Dropout {
  double keep = 1;
  bool operator==(const Dropout&) const = default;
};

// How a window meets the border. valid: it lies inside. same: positions outside count as 0. circular: as same, wrapped.
enum class Padding { valid, same, circular };

// One extent per axis of positions, 1 to 3 of them.
using Window = std::vector<std::size_t>;

// shared: one set of weights for all positions. local: weights of its own for every position. transpose: the transposed
// map of a shared one, which spreads positions apart by the stride.
enum class ConvKind { shared, local, transpose };

// A dense on the values of all positions in the window (fan_in = channels times the positions of the window, also where
// some of them lie outside).
struct Conv {
  ConvKind kind = ConvKind::shared;
  Window window = {}, stride = {};  // stride empty: all 1
  std::optional<std::size_t> width = {};
  Padding padding = Padding::valid;
  double weight_std = 1, bias_std = 0;
  Parametrization parametrization = Parametrization::ntk;
  bool trained = true;
  bool operator==(const Conv&) const = default;
};

// What a mean divides by at the border: full: the positions of the window. actual: those of them that lie inside.
enum class Edges { full, actual };

// The sum over a window, or the mean.
struct Pool {
  bool sum = false;
  Window window = {}, stride = {};  // stride empty: the window
  Padding padding = Padding::valid;
  Edges edges = Edges::full;  // of the mean alone
  bool operator==(const Pool&) const = default;
};

// The sum over all positions, or the mean; a vector of channels is left.
struct GlobalPool {
  bool sum = false;
  bool operator==(const GlobalPool&) const = default;
};

// All channels of all positions as one vector.
struct Flatten {
  bool operator==(const Flatten&) const = default;
};

// linear: queries and keys are tied, their products divided by the key width. sqrt: not tied, divided by its root.
enum class AttentionScaling { linear, sqrt };
// What becomes of the scores of one position: softmax over the positions, or an entry by itself.
enum class AttentionWeights { softmax, identity, abs, relu };
// Random vectors of the positions: none, added to the channels, or beside them.
enum class PositionEmbedding { none, sum, concat };

// The covariance of the vectors of two positions at the distance d = sum over the axes of abs(p - p')^position_power:
// none: 1 for equal positions, else 0. exp: exp(-rate d). inverse: 1 / (1 + rate d).
struct PositionDecay {
  enum class Kind { none, exp, inverse };
  Kind kind = Kind::none;
  double rate = 0;
  bool operator==(const PositionDecay&) const = default;
};

// Self-attention over all positions with many heads in the limit (Hron et al. 2020, "Infinite attention").
struct Attention {
  std::size_t heads = 1;
  std::optional<std::size_t> key = {}, value = {}, width = {};
  AttentionScaling scaling = AttentionScaling::linear;
  AttentionWeights weights = AttentionWeights::softmax;
  double query_std = 1, key_std = 1, value_std = 1, output_std = 1, bias_std = 0;
  PositionEmbedding position = PositionEmbedding::none;
  double position_std = 1;
  std::optional<std::size_t> position_channels = {};  // of concat; none: as many as the input has
  PositionDecay position_decay = {};
  double position_power = 2;
  bool position_in_values = false;
  bool operator==(const Attention&) const = default;
};

// x'_p = sum over q of A_qp x_q for the adjacency matrix A of the sample's graph, which is given beside the data.
struct Aggregate {
  bool operator==(const Aggregate&) const = default;
};

// A constant linear map of one axis of positions (1, 2, ...): a matrix of shape (m, n) turns its n entries into m, a
// vector of n numbers into one, and the axis is gone.
struct DotGeneral {
  std::string file = {};  // the @file the numbers came from (printed instead of them), or empty
  std::size_t contract = 1;
  std::vector<std::size_t> shape = {};  // (n) or (m, n)
  std::vector<double> numbers = {};     // row-major
  bool operator==(const DotGeneral&) const = default;
};

enum class ResizeMethod { linear, nearest, cubic };

// The positions resampled to another shape, half a pixel at the borders; antialias widens the filter where it shrinks.
struct Resize {
  Window shape = {};
  ResizeMethod method = ResizeMethod::linear;
  bool antialias = true;
  bool operator==(const Resize&) const = default;
};

// begin:end:step of one axis as numpy counts (from the end where negative), or the one position `begin`.
struct Slice {
  std::optional<long> begin = {}, end = {};
  long step = 1;
  bool single = false;  // drops the axis
  bool operator==(const Slice&) const = default;
};

// The samples' axis first, then those of the positions; axes left out are whole.
struct Index {
  std::vector<Slice> axes = {};
  bool operator==(const Index&) const = default;
};

struct Network;

struct Repeat {
  std::size_t count = 1;
  std::vector<Network> body;  // exactly one
  bool operator==(const Repeat&) const;
};

// Branches that all read the same input.
enum class Join { sum, product, concat };
struct Branches {
  Join join = Join::sum;
  std::vector<Network> branches;
  std::optional<std::size_t> axis = {};  // of concat: the axis of positions (1, 2, ...) that grows; none: the channels
  bool operator==(const Branches&) const;
};

using Layer = std::variant<Dense, Identity, LayerNorm, Dropout, Activation, Repeat, Branches, Conv, Pool, GlobalPool,
                           Flatten, Attention, Aggregate, DotGeneral, Resize, Index>;

struct Network {
  std::vector<Layer> layers;
  bool operator==(const Network&) const;
};

inline bool Network::operator==(const Network&) const = default;
inline bool Repeat::operator==(const Repeat&) const = default;
inline bool Branches::operator==(const Branches&) const = default;

}  // namespace widenet
