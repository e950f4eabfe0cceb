// Single layers as text.
#pragma once

#include <string>

#include "widenet/architecture/layer.h"

namespace widenet {

// A layer as it stands in a network, and the same without its brackets: "repeat(3)[dense relu]" and "repeat(3)".
std::string to_text(const Layer& layer);
std::string head_text(const Layer& layer);

}  // namespace widenet
