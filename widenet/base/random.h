// Random numbers by counter and key: the same seed gives the same numbers for any thread count or order of calls.
#pragma once

#include <cstdint>

namespace widenet {

// 64 random bits for (seed, counter): two rounds of the finaliser of SplitMix64 (Steele, Lea & Flood 2014).
inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) {
  const auto mix = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  };
  return mix(mix(seed + 0x9e3779b97f4a7c15ull) + (counter + 1) * 0x9e3779b97f4a7c15ull);
}

// Uniform in [0, bound) up to a bias of bound / 2^32; bound below 2^32.
inline std::uint64_t random_below(std::uint64_t bound, std::uint64_t seed, std::uint64_t counter) {
  return ((random_bits(seed, counter) >> 32) * bound) >> 32;
}

}  // namespace widenet
