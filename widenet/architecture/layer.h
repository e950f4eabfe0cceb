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

// Over the channels: x / sqrt(mean square + 1e-12), no gain, no bias.
struct LayerNorm {
  bool operator==(const LayerNorm&) const = default;
};

// Keeps each unit with probability `keep` and divides by it: only a sample's covariance with itself grows, by 1 / keep.
struct Dropout {
  double keep = 1;
  bool operator==(const Dropout&) const = default;
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
  bool operator==(const Branches&) const;
};

using Layer = std::variant<Dense, Identity, LayerNorm, Dropout, Activation, Repeat, Branches>;

struct Network {
  std::vector<Layer> layers;
  bool operator==(const Network&) const;
};

inline bool Network::operator==(const Network&) const = default;
inline bool Repeat::operator==(const Repeat&) const = default;
inline bool Branches::operator==(const Branches&) const = default;

}  // namespace widenet
