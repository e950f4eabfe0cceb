// Length scales from a file.
#pragma once

#include <string>
#include <vector>

namespace widenet {

// The numbers of a one-dimensional npy array of little-endian float64, in order. Throws Error(environment) that names
// the file, what was found and what is wanted.
std::vector<double> read_lengths(const std::string& path);

}  // namespace widenet
