// The instruction sets that this processor and the build share.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <vector>

namespace widenet::testing_support {

// Calls body(target) with Highway restricted to each target in turn.
template <class Body>
void for_each_target(const Body& body) {
  std::int64_t left = hwy::SupportedTargets() & (HWY_AVX2 | HWY_AVX3);
  if (left == 0) left = hwy::SupportedTargets();
  for (; left != 0; left &= left - 1) {
    const std::int64_t target = left & ~(left - 1);
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    body(target);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace widenet::testing_support
