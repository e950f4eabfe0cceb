#include "lab/image_kernels.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "lab/stored_gram.h"
#include "widenet/base/checksum.h"
#include "widenet/base/error.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/cholesky.h"

namespace widenet::lab {

namespace {

// K + ridge I solved for one-hot targets minus 1 / classes.
Matrix<double> coefficients(const Matrix<float>& k, double ridge, const ImageSet& images, const Kernel& kernel,
                            const Progress& progress) {
  const std::size_t n = k.rows();
  SymmetricTiles half(n);
  for (std::size_t i = 0; i < half.tiles(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const MatrixView<double> tile = half.tile(i, j);
      for (std::size_t r = 0; r < tile.rows(); ++r)
        for (std::size_t c = 0; c < tile.cols(); ++c)
          tile(r, c) = static_cast<double>(k(half.range(i).begin + r, half.range(j).begin + c));
    }
  const CholeskyResult solved = cholesky(std::move(half), ridge, progress);
  if (!solved) fail_outside("{}: {}", to_text(kernel), solved.failure->message);
  Matrix<double> alpha(n, images.classes, -1 / static_cast<double>(images.classes));
  for (std::size_t i = 0; i < n; ++i) alpha(i, images.train_labels[i]) += 1;
  solved.factor->solve_in_place(alpha.view());
  return alpha;
}

double mean_diagonal(const Matrix<float>& k) {
  double trace = 0;
  for (std::size_t i = 0; i < k.rows(); ++i) trace += static_cast<double>(k(i, i));
  return trace / static_cast<double>(k.rows());
}

}  // namespace

ImageScore kernel_regression(const Kernel& kernel, const ImageSet& images, std::size_t tests, const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = to_text(kernel);
  const std::size_t n = images.train.rows();
  const MatrixView<const float> x = images.train.view(), z = images.test.view().rows({0, tests});
  const auto gram_of = [&](const std::unique_ptr<Gram<float>>& gram, Facts samples) {
    samples.insert(samples.begin(), {"kernel", text});
    return stored_gram(*gram, samples, context.images.store, text, context.progress);
  };
  const Fact training{"training images", fmt::format("hash {:016x}", hash_of(x))},
      testing{"test images", fmt::format("hash {:016x}", hash_of(z))};
  const Matrix<float> k = gram_of(kernel_gram<float>(kernel, images.shape, x), {training});
  ImageScore score;
  score.ridge = static_cast<double>(n) * 0x1p-24;
  const Matrix<double> alpha = coefficients(k, score.ridge * mean_diagonal(k), images, kernel, context.progress);
  const Matrix<float> across = gram_of(kernel_gram<float>(kernel, images.shape, z, x), {testing, training});
  Matrix<double> scores(tests, images.classes);
  for (std::size_t i = 0; i < tests; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t c = 0; c < images.classes; ++c) scores(i, c) += static_cast<double>(across(i, j)) * alpha(j, c);
  score.accuracy = 1 - misclassified(largest_per_row(scores.view()), std::span(images.test_labels).first(tests));
  score.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return score;
}

std::size_t fewer(const std::optional<std::size_t>& wanted, std::size_t images, const std::string& option) {
  if (!wanted) return images;
  if (*wanted == 0 || *wanted > images)
    fail("{} {} (the experiment has {} images) give from 1 to as many", option, *wanted, images);
  return *wanted;
}

std::vector<std::string> chosen(const std::vector<std::string>& networks, const Context& context) {
  std::vector<std::string> out;
  for (const std::string& network : networks)
    if (network.find(context.images.only) != std::string::npos) out.push_back(network);
  if (out.empty())
    fail("no network of the experiment holds '{}' (they are {}) give a part of one of these", context.images.only,
         fmt::join(networks, "; "));
  return out;
}

Check beats_guessing(const std::string& what, const ImageScore& score, std::size_t tests, std::size_t classes) {
  const double guess = 1 / static_cast<double>(classes);
  return {what + " beyond guessing", score.accuracy,
          guess + 3 * std::sqrt(guess * (1 - guess) / static_cast<double>(tests)), 0, Wanted::at_least};
}

}  // namespace widenet::lab
