#include "lab/image_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tests/data/fixture.h"
#include "tests/lab/data.h"
#include "tests/solve/problems.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet::lab {
namespace {

using testing::contains;
using testing::Folder;
using testing::message_of;

// Images whose class is the colour of a noisy square.
std::string colourful(std::size_t count, std::size_t first) {
  std::string out;
  for (std::size_t i = first; i < first + count; ++i) {
    const std::size_t label = i % 10;
    out += static_cast<char>(label);
    for (std::size_t k = 0; k < 3072; ++k) {
      const double wave = std::sin(static_cast<double>(k % 1024) * (1 + static_cast<double>(label)) / 30);
      const double noise = std::sin(static_cast<double>((i * 3072 + k) * 7919 % 100'003));
      out += static_cast<char>(static_cast<int>(128 + 60 * wave + 20 * noise));
    }
  }
  return out;
}

class ImageExperiments : public ::testing::Test {
 protected:
  void SetUp() override {
    folder.write("cifar10/train.bin", colourful(60, 0));
    folder.write("cifar10/test_batch.bin", colourful(30, 60));
  }
  Outcome run(const ImageOptions& options) const {
    return run_experiment("cifar10-cntk", folder.path(""), folder.path("out"), {}, options);
  }
  Folder folder;
};

TEST_F(ImageExperiments, RunOnFewerImages) {
  const Outcome outcome = run({.train = 60, .test = 30, .only = "cntk(3, pool", .store = folder.path("store")});
  ASSERT_EQ(outcome.json.size(), 1u);
  EXPECT_EQ(outcome.json[0]["network"], "cntk(3, pool=flatten)");
  EXPECT_EQ(outcome.json[0]["test"], 30);
  EXPECT_TRUE(outcome.passed()) << outcome.text;
  EXPECT_TRUE(contains(outcome.checks.at(0).what, "beyond guessing"));
  EXPECT_EQ(outcome.files.size(), 1u);
  // From the store, the same.
  EXPECT_EQ(run({.train = 60, .test = 30, .only = "cntk(3, pool", .store = folder.path("store")}).json[0]["accuracy"],
            outcome.json[0]["accuracy"]);
  const std::string text = outcome_text(find_experiment("cifar10-cntk"), outcome);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (!text.substr(begin).starts_with("wrote ")) {
      EXPECT_LE(end - begin, 80u) << text.substr(begin, end - begin);
    }
    begin = end + 1;
  }
}

TEST_F(ImageExperiments, RefuseWhatThereIsNot) {
  EXPECT_MESSAGE(run({}), "train.bin holds 60 images (the first 2000 are wanted) get the file again");
  EXPECT_MESSAGE(run({.train = 2001, .test = {}, .only = {}, .store = {}}), "--train 2001 (the experiment has 2000");
  EXPECT_MESSAGE(run({.train = 1, .test = 0, .only = {}, .store = {}}), "--test 0 (the experiment has 2000 images)");
  EXPECT_MESSAGE(run({.train = 1, .test = 1, .only = "resnet", .store = {}}),
                 "no network of the experiment holds 'resnet' (they are cntk(3, pool=flatten); ");
  std::filesystem::remove(folder.path("cifar10/test_batch.bin"));
  EXPECT_MESSAGE(run({.train = 1, .test = 1, .only = {}, .store = {}}), "none of the files test.bin, test_batch.bin");
  EXPECT_MESSAGE(run_experiment("uci90", folder.path(""), "", {}, {.train = 1, .test = {}, .only = {}, .store = {}}),
                 "uci90 takes no --train, --test, --only or --store");
}

// The same regression by plain loops.
TEST(ImageKernels, RegressionIsTheSolutionOfTheSystem) {
  ImageSet set;
  set.shape = {{4, 4}, 2};
  const std::size_t n = 12, m = 7;
  set.train = copy<float>(testing_problems::random_matrix(n, 32, 1).view());
  set.test = copy<float>(testing_problems::random_matrix(m, 32, 2).view());
  for (std::size_t i = 0; i < n; ++i) set.train_labels.push_back(i % 3);
  for (std::size_t i = 0; i < m; ++i) set.test_labels.push_back(i % 3);
  set.classes = 3;
  const Kernel kernel = parse_kernel("ntk[cntk(3)]");
  const ImageScore score = kernel_regression(kernel, set, m, Context{"", "", {}, {}});
  const Matrix<float> k = materialize(*kernel_gram<float>(kernel, set.shape, set.train.view()));
  const Matrix<float> across = materialize(*kernel_gram<float>(kernel, set.shape, set.test.view(), set.train.view()));
  Matrix<double> K(n, n), y(n, 3);
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i) {
    trace += static_cast<double>(k(i, i));
    for (std::size_t j = 0; j < n; ++j) K(i, j) = static_cast<double>(k(i, j));
    for (std::size_t c = 0; c < 3; ++c) y(i, c) = (c == i % 3 ? 1.0 : 0.0) - 1.0 / 3;
  }
  EXPECT_EQ(score.ridge, n * 0x1p-24);
  const Matrix<double> alpha = testing_problems::plain_solve(K, trace * 0x1p-24, y);
  double right = 0;
  for (std::size_t i = 0; i < m; ++i) {
    double best[3] = {};
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t j = 0; j < n; ++j) best[c] += static_cast<double>(across(i, j)) * alpha(j, c);
    right += std::max_element(best, best + 3) - best == static_cast<std::ptrdiff_t>(i % 3) ? 1 : 0;
  }
  EXPECT_NEAR(score.accuracy, right / static_cast<double>(m), 1e-15);
}

TEST(ImageKernels, MnistIsPaddedAndBothNetworksRun) {
  const std::string data = test_data();
  if (data.empty() || !std::filesystem::exists(data + "/mnist")) GTEST_SKIP() << "skipped: no data";
  const auto accuracy = [&](std::size_t train, std::size_t test, const char* only) {
    const Outcome outcome = run_experiment("mnist-myrtle", data, "", {}, {train, test, only, ""});
    EXPECT_EQ(outcome.json.size(), 1u);
    return outcome.json.at(0).at("accuracy").get<double>();
  };
  EXPECT_GT(accuracy(500, 100, "dense"), 0.75);
  EXPECT_GE(accuracy(3, 2, "myrtle5"), 0);
}

}  // namespace
}  // namespace widenet::lab
