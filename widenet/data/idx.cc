#include "widenet/data/idx.h"

#include <optional>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/bytes.h"

namespace widenet {
namespace {

std::optional<NumberType> number_type(char code) {
  switch (code) {
    case 0x08:
      return NumberType::uint8;
    case 0x09:
      return NumberType::int8;
    case 0x0B:
      return NumberType::int16;
    case 0x0C:
      return NumberType::int32;
    case 0x0D:
      return NumberType::float32;
    case 0x0E:
      return NumberType::float64;
    default:
      return {};
  }
}

std::string shown_shape(const std::vector<std::size_t>& shape) {
  std::string out;
  for (const std::size_t extent : shape) out += fmt::format("{}{}", out.empty() ? "" : " x ", extent);
  return out;
}

}  // namespace

bool is_idx(std::string_view bytes) {
  return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && number_type(bytes[2]) && bytes[3] >= 1;
}

Array parse_idx(std::string_view bytes, const std::string& path) {
  if (!is_idx(bytes))
    fail_outside(
        "'{}' is no idx file (it does not begin with 0, 0, a type from 8 to 14, the dimensions) check the path", path);
  const NumberType type = *number_type(bytes[2]);
  const auto dimensions = static_cast<std::size_t>(static_cast<unsigned char>(bytes[3]));
  const std::size_t begin = 4 + 4 * dimensions;
  if (bytes.size() < begin)
    fail_outside("'{}' is truncated (it ends after {} bytes, inside its idx header) get the file again", path,
                 bytes.size());
  std::vector<std::size_t> shape(dimensions);
  for (std::size_t k = 0; k < dimensions; ++k)
    shape[k] = load<std::uint32_t>(bytes.data() + 4 + 4 * k, std::endian::big);
  const auto count = product(shape);
  if (count == std::size_t{0})
    fail_outside("'{}' holds no numbers (its extents are {}) name a file with data", path, shown_shape(shape));
  std::size_t wanted = 0;
  if (!count || __builtin_mul_overflow(*count, size_of(type), &wanted) || wanted != bytes.size() - begin)
    fail_outside(
        "'{}' is truncated or damaged (its extents {} of {}-byte numbers do not match its {} bytes of data) get "
        "the file again",
        path, shown_shape(shape), size_of(type), bytes.size() - begin);

  Array array;
  array.provenance = {path, FileFormat::idx, shape.front()};
  array.sample_shape.assign(shape.begin() + 1, shape.end());
  if (dimensions == 1) array.sample_shape = {1};
  if (dimensions == 3) array.sample_shape.push_back(1);
  array.classes = dimensions == 1 && type == NumberType::uint8;
  array.values = Matrix<double>::uninitialized(shape.front(), *count / shape.front());
  visit_type(type, [&](auto kind) {
    using Number = decltype(kind);
    const std::size_t cols = array.values.cols();
    parallel_for(array.values.rows(), [&](std::size_t i, std::size_t) {
      for (std::size_t j = 0; j < cols; ++j)
        array.values(i, j) =
            static_cast<double>(load<Number>(bytes.data() + begin + (i * cols + j) * sizeof(Number), std::endian::big));
    });
  });
  return array;
}

}  // namespace widenet
