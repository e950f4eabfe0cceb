// The idx format of the MNIST files: big-endian, samples first.
#pragma once

#include <string>
#include <string_view>

#include "widenet/data/array.h"

namespace widenet {

// Whether the bytes begin as idx files do: 0, 0, a known type, the number of dimensions.
bool is_idx(std::string_view bytes);

// The array in the bytes of an idx file (ubyte, byte, short, int, float or double). The first extent counts
// samples. A file of three dimensions holds images of one channel (28 x 28 x 1), one of a single dimension n samples of
// one number: labels of classes, where they are bytes.
// Throws Error(Fault::environment) naming `path`, before any memory is taken: no idx, extents that do not match the
// length of the data, no numbers at all.
Array parse_idx(std::string_view bytes, const std::string& path);

}  // namespace widenet
