// Kernel regression of images without a ridge, as the papers on convolutional kernels measure it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.h"
#include "widenet/architecture/kernel.h"
#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"

namespace widenet::lab {

struct ImageSet {
  Matrix<float> train, test;  // scaled, a row per image
  std::vector<std::size_t> train_labels, test_labels;
  std::size_t classes = 10;
  Shape shape;
};

struct ImageScore {
  double accuracy = 0;  // of the test images
  double ridge = 0;     // relative to the mean diagonal
  double seconds = 0;
};

// The kernel in float32; targets one-hot minus 1 / classes; as ridge only what rounding may take from an eigenvalue, n
// roundings of float32 of the mean diagonal; `tests` of the test images. Grams are kept in context.images.store.
// Throws Error(environment) where the matrix with that ridge is not positive definite.
ImageScore kernel_regression(const Kernel& kernel, const ImageSet& images, std::size_t tests, const Context& context);

// The number of images: that of the experiment, or fewer where so many are wanted. Throws Error(usage) for 0 or for
// more.
std::size_t fewer(const std::optional<std::size_t>& wanted, std::size_t images, const std::string& option);

// Those of an experiment's networks whose text holds context.images.only. Throws Error(usage) where none does.
std::vector<std::string> chosen(const std::vector<std::string>& networks, const Context& context);

// More right answers than guessing gives, by three standard deviations: what a run of fewer images can show.
Check beats_guessing(const std::string& what, const ImageScore& score, std::size_t tests, std::size_t classes);

}  // namespace widenet::lab
