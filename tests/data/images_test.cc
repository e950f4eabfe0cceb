#include "widenet/data/images.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"

namespace widenet {
namespace {

Dataset images_of(std::size_t n, std::vector<std::size_t> shape) {
  Dataset data;
  data.sample_shape = std::move(shape);
  std::size_t numbers = 1;
  for (const std::size_t extent : data.sample_shape) numbers *= extent;
  data.inputs = Matrix<double>(n, numbers);
  for (std::size_t k = 0; k < data.inputs.size(); ++k) data.inputs.data()[k] = static_cast<double>(k);
  data.target = Target{Task::classification, {}, std::vector<std::size_t>(n), {"a", "b"}};
  for (std::size_t i = 0; i < n; ++i) data.target->classes[i] = i % 2;
  return data;
}

TEST(MirrorImages, ExchangeLeftAndRightAndKeepChannelsTogether) {
  for (const std::size_t width : {1u, 2u, 3u, 6u})
    for (const std::size_t channels : {1u, 3u}) {
      const std::size_t height = 4, n = 3;
      const Dataset data = images_of(n, {height, width, channels}), twice = with_mirror_images(data);
      ASSERT_EQ(twice.inputs.rows(), 2 * n);
      EXPECT_EQ(twice.sample_shape, data.sample_shape);
      EXPECT_EQ(twice.target->classes, (std::vector<std::size_t>{0, 1, 0, 0, 1, 0}));
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t row = 0; row < height; ++row)
          for (std::size_t col = 0; col < width; ++col)
            for (std::size_t c = 0; c < channels; ++c) {
              const auto at = [&](std::size_t column) { return (row * width + column) * channels + c; };
              EXPECT_EQ(twice.inputs(i, at(col)), data.inputs(i, at(col)));
              EXPECT_EQ(twice.inputs(n + i, at(col)), data.inputs(i, at(width - 1 - col)));
            }
    }
}

TEST(MirrorImages, AreOfImagesAlone) {
  EXPECT_MESSAGE(with_mirror_images(images_of(2, {8, 3})),
                 "mirror images are wanted of samples of the shape 8x3 (an image has height, width and channels)");
  EXPECT_MESSAGE(with_mirror_images(images_of(2, {8})), "of the shape 8 ");
}

}  // namespace
}  // namespace widenet
