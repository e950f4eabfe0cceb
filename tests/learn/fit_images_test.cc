// Models of networks that read positions: the shape of a sample reaches the kernel, the file and the rows to predict.
#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/base/threads.h"
#include "widenet/data/array.h"
#include "widenet/data/images.h"
#include "widenet/infinite/position_kernel.h"
#include "widenet/learn/model_file.h"

namespace widenet {
namespace {

using namespace testing_learn;
using testing::Folder;

constexpr std::size_t height = 4, width = 3, channels = 2, numbers = height * width * channels;

Array images_of(std::size_t n, std::uint64_t seed) {
  Array images;
  images.values = testing_problems::random_matrix(n, numbers, seed);
  images.sample_shape = {height, width, channels};
  images.provenance = {"images.npy", FileFormat::npy, n};
  return images;
}
Table image_table(std::size_t n, std::uint64_t seed, Column target) {
  Table table = table_of(images_of(n, seed));
  target.name = "y";
  table.columns.push_back(std::move(target));
  return table;
}
Table image_table(std::size_t n, std::uint64_t seed) {
  return image_table(n, seed, numeric_column("y", some_targets(images_of(n, seed).values, seed)));
}
Table labelled_table(std::size_t n, std::uint64_t seed) {
  return image_table(n, seed, text_column("y", some_labels(images_of(n, seed).values, 3)));
}

// The last is computed pair by pair, the others by the fast engine.
const char* const networks[] = {"conv(3x3, padding=same) relu flatten dense",
                                "conv(2x2) relu conv(2x2) relu global_avg_pool dense",
                                "conv(3x3, padding=same) relu avg_pool(2x1) conv(2x2) relu flatten dense",
                                "conv(3x3, padding=same) relu attention relu flatten dense"};

Matrix<double> plain_network_gram(const std::string& network, const Matrix<double>& x, const Matrix<double>& z) {
  const PositionNetwork positions(parse_network(network), Shape{{height, width}, channels});
  return plain_gram(
      [&](auto a, auto b) { return positions.pair(positions.own({a}), positions.own({b})).tangent(0, 0); }, x, z);
}

TEST(FitImages, IsTheSolutionWithTheKernelOfTheNetwork) {
  const Table train = image_table(13, 1);
  const Matrix<double> x = images_of(13, 1).values, fresh = images_of(5, 2).values;
  const std::vector<double> target = train.columns.back().numbers;
  const Unit unit = unit_of(target);
  Matrix<double> y(13, 1);
  for (std::size_t i = 0; i < 13; ++i) y(i, 0) = (target[i] - unit.mean) / unit.deviation;
  for (const std::string network : networks) {
    const FitResult result = fit(train, given("ntk[" + network + "]", 0.1));
    const Matrix<double> scaled = plain_scale(ScaleMode::standard, x, x);
    const Matrix<double> z = plain_scale(ScaleMode::standard, x, fresh);
    const Matrix<double> K = plain_network_gram(network, scaled, scaled);
    std::vector<double> own;
    for (std::size_t i = 0; i < 5; ++i) own.push_back(plain_network_gram(network, z, z)(i, i));
    const PlainPrediction plain = plain_predict(K, 0.1, y, plain_network_gram(network, z, scaled), own);
    const Prediction p = predict(result.model, fresh, Deviation::latent, &*result.factor);
    // Both solve a system of that condition, from kernels that agree to some ten roundings.
    const double tolerance = 64 * eps * condition(K, 0.1);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR((p.mean(i, 0) - unit.mean) / unit.deviation, plain.mean(i, 0), tolerance) << network;
      EXPECT_NEAR(p.deviation(i, 0) * p.deviation(i, 0) / unit.deviation / unit.deviation, plain.variances[i],
                  tolerance)
          << network;
    }
  }
}

// The mirror images are training rows like any other.
TEST(FitImages, FlippedRowsAreFittedAsIfTheyHadBeenGiven) {
  const Table train = image_table(7, 1);
  Dataset plain;
  plain.inputs = images_of(7, 1).values;
  plain.sample_shape = {height, width, channels};
  plain.target = Target{Task::regression, Matrix<double>(7, 1), {}, {}};
  for (std::size_t i = 0; i < 7; ++i) plain.target->values(i, 0) = train.columns.back().numbers[i];
  const Dataset twice = with_mirror_images(plain);
  Array images = images_of(14, 1);
  images.values = twice.inputs;
  Table doubled = table_of(images);
  doubled.columns.push_back(numeric_column("y", {}));
  for (std::size_t i = 0; i < 14; ++i) doubled.columns.back().numbers.push_back(twice.target->values(i, 0));
  for (const Scale scale : {Scale(ScaleMode::standard), Scale(ScaleMode::channels), Scale(ScaleMode::zca, 0.1)}) {
    FitOptions options = given(std::string("ntk[") + networks[0] + "]", 0.1);
    options.scale = scale;
    const FitResult expected = fit(doubled, options);
    options.flip = true;
    const FitResult found = fit(train, options);
    const Matrix<double> fresh = images_of(5, 2).values;
    EXPECT_TRUE(same_bits(predict(found.model, fresh).mean, predict(expected.model, fresh).mean));
    EXPECT_EQ(found.model.metrics.at("train").rows, 14u);
    EXPECT_FALSE(found.model.metrics.contains("loo"));
    EXPECT_EQ(found.model.notes.back(), "every image stands beside its mirror image: 14 rows.");
  }
}

// A row that is left out must not be learned from its mirror image: ridge and sharpness are those of the given rows.
TEST(FitImages, ChoicesAreMadeOnTheGivenRows) {
  const Table train = labelled_table(19, 3);
  FitOptions options = given(std::string("ntk[") + networks[0] + "]", 0.1);
  options.ridge.reset();
  // A scale that is learned from no row, so that both fits see the same numbers.
  options.scale = ScaleMode::normalise;
  const FitResult plain = fit(train, options);
  options.flip = true;
  const FitResult flipped = fit(train, options);
  EXPECT_EQ(flipped.model.ridge, plain.model.ridge);
  EXPECT_EQ(flipped.selection.rows, 19u);
  // The same leave-one-out predictions, by another path.
  EXPECT_NEAR(flipped.model.sharpness, plain.model.sharpness, 2e-3 * plain.model.sharpness);
  options.solver = Solver::svm;
  const FitResult machine = fit(train, options);
  options.flip = false;
  EXPECT_EQ(machine.model.ridge, fit(train, options).model.ridge);
  EXPECT_EQ(machine.model.svm->labels.size(), 38u);
  options = given(std::string("ntk[") + networks[0] + "]", 0.1);
  options.flip = true;
  EXPECT_EQ(cross_validate(train, options, 3).rows, 19u);
}

TEST(FitImages, OnlyImagesAreFlipped) {
  FitOptions options = given("gaussian", 0.1);
  options.flip = true;
  EXPECT_MESSAGE(fit(with_target(images_of(3, 1).values, {1, 2, 3}), options), "mirror images are wanted of samples");
}

TEST(FitImages, AreStandardisedPerChannelUnlessToldOtherwise) {
  FitOptions options = given(std::string("ntk[") + networks[0] + "]", 0.1);
  options.scale.reset();
  EXPECT_EQ(fit(image_table(7, 1), options).model.scaling.means.size(), channels);
  options.kernel = parse_kernel("0.5*gaussian + 2*ntk[dense relu dense]");
  EXPECT_EQ(fit(image_table(7, 1), options).model.scaling.means.size(), numbers);
}

TEST(FitImages, TheWhiteningIsInTheModelFile) {
  const Folder folder;
  for (const bool svm : {false, true}) {
    FitOptions options = given(std::string("ntk[") + networks[0] + "]", 0.1);
    options.scale = Scale(ScaleMode::zca, 0.1);
    options.solver = svm ? Solver::svm : Solver::cholesky;
    const Model model = fit(labelled_table(19, 3), options).model;
    save_model(model, folder.path("m.model"));
    const Model loaded = load_model(folder.path("m.model"));
    EXPECT_TRUE(same_bits(loaded.scaling.whitening, model.scaling.whitening));
    EXPECT_EQ(loaded.scaling.scale, model.scaling.scale);
    const Matrix<double> fresh = images_of(5, 2).values;
    EXPECT_EQ(predict(model, fresh).labels, predict(loaded, fresh).labels);
    EXPECT_TRUE(same_bits(predict(model, fresh).probabilities, predict(loaded, fresh).probabilities));
    Model damaged = model;
    damaged.scaling.whitening = Matrix<double>(2, 2);
    save_model(damaged, folder.path("damaged.model"));
    EXPECT_MESSAGE(load_model(folder.path("damaged.model")), "the whitening of its inputs does not match their number");
  }
}

TEST(FitImages, EverySolverAndChoiceReadsTheShape) {
  const Table train = labelled_table(19, 3);
  for (const std::string network : networks)
    for (const bool svm : {false, true})
      for (const bool chosen : {false, true}) {
        FitOptions options = given("nngp[" + network + "]", 0.5);
        if (chosen) options.ridge.reset();
        options.solver = svm ? Solver::svm : Solver::cholesky;
        const FitResult result = fit(train, options);
        ASSERT_FALSE(result.failure) << *result.failure;
        EXPECT_EQ(predict(result.model, images_of(4, 5).values).labels.size(), 4u) << network;
      }
}

TEST(FitImages, ThreadsChangeNothing) {
  const Table train = image_table(13, 1);
  for (const std::string network : networks) {
    std::vector<Matrix<double>> means;
    for (const std::size_t threads : {1u, 7u}) {
      set_thread_count(threads);
      means.push_back(predict(fit(train, given("ntk[" + network + "]", 0.1)).model, images_of(9, 2).values).mean);
    }
    set_thread_count(0);
    EXPECT_TRUE(same_bits(means[0], means[1])) << network;
  }
}

TEST(FitImages, ReportsItsProgressToTheEnd) {
  const Table train = image_table(13, 1);
  FitOptions options = given(std::string("ntk[") + networks[0] + "]", 0.1);
  double done = 0, total = 0;
  options.progress = [&](const ProgressEvent& event) {
    if (event.what != "kernel matrix") return;
    done = event.done;
    total = event.total;
  };
  const Model model = fit(train, options).model;
  EXPECT_EQ(done, total);
  EXPECT_GE(total, 13.0 * 14 / 2);
  done = 0;
  predict(model, images_of(9, 2).values, Deviation::none, nullptr, [&](const ProgressEvent& event) {
    EXPECT_GT(event.done, done);
    done = event.done;
    EXPECT_EQ(event.total, 9 * 13);
  });
  EXPECT_EQ(done, 9 * 13);
}

TEST(FitImages, TheShapeIsInTheModelFile) {
  const Folder folder;
  const Model model = fit(image_table(13, 1), given(std::string("ntk[") + networks[0] + "]", 0.1)).model;
  save_model(model, folder.path("m.model"));
  const Model loaded = load_model(folder.path("m.model"));
  EXPECT_EQ(loaded.sample_shape(), (Shape{{height, width}, channels}));
  const Matrix<double> fresh = images_of(5, 2).values;
  EXPECT_TRUE(same_bits(predict(model, fresh).mean, predict(loaded, fresh).mean));
  EXPECT_EQ(model_format_version(folder.path("m.model")), 2u);
}

TEST(FitImages, SamplesOfAnotherShapeAreRefused) {
  const Model model = fit(image_table(13, 1), given(std::string("ntk[") + networks[0] + "]", 0.1)).model;
  const auto code = [&](std::vector<std::size_t> shape) {
    Table table = table_of(images_of(2, 7));
    table.sample_shape = std::move(shape);
    return code_table(model.coding, table, WithTarget::no).data.inputs.cols();
  };
  EXPECT_EQ(code({height, width, channels}), numbers);
  EXPECT_EQ(code({numbers}), numbers);  // rows of a csv
  EXPECT_MESSAGE(code({width, height, channels}),
                 "images.npy: samples of the shape 3x4x2 (the model was trained on samples of 4x3x2) give samples of "
                 "that shape");
  EXPECT_MESSAGE(code({height * width, channels}), "samples of the shape 12x2");
}

TEST(FitImages, GreyImagesMayLeaveTheirChannelOut) {
  Table train = image_table(7, 1);
  train.sample_shape = {height, width * channels, 1};
  const Model model = fit(train, given("ntk[conv(3x3, padding=same) relu flatten dense]", 0.1)).model;
  Table fresh = table_of(images_of(2, 7));
  fresh.sample_shape = {height, width * channels};
  EXPECT_EQ(code_table(model.coding, fresh, WithTarget::no).data.inputs.cols(), numbers);
}

TEST(FitImages, ANetworkThatDoesNotFitTheShapeIsRefused) {
  EXPECT_MESSAGE(fit(image_table(7, 1), given("ntk[conv(3x3x3) relu flatten dense]", 0.1)), "got the shape 4x3x2");
  const Table rows = with_target(images_of(7, 1).values, std::vector<double>{1, 2, 3, 4, 5, 6, 7});
  EXPECT_MESSAGE(fit(rows, given("ntk[conv(3x3) relu flatten dense]", 0.1)), "got the shape 24");
}

TEST(FitImages, TheMemoryIsThatOfTheEngine) {
  const auto bytes = [](const std::string& network, std::size_t side) {
    return fit_bytes(given("ntk[" + network + "]", 0.1), 10, Shape{{side, side}, 1}, 1);
  };
  // The plain interpreter holds the covariances of all pairs of positions of every sample.
  const std::string attention = "conv(3x3, padding=same) relu attention relu flatten dense";
  EXPECT_GE(bytes(attention, 16), 10 * sizeof(double) * 256 * 256);
  EXPECT_LT(bytes(networks[0], 16), bytes(attention, 16));
  FitOptions options = given("gaussian", 0.1);
  const std::size_t plain = fit_bytes(options, 1000, Shape{{16, 16}, 3}, 1);
  options.scale = Scale(ScaleMode::zca, 0.1);
  EXPECT_GE(fit_bytes(options, 1000, Shape{{16, 16}, 3}, 1), plain + 768 * 768 * sizeof(double));
  options.scale.reset();
  options.flip = true;
  EXPECT_GE(fit_bytes(options, 1000, Shape{{16, 16}, 3}, 1), plain + 3 * 1000 * 1000 / 2 * sizeof(double));
}

}  // namespace
}  // namespace widenet
