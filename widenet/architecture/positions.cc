#include "widenet/architecture/positions.h"

#include <fmt/format.h>

#include <algorithm>

#include "widenet/architecture/lexer.h"
#include "widenet/architecture/slices.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

std::string axes_text(std::size_t count) { return fmt::format("{} {}", count, count == 1 ? "axis" : "axes"); }

// "2 axes of positions before the channels, as in 8x8x3"
std::string needed_axes(std::size_t count) {
  std::string example;
  for (std::size_t a = 0; a < std::min<std::size_t>(count, 4); ++a) example += "8x";
  return fmt::format("{} of positions before the channels, as in {}3", axes_text(count), example);
}

// "layer 2 (flatten) got the shape 8x8x3 (why) it needs ..."
[[noreturn]] void refuse_shape(const Who& who, const Shape& got, const std::string& why, const std::string& needed) {
  fail("{} got the shape {} ({}) it needs {}", who(), to_text(got), why, needed);
}

// positions and channels multiplied; 0 for unknown channels.
std::size_t values_of(const Shape& shape, const Who& who) {
  std::size_t values = 1;
  for (const std::size_t extent : shape.positions) {
    if (extent > most_values / values) fail("{} makes more than 2^53 positions", who());
    values *= extent;
  }
  if (shape.channels > most_values / values) fail("{} is wider than 2^53 values", who());
  return values * shape.channels;
}

void need_axes(std::size_t count, const std::string& why, const Shape& got, const Who& who) {
  if (got.positions.size() != count) refuse_shape(who, got, why, needed_axes(count));
}
void need_positions(const std::string& verb, const Shape& got, const Who& who) {
  if (!got.positions.empty()) return;
  refuse_shape(who, got, fmt::format("there are no positions to {}", verb), "at least " + needed_axes(1));
}

std::string extents_text(const Window& window) { return fmt::format("{}", fmt::join(window, "x")); }

// The places of a window, axis by axis.
Window placed(const Window& window, const Window& stride, Padding padding, const Shape& got, const Who& who) {
  need_axes(window.size(), fmt::format("its window {} has {}", extents_text(window), axes_text(window.size())), got,
            who);
  Window out;
  for (std::size_t a = 0; a < window.size(); ++a) {
    const auto count = places(got.positions[a], window[a], stride[a], padding);
    if (!count) {
      refuse_shape(who, got, fmt::format("its window {} does not fit into it", extents_text(window)),
                   fmt::format("at least {} positions, or padding=same", extents_text(window)));
    }
    out.push_back(*count);
  }
  return out;
}

Window transposed(const Conv& conv, const Window& stride, const Shape& got, const Who& who) {
  need_axes(conv.window.size(),
            fmt::format("its window {} has {}", extents_text(conv.window), axes_text(conv.window.size())), got, who);
  Window out;
  for (std::size_t a = 0; a < stride.size(); ++a) {
    const std::size_t n = got.positions[a], k = conv.window[a], s = stride[a];
    if (s > most_values / n || k > most_values) fail("{} makes more than 2^53 positions", who());
    out.push_back(spread(n, k, s, conv.padding));
  }
  values_of({out, 1}, who);
  return out;
}

Window positions_after(const Conv& conv, const Shape& got, const Who& who) {
  const Window stride = conv.stride.empty() ? Window(conv.window.size(), 1) : conv.stride;
  return conv.kind == ConvKind::transpose ? transposed(conv, stride, got, who)
                                          : placed(conv.window, stride, conv.padding, got, who);
}

Window positions_after(const Pool& pool, const Shape& got, const Who& who) {
  return placed(pool.window, pool.stride.empty() ? pool.window : pool.stride, pool.padding, got, who);
}

Window positions_after(const GlobalPool&, const Shape& got, const Who& who) {
  need_positions("pool", got, who);
  return {};
}

Window positions_after(const LayerNorm& norm, const Shape& got, const Who& who) {
  if (!norm.axes.empty() && norm.axes.back() != got.positions.size() + 1) {
    refuse_shape(who, got, "the last of its axes is that of the channels", needed_axes(norm.axes.back() - 1));
  }
  return got.positions;
}

Window positions_after(const Attention&, const Shape& got, const Who& who) {
  need_positions("attend to", got, who);
  return got.positions;
}

Window positions_after(const Aggregate&, const Shape& got, const Who& who) {
  need_positions("take as the nodes of a graph", got, who);
  return got.positions;
}

Window positions_after(const DotGeneral& map, const Shape& got, const Who& who) {
  const std::size_t axis = map.contract, columns = map.shape.back();
  if (axis > got.positions.size()) {
    refuse_shape(who, got, fmt::format("it contracts axis {} of the positions", axis), "at least " + needed_axes(axis));
  }
  if (got.positions[axis - 1] != columns) {
    refuse_shape(who, got,
                 fmt::format("its constant has {} {}", columns, map.shape.size() == 1 ? "numbers" : "columns"),
                 fmt::format("{} positions along axis {}", columns, axis));
  }
  Window out = got.positions;
  const auto at = out.begin() + static_cast<std::ptrdiff_t>(axis) - 1;
  if (map.shape.size() == 1) {
    out.erase(at);
  } else {
    *at = map.shape[0];
  }
  return out;
}

