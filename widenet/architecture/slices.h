// Slices of arrays in numpy's notation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "widenet/architecture/layer.h"

namespace widenet {

// "[:, 1:6:2, -1]" as slices; none where the text is none: no brackets, an axis left empty, a step of 0, a number
// outside the range of long.
std::optional<std::vector<Slice>> parse_slices(std::string_view text);

std::string to_text(const std::vector<Slice>& slices);

// The positions that a slice leaves of an axis of `size` > 0, as numpy counts them; none for a single one outside.
std::optional<std::size_t> size_after(const Slice& slice, std::size_t size);

}  // namespace widenet
