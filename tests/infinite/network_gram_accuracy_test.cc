// Piecewise linear networks on nearly parallel and nearly opposite rows against 200-digit arithmetic
// (tests/golden/hard_rows.py).
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "widenet/infinite/network_gram.h"

namespace widenet {
namespace {

template <class T>
struct HardRows : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(HardRows, Numbers);

template <class T>
Matrix<T> matrix(const nlohmann::json& rows) {
  Matrix<T> x(rows.size(), rows[0].size());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t k = 0; k < x.cols(); ++k) x(i, k) = static_cast<T>(rows[i][k].template get<double>());
  return x;
}

// Of row 0 with every row, relative to sqrt(G(i,i) G(j,j)); and of every row with itself.
template <class T>
void expect_within_bound(const nlohmann::json& entry, const Matrix<T>& x, Limit limit, const std::string& name) {
  const std::string text = entry["text"];
  const NetworkKernel kernel{limit, parse_network(text)};
  const Matrix<T> square = materialize(*network_gram<T>(kernel, x.view()));
  const Matrix<T> rectangular = materialize(*network_gram<T>(kernel, x.view(), x.view()));
  const auto &cross = entry[name], &own = entry["own_" + name];
  const double bound = network_gram_error<T> * entry["layers"].get<double>();
  for (std::size_t j = 0; j < x.rows(); ++j) {
    const double exact = cross[j], itself = own[j], size = std::sqrt(own[0].get<double>()) * std::sqrt(itself);
    for (const Matrix<T>* k : {&square, &rectangular}) {
      EXPECT_LE(std::abs(static_cast<double>((*k)(0, j)) - exact) / size, bound) << text << " " << name << " " << j;
      EXPECT_LE(std::abs(static_cast<double>((*k)(j, j)) / itself - 1), bound) << text << " " << name << " " << j;
    }
  }
}

TYPED_TEST(HardRows, WithinTheBound) {
  using T = TypeParam;
  const nlohmann::json all = testing_support::golden("hard_rows.json")[sizeof(T) == 8 ? "float64" : "float32"];
  for (const auto& set : all) {
    const Matrix<T> x = matrix<T>(set["rows"]);
    for (const auto& entry : set["networks"]) {
      expect_within_bound<T>(entry, x, Limit::nngp, "nngp");
      expect_within_bound<T>(entry, x, Limit::ntk, "ntk");
    }
  }
}

}  // namespace
}  // namespace widenet
