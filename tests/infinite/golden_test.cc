// Vector networks against independent values (tests/golden/vectors.json).
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "widenet/infinite/network_gram.h"

namespace widenet {
namespace {

using testing_support::first_inputs;
using testing_support::second_inputs;

// Relative, in float64.
constexpr double golden_tolerance = 1e-12;

const nlohmann::json& kernels() {
  static const nlohmann::json all = testing_support::golden("vectors.json")["kernels"];
  return all;
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& [name, value] : kernels().items()) out.push_back(name);
  return out;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    entry_ = kernels()[GetParam()];
    x1_ = first_inputs(entry_["x1"][0], entry_["x1"][1]);
    x2_ = second_inputs(entry_["x2"][0], entry_["x2"][1]);
    if (GetParam().starts_with("G14")) {  // zero rows
      std::ranges::fill(x1_.row(0), 0.0);
      std::ranges::fill(x1_.row(1), 0.0);
      std::ranges::fill(x2_.row(1), 0.0);
    }
  }

  NetworkKernel kernel(Limit limit) const { return {limit, parse_network(entry_["text"].get<std::string>())}; }

  // The array `name`, exact where the peer's own is not.
  const nlohmann::json& array(const std::string& name) const {
    const auto exact = entry_.find("exact_" + name);
    return exact != entry_.end() ? *exact : entry_[name];
  }

  void expect_near(const std::string& name, const Matrix<double>& ours) const {
    const auto& theirs = array(name);
    ASSERT_EQ(theirs["shape"], (std::vector<std::size_t>{ours.rows(), ours.cols()}));
    for (std::size_t k = 0; k < ours.size(); ++k) {
      const double value = theirs["data"][k];
      EXPECT_NEAR(ours.data()[k], value, golden_tolerance * std::abs(value))
          << GetParam() << " " << name << " entry " << k;
    }
  }

  nlohmann::json entry_;
  Matrix<double> x1_, x2_;
};

TEST_P(Golden, RectangularAndSquare) {
  for (const auto& [limit, name] : {std::pair{Limit::nngp, "nngp"}, std::pair{Limit::ntk, "ntk"}}) {
    const auto rectangular = network_gram<double>(kernel(limit), x1_.view(), x2_.view());
    expect_near(std::string(name) + "_x1x2", materialize(*rectangular));
    const auto square = network_gram<double>(kernel(limit), x1_.view());
    expect_near(std::string(name) + "_x1x1", materialize(*square));
  }
}

TEST_P(Golden, OwnVariances) {
  const auto square = network_gram<double>(kernel(Limit::nngp), x1_.view());
  Matrix<double> diagonal(x1_.rows(), 1);
  square->diagonal({diagonal.data(), diagonal.size()});
  const auto& theirs = array("cov1_x1x1")["data"];
  for (std::size_t i = 0; i < diagonal.rows(); ++i)
    EXPECT_NEAR(diagonal(i, 0), theirs[i].get<double>(), golden_tolerance * theirs[i].get<double>());
}

INSTANTIATE_TEST_SUITE_P(Vectors, Golden, testing::ValuesIn(names()),
                         [](const auto& test) { return test.param.substr(0, 3); });

}  // namespace
}  // namespace widenet
