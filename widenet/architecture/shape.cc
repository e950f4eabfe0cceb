#include "widenet/architecture/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "widenet/architecture/check_layer.h"
#include "widenet/architecture/positions.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

Shape chain(const Network& network, Shape shape, const std::string& prefix);

Shape step(const Who& who, const Shape& shape) {
  check_layer(who);
  const std::string prefix = who.number.empty() ? "" : who.number + '.';
  if (const auto* repeat = std::get_if<Repeat>(&who.layer)) {
    Shape now = shape;
    for (std::size_t i = 0; i < repeat->count; ++i) {
      Shape next = chain(repeat->body[0], now, prefix);
      if (next == now) break;
      now = std::move(next);
    }
    return now;
  }
  if (const auto* join = std::get_if<Branches>(&who.layer)) {
    std::vector<Shape> ends;
    for (std::size_t b = 0; b < join->branches.size(); ++b) {
      ends.push_back(chain(join->branches[b], shape, fmt::format("{}{}.", prefix, b + 1)));
    }
    return shape_behind(who, ends);
  }
  return shape_behind(who, shape);
}

Shape chain(const Network& network, Shape shape, const std::string& prefix) {
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    shape = step({fmt::format("{}{}", prefix, i + 1), network.layers[i]}, shape);
  }
  return shape;
}

}  // namespace

std::size_t position_count(const Window& positions) {
  return std::accumulate(positions.begin(), positions.end(), std::size_t{1}, std::multiplies<>());
}

std::string to_text(const Shape& shape) {
  std::string text;
  for (const std::size_t extent : shape.positions) text += fmt::format("{}x", extent);
  return text + (shape.channels == 0 ? "any" : fmt::format("{}", shape.channels));
}

bool reads_positions(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const Layer& layer) {
    if (const auto* norm = std::get_if<LayerNorm>(&layer)) return !norm->axes.empty();
    if (const auto* repeat = std::get_if<Repeat>(&layer)) {
      return std::any_of(repeat->body.begin(), repeat->body.end(), reads_positions);
    }
    if (const auto* join = std::get_if<Branches>(&layer)) {
      return join->axis || std::any_of(join->branches.begin(), join->branches.end(), reads_positions);
    }
    return !std::holds_alternative<Dense>(layer) && !std::holds_alternative<Identity>(layer) &&
           !std::holds_alternative<Dropout>(layer) && !std::holds_alternative<Activation>(layer);
  });
}

Shape shape_of(std::span<const std::size_t> extents) { return {{extents.begin(), extents.end() - 1}, extents.back()}; }

void check_shape(const Shape& shape) {
  std::size_t values = 1;
  for (const std::size_t extent : shape.positions) {
    if (extent == 0) {
      fail("the input has the shape {} (an axis without positions holds nothing) give whole numbers >= 1",
           to_text(shape));
    }
    if (extent > most_values / values)
      fail("the input has the shape {} (more than 2^53 positions) give a smaller one", to_text(shape));
    values *= extent;
  }
}

Shape shape_after(const Layer& layer, const Shape& shape) {
  check_shape(shape);
  return step({"", layer}, shape);
}

Shape shape_after(const Network& network, const Shape& shape) {
  check_shape(shape);
  return chain(network, shape, "");
}

std::vector<Shape> shapes_after(const Network& network, const Shape& shape) {
  check_shape(shape);
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Shape& now = shapes.empty() ? shape : shapes.back();
    shapes.push_back(step({fmt::format("{}", i + 1), network.layers[i]}, now));
  }
  return shapes;
}

std::optional<std::size_t> places(std::size_t n, std::size_t k, std::size_t s, Padding padding) {
  if (padding != Padding::valid) return (n - 1) / s + 1;
  return k > n ? std::nullopt : std::optional((n - k) / s + 1);
}

std::size_t lead(std::size_t n, std::size_t k, std::size_t s, std::size_t out, Padding padding) {
  const std::size_t reach = (out - 1) * s + k;
  return padding == Padding::valid || reach <= n ? 0 : (reach - n) / 2;
}

std::size_t spread(std::size_t n, std::size_t k, std::size_t s, Padding padding) {
  return n * s + (padding == Padding::valid && k > s ? k - s : 0);
}

std::size_t spread_lead(std::size_t k, std::size_t s, Padding padding) {
  return padding == Padding::valid || s >= k ? k - 1 : (k + s - 1) / 2;
}

}  // namespace widenet
