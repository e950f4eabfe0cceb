// Rows and networks that have broken kernels: for tests of any Gram of vectors.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet::testing_support {

using Random = std::mt19937_64;
using Sizes = std::initializer_list<std::size_t>;

inline double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}
inline std::size_t below(Random& random, std::size_t n) { return random() % n; }

template <class T>
Matrix<T> normal_rows(Random& random, std::size_t rows, std::size_t cols) {
  std::normal_distribution<double> normal;
  Matrix<T> x(rows, cols);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<T>(normal(random));
  return x;
}

// Normal rows, zero rows, and copies of earlier rows: equal, nearly equal (1e-3 .. 1e-16), scaled, opposite. Norms up
// to 10^-+reach (150 at most for double, 17 for float).
template <class T>
Matrix<T> hard_rows(Random& random, std::size_t rows, std::size_t cols, double reach) {
  Matrix<T> x = normal_rows<T>(random, rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t kind = below(random, 8), source = i == 0 ? 0 : below(random, i);
    if (kind == 0) std::ranges::fill(x.row(i), T(0));
    if (i == 0 || kind == 0 || kind > 5) continue;
    const double sign = below(random, 4) == 0 ? -1 : 1;
    const double noise = kind == 1 ? 0 : std::pow(10, uniform(random, -16, -3));
    for (std::size_t k = 0; k < cols; ++k)
      x(i, k) = static_cast<T>(sign * static_cast<double>(x(source, k)) * (1 + noise * uniform(random, -1, 1)));
  }
  for (std::size_t i = 0; i < rows && reach > 0; ++i) {
    if (below(random, 3) != 0) continue;
    double norm = 0;
    for (const T v : x.row(i)) norm = std::hypot(norm, static_cast<double>(v));
    const double scale = norm > 0 ? std::pow(10, uniform(random, -reach, reach)) / norm : 1;
    for (T& v : x.row(i)) v = static_cast<T>(static_cast<double>(v) * scale);
  }
  return x;
}

// Every activation with a closed form, in the language; `bounded`: at most linear growth, so that any norm may enter.
inline const std::vector<std::string>& bounded_activations() {
  static const std::vector<std::string> all = {
      "relu", "leaky_relu(0.1)",  "abs",      "abrelu(0.25, -0.5)",      "sign",
      "erf",  "erf(0.7, 2, 0.3)", "gelu",     "gaussian(1, -0.5)",       "gabor",
      "sin",  "cos(1, 1.5, 0.2)", "rbf(0.3)", "exp_normalized(0.8, -1)", "sigmoid_like"};
  return all;
}
inline const std::vector<std::string>& growing_activations() {
  static const std::vector<std::string> all = {"exp(0.5, 0.25)",
                                               "gaussian(0.5, 0.02)",
                                               "hermite(1)",
                                               "hermite(2)",
                                               "hermite(5)",
                                               "monomial(0)",
                                               "monomial(2)",
                                               "monomial(3)",
                                               "rectified_monomial(0)",
                                               "rectified_monomial(2)",
                                               "rectified_monomial(3)",
                                               "polynomial(0.3, 0.5, -0.2, 0.1)"};
  return all;
}

inline std::string random_dense(Random& random, bool standard) {
  const char* weights[] = {"1", "sqrt(2)", "1.25", "0.5"};
  std::string text = "dense(7, weight_std=" + std::string(weights[below(random, 4)]);
  if (below(random, 2) == 0) text += ", bias_std=0.25";
  if (standard) text += ", parametrization=standard";
  if (below(random, 5) == 0) text += ", trained=false";
  return text + ")";
}

// A valid network over `activations`, with branches, repeats, normalisation and dropout.
inline std::string random_network(Random& random, const std::vector<std::string>& activations, int nesting = 1) {
  const bool standard = below(random, 4) == 0;
  const auto activation = [&] { return activations[below(random, activations.size())]; };
  const auto dense = [&] { return random_dense(random, standard); };
  std::string text = dense();
  for (std::size_t block = 1 + below(random, 3); block > 0; --block) {
    const std::size_t kind = below(random, nesting > 0 ? 9 : 5), count = 1 + below(random, 4);
    const auto body = [&] { return fmt::format("{} {}", activation(), dense()); };
    const auto branch = [&] {
      const std::string first = activation();
      return fmt::format("{} {}", first, random_network(random, activations, nesting - 1));
    };
    if (kind == 0) text += " layer_norm";
    if (kind == 1) text += fmt::format(" repeat({})[{}]", count, body());
    if (kind == 2) text += fmt::format(" {} dropout(0.75) {}", activation(), dense());
    if (kind == 3 || kind == 4) text += fmt::format(" {}", body());
    if (kind == 5) text += fmt::format(" sum[identity | {}]", branch());
    if (kind == 6) text += fmt::format(" product[{} | {}] {}", branch(), activation(), dense());
    if (kind == 7) text += fmt::format(" concat[{} | {} | identity] {}", branch(), branch(), dense());
    if (kind == 8) text += fmt::format(" sum[{} | {}]", branch(), branch());
  }
  return text;
}

}  // namespace widenet::testing_support
