// How the library computes the kernel of a network, in words.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "widenet/architecture/describe.h"
#include "widenet/architecture/kernel.h"

namespace widenet::app {

struct KernelPlan {
  std::string text;               // "ntk[dense relu dense]"
  std::vector<LayerInfo> layers;  // of a network
  std::vector<std::string> path;  // what is computed and which fast path is taken, one sentence each
  // Floating-point operations per entry: so many for every number of a sample, and what follows. A closed form that
  // follows is one map, whose operations are not counted.
  std::size_t per_feature = 2;
  std::optional<double> operations;
};

// Of a network whose limit is `limit`; throws Error(usage) as validate() does.
KernelPlan plan_of(const Network& network, Limit limit, std::size_t features);

KernelPlan plan_of(const ClosedKernel& kernel);

}  // namespace widenet::app
