// The random order that published splits were drawn with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace widenet::lab {

// numpy.random.RandomState(seed).permutation(n), n below 2^32: Fisher-Yates from the last place down, a place below
// i + 1 drawn from the generator MT19937 by masking to the next power of two and drawing again while above i.
std::vector<std::size_t> legacy_permutation(std::size_t n, std::uint32_t seed);

}  // namespace widenet::lab
