// What one layer makes of a shape, and how it refuses one that it cannot read.
#pragma once

#include <cstddef>
#include <vector>

#include "widenet/architecture/print.h"
#include "widenet/architecture/shape.h"

namespace widenet {

// More values than these are not counted: above 2^53 a float64 is no count.
constexpr std::size_t most_values = std::size_t{1} << 53U;

// The shape behind a layer without brackets that check_layer() has passed.
Shape shape_behind(const Who& who, const Shape& got);

// The shape behind the branches that end in these, at least one; 0 channels go with any number.
Shape shape_behind(const Who& who, const std::vector<Shape>& ends);

}  // namespace widenet
