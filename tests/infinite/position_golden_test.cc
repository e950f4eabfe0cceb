// Networks of images, sequences and graphs against independent values (tests/golden/positions.json).
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/golden.h"
#include "widenet/architecture/kernel.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_kernel.h"

namespace widenet {
namespace {

using nlohmann::json;
using Extents = std::vector<std::size_t>;

// Relative, in float64.
constexpr double golden_tolerance = 1e-12;

const json& kernels() {
  static const json all = testing_support::golden("positions.json")["kernels"];
  return all;
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& [name, value] : kernels().items()) out.push_back(name);
  return out;
}

// Row-major, samples first.
struct Samples {
  Matrix<double> values, graphs;
  PositionSample operator[](std::size_t i) const { return {values.row(i), graphs.row(i)}; }
};

Matrix<double> graphs(std::size_t samples, std::size_t positions, double phase) {
  Matrix<double> out(samples, positions * positions);
  for (std::size_t t = 0; t < out.size(); ++t)
    out.data()[t] = 0.5 + 0.5 * std::cos(0.6 * static_cast<double>(t) + phase);
  return out;
}

class PositionGolden : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    entry_ = kernels()[GetParam()];
    const Extents x1 = entry_["x1"], x2 = entry_["x2"];
    shape_ = {{x1.begin() + 1, x1.end() - 1}, x1.back()};
    const std::size_t positions =
        std::accumulate(shape_.positions.begin(), shape_.positions.end(), std::size_t{1}, std::multiplies<>());
    const std::size_t size = positions * shape_.channels;
    x1_ = {testing_support::first_inputs(x1[0], size), graphs(x1[0], positions, 0)};
    x2_ = {testing_support::second_inputs(x2[0], size), graphs(x2[0], positions, 1)};
    if (entry_.contains("mask_constant")) {
      mask_ = entry_["mask_constant"].get<double>();
      absent_from(x1_, 0, 3);
      absent_from(x1_, 2, 4);
      absent_from(x2_, 1, 2);
    }
  }

  void absent_from(Samples& x, std::size_t sample, std::size_t position) const {
    const auto row = x.values.row(sample);
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(position * shape_.channels), row.end(), *mask_);
  }

  Network network() const {
    std::string text = entry_["text"];
    const std::string file = "@A.npy";
    if (const std::size_t at = text.find(file); at != std::string::npos)
      text.replace(at, file.size(), entry_["constant_A"].dump());
    return parse_network(text);
  }

  void expect_near(const std::string& name, std::size_t& next, const Matrix<double>& ours) const {
    for (std::size_t k = 0; k < ours.size(); ++k, ++next) {
      const double value = entry_[name]["data"].at(next);
      EXPECT_NEAR(ours.data()[k], value, golden_tolerance * std::abs(value)) << name << " entry " << next;
    }
  }

  void expect_pairs(const std::string& suffix, const PositionNetwork& network, const std::vector<OwnState>& rows,
                    const std::vector<OwnState>& columns) const {
    std::size_t k = 0, theta = 0;
    for (const OwnState& row : rows)
      for (const OwnState& column : columns) {
        const PairKernel pair = network.pair(row, column);
        expect_near("nngp_" + suffix, k, pair.covariance);
        expect_near("ntk_" + suffix, theta, pair.tangent);
      }
    EXPECT_EQ(k, entry_["nngp_" + suffix]["data"].size());
  }

  json entry_;
  Shape shape_;
  std::optional<double> mask_;
  Samples x1_, x2_;
};

TEST_P(PositionGolden, PairsAndOwn) {
  const PositionNetwork network(this->network(), shape_, mask_);
  std::vector<OwnState> rows, columns;
  for (std::size_t i = 0; i < x1_.values.rows(); ++i) rows.push_back(network.own(x1_[i]));
  for (std::size_t i = 0; i < x2_.values.rows(); ++i) columns.push_back(network.own(x2_[i]));
  expect_pairs("x1x2", network, rows, columns);
  expect_pairs("x1x1", network, rows, rows);
  std::size_t next = 0;
  for (const OwnState& row : rows) expect_near("cov1_x1x1", next, row.kernel.covariance);
}

// The fast engine, of those it does.
TEST_P(PositionGolden, OnPlanes) {
  const auto plan = plane_plan(network(), shape_);
  if (!plan || mask_) return;
  for (const Limit limit : {Limit::nngp, Limit::ntk}) {
    const std::string name = limit == Limit::nngp ? "nngp_" : "ntk_";
    std::size_t across = 0, own = 0;
    expect_near(name + "x1x2", across, materialize(*plane_gram<double>(*plan, limit, x1_.values, x2_.values)));
    expect_near(name + "x1x1", own, materialize(*plane_gram<double>(*plan, limit, x1_.values)));
  }
}

INSTANTIATE_TEST_SUITE_P(Positions, PositionGolden, testing::ValuesIn(names()),
                         [](const auto& test) { return test.param.substr(0, 3); });

}  // namespace
}  // namespace widenet
