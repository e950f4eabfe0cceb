#include "widenet/infinite/plane_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "widenet/architecture/print.h"
#include "widenet/infinite/program.h"

namespace widenet {
namespace {

// Reads a network layer by layer; `possible` turns false where the engine must leave it to others.
class Planner {
 public:
  explicit Planner(const Shape& shape) : shape_(shape) {
    possible = (shape.positions.size() == 1 || shape.positions.size() == 2) && shape.channels > 0;
    if (!possible) {
      obstacle = fmt::format("samples of the shape {}", to_text(shape));
      return;
    }
    plan.input = plane_of(shape);
    plan.channels = shape.channels;
  }

  void network(const Network& network) {
    for (const Layer& layer : network.layers) {
      const bool pools = std::holds_alternative<GlobalPool>(layer);
      possible = possible && (!plan.attention || pooled || pools);
      if (possible) std::visit([&](const auto& l) { add(l); }, layer);
      if (!possible && obstacle.empty()) obstacle = head_text(layer);
      if (!possible) return;
      if (!std::holds_alternative<Repeat>(layer)) shape_ = shape_after(layer, shape_);
    }
  }

  // Where a network stays as it is at several positions, nothing says which displacements are wanted.
  void end() {
    if (possible && !pooled && plane_of(shape_).size() == 1) couple(false, 1);
    if (possible && !pooled) obstacle = "an end without flatten or global pooling";
    possible = possible && pooled;
    if (!possible) return;
    possible = std::all_of(plan.levels.begin(), plan.levels.end(), [](PlaneLevel& level) { return turn(level); });
    if (!possible) obstacle = "a circular convolution beside another, or with strides that do not divide its plane,";
  }

  PlanePlan plan;
  bool possible = true;
  std::string obstacle;  // where it is not
  bool pooled = false;

 private:
  // Whether displacements stay the same for all positions, of a plane or, where a window is circular, of circles.
  static bool turn(PlaneLevel& level) {
    std::vector<PlaneInput> inputs;
    for (const PlaneStage& stage : level.stages) inputs.insert(inputs.end(), stage.inputs.begin(), stage.inputs.end());
    level.circular = std::any_of(inputs.begin(), inputs.end(), [](const PlaneInput& i) { return i.circular; });
    return !level.circular || std::all_of(inputs.begin(), inputs.end(), [](const PlaneInput& i) {
      if (i.window[0] == i.in.height && i.window[1] == i.in.width && i.out.size() == 1) return true;  // the whole plane
      const bool alone = i.window[0] == 1 && i.window[1] == 1;
      return (i.circular || alone) && i.in.height == i.out.height * i.stride[0] &&
             i.in.width == i.out.width * i.stride[1];
    });
  }

  static Plane plane_of(const Shape& shape) {
    if (shape.positions.empty()) return {};
    return shape.positions.size() == 1 ? Plane{1, shape.positions[0]} : Plane{shape.positions[0], shape.positions[1]};
  }

  // Weights of `weight_std` over `window` positions: what NTK and standard parametrisation make of them.
  template <class L>
  PlaneReadOut weights(const L& layer, std::size_t window) {
    const AffineLayer affine = affine_layer(layer, shape_.channels * window);
    PlaneReadOut out{.scale = affine.weight_variance / static_cast<double>(window),
                     .own = affine.own_out,
                     .bias = affine.bias_variance,
                     .own_bias = affine.own_out * affine.bias_variance + affine.own_one,
                     .keep = 1};
    if (!layer.trained || layer.parametrization != Parametrization::standard) return out;
    possible = possible && affine.weight_variance > 0 && affine.own_in > 0;
    out.own = affine.own_in / affine.weight_variance;
    return out;
  }

  std::vector<PlaneStage>& stages() { return plan.levels.back().stages; }

  // A stage that reads the present plane; its outputs are the present one then.
  void append(const PlaneWindow& window, const PlaneReadOut& weights, bool local = false) {
    PlaneStage stage;
    stage.inputs = {{window, plane_, weights.scale, weights.own, local}};
    (local ? stage.local_bias : stage.bias) = weights.bias;
    (local ? stage.local_own_bias : stage.own_bias) = weights.own_bias;
    stage.keep = weights.keep;
    stage.out = window.out;
    append(std::move(stage));
    for (std::size_t a = 0; a < 2; ++a) stride_[a] *= window.stride[a];
  }
  void append(PlaneStage stage) {
    std::size_t taps = 0;
    for (const PlaneInput& input : stage.inputs) taps += input.window[0];
    possible = possible && taps <= plane_taps;
    stages().push_back(std::move(stage));
    plane_ = stages().size();
    shared_ = false;
  }
  // Every position for itself.
  PlaneWindow pointwise() const {
    PlaneWindow window;
    window.in = window.out = plane_of(shape_);
    return window;
  }

