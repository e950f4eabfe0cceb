#include "widenet/data/scaling.h"
#include "widenet/data/whitening.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/data/fixture.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

// Plain and in long double: the oracle.
struct Reference {
  double mean, deviation;
};
Reference reference(const std::vector<double>& x) {
  long double sum = 0, squares = 0;
  for (const double v : x) sum += static_cast<long double>(v);
  const long double mean = sum / static_cast<long double>(x.size());
  for (const double v : x) squares += (static_cast<long double>(v) - mean) * (static_cast<long double>(v) - mean);
  return {static_cast<double>(mean), static_cast<double>(sqrtl(squares / static_cast<long double>(x.size())))};
}

Matrix<double> matrix(std::size_t rows, std::size_t cols, const std::vector<double>& values) {
  Matrix<double> m(rows, cols);
  std::copy(values.begin(), values.end(), m.data());
  return m;
}

double entry(std::size_t k) { return std::sin(static_cast<double>(k) * 12.9898) * 43758.5453 + 1000; }

Matrix<double> random_matrix(std::size_t rows, std::size_t cols) {
  Matrix<double> m(rows, cols);
  for (std::size_t k = 0; k < m.size(); ++k) m.data()[k] = entry(k);
  return m;
}

TEST(Scaling, StandardTakesMeanAndPopulationDeviationOfEachColumn) {
  for (const std::size_t rows : {1u, 2u, 3u, 101u}) {
    const Matrix<double> x = random_matrix(rows, 7);
    const Scaling scaling = learn_scaling(ScaleMode::standard, x);
    const Matrix<double> z = scale_inputs(scaling, x);
    for (std::size_t j = 0; j < 7; ++j) {
      std::vector<double> column, scaled;
      for (std::size_t i = 0; i < rows; ++i) {
        column.push_back(x(i, j));
        scaled.push_back(z(i, j));
      }
      const Reference r = reference(column);
      const double wanted = r.deviation > 0 ? r.deviation : 1.0;
      const auto n = static_cast<double>(rows);
      EXPECT_NEAR(scaling.means[j], r.mean, 8 * eps * 1e5);
      EXPECT_NEAR(scaling.scales[j], wanted, 8 * n * eps * 1e5);
      const Reference after = reference(scaled);
      EXPECT_NEAR(after.mean, 0, 8 * n * eps);
      EXPECT_NEAR(after.deviation, rows > 1 ? 1 : 0, 8 * n * eps);
    }
  }
}

TEST(Scaling, AConstantColumnIsDividedByOne) {
  // 0.1 summed three times and divided by three is not 0.1: the deviation must still be seen to be 0.
  const Matrix<double> x = matrix(3, 2, {0.1, 1, 0.1, 2, 0.1, 3});
  const Scaling scaling = learn_scaling(ScaleMode::standard, x);
  EXPECT_EQ(scaling.means[0], 0.1);
  EXPECT_EQ(scaling.scales[0], 1.0);
  const Matrix<double> z = scale_inputs(scaling, matrix(1, 2, {0.6, 2}));
  EXPECT_EQ(z(0, 0), 0.5);
  EXPECT_EQ(z(0, 1), 0.0);
}

// Standardising per channel is standardising the one column of all positions of that channel.
TEST(Scaling, ChannelsShareTheirPositions) {
  const Matrix<double> x = random_matrix(5, 12);
  Matrix<double> pixels(20, 3);
  std::copy_n(x.data(), 60, pixels.data());
  const Scaling by_channel = learn_scaling(ScaleMode::channels, x, {}, 3);
  const Scaling by_column = learn_scaling(ScaleMode::standard, pixels);
  EXPECT_EQ(by_channel.means, by_column.means);
  EXPECT_EQ(by_channel.scales, by_column.scales);
  const Matrix<double> a = scale_inputs(by_channel, x), b = scale_inputs(by_column, pixels);
  for (std::size_t k = 0; k < 60; ++k) EXPECT_EQ(a.data()[k], b.data()[k]);
  // Every feature of a vector is a channel.
  EXPECT_EQ(learn_scaling(ScaleMode::channels, x).means, learn_scaling(ScaleMode::standard, x).means);
  EXPECT_MESSAGE(learn_scaling(ScaleMode::channels, x, {}, 5), "5 channels of samples of 12 numbers");
}

TEST(Scaling, ZcaWhitensNormalisedRows) {
  const Matrix<double> x = random_matrix(9, 4);
  const Scaling scaling = learn_scaling(Scale(ScaleMode::zca, 0.5), x, random_matrix(9, 1));
  const Matrix<double> rows = scale_inputs(learn_scaling(ScaleMode::normalise, x), x);
  const Matrix<double> expected = whitened(rows, learn_whitening(rows, 0.5)), z = scale_inputs(scaling, x);
  for (std::size_t k = 0; k < z.size(); ++k) EXPECT_EQ(z.data()[k], expected.data()[k]);
  EXPECT_EQ(scaling.target_scales.size(), 1u);
  EXPECT_EQ(scaling_bytes(scaling.scale, 4), scaling.whitening.size() * sizeof(double));
  EXPECT_GE(learn_scaling_bytes(scaling.scale, 4), scaling_bytes(scaling.scale, 4));
  EXPECT_EQ(learn_scaling_bytes(ScaleMode::standard, 4), 0u);
}

