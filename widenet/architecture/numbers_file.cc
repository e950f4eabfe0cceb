#include "widenet/architecture/numbers_file.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>

#include "widenet/base/error.h"

namespace widenet {
namespace {

// A length per feature, a matrix of an axis: more than this is another kind of file.
constexpr std::size_t largest_file = std::size_t{64} << 20U;

std::string content_of(const std::string& path, const char* what) {
  std::error_code none;
  std::ifstream in(path, std::ios::binary);
  if (!in || !std::filesystem::is_regular_file(path, none)) {
    fail_outside("{} cannot be read (no such file, or no right to it) give the path of an npy array", path);
  }
  const std::uintmax_t size = std::filesystem::file_size(path, none);
  if (none || size > largest_file) {
    fail_outside("{} is larger than {} bytes ({} wanted) give a smaller array", path, largest_file, what);
  }
  std::string content(static_cast<std::size_t>(size), '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!in) fail_outside("{} cannot be read to its end (the disk or the file changed) try again", path);
  return content;
}

// `bytes` (at most 8) of content from `begin` as a little-endian whole number.
std::uint64_t little_endian(const std::string& content, std::size_t begin, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t b = 0; b < bytes; ++b) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(content[begin + b])) << (8 * b);
  }
  return value;
}

// The extents in "'shape': (7,)" or "'shape': (2, 3)"; none for another number of dimensions, or one too large.
std::optional<std::vector<std::size_t>> shape_in(const std::string& header, std::size_t most_dimensions) {
  const std::string key = "'shape':";
  std::size_t at = header.find(key);
  if (at == std::string::npos) return std::nullopt;
  at += key.size();
  const auto skip = [&](char c) {
    while (at < header.size() && header[at] == ' ') ++at;
    return at < header.size() && header[at] == c && ++at > 0;
  };
  if (!skip('(')) return std::nullopt;
  std::vector<std::size_t> shape;
  while (!skip(')')) {
    std::size_t count = 0, digits = 0;
    for (; at < header.size() && header[at] >= '0' && header[at] <= '9' && digits < 9; ++at, ++digits) {
      count = 10 * count + static_cast<std::size_t>(header[at] - '0');
    }
    if (digits == 0) return std::nullopt;
    shape.push_back(count);
    // (7,) and (2, 3): only the last of several has no comma.
    if (!skip(',') && shape.size() == 1) return std::nullopt;
  }
  return !shape.empty() && shape.size() <= most_dimensions ? std::optional(shape) : std::nullopt;
}

// What the array should be, and how numpy writes it so.
struct Wanted {
  const char* one;   // what a small file holds
  const char* kind;  // as a problem
  const char* cure;
  std::size_t dimensions;
};

std::pair<std::vector<std::size_t>, std::vector<double>> read_array(const std::string& path, const Wanted& wanted) {
  const std::string content = content_of(path, wanted.one);
  // Magic, version, then the header's length in 2 (version 1) or 4 bytes.
  const bool magic = content.size() >= 12 && content.compare(0, 6, "\x93NUMPY") == 0;
  if (!magic) fail_outside("{} is no npy file (it does not begin with the npy mark) write it with numpy.save", path);
  const std::size_t field = content[6] == 1 ? 2 : 4, begin = 8 + field;
  const std::size_t header_size = little_endian(content, 8, field);
  if (header_size > content.size() - begin)
    fail_outside("{} ends within its header (a truncated file) write it again", path);
  const std::string header = content.substr(begin, header_size);
  const auto shape = shape_in(header, wanted.dimensions);
  const bool by_columns = shape && shape->size() > 1 && header.find("'fortran_order': False") == std::string::npos;
  if (header.find("'<f8'") == std::string::npos || !shape || by_columns) {
    fail_outside("{} holds {} ({}) write it with {}", path, header.substr(0, header.find_last_not_of(" \n") + 1),
                 wanted.kind, wanted.cure);
  }
  const std::size_t bytes = content.size() - begin - header_size;
  const std::size_t count = std::accumulate(shape->begin(), shape->end(), std::size_t{1}, std::multiplies<>());
  if (bytes != count * sizeof(double)) {
    fail_outside("{} has {} bytes of numbers (its header announces {} numbers of 8) write it again", path, bytes,
                 count);
  }
  std::vector<double> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = little_endian(content, begin + header_size + 8 * i, 8);
    std::memcpy(&numbers[i], &bits, sizeof(double));
  }
  return {*shape, std::move(numbers)};
}

}  // namespace

std::vector<double> read_lengths(const std::string& path) {
  return read_array(path, {"one length per feature is", "lengths are one dimension of '<f8'",
                           "numpy.save(name, x.astype('<f8').ravel())", 1})
      .second;
}

std::pair<std::vector<std::size_t>, std::vector<double>> read_constant(const std::string& path) {
  return read_array(path, {"a matrix for one axis is", "a constant is a vector or a matrix of '<f8', row by row",
                           "numpy.save(name, numpy.ascontiguousarray(x, '<f8'))", 2});
}

}  // namespace widenet
