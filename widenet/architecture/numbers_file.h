// Numbers of an expression that stand in an npy file.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace widenet {

// The numbers of a one-dimensional npy array of little-endian float64, in order. Throws Error(environment) that names
// the file, what was found and what is wanted.
std::vector<double> read_lengths(const std::string& path);

// The same of an array of one or two dimensions, row-major, with its shape.
std::pair<std::vector<std::size_t>, std::vector<double>> read_constant(const std::string& path);

}  // namespace widenet
