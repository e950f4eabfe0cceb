// Shankar et al. 2020: the compositional kernel Myrtle5 on 2000 images of MNIST.
#include <fmt/format.h>

#include <filesystem>

#include "lab/experiments.h"
#include "lab/image_kernels.h"
#include "lab/report.h"
#include "widenet/base/error.h"
#include "widenet/data/read.h"

namespace widenet::lab {
namespace {

constexpr std::size_t images = 2000, side = 28, padded = 32, margin = (padded - side) / 2;
const char* const myrtle = "myrtle5";
const char* const dense = "repeat(4)[dense(weight_std=sqrt(2)) relu] dense(weight_std=sqrt(2))";

// The first images, from 0 to 1, in the middle of 32 x 32 zeros.
Matrix<float> padded_images(const std::filesystem::path& folder, const std::string& part, std::size_t count) {
  const Array pixels = read_array((folder / (part + "-images-idx3-ubyte.gz")).string());
  if (pixels.values.cols() != side * side || pixels.values.rows() < count)
    fail_outside("{}: {} images of {} numbers of '{}' (the first {} of 28 x 28 are wanted) get the files again",
                 folder.string(), pixels.values.rows(), pixels.values.cols(), part, count);
  Matrix<float> out(count, padded * padded);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t row = 0; row < side; ++row)
      for (std::size_t col = 0; col < side; ++col)
        out(i, (row + margin) * padded + col + margin) = static_cast<float>(pixels.values(i, row * side + col) / 255);
  return out;
}

std::vector<std::size_t> first_labels(const std::filesystem::path& folder, const std::string& part, std::size_t count) {
  const Array labels = read_array((folder / (part + "-labels-idx1-ubyte.gz")).string());
  if (labels.values.rows() < count)
    fail_outside("{}: {} labels of '{}' (the first {} are wanted) get the files again", folder.string(),
                 labels.values.rows(), part, count);
  std::vector<std::size_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::size_t>(labels.values(i, 0));
  return out;
}

Outcome run(const Context& context) {
  const std::vector<std::string> networks = chosen({myrtle, dense}, context);
  const auto folder = std::filesystem::path(context.data) / "mnist";
  const std::size_t n = fewer(context.images.train, images, "--train"),
                    m = fewer(context.images.test, images, "--test");
  const ImageSet set{padded_images(folder, "train", n),
                     padded_images(folder, "t10k", m),
                     first_labels(folder, "train", n),
                     first_labels(folder, "t10k", m),
                     10,
                     Shape{{padded, padded}, 1}};
  Outcome outcome;
  outcome.json = nlohmann::json::array();
  TextTable table({"network", "train", "test", "accuracy", "ridge", "seconds"});
  std::vector<Column> columns{text_column("network", {}), numeric_column("train", {}), numeric_column("test", {}),
                              numeric_column("accuracy", {})};
  std::vector<double> accuracies;
  for (const std::string& network : networks) {
    const ImageScore score = kernel_regression(parse_kernel("nngp[" + network + "]"), set, m, context);
    accuracies.push_back(score.accuracy);
    table.add({shortened(network, 20), fmt::format("{}", n), fmt::format("{}", m),
               fmt::format("{:.4f}", score.accuracy), fmt::format("{:.1e}", score.ridge),
               fmt::format("{:.1f}", score.seconds)});
    outcome.json.push_back({{"network", network},
                            {"train", n},
                            {"test", m},
                            {"accuracy", score.accuracy},
                            {"relative_ridge", score.ridge},
                            {"seconds", score.seconds}});
    columns[0].texts.emplace_back(network);
    const double numbers[] = {static_cast<double>(n), static_cast<double>(m), score.accuracy};
    for (std::size_t c = 0; c < std::size(numbers); ++c) columns[c + 1].numbers.push_back(numbers[c]);
    if (n < images || m < images || networks.size() == 1)
      outcome.checks.push_back(beats_guessing(shortened(network, 20), score, m, set.classes));
  }
  if (outcome.checks.empty())
    outcome.checks.push_back(
        {"accuracy of myrtle5 less that of dense layers", accuracies[0] - accuracies[1], 0.01, 0, Wanted::at_least});
  outcome.text = table.text();
  write_result(context, "mnist-myrtle.csv", columns, outcome);
  return outcome;
}

}  // namespace

Experiment mnist_myrtle() {
  return {
      "mnist-myrtle",
      "Regression with the NNGP kernel of the convolutional network myrtle5 on MNIST, padded with zeros to 32 x 32, "
      "pixels from 0 to 1: the first 2000 training images, one-hot targets less 1/10, no ridge beyond the rounding "
      "of float32, the first 2000 test images. Passes when it is right on 1 of 100 images more than a network of "
      "five dense layers; with --train, --test or --only, when it is three standard deviations above guessing.",
      "Shankar et al. 2020, Neural kernels without tangents (arXiv 2003.02237), where myrtle5 on all 60,000 images "
      "errs on fewer than 1 of 100",
      "two hours on two cores: give --store",
      run,
      true};
}

}  // namespace widenet::lab
