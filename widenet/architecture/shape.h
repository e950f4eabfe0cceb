// What a network makes of the shape of one sample.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "widenet/architecture/layer.h"

namespace widenet {

// The extents of the axes of positions (none: the sample is a vector) and the number of channels; 0 channels: any (no
// width is given, or the input's is not known).
struct Shape {
  std::vector<std::size_t> positions = {};
  std::size_t channels = 0;
  bool operator==(const Shape&) const = default;
};

// The shape of samples of these extents, at least one, channels last; a single one is a vector's number of features.
Shape shape_of(std::span<const std::size_t> extents);

// The extents multiplied; 1 for a vector.
std::size_t position_count(const Window& positions);

// "32x32x3"; with any number of channels "32x32xany".
std::string to_text(const Shape& shape);

// Whether a layer of the network reads positions or takes them away. All others treat every position alike: such a
// network can as well take a sample as one vector.
bool reads_positions(const Network& network);

// Throws Error(usage) if an axis has no positions, or all have more than 2^53.
void check_shape(const Shape& shape);

// What a layer, or all layers of a network, make of a shape. Throws Error(usage) that names the layer (by number and
// text in a network), the shape it got and what it needs, for a shape that it cannot read. Rules about Gaussian values
// and known widths are those of validate(), and are not checked here.
Shape shape_after(const Layer& layer, const Shape& shape);
Shape shape_after(const Network& network, const Shape& shape);

// The shape behind every layer of the network, outermost layers only.
std::vector<Shape> shapes_after(const Network& network, const Shape& shape);

// How many places of an axis of n positions a window of k takes, s apart: floor((n - k) / s) + 1 for valid (none where
// it does not fit), ceil(n / s) for same and circular.
std::optional<std::size_t> places(std::size_t n, std::size_t k, std::size_t s, Padding padding);

// How many positions before the first one that many windows begin: 0 for valid, else floor(max((out - 1) s + k - n, 0)
// / 2).
std::size_t lead(std::size_t n, std::size_t k, std::size_t s, std::size_t out, Padding padding);

// The positions that conv_transpose makes of n: n s + max(k - s, 0) for valid, n s for same and circular.
std::size_t spread(std::size_t n, std::size_t k, std::size_t s, Padding padding);
// Tap d of its output o reads input (o + d - spread_lead) / s, where that is whole.
std::size_t spread_lead(std::size_t k, std::size_t s, Padding padding);

}  // namespace widenet
