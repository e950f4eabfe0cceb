// The plan of a network, layer by layer, for a person to read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "widenet/architecture/kernel.h"

namespace widenet {

// One row. A repeat is a row with its body's rows below it, one level deeper, in the state of the last round; a join
// is a row with its branches' rows below it.
struct LayerInfo {
  std::string number;                // 2; 2.1 is the first layer inside repeat 2, 3.2.1 the first of branch 2 of join 3
  std::string text;                  // without brackets: "dense(64)", "repeat(3)", "sum"
  std::size_t depth = 0;             // of brackets around it
  std::size_t count = 1;             // how often it is applied, all repeats around it (and its own) multiplied
  std::optional<std::size_t> width;  // channels after it, where known
  bool gaussian = false;             // whether these are Gaussian in the limit
  std::vector<std::size_t> positions = {};
  bool operator==(const LayerInfo&) const = default;
};

// The rows of a valid network; throws like validate() for another. features = 0, no channels: not known yet.
std::vector<LayerInfo> describe(const Network& network, const Shape& shape);
std::vector<LayerInfo> describe(const Network& network, std::size_t features);

}  // namespace widenet
