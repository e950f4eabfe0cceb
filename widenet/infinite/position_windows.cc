#include "widenet/infinite/position_windows.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "widenet/architecture/shape.h"

namespace widenet {
namespace {

// One axis of a window: its places read from `in` positions.
struct Axis {
  std::size_t in, out, window, stride;
  Padding padding;

  // The position itself, wrapped, or none.
  std::size_t inside(long position) const {
    const auto n = static_cast<long>(in);
    if (padding == Padding::circular) return static_cast<std::size_t>((position % n + n) % n);
    return position >= 0 && position < n ? static_cast<std::size_t>(position) : no_position;
  }
  // The window's first entry for output 0 lies this far in front of the input.
  long lead() const { return static_cast<long>(widenet::lead(in, window, stride, out, padding)); }
  long transposed_lead() const { return static_cast<long>(spread_lead(window, stride, padding)); }
  std::size_t read(std::size_t o, std::size_t d) const { return inside(static_cast<long>(o * stride + d) - lead()); }
  std::size_t read_transposed(std::size_t o, std::size_t d) const {
    const long spread = static_cast<long>(o + d) - transposed_lead(), s = static_cast<long>(stride);
    return spread % s == 0 ? inside(spread / s) : no_position;
  }
};

// The taps of one axis.
template <class Read>
Taps axis_taps(const Axis& axis, bool centred, const Read& read) {
  Taps taps{axis.out, axis.window, {}, {}};
  for (std::size_t o = 0; o < axis.out; ++o) {
    for (std::size_t d = 0; d < axis.window; ++d) taps.input.push_back(read(axis, o, d));
    if (centred) taps.centre.push_back(read(axis, o, (axis.window - 1) / 2));
  }
  return taps;
}
Taps read_taps(const Axis& axis) {
  return axis_taps(axis, true, [](const Axis& x, std::size_t o, std::size_t d) { return x.read(o, d); });
}
Taps transposed_taps(const Axis& axis) {
  return axis_taps(axis, false, [](const Axis& x, std::size_t o, std::size_t d) { return x.read_transposed(o, d); });
}

// The taps of one more axis of `extent` inputs, inside those of the axes before it.
Taps with_axis(const Taps& before, const Taps& axis, std::size_t extent) {
  Taps taps{before.outputs * axis.outputs, before.taps * axis.taps, {}, {}};
  const auto inner = [&](std::size_t outer, std::size_t position) {
    return outer == no_position || position == no_position ? no_position : outer * extent + position;
  };
  for (std::size_t outer = 0; outer < before.outputs; ++outer)
    for (std::size_t o = 0; o < axis.outputs; ++o) {
      for (std::size_t t = 0; t < before.taps; ++t)
        for (std::size_t d = 0; d < axis.taps; ++d) taps.input.push_back(inner(before.at(outer, t), axis.at(o, d)));
      if (!axis.centre.empty()) taps.centre.push_back(inner(before.centre[outer], axis.centre[o]));
    }
  return taps;
}

// Neighbours that read neighbours through the same taps are one run.
std::vector<Run> runs_of(const Taps& axis) {
  std::vector<Run> runs;
  for (std::size_t o = 0; o < axis.outputs; ++o) {
    Run here{o, 1, {}};
    for (std::size_t t = 0; t < axis.taps; ++t)
      if (axis.at(o, t) != no_position) here.reads.push_back({t, axis.at(o, t)});
    const auto goes_on = [&](const Run::Read& before, const Run::Read& now) {
      return before.tap == now.tap && before.input + runs.back().count == now.input;
    };
    if (!runs.empty() && std::ranges::equal(runs.back().reads, here.reads, goes_on))
      ++runs.back().count;
    else
      runs.push_back(std::move(here));
  }
  std::ranges::stable_sort(runs, std::greater(), &Run::count);
  return runs;
}

Axis axis_of(const Window& window, const Window& stride, std::size_t default_stride, Padding padding, std::size_t a,
             const Window& in, const Window& out) {
  return {in[a], out[a], window[a], stride.empty() ? default_stride : stride[a], padding};
}

// Weights of one more axis, inside those of the axes before it.
PositionMap with_axis(const PositionMap& before, const PositionMap& axis, std::size_t extent) {
  PositionMap map;
  for (const auto& outer : before)
    for (const auto& row : axis) {
      auto& shares = map.emplace_back();
      for (const Share& s : outer)
        for (const Share& t : row) shares.push_back({s.position * extent + t.position, s.weight * t.weight});
    }
  return map;
}

PositionMap whole_axis(std::size_t extent) {
  PositionMap map;
  for (std::size_t p = 0; p < extent; ++p) map.push_back({{p, 1}});
  return map;
}

// The weight at distance x >= 0, in pixels of the filter.
double filter(ResizeMethod method, double x) {
  if (method == ResizeMethod::linear) return std::max(0.0, 1 - x);
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}

PositionMap resized_axis(const Resize& resize, std::size_t in, std::size_t out) {
  if (in == out) return whole_axis(in);
  PositionMap map;
  // Distances are those of (o + 1/2) in / out and p + 1/2, in whole numbers of 1 / (2 out) pixels.
  const double pixel = static_cast<double>(2 * (resize.antialias ? std::max(in, out) : out));
  for (std::size_t o = 0; o < out; ++o) {
    auto& row = map.emplace_back();
    const std::size_t centre = (2 * o + 1) * in;
    if (resize.method == ResizeMethod::nearest) {
      row.push_back({centre / (2 * out), 1});
      continue;
    }
    double total = 0;
    for (std::size_t p = 0; p < in; ++p) {
      const std::size_t place = (2 * p + 1) * out;
      const double weight =
          filter(resize.method, static_cast<double>(std::max(centre, place) - std::min(centre, place)) / pixel);
      total += weight;
      if (weight != 0) row.push_back({p, weight});
    }
    for (Share& share : row) share.weight /= total;
  }
  return map;
}

PositionMap sliced_axis(const Slice& slice, std::size_t extent) {
  const auto n = static_cast<long>(extent);
  const auto from_front = [n](long position) { return position < 0 ? position + n : position; };
  if (slice.single) return {{{static_cast<std::size_t>(from_front(*slice.begin)), 1}}};
  const bool up = slice.step > 0;
  const long lowest = up ? 0 : -1, highest = up ? n : n - 1;
  const auto bound = [&](const std::optional<long>& given, long otherwise) {
    return given ? std::clamp(from_front(*given), lowest, highest) : otherwise;
  };
  const long begin = bound(slice.begin, up ? 0 : n - 1), end = bound(slice.end, up ? n : -1);
  PositionMap map;
  for (long p = begin; up ? p < end : p > end; p += slice.step) {
    map.push_back({{static_cast<std::size_t>(p), 1}});
    // Only a huge step could leave the numbers.
    if (slice.step > n || slice.step < -n) break;
  }
  return map;
}

// A column of the matrix per position; a vector makes one position, which has no axis.
PositionMap contracted_axis(const DotGeneral& map, std::size_t extent) {
  PositionMap rows(map.shape.size() == 1 ? 1 : map.shape[0]);
  for (std::size_t o = 0; o < rows.size(); ++o)
    for (std::size_t p = 0; p < extent; ++p)
      if (map.numbers[o * extent + p] != 0) rows[o].push_back({p, map.numbers[o * extent + p]});
  return rows;
}

}  // namespace

std::vector<WindowAxis> axes_of(const Conv& conv, const Window& in, const Window& out) {
  std::vector<WindowAxis> axes;
  for (std::size_t a = 0; a < conv.window.size(); ++a) {
    const Axis axis = axis_of(conv.window, conv.stride, 1, conv.padding, a, in, out);
    axes.push_back({axis.in, conv.kind == ConvKind::transpose ? transposed_taps(axis) : read_taps(axis), {}});
  }
  if (axes.empty()) axes.push_back({1, Taps{}, {}});
  for (WindowAxis& axis : axes) axis.runs = runs_of(axis.taps);
  return axes;
}

Taps taps_of(const Conv& conv, const Window& in, const Window& out) {
  Taps taps;
  for (const WindowAxis& axis : axes_of(conv, in, out)) taps = with_axis(taps, axis.taps, axis.inputs);
  return taps;
}

Taps taps_of(const Pool& pool, const Window& in, const Window& out) {
  Taps taps;
  for (std::size_t a = 0; a < pool.window.size(); ++a)
    taps =
        with_axis(taps, read_taps(axis_of(pool.window, pool.stride, pool.window[a], pool.padding, a, in, out)), in[a]);
  return taps;
}

PositionMap map_of(const Pool& pool, const Taps& taps) {
  PositionMap map(taps.outputs);
  for (std::size_t o = 0; o < taps.outputs; ++o) {
    for (std::size_t t = 0; t < taps.taps; ++t)
      if (taps.at(o, t) != no_position) map[o].push_back({taps.at(o, t), 1});
    const std::size_t count = pool.edges == Edges::actual ? map[o].size() : taps.taps;
    for (Share& share : map[o]) share.weight = pool.sum ? 1 : 1 / static_cast<double>(count);
  }
  return map;
}

PositionMap map_of(const Resize& resize, const Window& in) {
  PositionMap map{{{0, 1}}};
  for (std::size_t a = 0; a < in.size(); ++a) map = with_axis(map, resized_axis(resize, in[a], resize.shape[a]), in[a]);
  return map;
}

PositionMap map_of(const Index& index, const Window& in) {
  PositionMap map{{{0, 1}}};
  for (std::size_t a = 0; a < in.size(); ++a)
    map = with_axis(map, a + 1 < index.axes.size() ? sliced_axis(index.axes[a + 1], in[a]) : whole_axis(in[a]), in[a]);
  return map;
}

PositionMap map_of(const DotGeneral& constant, const Window& in) {
  PositionMap map{{{0, 1}}};
  for (std::size_t a = 0; a < in.size(); ++a)
    map = with_axis(map, a + 1 == constant.contract ? contracted_axis(constant, in[a]) : whole_axis(in[a]), in[a]);
  return map;
}

}  // namespace widenet