  void add(const Dense& dense) {
    if (read_out_) go_on();
    const PlaneReadOut next = weights(dense, 1);
    if (!pooled) return append(pointwise(), next);
    read_out_ = true;
    PlaneReadOut& r = plan.readout;
    r = {.scale = r.scale * next.scale,
         .own = r.own + next.own,
         .bias = next.scale * r.bias + next.bias,
         .own_bias = next.scale * (next.own * r.bias + r.own_bias) + next.own_bias,
         .keep = r.keep};
  }

  void add(const Conv& conv) {
    const bool spreads = conv.kind == ConvKind::transpose;
    possible = possible && !pooled && (!spreads || stays_on_displacements(conv));
    if (!possible) return;
    PlaneWindow window;
    set_window(conv, Window(conv.window.size(), 1), spreads, window);
    // The engine reads a few rows at once and keeps a pointer to each of their taps.
    possible = window.window[0] + (plane_rows - 1) * window.stride[0] <= plane_taps;
    append(window, weights(conv, position_count(conv.window)), conv.kind == ConvKind::local);
  }

  // Of a transposed one. Behind a pool its outputs must not be further apart than the pool's: displacements begin
  // there.
  bool stays_on_displacements(const Conv& conv) const {
    const auto one = [](std::size_t number) { return number == 1; };
    const auto all_one = [&](const Window& numbers) { return std::all_of(numbers.begin(), numbers.end(), one); };
    return all_one(conv.stride) && (plan.pools.empty() || conv.padding != Padding::valid || all_one(conv.window));
  }

  // Windows over the positions as they are now, with the strides that count where the layer names none.
  template <class L>
  void set_window(const L& layer, const Window& strides, bool spreads, PlaneWindow& window) {
    const Shape after = shape_after(Layer(layer), shape_);
    window.in = plane_of(shape_);
    window.out = plane_of(after);
    window.circular = layer.padding == Padding::circular;
    for (std::size_t a = 0; a < layer.window.size(); ++a) {
      const std::size_t to = a + 2 - layer.window.size(), k = layer.window[a],
                        s = layer.stride.empty() ? strides[a] : layer.stride[a];
      window.window[to] = k;
      window.stride[to] = s;
      window.before[to] = spreads ? spread_lead(k, s, layer.padding)
                                  : lead(shape_.positions[a], k, s, after.positions[a], layer.padding);
    }
  }

  void add(const Pool& pool) {
    possible = possible && !pooled && branches_ == 0;
    if (!possible) return;
    PlanePool out;
    set_window(pool, pool.window, false, out);
    const auto positions = static_cast<double>(position_count(pool.window));
    const bool counted = !pool.sum && pool.edges == Edges::actual && pool.padding == Padding::same;
    if (!pool.sum && !counted) out.scale = 1 / (positions * positions);
    for (std::size_t a = 0; a < 2 && counted; ++a) {
      for (std::size_t o = 0; o < (a == 0 ? out.out.height : out.out.width); ++o)
        out.weights[a].push_back(1 / static_cast<double>(taps_inside(out, a, o).size()));
    }
    add_level(std::move(out));
  }
  void add_level(PlanePool pool) {
    plan.pools.push_back(std::move(pool));
    plan.levels.emplace_back();
    plane_ = 0;
  }

  void add(const Activation& activation) {
    go_on();
    possible = possible && !pooled;
    if (!possible) return;
    if (const auto dual = closed_dual(activation))
      own_stage().activation = dual;
    else
      own_stage().table = std::make_shared<DualTable>(activation);
  }
  // Sums that nothing else reads, to go on with: those of the last stage, or else the present plane in a new one.
  PlaneStage& own_stage() {
    if (plane_ == 0 || shared_ || !stages().back().linear()) append(pointwise(), {});
    return stages().back();
  }

  void add(const LayerNorm& norm) {
    go_on();
    possible = possible && !pooled;
    if (!possible) return;
    PlaneNorm out;
    for (const std::size_t axis : norm.axes)
      if (axis <= shape_.positions.size()) out.along[axis + 1 - shape_.positions.size()] = true;
    own_stage().norm = out;
  }

  void add(const Dropout& dropout) {
    if (dropout.keep == 1) return;
    if (plan.readout.bias != 0 || plan.readout.own_bias != 0) go_on();
    if (pooled) {
      plan.readout.keep *= dropout.keep;
      return;
    }
    if (plane_ == 0 || shared_) append(pointwise(), {});
    stages().back().keep *= dropout.keep;
  }

