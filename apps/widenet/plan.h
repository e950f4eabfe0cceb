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
  // follows is one map, whose operations are not counted. 0: there is no way to compute it here.
  std::size_t per_feature = 2;
  std::optional<double> operations;
};

// Of a network whose limit is `limit`, of samples with these extents, channels last (none: not known). A network that
// does not read positions takes the sample as one vector. Throws Error(usage) as validate() does.
KernelPlan plan_of(const Network& network, Limit limit, const std::vector<std::size_t>& extents);

KernelPlan plan_of(const ClosedKernel& kernel);

// The values of a sample: its extents multiplied.
std::size_t values_of(const std::vector<std::size_t>& extents);

}  // namespace widenet::app
