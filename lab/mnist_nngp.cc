// Lee et al. 2018: Gaussian process regression with the kernel of an infinitely wide ReLU network on MNIST.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "lab/experiments.h"
#include "lab/report.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/data/read.h"
#include "widenet/data/scaling.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/cholesky.h"

namespace widenet::lab {
namespace {

constexpr std::size_t first_image = 10'000, digits = 10, test_block = 1000;
constexpr double noise = 1e-10;

struct Setting {
  std::size_t samples = 0, depth = 0;
  double weight_variance = 0, bias_variance = 0;
  double expected = 0;  // accuracy measured elsewhere by this protocol
  double published = 0;
};

constexpr Setting settings[] = {{1'000, 20, 1.45, 0.28, 0.9250, 0.9279}, {10'000, 7, 0.61, 0.07, 0.9761, 0.9765}};

struct Images {
  Matrix<double> pixels;  // every image at mean 0 and variance 1
  std::vector<std::size_t> labels;
};

Images read_images(const std::filesystem::path& folder, const std::string& part) {
  const Array pixels = read_array((folder / (part + "-images-idx3-ubyte.gz")).string());
  const Array labels = read_array((folder / (part + "-labels-idx1-ubyte.gz")).string());
  if (labels.values.rows() != pixels.values.rows())
    fail_outside("{}: {} images and {} labels of '{}' (each image has one) get the files again", folder.string(),
                 pixels.values.rows(), labels.values.rows(), part);
  Images images{scale_inputs(learn_scaling(ScaleMode::normalise, pixels.values.view()), pixels.values.view()), {}};
  for (std::size_t i = 0; i < labels.values.rows(); ++i)
    images.labels.push_back(static_cast<std::size_t>(labels.values(i, 0)));
  return images;
}

// The first samples / 10 images of each digit from first_image on, in the order of the file.
std::vector<std::size_t> balanced_rows(const std::vector<std::size_t>& labels, std::size_t samples) {
  std::vector<std::size_t> rows, taken(digits);
  for (std::size_t i = first_image; i < labels.size(); ++i)
    if (taken.at(labels[i])++ < samples / digits) rows.push_back(i);
  if (rows.size() != samples)
    fail_outside(
        "the MNIST training file holds {} of the {} wanted images from image {} on (a tenth of each digit) get "
        "the file again",
        rows.size(), samples, first_image);
  return rows;
}

Kernel network_kernel(const Setting& setting) {
  Dense dense;
  dense.weight_std = std::sqrt(setting.weight_variance);
  dense.bias_std = std::sqrt(setting.bias_variance);
  Network body, network;
  body.layers = {dense, Activation{"relu", {}}};
  network.layers = {Repeat{setting.depth, {body}}, dense};
  return {NetworkKernel{Limit::nngp, network}};
}

// The coefficients of the training rows, or a failure that says why there are none.
Matrix<double> coefficients(const Kernel& kernel, MatrixView<const double> x, std::span<const std::size_t> labels,
                            const Progress& progress) {
  Matrix<double> y(labels.size(), digits, -1.0 / digits);
  for (std::size_t i = 0; i < labels.size(); ++i) y(i, labels[i]) += 1;
  CholeskyResult solved = cholesky(materialize_half(*kernel_gram<double>(kernel, x), progress), noise, progress);
  if (!solved) fail_outside("{}", solved.failure->message);
  solved.factor->solve_in_place(y.view());
  return y;
}

double accuracy(const Kernel& kernel, const Matrix<double>& x, const Matrix<double>& alpha, const Images& test) {
  double wrong = 0;
  const std::size_t n = test.pixels.rows();
  for (std::size_t begin = 0; begin < n; begin += test_block) {
    const Range block{begin, std::min(n, begin + test_block)};
    const Matrix<double> k = materialize(*kernel_gram<double>(kernel, test.pixels.view().rows(block), x.view()));
    Matrix<double> scores(block.size(), digits);
    blas::gemm(blas::Transpose::no, blas::Transpose::no, 1, k.view(), alpha.view(), 0, scores.view());
    wrong += misclassified(largest_per_row(scores.view()), std::span(test.labels).subspan(block.begin, block.size())) *
             static_cast<double>(block.size());
  }
  return 1 - wrong / static_cast<double>(n);
}

Outcome run(const Context& context) {
  const auto folder = std::filesystem::path(context.data) / "mnist";
  const Images train = read_images(folder, "train"), test = read_images(folder, "t10k");
  Outcome outcome;
  TextTable table({"n", "depth", "weight var", "bias var", "accuracy", "reference", "published", "seconds"});
  std::vector<Column> columns{numeric_column("n", {}), numeric_column("depth", {}), numeric_column("accuracy", {}),
                              numeric_column("reference", {}), numeric_column("seconds", {})};
  outcome.json = nlohmann::json::array();
  for (const Setting& setting : settings) {
    const auto start = std::chrono::steady_clock::now();
    const std::vector<std::size_t> rows = balanced_rows(train.labels, setting.samples);
    const Matrix<double> x = take_rows(train.pixels, rows);
    std::vector<std::size_t> labels;
    for (const std::size_t i : rows) labels.push_back(train.labels[i]);
    const Kernel kernel = network_kernel(setting);
    const double found = accuracy(kernel, x, coefficients(kernel, x.view(), labels, context.progress), test);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    table.add({fmt::format("{}", setting.samples), fmt::format("{}", setting.depth),
               fmt::format("{}", setting.weight_variance), fmt::format("{}", setting.bias_variance),
               fmt::format("{:.4f}", found), fmt::format("{:.4f}", setting.expected),
               fmt::format("{:.4f}", setting.published), fmt::format("{:.1f}", seconds)});
    outcome.checks.push_back({fmt::format("accuracy at n = {}", setting.samples), found, setting.expected, 0.002});
    outcome.json.push_back(
        {{"n", setting.samples}, {"accuracy", found}, {"seconds", seconds}, {"kernel", to_text(kernel)}});
    const double values[] = {static_cast<double>(setting.samples), static_cast<double>(setting.depth), found,
                             setting.expected, seconds};
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c].numbers.push_back(values[c]);
  }
  outcome.text = table.text();
  write_result(context, "mnist-nngp.csv", columns, outcome);
  return outcome;
}

}  // namespace

Experiment mnist_nngp() {
  return {
      "mnist-nngp",
      "Exact GP regression with the NNGP kernel of a deep ReLU network classifies MNIST: trained on the first n / 10 "
      "images of each digit from image 10,000 on, each image at mean 0 and variance 1, noise 1e-10, one-hot targets "
      "less 1/10, all 10,000 test images. Passes when the accuracy is within 0.002 of 0.9250 (n = 1000, 20 hidden "
      "layers, weight variance 1.45, bias variance 0.28) and of 0.9761 (n = 10,000, 7, 0.61, 0.07).",
      "Lee et al. 2018, Deep neural networks as Gaussian processes (arXiv 1711.00165), table 2; 0.9279 and 0.9765",
      "1 to 2 minutes on two cores, 2 GB", run};
}

}  // namespace widenet::lab
