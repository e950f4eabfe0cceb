// Piecewise linear networks on nearly parallel and nearly opposite rows against 200-digit arithmetic
// (tests/golden/hard_rows.py).
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/golden.h"
#include "tests/support/hard_rows.h"
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
  const double bound = network_gram_bound<T>(entry["layers"].get<std::size_t>(), x.cols());
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

// dense relu dense at rows some degrees apart, where the rounding of a long product weighs most; rho in long double.
TYPED_TEST(HardRows, ManyFeatures) {
  using T = TypeParam;
  using Extended = long double;
  constexpr Extended pi = std::numbers::pi_v<Extended>;
  testing_support::Random random(31);
  for (const std::size_t d : testing_support::Sizes{7, 100, 784, 3072})
    for (const double distance : {0.02, 0.031, 0.035, 0.05, 0.1, 0.2, 0.5})
      for (int repeat = 0; repeat < 4; ++repeat) {
        Matrix<T> x = testing_support::normal_rows<T>(random, 2, d);
        const Extended offset = repeat % 2 == 0 ? 0 : 3;
        Extended a = 0, b = 0, minus = 0, plus = 0;
        for (std::size_t k = 0; k < d; ++k) {
          x(0, k) = static_cast<T>(x(0, k) + offset);
          x(1, k) = static_cast<T>(static_cast<double>(x(0, k)) +
                                   distance * (1 + static_cast<double>(offset)) * static_cast<double>(x(1, k)));
          a += static_cast<Extended>(x(0, k)) * static_cast<Extended>(x(0, k));
          b += static_cast<Extended>(x(1, k)) * static_cast<Extended>(x(1, k));
        }
        a = std::sqrt(a), b = std::sqrt(b);
        for (std::size_t k = 0; k < d; ++k) {
          const Extended u = x(0, k) / a, v = x(1, k) / b;
          minus += (u - v) * (u - v), plus += (u + v) * (u + v);
        }
        const Extended t = 2 * std::atan2(std::sqrt(minus), std::sqrt(plus)),
                       scale = a * b / static_cast<Extended>(d) / (2 * pi);
        const Extended k = scale * (std::sin(t) + (pi - t) * std::cos(t)), theta = k + scale * (pi - t) * std::cos(t);
        for (const auto& [limit, exact] : {std::pair{Limit::nngp, k}, std::pair{Limit::ntk, theta}}) {
          const Matrix<T> got = materialize(*network_gram<T>({limit, parse_network("dense relu dense")}, x.view()));
          const double size = std::sqrt(static_cast<double>(got(0, 0))) * std::sqrt(static_cast<double>(got(1, 1)));
          EXPECT_LE(std::abs(static_cast<double>(static_cast<Extended>(got(0, 1)) - exact)),
                    network_gram_bound<T>(2, d) * size)
              << d << " " << distance;
        }
      }
}

}  // namespace
}  // namespace widenet
