// Numbers as they lie in the bytes of a file.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace widenet {

// Kinds of numbers that files hold.
enum class NumberType { boolean, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64 };

inline std::size_t size_of(NumberType type) {
  constexpr std::array<std::size_t, 11> sizes = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return sizes[static_cast<std::size_t>(type)];
}

// The T at `bytes`, stored in the given byte order. Needs sizeof(T) bytes there.
template <class T>
T load(const char* bytes, std::endian order) {
  std::array<char, sizeof(T)> raw{};
  std::copy_n(bytes, sizeof(T), raw.begin());
  if (order != std::endian::native) std::reverse(raw.begin(), raw.end());
  T value;
  std::memcpy(&value, raw.data(), sizeof(T));
  return value;
}

// Calls visit with a value of the C++ type that `type` means, as in std::visit.
template <class Visitor>
decltype(auto) visit_type(NumberType type, Visitor&& visit) {
  switch (type) {
    case NumberType::int8:
      return visit(std::int8_t{});
    case NumberType::int16:
      return visit(std::int16_t{});
    case NumberType::uint16:
      return visit(std::uint16_t{});
    case NumberType::int32:
      return visit(std::int32_t{});
    case NumberType::uint32:
      return visit(std::uint32_t{});
    case NumberType::int64:
      return visit(std::int64_t{});
    case NumberType::uint64:
      return visit(std::uint64_t{});
    case NumberType::float32:
      return visit(float{});
    case NumberType::float64:
      return visit(double{});
    case NumberType::boolean:
    case NumberType::uint8:
      break;
  }
  return visit(std::uint8_t{});
}

}  // namespace widenet
