// Kernels as a person reads them.
#pragma once

#include <cstddef>
#include <string>

#include "widenet/architecture/kernel.h"

namespace widenet::app {

// Lengths that a report shows; --json has them all.
inline constexpr std::size_t longest_list = 20;

// to_text(), but of a list of more than `longest` lengths only the first ones: "gaussian([0.5, 12, ... 28 more])".
std::string short_text(const Kernel& kernel, std::size_t longest);

}  // namespace widenet::app
