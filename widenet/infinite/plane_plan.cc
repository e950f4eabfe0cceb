#include "widenet/infinite/plane_plan.h"

#include <cmath>

#include "widenet/infinite/program.h"

namespace widenet {
namespace {

// Reads a network layer by layer; `possible` turns false where the engine must leave it to others.
class Planner {
 public:
  explicit Planner(const Shape& shape) : shape_(shape) {
    possible = (shape.positions.size() == 1 || shape.positions.size() == 2) && shape.channels > 0;
    if (!possible) return;
    plan.input = plane_of(shape);
    plan.channels = shape.channels;
  }

  void network(const Network& network) {
    for (const Layer& layer : network.layers) {
      const bool pools = std::holds_alternative<GlobalPool>(layer);
      possible = possible && (!plan.attention || pooled || pools);
      if (!possible) return;
      std::visit([&](const auto& l) { add(l); }, layer);
      if (!std::holds_alternative<Repeat>(layer)) shape_ = shape_after(layer, shape_);
    }
  }

  PlanePlan plan;
  bool possible = true;
  bool pooled = false;

 private:
  static Plane plane_of(const Shape& shape) {
    if (shape.positions.empty()) return {};
    return shape.positions.size() == 1 ? Plane{1, shape.positions[0]} : Plane{shape.positions[0], shape.positions[1]};
  }

  // Weights of `weight_std` over `window` positions: what NTK and standard parametrisation make of them.
  template <class L>
  void set_weights(const L& layer, std::size_t window, PlaneStage& stage) {
    const AffineLayer affine = affine_layer(layer, shape_.channels * window);
    stage.scale *= affine.weight_variance / static_cast<double>(window);
    stage.bias = affine.bias_variance;
    stage.own = affine.own_out;
    stage.own_bias = affine.own_out * affine.bias_variance + affine.own_one;
    if (!layer.trained || layer.parametrization != Parametrization::standard) return;
    possible = possible && affine.weight_variance > 0 && affine.own_in > 0;
    stage.own = affine.own_in / affine.weight_variance;
  }

  void add(const Dense& dense) {
    if (pooled) {
      possible = possible && !read_out_;
      read_out_ = true;
      PlaneStage last;
      set_weights(dense, 1, last);
      const PlaneStage& r = plan.readout;
      plan.readout.own_bias = last.scale * (last.own * r.bias + r.own_bias) + last.own_bias;
      plan.readout.bias = last.scale * r.bias + last.bias;
      plan.readout.scale *= last.scale;
      plan.readout.own += last.own;
      return;
    }
    PlaneStage stage;
    stage.in = stage.out = plane_of(shape_);
    set_weights(dense, 1, stage);
    plan.stages.push_back(stage);
  }

  void add(const Conv& conv) {
    possible = possible && !pooled && conv.kind == ConvKind::shared && conv.padding != Padding::circular;
    if (!possible) return;
    PlaneStage stage;
    set_window(conv, Window(conv.window.size(), 1), stage);
    set_weights(conv, position_count(conv.window), stage);
    plan.stages.push_back(stage);
  }

  // Windows over the positions as they are now, with the strides that count where the layer names none.
  template <class L>
  void set_window(const L& layer, const Window& strides, PlaneWindow& window) {
    window.in = plane_of(shape_);
    window.out = plane_of(shape_after(Layer(layer), shape_));
    for (std::size_t a = 0; a < layer.window.size(); ++a) {
      const std::size_t to = a + 2 - layer.window.size(), k = layer.window[a],
                        s = layer.stride.empty() ? strides[a] : layer.stride[a];
      const std::size_t n = shape_.positions[a], reach = (*places(n, k, s, layer.padding) - 1) * s + k;
      window.window[to] = k;
      window.stride[to] = s;
      if (layer.padding == Padding::same && reach > n) window.before[to] = (reach - n) / 2;
    }
    // The engine reads a few rows at once and keeps a pointer to each of their taps.
    possible = possible && window.window[0] + 3 * window.stride[0] <= 64;
  }

  void add(const Pool& pool) {
    possible = possible && !pooled && pool.padding != Padding::circular;
    if (!possible) return;
    PlanePool out;
    set_window(pool, pool.window, out);
    out.stage = plan.stages.size();
    const auto positions = static_cast<double>(position_count(pool.window));
    const bool counted = !pool.sum && pool.edges == Edges::actual && pool.padding == Padding::same;
    if (!pool.sum && !counted) out.scale = 1 / (positions * positions);
    for (std::size_t a = 0; a < 2 && counted; ++a) {
      for (std::size_t o = 0; o < (a == 0 ? out.out.height : out.out.width); ++o)
        out.weights[a].push_back(1 / static_cast<double>(taps_inside(out, a, o).size()));
    }
    plan.pools.push_back(std::move(out));
  }

  void add(const Activation& activation) {
    const auto dual = closed_dual(activation);
    possible = possible && !pooled && dual;
    // One that reads no stage's outputs, or activated ones, has a stage of its own.
    const bool fresh = plan.stages.empty() || plan.stages.back().activation ||
                       (!plan.pools.empty() && plan.pools.back().stage == plan.stages.size());
    if (possible && fresh) {
      PlaneStage stage;
      stage.in = stage.out = plane_of(shape_);
      stage.own = 0;
      plan.stages.push_back(stage);
    }
    if (possible) plan.stages.back().activation = dual;
  }

  // Where values see positions that are not in K, its sum is not enough.
  void add(const Attention& attention) {
    possible = possible && !pooled && attention.scaling == AttentionScaling::linear &&
               (attention.position == PositionEmbedding::none || !attention.position_in_values);
    if (possible) plan.attention = std::make_shared<AttentionAt>(attention_at(attention, shape_));
  }

  // Behind attention K' = c G K G^T + b, Theta' = c G (Theta + 2 K) G^T + b.
  void add(const GlobalPool& pool) {
    const auto positions = static_cast<double>(plane_of(shape_).size());
    const double scale = pool.sum ? 1 : 1 / (positions * positions);
    couple(true, scale);
    if (!plan.attention) return;
    const Attention& layer = plan.attention->layer;
    plan.readout.scale *= std::pow(layer.output_std * layer.value_std, 2);
    plan.readout.own = 2;
    plan.readout.bias = plan.readout.own_bias = scale * positions * positions * layer.bias_std * layer.bias_std;
  }
  void add(const Flatten&) { couple(false, 1 / static_cast<double>(plane_of(shape_).size())); }
  void couple(bool all, double scale) {
    possible = possible && !pooled && (!plan.stages.empty() || !plan.pools.empty());
    pooled = true;
    plan.all_displacements = all;
    plan.readout.scale = scale;
    plan.readout.own = plan.readout.bias = plan.readout.own_bias = 0;
  }

  void add(const Identity&) {}
  void add(const Repeat& repeat) {
    for (std::size_t k = 0; k < repeat.count && possible; ++k) network(repeat.body.front());
  }
  template <class L>
  void add(const L&) {
    possible = false;
  }

  Shape shape_;
  bool read_out_ = false;
};

}  // namespace

std::optional<PlanePlan> plane_plan(const Network& network, const Shape& shape) {
  Planner planner(shape);
  planner.network(network);
  if (!planner.possible || !planner.pooled) return std::nullopt;
  resolve(planner.plan);
  return std::move(planner.plan);
}

}  // namespace widenet
