// Fingerprints of bytes and numbers: to notice damage and to tell data apart, not to withstand an attacker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "widenet/base/matrix.h"

namespace widenet {

// CRC-32 (ISO 3309, as zlib computes it) of bytes that come in pieces.
class Checksum {
 public:
  void add(const void* bytes, std::size_t size);
  std::uint32_t value() const { return value_; }

 private:
  std::uint32_t value_ = 0;
};

// 64 bits that tell matrices apart: h = random_bits(h, word) over rows, columns and the bits of every number, row by
// row. One GB/s.
std::uint64_t hash_of(MatrixView<const double> values);
std::uint64_t hash_of(MatrixView<const float> values);
std::uint64_t hash_of(const void* bytes, std::size_t size);

}  // namespace widenet
