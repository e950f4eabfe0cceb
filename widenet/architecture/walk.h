// One walk through a network that tracks what its kernel needs to know: are the values Gaussian, how many are there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "widenet/architecture/describe.h"
#include "widenet/architecture/layer.h"
#include "widenet/architecture/positions.h"

namespace widenet {

// What is known of the values between two layers.
struct WalkState {
  bool gaussian = false;
  std::string made_by;               // the layer that made them not Gaussian; empty: the input, or Gaussian
  bool activated = false;            // made_by is an activation
  std::optional<std::size_t> width;  // channels; 0: those of an input not known yet
  Window positions = {};
  bool flattened = false;  // Gaussian, but of different laws: enough for the end of a network, not for an activation

  bool centred() const { return gaussian || flattened; }
  Shape shape() const { return {positions, width.value_or(0)}; }
  bool operator==(const WalkState&) const = default;
};

class Walk {
 public:
  // Rows are written only where asked for.
  explicit Walk(std::vector<LayerInfo>* rows = nullptr) : rows_(rows) {}

  // The state behind the network; throws Error(usage) at the first layer that breaks a rule.
  WalkState run(const Network& network, const Shape& shape);

 private:
  // Where a layer stands.
  struct Place {
    Who who;
    std::size_t depth, count;
  };

  WalkState chain(const Network& network, WalkState state, const std::string& prefix, std::size_t depth,
                  std::size_t count);
  WalkState step(const Place& place, const WalkState& state);
  WalkState apply(const Dense& dense, const Place& place, const WalkState& state);
  WalkState apply(const Conv& conv, const Place& place, const WalkState& state);
  WalkState apply(const Attention& attention, const Place& place, const WalkState& state);
  WalkState apply(const Flatten&, const Place& place, const WalkState& state);
  // A linear map of the positions, which leaves Gaussian values Gaussian.
  template <class Linear>
  WalkState apply(const Linear&, const Place& place, WalkState state) {
    state.positions = shape_behind(place.who, state.shape()).positions;
    return state;
  }
  WalkState apply(const LayerNorm&, const Place& place, const WalkState& state);
  WalkState apply(const Dropout& dropout, const Place& place, const WalkState& state);
  WalkState apply(const Activation& activation, const Place& place, const WalkState& state);
  WalkState apply(const Repeat& repeat, const Place& place, const WalkState& state);
  WalkState apply(const Branches& join, const Place& place, const WalkState& state);
  WalkState joined(const Branches& join, const Place& place, const std::vector<WalkState>& ends, bool adds);

  std::vector<LayerInfo>* rows_;
};

// How many layers the network has with every repeat written out, counting no further than just above `limit`.
std::size_t expanded_layers(const Network& network, std::size_t limit);

}  // namespace widenet
