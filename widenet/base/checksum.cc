#include "widenet/base/checksum.h"

#include <zlib.h>

#include <bit>

#include "widenet/base/random.h"

namespace widenet {
namespace {

template <class Word, class T>
std::uint64_t hash_numbers(MatrixView<const T> values) {
  std::uint64_t hash = random_bits(values.rows(), values.cols());
  for (std::size_t i = 0; i < values.rows(); ++i)
    for (const T number : values.row(i)) hash = random_bits(hash, std::bit_cast<Word>(number));
  return hash;
}

}  // namespace

void Checksum::add(const void* bytes, std::size_t size) {
  constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
  const auto* from = static_cast<const Bytef*>(bytes);
  for (std::size_t at = 0; at < size; at += most)
    value_ = static_cast<std::uint32_t>(crc32(value_, from + at, static_cast<uInt>(std::min(size - at, most))));
}

std::uint64_t hash_of(MatrixView<const double> values) { return hash_numbers<std::uint64_t>(values); }
std::uint64_t hash_of(MatrixView<const float> values) { return hash_numbers<std::uint32_t>(values); }

std::uint64_t hash_of(const void* bytes, std::size_t size) {
  std::uint64_t hash = random_bits(size, 0);
  for (std::size_t k = 0; k < size; ++k) hash = random_bits(hash, static_cast<const unsigned char*>(bytes)[k]);
  return hash;
}

}  // namespace widenet
