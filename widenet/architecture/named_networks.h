// Networks of the literature that a word stands for.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "widenet/architecture/words.h"

namespace widenet {

// A word that stands for layers: they take its place as soon as it is read, and its text is that of the layers.
struct NamedNetwork : Signature {
  Network (*expand)(const std::vector<Value>& values) = nullptr;  // one per parameter, inside its domain
};

// myrtle5, myrtle7, myrtle10 (Shankar et al. 2020, "Neural kernels without tangents"); cntk(depth, pool=gap or flatten)
// (Arora et al. 2019, "On exact computation with an infinitely wide neural net"); wide_resnet(n) (Zagoruyko and
// Komodakis 2016, as in neural-tangents).
std::span<const NamedNetwork> named_networks();

// Null where there is none of the name.
const NamedNetwork* find_named_network(std::string_view name);

}  // namespace widenet
