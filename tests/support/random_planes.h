// Networks on planes put together at random.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/hard_rows.h"
#include "widenet/architecture/kernel.h"
#include "widenet/architecture/shape.h"

namespace widenet::testing_support {

// Convolutions of every kind, dense layers, pools, norms, activations, dropout and branches with a read-out, on a
// random shape.
class RandomPlanes {
 public:
  explicit RandomPlanes(Random& random) : random_(random), shape_{{}, 1 + below(random, 3)} {
    for (std::size_t a = 1 + below(random, 2); a > 0; --a) shape_.positions.push_back(3 + below(random, 7));
  }

  std::pair<Network, Shape> operator()() {
    const Shape input = shape_;
    Network network;
    // One channel would have correlations of 1, but for what cancels in the sums: slopes then have no digits to
    // compare.
    if (shape_.channels > 1 && one_in(5)) add(network, random_pool());
    for (std::size_t depth = 1 + below(random_, 3); depth > 0; --depth) {
      if (network.layers.empty() || std::holds_alternative<Pool>(network.layers.back())) circular_ = one_in(3);
      add_weights(network);
      if (one_in(3)) add_branches(network, one_in(3) ? random_stride() : Window(shape_.positions.size(), 1), 2);
      add_activation(network);
      while (one_in(2)) add(network, random_pool());
    }
    if (one_in(2))
      add(network, GlobalPool{one_in(3)});
    else
      add(network, Flatten{});
    while (true) {
      if (one_in(4)) add(network, Dropout{pick(0.5, 0.9)});
      add(network, random_dense());
      if (!one_in(3)) break;
      add_activation(network);
    }
    return {network, input};
  }

 private:
  bool one_in(std::size_t n) { return below(random_, n) == 0; }
  double pick(double a, double b) { return one_in(2) ? a : b; }

  void add(Network& network, Layer layer) {
    shape_ = shape_after(layer, shape_);
    network.layers.push_back(std::move(layer));
  }

  // A pool that fits on the shape.
  Pool random_pool() {
    Pool pool;
    pool.sum = one_in(4);
    pool.padding = one_in(2) ? Padding::valid : one_in(2) ? Padding::same : Padding::circular;
    if (!pool.sum && one_in(2)) pool.edges = Edges::actual;
    const bool strides = one_in(2);
    pooled_ = true;
    for (const std::size_t extent : shape_.positions) {
      pool.window.push_back(1 + below(random_, std::min<std::size_t>(extent, 4)));
      if (strides) pool.stride.push_back(1 + below(random_, 3));
    }
    return pool;
  }

  Dense random_dense() {
    Dense dense;
    dense.weight_std = pick(0.5, 1.2);
    dense.bias_std = pick(0, 0.3);
    return dense;
  }
  Conv random_conv(const Window& stride, Padding padding) {
    Conv conv;
    for (std::size_t a = 0; a < stride.size(); ++a) conv.window.push_back(1 + below(random_, 3));
    conv.stride = stride;
    conv.padding = circular_ ? Padding::circular : padding;
    conv.weight_std = pick(0.7, 1.5);
    conv.bias_std = pick(0, 0.2);
    conv.trained = !one_in(4);
    for (std::size_t a = 0; a < stride.size() && !circular_; ++a)
      if (!places(shape_.positions[a], conv.window[a], stride[a], padding)) conv.padding = Padding::same;
    const bool spreads = conv.padding != Padding::valid || !pooled_;
    const bool strided = std::any_of(stride.begin(), stride.end(), [](std::size_t s) { return s > 1; });
    if (one_in(6)) conv.kind = strided || !spreads || one_in(2) ? ConvKind::local : ConvKind::transpose;
    return conv;
  }
  Window random_stride() {
    Window stride;
    for (const std::size_t extent : shape_.positions) {
      const std::size_t s = 1 + below(random_, 2);
      stride.push_back(circular_ && extent % s != 0 ? 1 : s);
    }
    return stride;
  }
  void add_weights(Network& network) {
    if (one_in(4))
      add(network, random_dense());
    else
      add(network, random_conv(random_stride(), one_in(3) ? Padding::valid : Padding::same));
  }

  // On Gaussian values, perhaps with a norm in front and dropout behind.
  void add_activation(Network& network) {
    if (one_in(4)) add(network, random_norm());
    const char* texts[] = {"relu", "abs", "leaky_relu(0.1)", "erf", "gelu", "sin"};
    add(network, parse_network(texts[below(random_, 6)]).layers[0]);
    if (one_in(4)) add(network, Dropout{pick(0.5, 0.9)});
  }
  // Over channels, and any axes of the positions.
  LayerNorm random_norm() {
    LayerNorm norm;
    for (std::size_t a = 0; a < shape_.positions.size(); ++a)
      if (one_in(3)) norm.axes.push_back(a + 1);
    if (!norm.axes.empty()) norm.axes.push_back(shape_.positions.size() + 1);
    return norm;
  }

  // Up to three branches of one stride that read Gaussian values and end in such; one may pass them on.
  void add_branches(Network& network, const Window& stride, std::size_t depth) {
    Branches join{one_in(4) ? Join::concat : Join::sum, {}, {}};
    const bool strided = std::any_of(stride.begin(), stride.end(), [](std::size_t s) { return s > 1; });
    const Shape start = shape_;
    for (std::size_t b = 1 + below(random_, 3); b > 0; --b) {
      shape_ = start;
      Network branch;
      if (!strided && b == 1 && join.join == Join::sum && one_in(2))
        add(branch, Identity{});
      else
        add_branch(branch, stride, join.join == Join::concat, depth);
      join.branches.push_back(std::move(branch));
    }
    shape_ = start;
    const bool concat = join.join == Join::concat;
    add(network, std::move(join));
    if (concat) add(network, random_dense());
  }
  void add_branch(Network& branch, const Window& stride, bool width, std::size_t depth) {
    if (one_in(2)) add_activation(branch);
    Conv conv = random_conv(stride, Padding::same);
    const bool more = one_in(2);
    if (width && !more) conv.width = 1 + below(random_, 5);
    add(branch, conv);
    if (!more) return;
    if (depth > 0 && one_in(3)) add_branches(branch, Window(stride.size(), 1), depth - 1);
    add_activation(branch);
    Dense last = random_dense();
    if (width) last.width = 1 + below(random_, 5);
    add(branch, last);
  }

  Random& random_;
  Shape shape_;
  bool circular_ = false;  // convolutions up to the next pool
  bool pooled_ = false;    // whether there was one
};

inline std::pair<Network, Shape> random_planes(Random& random) { return RandomPlanes(random)(); }

}  // namespace widenet::testing_support
