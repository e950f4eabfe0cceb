// Single layers as text.
#pragma once

#include <string>

#include "widenet/architecture/layer.h"

namespace widenet {

// A layer as it stands in a network, and the same without its brackets: "repeat(3)[dense relu]" and "repeat(3)".
std::string to_text(const Layer& layer);
std::string head_text(const Layer& layer);

// Whom a message speaks of: "layer 2 (dense(64))", or the layer's text alone where it has no number.
struct Who {
  std::string number;
  const Layer& layer;
  std::string operator()() const;
};

}  // namespace widenet
