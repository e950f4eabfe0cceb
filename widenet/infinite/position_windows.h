// Which positions a layer reads: the taps of its windows, or for a linear map the weights of every position.
#pragma once

#include <cstddef>
#include <vector>

#include "widenet/architecture/layer.h"

namespace widenet {

inline constexpr std::size_t no_position = static_cast<std::size_t>(-1);

// Positions are numbered row by row, the last axis fastest; so are the taps of a window.
struct Taps {
  std::size_t outputs = 1, taps = 1;
  std::vector<std::size_t> input{0};   // [output][tap]: the position read, or no_position
  std::vector<std::size_t> centre{0};  // per output the input whose absence makes it absent; empty for conv_transpose
  std::size_t at(std::size_t output, std::size_t tap) const { return input[output * taps + tap]; }
};

// Outputs [output, output + count) of one axis that read through the same taps, each the inputs from its own on.
struct Run {
  struct Read {
    std::size_t tap, input;
  };
  std::size_t output, count;
  std::vector<Read> reads;
};
// One axis of a window: its taps, and the same as runs, the longest first.
struct WindowAxis {
  std::size_t inputs;
  Taps taps;
  std::vector<Run> runs;
};

// Output o of conv and pool reads through tap d the input o stride + d - lo, with lo = 0 for valid, else
// floor(max((out - 1) stride + window - in, 0) / 2); its centre is d = floor((window - 1) / 2). conv_transpose reads
// (o + d - lo) / stride where that is whole, lo = window - 1 for valid and where stride > window - 1, else
// ceil((window + stride - 2) / 2): for circular the adjoint of conv. `in` and `out` are the positions before and
// behind.
Taps taps_of(const Conv& conv, const Window& in, const Window& out);
Taps taps_of(const Pool& pool, const Window& in, const Window& out);
// The axes of the window of taps_of(conv), at least one: without positions one of one.
std::vector<WindowAxis> axes_of(const Conv& conv, const Window& in, const Window& out);

// x'_o = sum of weight x_position over the list of output o.
struct Share {
  std::size_t position;
  double weight;
};
using PositionMap = std::vector<std::vector<Share>>;

// The mean or the sum over the taps of every output.
PositionMap map_of(const Pool& pool, const Taps& taps);
// The filters of jax.image.resize: half a pixel at the borders, a triangle or the cubic of Keys 1981 with a = -1/2,
// widened by in / out where antialias is asked for and the axis shrinks, each output's weights divided by their sum;
// nearest takes the input floor((o + 1/2) in / out).
PositionMap map_of(const Resize& resize, const Window& in);
PositionMap map_of(const Index& index, const Window& in);
PositionMap map_of(const DotGeneral& map, const Window& in);

}  // namespace widenet
