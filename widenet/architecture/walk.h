// One walk through a network that tracks what its kernel needs to know: are the values Gaussian, how many are there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "widenet/architecture/describe.h"
#include "widenet/architecture/layer.h"

namespace widenet {

// What is known of the values between two layers.
struct WalkState {
  bool gaussian = false;
  std::string made_by;               // the layer that made them not Gaussian; empty: the input, or Gaussian
  bool activated = false;            // made_by is an activation
  std::optional<std::size_t> width;  // 0: that of an input not known yet
  bool operator==(const WalkState&) const = default;
};

class Walk {
 public:
  // Rows are written only where asked for.
  explicit Walk(std::vector<LayerInfo>* rows = nullptr) : rows_(rows) {}

  // The state behind the network; throws Error(usage) at the first layer that breaks a rule.
  WalkState run(const Network& network, std::size_t features);

 private:
  // Where a layer stands; `number` and `layer` are what messages name.
  struct Place {
    std::string number;
    const Layer& layer;
    std::size_t depth, count;
  };

  WalkState chain(const Network& network, WalkState state, const std::string& prefix, std::size_t depth,
                  std::size_t count);
  WalkState step(const Place& place, const WalkState& state);
  WalkState apply(const Dense& dense, const Place& place, const WalkState& state);
  WalkState apply(const Identity&, const Place&, const WalkState& state) { return state; }
  WalkState apply(const LayerNorm&, const Place& place, const WalkState& state);
  WalkState apply(const Dropout& dropout, const Place& place, const WalkState& state);
  WalkState apply(const Activation& activation, const Place& place, const WalkState& state);
  WalkState apply(const Repeat& repeat, const Place& place, const WalkState& state);
  WalkState apply(const Branches& join, const Place& place, const WalkState& state);
  std::optional<std::size_t> joined_width(const Branches& join, const Place& place, const std::vector<WalkState>& ends);

  std::vector<LayerInfo>* rows_;
};

// How many layers the network has with every repeat written out, counting no further than just above `limit`.
std::size_t expanded_layers(const Network& network, std::size_t limit);

}  // namespace widenet
