#include "widenet/data/images.h"

#include <algorithm>

#include "widenet/base/error.h"

namespace widenet {

Dataset with_mirror_images(const Dataset& data) {
  const std::vector<std::size_t>& shape = data.sample_shape;
  if (shape.size() < 3)
    fail(
        "mirror images are wanted of samples of the shape {} (an image has height, width and channels) give arrays of "
        "images, or the shape of a row",
        fmt::join(shape, "x"));
  const std::size_t n = data.inputs.rows(), channels = shape.back(), width = shape[shape.size() - 2];
  std::vector<std::size_t> twice(2 * n);
  for (std::size_t i = 0; i < 2 * n; ++i) twice[i] = i % n;
  Dataset out = take_rows(data, twice);
  for (std::size_t i = n; i < 2 * n; ++i) {
    const std::span<double> image = out.inputs.row(i);
    for (std::size_t line = 0; line < image.size(); line += width * channels)
      for (std::size_t left = 0, right = width; left + 1 < right--; ++left)
        std::swap_ranges(image.begin() + static_cast<std::ptrdiff_t>(line + left * channels),
                         image.begin() + static_cast<std::ptrdiff_t>(line + (left + 1) * channels),
                         image.begin() + static_cast<std::ptrdiff_t>(line + right * channels));
  }
  return out;
}

}  // namespace widenet