TEST(Scaling, HasAWordThatReadsBack) {
  for (const Scale scale : {Scale(ScaleMode::standard), Scale(ScaleMode::channels), Scale(ScaleMode::normalise),
                            Scale(ScaleMode::none), Scale(ScaleMode::zca, 0.3072)})
    EXPECT_EQ(parse_scale(to_string(scale)), scale);
  EXPECT_EQ(to_string(Scale(ScaleMode::zca, 0.3072)), "zca:0.3072");
  EXPECT_MESSAGE(parse_scale("zca"), "unknown scaling 'zca' (there are standard, channels, normalise, zca:R and none)");
  for (const char* word : {"zca:", "zca:0", "zca:-1", "zca:inf", "zca:x"})
    EXPECT_MESSAGE(parse_scale(word), "whitens with no regularisation (zca:R adds R mean eigenvalues");
}

TEST(Scaling, NormaliseGivesEachRowMeanZeroAndVarianceOne) {
  const Matrix<double> x = random_matrix(5, 13);
  const Matrix<double> z = scale_inputs(learn_scaling(ScaleMode::normalise, x), x);
  for (std::size_t i = 0; i < 5; ++i) {
    const Reference r = reference({z.row(i).begin(), z.row(i).end()});
    EXPECT_NEAR(r.mean, 0, 100 * eps);
    EXPECT_NEAR(r.deviation, 1, 100 * eps);
  }
  const Matrix<double> constant = matrix(2, 3, {0.1, 0.1, 0.1, 0, 0, 0});
  const Matrix<double> zero = scale_inputs(learn_scaling(ScaleMode::normalise, constant), constant);
  for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(zero.data()[k], 0.0);
  const Matrix<double> single = matrix(2, 1, {5, 7});
  EXPECT_EQ(scale_inputs(learn_scaling(ScaleMode::normalise, single), single)(1, 0), 0.0);
}

TEST(Scaling, ExtremeNumbersNeitherOverflowNorVanish) {
  for (const double unit : {1e-300, 1e-150, 1e150, 1e300}) {
    const Matrix<double> x = matrix(3, 1, {1 * unit, 2 * unit, 3 * unit});
    const Scaling scaling = learn_scaling(ScaleMode::standard, x);
    EXPECT_NEAR(scaling.scales[0] / unit, std::sqrt(2.0 / 3.0), 8 * eps);
    EXPECT_NEAR(scale_inputs(scaling, x)(2, 0), std::sqrt(1.5), 16 * eps);
    const Matrix<double> row = matrix(1, 3, {1 * unit, 2 * unit, 3 * unit});
    EXPECT_NEAR(scale_inputs(learn_scaling(ScaleMode::normalise, row), row)(0, 2), std::sqrt(1.5), 16 * eps);
  }
}

TEST(Scaling, ScalingByAPowerOfTwoChangesNoBit) {
  const Matrix<double> x = random_matrix(50, 3);
  Matrix<double> large = x;
  for (std::size_t k = 0; k < large.size(); ++k) large.data()[k] = std::ldexp(large.data()[k], 900);
  const Matrix<double> a = scale_inputs(learn_scaling(ScaleMode::standard, x), x);
  const Matrix<double> b = scale_inputs(learn_scaling(ScaleMode::standard, large), large);
  for (std::size_t k = 0; k < a.size(); ++k) EXPECT_EQ(a.data()[k], b.data()[k]);
}

TEST(Scaling, NoneLeavesRowsAndTargetsAlone) {
  const Matrix<double> x = random_matrix(4, 2), y = random_matrix(4, 1);
  const Scaling scaling = learn_scaling(ScaleMode::none, x, y);
  const Matrix<double> z = scale_inputs(scaling, x), t = scale_targets(scaling, y);
  for (std::size_t k = 0; k < 8; ++k) EXPECT_EQ(z.data()[k], x.data()[k]);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(t.data()[k], y.data()[k]);
}

TEST(Scaling, TargetsComeBackInTheirOwnUnit) {
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::normalise}) {
    const Matrix<double> x = random_matrix(11, 3);
    const Matrix<double> y = random_matrix(11, 2);
    const Scaling scaling = learn_scaling(mode, x, y);
    Matrix<double> z = scale_targets(scaling, y);
    unscale_means(scaling, z);
    for (std::size_t k = 0; k < z.size(); ++k) EXPECT_NEAR(z.data()[k], y.data()[k], 4 * eps * 1e5);
    Matrix<double> deviation(1, 2, 1.0);
    unscale_deviations(scaling, deviation);
    EXPECT_EQ(deviation(0, 1), scaling.target_scales[1]);
  }
  // Classification: nothing to scale, whatever the number of columns.
  const Scaling scaling = learn_scaling(ScaleMode::standard, random_matrix(3, 2));
  Matrix<double> scores(3, 5, 2.0);
  unscale_means(scaling, scores);
  unscale_deviations(scaling, scores);
  EXPECT_EQ(scores(2, 4), 2.0);
}

