// The header of numpy's npy format, versions 1.0 to 3.0 (NEP 1).
#pragma once

#include <bit>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "widenet/data/bytes.h"

namespace widenet {

struct NpyHeader {
  NumberType type = NumberType::float64;
  std::endian order = std::endian::little;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::size_t data_begin = 0;  // of the numbers, in bytes from the beginning of the file
};

// Whether the bytes begin as npy files do.
bool is_npy(std::string_view bytes);

// Reads the header that begins the bytes; nothing is taken for granted about them.
// Throws Error(Fault::environment) naming `path`: no npy, a damaged or truncated header, a type that is no real number.
NpyHeader parse_npy_header(std::string_view bytes, const std::string& path);

// The header, version 1.0, of a little-endian C-order array; type as numpy writes it: "<f8", "<f4".
std::string format_npy_header(std::string_view type, std::span<const std::size_t> shape);

}  // namespace widenet
