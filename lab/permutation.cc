#include "lab/permutation.h"

#include <bit>
#include <numeric>
#include <random>
#include <utility>

namespace widenet::lab {

std::vector<std::size_t> legacy_permutation(std::size_t n, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = n; i-- > 1;) {
    const std::size_t mask = std::bit_ceil(i + 1) - 1;
    std::size_t place = generator() & mask;
    while (place > i) place = generator() & mask;
    std::swap(order[i], order[place]);
  }
  return order;
}

}  // namespace widenet::lab
