// Exact Gaussian processes of 13,500 to 15,642 rows with published hyper-parameters, in units of the standardised
// target.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/data/npy.h"
#include "widenet/data/uci.h"

namespace widenet {
namespace {

using namespace testing_learn;

struct HyperParameters {
  double noise = 0, signal = 0;  // standard deviations
  std::vector<double> lengths;
};

HyperParameters hyper_parameters(const std::string& set) {
  std::ifstream file(std::string(WIDENET_SOURCE_DIR) + "/tests/golden/gp_hparams.csv");
  for (std::string line; std::getline(file, line);) {
    std::stringstream fields(line);
    std::string name, split, noise, signal, lengths;
    for (std::string* field : {&name, &split, &noise, &signal, &lengths}) std::getline(fields, *field, ',');
    if (name != set) continue;
    HyperParameters found{std::stod(noise), std::stod(signal), {}};
    std::stringstream numbers(lengths);
    for (double length = 0; numbers >> length;) found.lengths.push_back(length);
    return found;
  }
  return {};
}

std::vector<double> standardised(const Matrix<double>& y, const std::vector<std::size_t>& rows, const Unit& unit) {
  std::vector<double> out;
  for (const std::size_t i : rows) out.push_back((y(i, 0) - unit.mean) / unit.deviation);
  return out;
}

struct Expected {
  std::string set;
  std::size_t rows = 0;
  double rmse = 0, nlpd = 0, lml = 0;
};

void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.set; }

class GaussianProcessAcceptance : public ::testing::TestWithParam<Expected> {};

TEST_P(GaussianProcessAcceptance, HasThePublishedFigures) {
  const Expected& expected = GetParam();
  const std::string folder = testing::data_folder("uci_regression/" + expected.set);
  if (folder.empty()) GTEST_SKIP() << "skipped: no data";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: too long for a sanitizer";
#endif
  const char* long_tests = std::getenv("WIDENET_LONG_TESTS");
  if (expected.set != "pol" && (long_tests == nullptr || std::string(long_tests) != "1"))
    GTEST_SKIP() << "skipped: set WIDENET_LONG_TESTS=1";
  const UciRegressionSet set = read_uci_regression(folder);
  const Split& split = set.splits.front();
  ASSERT_EQ(split.train.size(), expected.rows);
  std::vector<double> raw;
  for (const std::size_t i : split.train) raw.push_back(set.data.target->values(i, 0));
  const Unit unit = unit_of(raw);

  const HyperParameters given_values = hyper_parameters(expected.set);
  const testing::Folder files;
  write_npy(files.path("lengths.npy"), std::span<const double>(given_values.lengths));
  FitOptions options;
  options.target = "y";
  options.task = Task::regression;
  options.scale = ScaleMode::standard;
  options.kernel = parse_kernel(
      fmt::format("{}*matern32(length=@{})", given_values.signal * given_values.signal, files.path("lengths.npy")));
  options.ridge = given_values.noise * given_values.noise;
  const Table table =
      with_target(take_rows(set.data.inputs, split.train), standardised(set.data.target->values, split.train, unit));
  const FitResult result = fit(table, options);
  ASSERT_FALSE(result.failure) << *result.failure;
  EXPECT_EQ(result.model.metrics.count("loo"), 0u) << "more rows than leave-one-out takes";
  const Table test =
      with_target(take_rows(set.data.inputs, split.test), standardised(set.data.target->values, split.test, unit));
  const Metrics m =
      evaluate(result.model, code_table(result.model.coding, test, WithTarget::yes).data, &*result.factor);
  const double lml = *result.model.metrics.at("train").lml / static_cast<double>(expected.rows);
  fmt::print("{}: {} rows, rmse {:.7f}, nlpd {:.7f}, lml/n {:.7f}; fit {:.1f} s\n", expected.set, expected.rows,
             *m.rmse, *m.nlpd, lml, result.seconds);
  // Half a unit of the sixth decimal, in which the figures are published, and their own rounding.
  const double tolerance = 0.6e-6;
  EXPECT_NEAR(*m.rmse, expected.rmse, tolerance);
  EXPECT_NEAR(*m.nlpd, expected.nlpd, tolerance);
  EXPECT_NEAR(lml, expected.lml, tolerance);
}

INSTANTIATE_TEST_SUITE_P(Sets, GaussianProcessAcceptance,
                         ::testing::Values(Expected{"pol", 13500, 0.083359, -1.213637, 0.986394},
                                           Expected{"elevators", 14940, 0.356641, 0.391994, -0.440229},
                                           Expected{"bike", 15642, 0.043058, -2.708758, 1.999245}),
                         [](const auto& parameter) { return parameter.param.set; });

}  // namespace
}  // namespace widenet
