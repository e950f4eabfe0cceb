// How the library computes the kernel of a network, in words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "widenet/architecture/describe.h"
#include "widenet/architecture/kernel.h"

namespace widenet::app {

struct NetworkPlan {
  std::string text;                // "ntk[dense relu dense]"
  std::vector<LayerInfo> layers;
  std::vector<std::string> path;   // what is computed and which fast path is taken, one sentence each
  double operations = 0;           // floating-point operations per entry after the input product
  std::size_t product = 0;         // and of the product itself: 2 d, 0 where d is not known
};

// Of a network whose limit is `limit`; throws Error(usage) as validate() does.
NetworkPlan plan_of(const Network& network, Limit limit, std::size_t features);

// Of a closed-form kernel: what is computed, one sentence each.
std::vector<std::string> path_of(const ClosedKernel& kernel);

}  // namespace widenet::app
