// Networks with positions as steps.
#include <cmath>

#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

// Positions that agree on all axes but those that are averaged over make one group.
std::vector<std::size_t> groups_of(const LayerNorm& norm, const Window& positions) {
  std::vector<std::size_t> groups{0};
  for (std::size_t a = 0; a < positions.size(); ++a) {
    const bool averaged = std::find(norm.axes.begin(), norm.axes.end(), a + 1) != norm.axes.end();
    std::vector<std::size_t> inner;
    for (const std::size_t group : groups)
      for (std::size_t p = 0; p < positions[a]; ++p) inner.push_back(group * positions[a] + (averaged ? 0 : p));
    groups = std::move(inner);
  }
  return groups;
}

class Compiler {
 public:
  explicit Compiler(Shape shape) : shape_(std::move(shape)) {}

  std::shared_ptr<const PositionSteps> network(const Network& network) {
    auto out = std::make_shared<PositionSteps>();
    for (const Layer& layer : network.layers) {
      const Shape after = shape_after(layer, shape_);
      std::visit([&](const auto& l) { add(l, after, out->steps); }, layer);
      shape_ = after;
    }
    return out;
  }

 private:
  using Steps = std::vector<PositionStep>;

  void add(const Identity&, const Shape&, Steps&) {}
  void add(const Dense& dense, const Shape&, Steps& steps) {
    steps.emplace_back(DenseAt{affine_layer(dense, shape_.channels)});
  }
  void add(const Conv& conv, const Shape& after, Steps& steps) {
    const std::size_t fan_in = shape_.channels * position_count(conv.window);
    steps.emplace_back(ConvAt{taps_of(conv, shape_.positions, after.positions),
                              axes_of(conv, shape_.positions, after.positions), conv.kind == ConvKind::local,
                              affine_layer(conv, fan_in)});
  }
  void add(const Pool& pool, const Shape& after, Steps& steps) {
    const Taps taps = taps_of(pool, shape_.positions, after.positions);
    steps.emplace_back(MapAt{map_of(pool, taps), taps.centre});
  }
  void add(const Resize& resize, const Shape&, Steps& steps) {
    steps.emplace_back(MapAt{map_of(resize, shape_.positions), {}});
  }
  void add(const Index& index, const Shape&, Steps& steps) {
    steps.emplace_back(MapAt{map_of(index, shape_.positions), {}});
  }
  void add(const DotGeneral& constant, const Shape&, Steps& steps) {
    steps.emplace_back(MapAt{map_of(constant, shape_.positions), {}});
  }
  void add(const GlobalPool& pool, const Shape&, Steps& steps) { steps.emplace_back(GlobalPoolAt{pool.sum}); }
  void add(const Flatten&, const Shape&, Steps& steps) { steps.emplace_back(FlattenAt{}); }
  void add(const LayerNorm& norm, const Shape&, Steps& steps) {
    steps.emplace_back(NormAt{groups_of(norm, shape_.positions)});
  }
  void add(const Dropout& dropout, const Shape&, Steps& steps) { steps.emplace_back(DropoutAt{dropout.keep}); }
  void add(const Activation& activation, const Shape&, Steps& steps) {
    DualAt step{activation, closed_dual(activation), nullptr};
    if (!step.closed) step.table = std::make_shared<DualTable>(activation);
    steps.emplace_back(std::move(step));
  }
  void add(const Attention& attention, const Shape&, Steps& steps) {
    steps.emplace_back(attention_at(attention, shape_));
  }
  void add(const Aggregate&, const Shape&, Steps& steps) {
    steps.emplace_back(AggregateAt{position_count(shape_.positions)});
  }

  void add(const Repeat& repeat, const Shape&, Steps& steps) {
    RepeatAt step;
    std::optional<Shape> compiled_for;
    for (std::size_t k = 0; k < repeat.count; ++k) {
      if (compiled_for == shape_) {
        step.bodies.push_back(step.bodies.back());
        continue;
      }
      compiled_for = shape_;
      step.bodies.push_back(network(repeat.body.front()));
    }
    steps.emplace_back(std::move(step));
  }

  void add(const Branches& branches, const Shape& after, Steps& steps) {
    JoinAt step{branches.join, {}, {}, {}};
    std::vector<Shape> ends;
    const Shape before = shape_;
    for (const Network& branch : branches.branches) {
      shape_ = before;
      step.branches.push_back(network(branch));
      ends.push_back(shape_);
    }
    shape_ = before;
    step.weights.assign(ends.size(), 1.0);
    if (branches.join == Join::concat && branches.axis) {
      step.places = places_of(ends, *branches.axis - 1, after.positions);
    } else if (branches.join == Join::concat) {
      double total = 0;
      for (const Shape& end : ends) total += static_cast<double>(end.channels);
      for (std::size_t b = 0; b < ends.size(); ++b) step.weights[b] = static_cast<double>(ends[b].channels) / total;
    }
    steps.emplace_back(std::move(step));
  }

  // The branches laid end to end along an axis.
  static std::vector<std::pair<std::size_t, std::size_t>> places_of(const std::vector<Shape>& ends, std::size_t axis,
                                                                    const Window& out) {
    std::size_t outer = 1, inner = 1;
    for (std::size_t a = 0; a < axis; ++a) outer *= out[a];
    for (std::size_t a = axis + 1; a < out.size(); ++a) inner *= out[a];
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (std::size_t o = 0; o < outer; ++o)
      for (std::size_t b = 0; b < ends.size(); ++b) {
        const std::size_t run = ends[b].positions[axis] * inner;
        for (std::size_t k = 0; k < run; ++k) places.emplace_back(b, o * run + k);
      }
    return places;
  }

  Shape shape_;
};

}  // namespace

std::shared_ptr<const PositionSteps> compile_positions(const Network& network, const Shape& input) {
  return Compiler(input).network(network);
}

}  // namespace widenet
