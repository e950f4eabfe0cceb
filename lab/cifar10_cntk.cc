// Arora et al. 2019: convolutional neural tangent kernels on 2000 images of CIFAR-10.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "lab/experiments.h"
#include "lab/image_kernels.h"
#include "lab/report.h"
#include "widenet/base/error.h"
#include "widenet/data/cifar.h"
#include "widenet/data/file.h"
#include "widenet/data/scaling.h"

namespace widenet::lab {
namespace {

constexpr std::size_t images = 2000, record = 3073;
constexpr double tolerance = 0.03;

struct Setting {
  std::string network;
  std::size_t tests = images;
  double published = 0;  // table 1, 2000 training images
};
const Setting settings[] = {{"cntk(3, pool=flatten)", images, 0.4094},
                            {"cntk(4, pool=flatten)", images, 0.4254},
                            {"cntk(6, pool=flatten)", images, 0.4343},
                            {"cntk(3)", images, 0.4971},
                            {"cntk(4)", images, 0.5106},
                            {"cntk(6)", 500, 0.5173}};

// The first images of the first of these files that there is.
LabelledImages first_images(const std::filesystem::path& folder, std::initializer_list<const char*> names,
                            std::size_t count) {
  for (const char* name : names) {
    const std::string path = (folder / name).string();
    if (!std::filesystem::exists(path)) continue;
    const std::string bytes = read_file(path);
    if (bytes.size() < count * record)
      fail_outside("{} holds {} images (the first {} are wanted) get the file again", path, bytes.size() / record,
                   count);
    return parse_cifar(std::string_view(bytes).substr(0, count * record), path);
  }
  fail_outside("{}: none of the files {} (CIFAR-10 in binary form) put them there", folder.string(),
               fmt::join(names, ", "));
}

std::vector<std::size_t> classes_of(const LabelledImages& read) {
  return {read.labels.numbers.begin(), read.labels.numbers.end()};
}

// Every channel at mean 0 and variance 1 over the training images.
ImageSet read_images(const Context& context) {
  const auto folder = std::filesystem::path(context.data) / "cifar10";
  const std::size_t n = fewer(context.images.train, images, "--train"),
                    m = fewer(context.images.test, images, "--test");
  const LabelledImages train = first_images(folder, {"train.bin", "data_batch_1.bin"}, n);
  const LabelledImages test = first_images(folder, {"test.bin", "test_batch.bin"}, m);
  ImageSet set;
  set.shape = shape_of(train.images.sample_shape);
  const MatrixView<const double> x = train.images.values.view(), z = test.images.values.view();
  const Scaling scaling = learn_scaling(ScaleMode::channels, x, {}, set.shape.channels);
  set.train = copy<float>(scale_inputs(scaling, x).view());
  set.test = copy<float>(scale_inputs(scaling, z).view());
  set.train_labels = classes_of(train);
  set.test_labels = classes_of(test);
  return set;
}

Outcome run(const Context& context) {
  std::vector<std::string> names;
  for (const Setting& setting : settings) names.push_back(setting.network);
  const std::vector<std::string> networks = chosen(names, context);
  const ImageSet set = read_images(context);
  const bool whole = set.train.rows() == images && set.test.rows() == images;
  Outcome outcome;
  outcome.json = nlohmann::json::array();
  TextTable table({"network", "train", "test", "accuracy", "published", "ridge", "seconds"});
  std::vector<Column> columns{text_column("network", {}), numeric_column("train", {}), numeric_column("test", {}),
                              numeric_column("accuracy", {}), numeric_column("published", {})};
  for (const Setting& setting : settings) {
    if (std::find(networks.begin(), networks.end(), setting.network) == networks.end()) continue;
    const std::size_t tests = std::min(setting.tests, set.test.rows());
    const ImageScore score = kernel_regression(parse_kernel("ntk[" + setting.network + "]"), set, tests, context);
    table.add({setting.network, fmt::format("{}", set.train.rows()), fmt::format("{}", tests),
               fmt::format("{:.4f}", score.accuracy), fmt::format("{:.4f}", setting.published),
               fmt::format("{:.1e}", score.ridge), fmt::format("{:.1f}", score.seconds)});
    if (whole)
      outcome.checks.push_back({"accuracy of " + setting.network, score.accuracy, setting.published, tolerance});
    else
      outcome.checks.push_back(beats_guessing(setting.network, score, tests, set.classes));
    outcome.json.push_back({{"network", setting.network},
                            {"train", set.train.rows()},
                            {"test", tests},
                            {"accuracy", score.accuracy},
                            {"published", setting.published},
                            {"relative_ridge", score.ridge},
                            {"seconds", score.seconds}});
    columns[0].texts.emplace_back(setting.network);
    const double numbers[] = {static_cast<double>(set.train.rows()), static_cast<double>(tests), score.accuracy,
                              setting.published};
    for (std::size_t c = 0; c < std::size(numbers); ++c) columns[c + 1].numbers.push_back(numbers[c]);
  }
  outcome.text = table.text();
  write_result(context, "cifar10-cntk.csv", columns, outcome);
  return outcome;
}

}  // namespace

Experiment cifar10_cntk() {
  return {
      "cifar10-cntk",
      "Regression with the exact kernels of infinitely wide convolutional networks of depths 3, 4 and 6, flattened "
      "and with global average pooling: the first 2000 training images of CIFAR-10, standardised per channel, "
      "one-hot targets less 1/10, no ridge beyond the rounding of float32, the first 2000 test images (500 for depth "
      "6 with pooling). Passes when every accuracy is within 0.03 of the published one (2000 random images, all "
      "10,000 test images); with --train or --test, when it is three standard deviations above guessing.",
      "Arora et al. 2019, On exact computation with an infinitely wide neural net (arXiv 1904.11955), table 1, "
      "columns CNTK-V-2K and CNTK-GAP-2K",
      "flattened (--only flatten) minutes on two cores, pooled many hours: give --store",
      run,
      true};
}

}  // namespace widenet::lab