Window positions_after(const Resize& resize, const Shape& got, const Who& who) {
  need_axes(resize.shape.size(),
            fmt::format("its shape {} has {}", extents_text(resize.shape), axes_text(resize.shape.size())), got, who);
  values_of({resize.shape, 1}, who);
  return resize.shape;
}

Window positions_after(const Index& index, const Shape& got, const Who& who) {
  const std::size_t indexed = index.axes.size() - 1;
  if (indexed > got.positions.size()) {
    refuse_shape(who, got, fmt::format("it indexes {} of positions, and channels cannot be", axes_text(indexed)),
                 "at least " + needed_axes(indexed));
  }
  Window out;
  for (std::size_t a = 0; a < got.positions.size(); ++a) {
    const std::size_t n = got.positions[a];
    if (a >= indexed) {
      out.push_back(n);
      continue;
    }
    const Slice& slice = index.axes[a + 1];
    const auto size = size_after(slice, n);
    if (!size) {
      refuse_shape(who, got, fmt::format("axis {} has no position {}", a + 1, *slice.begin), "that position");
    }
    if (*size == 0) {
      refuse_shape(who, got, fmt::format("its slice of axis {} is empty", a + 1), "a position inside each slice");
    }
    if (!slice.single) out.push_back(*size);
  }
  return out;
}

// Of branches b and c the first that cannot be joined.
[[noreturn]] void refuse_branches(const Who& who, const std::vector<Shape>& ends, std::size_t b, std::size_t c,
                                  const char* why, const char* needed) {
  fail("{} got the shapes {} and {} from its branches {} and {} ({}) it needs {}", who(), to_text(ends[b]),
       to_text(ends[c]), b + 1, c + 1, why, needed);
}

Window joined_positions(const Who& who, const std::vector<Shape>& ends, const std::optional<std::size_t>& axis) {
  Window out = ends[0].positions;
  if (axis && *axis > out.size()) {
    refuse_shape(who, ends[0], fmt::format("it joins its branches along axis {} of positions", *axis),
                 "at least " + needed_axes(*axis));
  }
  for (std::size_t b = 1; b < ends.size(); ++b) {
    Window other = ends[b].positions;
    std::size_t added = 0;
    if (axis && other.size() == out.size()) {
      added = other[*axis - 1];
      other[*axis - 1] = out[*axis - 1];
    }
    if (other != out) {
      refuse_branches(who, ends, 0, b, axis ? "they are laid end to end" : "they are joined position by position",
                      axis ? "the same positions along all other axes" : "the same positions");
    }
    if (axis) out[*axis - 1] += added;
  }
  values_of({out, 1}, who);
  return out;
}

std::size_t shared_channels(const Who& who, const std::vector<Shape>& ends) {
  std::size_t known = 0;
  while (known < ends.size() && ends[known].channels == 0) ++known;
  for (std::size_t b = known + 1; b < ends.size(); ++b) {
    if (ends[b].channels != 0 && ends[b].channels != ends[known].channels) {
      refuse_branches(who, ends, known, b, "they are joined channel by channel", "the same number of channels");
    }
  }
  return known < ends.size() ? ends[known].channels : 0;
}

std::size_t summed_channels(const Who& who, const std::vector<Shape>& ends) {
  std::size_t total = 0;
  bool known = true;
  for (const Shape& end : ends) {
    known = known && end.channels != 0;
    total += end.channels;
    if (total > most_values) fail("{} is wider than 2^53 values", who());
  }
  return known ? total : 0;
}

struct Behind {
  const Shape& got;
  const Who& who;

  // What stands inside their brackets decides.
  Shape operator()(const Repeat&) const { return got; }
  Shape operator()(const Branches&) const { return got; }
  Shape operator()(const Dense& dense) const { return {got.positions, dense.width.value_or(0)}; }
  Shape operator()(const Conv& conv) const { return {positions_after(conv, got, who), conv.width.value_or(0)}; }
  Shape operator()(const Attention& attention) const {
    return {positions_after(attention, got, who), attention.width.value_or(0)};
  }
  Shape operator()(const Flatten&) const { return {{}, values_of(got, who)}; }
  Shape operator()(const Identity&) const { return got; }
  Shape operator()(const Dropout&) const { return got; }
  Shape operator()(const Activation&) const { return got; }
  template <class Linear>
  Shape operator()(const Linear& layer) const {
    return {positions_after(layer, got, who), got.channels};
  }
};

}  // namespace

Shape shape_behind(const Who& who, const Shape& got) { return std::visit(Behind{got, who}, who.layer); }

Shape shape_behind(const Who& who, const std::vector<Shape>& ends) {
  const auto& join = std::get<Branches>(who.layer);
  const bool channels = join.join == Join::concat && !join.axis;
  return {joined_positions(who, ends, join.axis), channels ? summed_channels(who, ends) : shared_channels(who, ends)};
}

}  // namespace widenet