  // Sums, and concat over channels: sums with the shares of the widths for weights.
  void add(const Branches& join) {
    go_on();
    possible = possible && !pooled && join.join != Join::product && !join.axis;
    if (!possible) return;
    const std::size_t start = plane_, stride[2] = {stride_[0], stride_[1]};
    const Shape shape = shape_;
    const auto channels = static_cast<double>(shape_after(Layer(join), shape_).channels);
    PlaneStage sum;
    ++branches_;
    for (std::size_t b = 0; b < join.branches.size() && possible; ++b) {
      plane_ = start;
      shared_ = true;
      shape_ = shape;
      std::size_t to[2] = {stride_[0], stride_[1]};
      std::copy_n(stride, 2, stride_);
      network(join.branches[b]);
      possible = possible && (b == 0 || std::equal(to, to + 2, stride_));
      add_end(join.join == Join::sum ? 1 : static_cast<double>(shape_.channels) / channels, sum);
    }
    --branches_;
    shape_ = shape;
    append(std::move(sum));
  }
  // What the branch ended in. A stage that nothing else reads and that is a sum alone becomes part of this one.
  void add_end(double weight, PlaneStage& sum) {
    if (!possible) return;
    sum.out = plane_of(shape_);
    if (shared_ || !stages().back().linear()) {
      sum.inputs.push_back({pointwise(), plane_, weight});
      return;
    }
    PlaneStage& end = stages().back();
    for (PlaneInput& input : end.inputs) {
      input.scale *= weight;
      sum.inputs.push_back(input);
    }
    sum.bias += weight * end.bias;
    sum.own_bias += weight * end.own_bias;
    sum.local_bias += weight * end.local_bias;
    sum.local_own_bias += weight * end.local_own_bias;
    stages().pop_back();
  }

  // Where values see positions that are not in K, its sum is not enough.
  void add(const Attention& attention) {
    possible = possible && !pooled && branches_ == 0 && attention.scaling == AttentionScaling::linear &&
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
    possible = possible && !pooled && branches_ == 0 && (!stages().empty() || !plan.pools.empty());
    pooled = true;
    plan.all_displacements = all;
    plan.readout = {.scale = scale};
  }
  // Where more layers follow a pooling than a read-out has, its value is a plane of one position: the whole plane is
  // the window of a stage if flattened, of a pool if globally pooled.
  void go_on() {
    if (!pooled) return;
    possible = possible && !plan.attention;
    if (!possible) return;
    PlaneReadOut r = std::exchange(plan.readout, {});
    PlaneWindow whole;
    whole.in = plan.last_plane();
    whole.window[0] = whole.in.height;
    whole.window[1] = whole.in.width;
    pooled = read_out_ = false;
    if (std::exchange(plan.all_displacements, false)) {
      add_level({whole, std::exchange(r.scale, 1), {}});
      whole = pointwise();
    }
    if (r.keep == 1) return append(whole, r);
    // Dropout is in front of the bias.
    append(whole, {.scale = r.scale, .own = r.own, .keep = r.keep});
    append(pointwise(), {.bias = r.bias, .own_bias = r.own_bias});
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
  std::size_t plane_ = 0;           // of the level, the one that the next layer reads
  bool shared_ = false;             // whether others may read it too
  std::size_t stride_[2] = {1, 1};  // of all stages up to it
  std::size_t branches_ = 0;        // that it is inside of
  bool read_out_ = false;           // whether a dense layer is in the read-out
};

// What the plain interpreter would do, at all pairs of positions, in readings of a table there; a formula takes a
// twentieth of one.
double plain_work(const PlanePlan& plan) {
  double work = 0;
  for (const PlaneLevel& level : plan.levels)
    for (const PlaneStage& stage : level.stages)
      if (stage.activates()) work += (stage.table ? 1 : 0.05) * std::pow(static_cast<double>(stage.out.size()), 2);
  return work;
}

// With its plan resolved.
Planner planned(const Network& network, const Shape& shape) {
  Planner planner(shape);
  planner.network(network);
  planner.end();
  if (!planner.possible) return planner;
  resolve(planner.plan);
  // A table's series at one position is put together for the lanes alone, not for all positions of a sample.
  constexpr double dearer = 4;
  planner.possible = dearer * table_count(planner.plan) <= plain_work(planner.plan);
  if (!planner.possible) planner.obstacle = "an activation by table at most pairs of positions";
  return planner;
}

}  // namespace

std::optional<PlanePlan> plane_plan(const Network& network, const Shape& shape) {
  Planner planner = planned(network, shape);
  if (!planner.possible) return std::nullopt;
  return std::move(planner.plan);
}

std::string plane_obstacle(const Network& network, const Shape& shape) { return planned(network, shape).obstacle; }

}  // namespace widenet