TEST(Scaling, IsTheSameForAnyNumberOfThreads) {
  const Matrix<double> x = random_matrix(97, 31);
  set_thread_count(1);
  const nlohmann::json one = learn_scaling(ScaleMode::standard, x, random_matrix(97, 1));
  for (const std::size_t threads : {2u, 7u}) {
    set_thread_count(threads);
    EXPECT_EQ(one.dump(), nlohmann::json(learn_scaling(ScaleMode::standard, x, random_matrix(97, 1))).dump());
  }
  set_thread_count(0);
}

TEST(Scaling, ViewsMayHaveRowsApart) {
  const Matrix<double> x = random_matrix(9, 6);
  const MatrixView<const double> part = x.view().block({0, 9}, {2, 5});
  const Matrix<double> copied = copy<double>(part);
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::normalise}) {
    const Matrix<double> a = scale_inputs(learn_scaling(mode, part), part);
    const Matrix<double> b = scale_inputs(learn_scaling(mode, copied), copied);
    for (std::size_t k = 0; k < a.size(); ++k) EXPECT_EQ(a.data()[k], b.data()[k]);
  }
}

TEST(Scaling, RefusesMisuse) {
  const Matrix<double> x = random_matrix(3, 2);
  EXPECT_MESSAGE(learn_scaling(ScaleMode::standard, Matrix<double>(0, 2)), "no rows to learn a scale from");
  EXPECT_MESSAGE(learn_scaling(ScaleMode::standard, x, Matrix<double>(2, 1)), "2 rows of targets for 3 rows of inputs");
  Matrix<double> bad = x;
  bad(1, 1) = std::nan("");
  EXPECT_MESSAGE(learn_scaling(ScaleMode::standard, bad), "the inputs hold nan in row 2, column 2");
  EXPECT_MESSAGE(learn_scaling(ScaleMode::standard, x, bad), "the targets hold nan in row 2, column 2");
  const Scaling scaling = learn_scaling(ScaleMode::standard, x, x);
  EXPECT_MESSAGE(scale_inputs(scaling, random_matrix(1, 3)),
                 "the inputs have 3 columns (the scaling was learned from 2)");
  EXPECT_MESSAGE(scale_targets(scaling, random_matrix(1, 3)), "the targets have 3 columns");
  Matrix<double> predicted(1, 3);
  EXPECT_MESSAGE(unscale_means(scaling, predicted), "the predictions have 3 columns");
  EXPECT_MESSAGE(unscale_deviations(scaling, predicted), "the predictions have 3 columns");
  EXPECT_MESSAGE(parse_scale("minmax"),
                 "unknown scaling 'minmax' (there are standard, channels, normalise, zca:R and none)");
  EXPECT_EQ(parse_scale("normalise"), Scale(ScaleMode::normalise));
}

RC_GTEST_PROP(Scaling, SurvivesJsonBitByBit, (const std::vector<double>& values)) {
  Scaling scaling;
  scaling.scale = ScaleMode::standard;
  for (const double v : values)
    if (std::isfinite(v)) {
      scaling.means.push_back(v);
      scaling.scales.push_back(std::abs(v) > 0 ? std::abs(v) : 1.0);
    }
  scaling.features = scaling.means.size();
  const auto back = nlohmann::json::parse(nlohmann::json(scaling).dump()).get<Scaling>();
  RC_ASSERT(back.means == scaling.means);
  RC_ASSERT(back.scales == scaling.scales);
  RC_ASSERT(back.features == scaling.features);
}

TEST(Scaling, RefusesDamagedJson) {
  const Scaling scaling = learn_scaling(ScaleMode::standard, random_matrix(3, 2), random_matrix(3, 1));
  const nlohmann::json good = scaling;
  const auto message = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    return testing::message_of([&] { bad.get<Scaling>(); });
  };
  EXPECT_EQ(message("/mode", "standard"), "");
  EXPECT_EQ(message("/mode", "minmax"), "the model's scaling is damaged (its mode is unknown) save the model again");
  EXPECT_NE(message("/mode", 3).find("the model's scaling is damaged (["), std::string::npos);
  EXPECT_NE(message("/means", {1.0}).find("(its means and scales are not one per feature)"), std::string::npos);
  EXPECT_NE(message("/features", 3).find("(its means and scales are not one per feature)"), std::string::npos);
  EXPECT_NE(message("/target_means", nlohmann::json::array()).find("differ in number)"), std::string::npos);
  EXPECT_NE(message("/scales/0", 0.0).find("(a scale is not positive)"), std::string::npos);
  EXPECT_NE(message("/scales/0", nullptr).find("is damaged"), std::string::npos);
  EXPECT_MESSAGE(nlohmann::json::object().get<Scaling>(), "the model's scaling is damaged");
  Scaling infinite = scaling;
  infinite.means[0] = std::numeric_limits<double>::infinity();
  EXPECT_MESSAGE(nlohmann::json{infinite}, "the scaling holds inf (a model holds finite numbers)");
}

}  // namespace
}  // namespace widenet
