// Networks of convolutions on planes (up to two spatial dimensions), as the fast engine runs them.
//
// The covariance of positions (p, p') passes through a convolution to (o, o') with the same displacement p' - p: every
// displacement is a small image of its own, from the input to the read-out. A flattened network needs the displacement
// 0 alone, a globally pooled one all of them.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "widenet/architecture/shape.h"
#include "widenet/infinite/closed_dual.h"

namespace widenet {

// Height and width; sequences have height 1.
struct Plane {
  std::size_t height = 1, width = 1;
  std::size_t size() const { return height * width; }
  bool operator==(const Plane&) const = default;
};

// K' = scale sum(K) + bias over the window, Theta' = scale sum(own K + Theta) + own_bias; then an activation, if any.
// Tap t of output o reads input stride o - before + t.
struct PlaneStage {
  std::size_t window[2] = {1, 1}, stride[2] = {1, 1}, before[2] = {0, 0};
  Plane in, out;
  double scale = 1, bias = 0, own = 1, own_bias = 0;
  std::optional<ClosedDual> activation;
};

struct PlanePlan {
  Plane input;
  std::size_t channels = 1;
  std::vector<PlaneStage> stages;
  bool all_displacements = false;  // global pooling; else flatten
  // The read-out's, with the pooling in its scale; window and planes unused.
  PlaneStage readout;
};

// The plan of a network that validate() has passed for samples of this shape; nothing where the engine does not do it:
// it does dense layers, shared convolutions in one or two dimensions (padding valid or same), activations of closed
// form, then one global pooling or flatten, then at most one dense layer.
std::optional<PlanePlan> plane_plan(const Network& network, const Shape& shape);

}  // namespace widenet
