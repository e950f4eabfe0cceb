// Small tables, and fitting by plain loops: the oracle of the tests of learning.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/solve/problems.h"
#include "widenet/data/scaling.h"
#include "widenet/data/table.h"
#include "widenet/learn/fit.h"

namespace widenet::testing_learn {

using testing_problems::eps;
using testing_problems::plain_solve;

inline Table input_table(const Matrix<double>& x) {
  Table table;
  table.named = true;
  table.provenance.path = "some.csv";
  table.provenance.rows = x.rows();
  table.sample_shape = {x.cols()};
  for (std::size_t j = 0; j < x.cols(); ++j) {
    std::vector<double> numbers(x.rows());
    for (std::size_t i = 0; i < x.rows(); ++i) numbers[i] = x(i, j);
    table.columns.push_back(numeric_column("feature " + std::to_string(j), numbers));
  }
  return table;
}

inline Table with_target(const Matrix<double>& x, std::vector<double> y) {
  Table table = input_table(x);
  table.columns.push_back(numeric_column("y", std::move(y)));
  return table;
}

inline Table with_labels(const Matrix<double>& x, std::vector<std::string> labels) {
  Table table = input_table(x);
  table.columns.push_back(text_column("y", std::move(labels)));
  return table;
}

// Columns of very different units, a target far from 0.
inline Matrix<double> some_inputs(std::size_t n, std::size_t d, std::uint64_t seed) {
  Matrix<double> x = testing_problems::random_matrix(n, d, seed);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) x(i, j) = (x(i, j) + 0.3) * std::pow(7.0, static_cast<double>(j));
  return x;
}
inline std::vector<double> some_targets(const Matrix<double>& x, std::uint64_t seed) {
  testing_problems::Numbers noise(seed);
  std::vector<double> y;
  for (std::size_t i = 0; i < x.rows(); ++i) y.push_back(40 + 9 * std::sin(3 * x(i, 0)) + noise());
  return y;
}
inline std::vector<std::string> some_labels(const Matrix<double>& x, std::size_t classes) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < x.rows(); ++i) {
    const double angle = std::abs(std::sin(5 * x(i, 0))) * 0.999 * static_cast<double>(classes);
    labels.push_back(fmt::format("class {:02}", i < classes ? i : static_cast<std::size_t>(angle)));
  }
  return labels;
}

// Mean and population standard deviation; 1 for a constant.
struct Unit {
  double mean = 0, deviation = 1;
};
inline Unit unit_of(const std::vector<double>& v) {
  Unit u;
  for (const double x : v) u.mean += x / static_cast<double>(v.size());
  double square = 0;
  bool constant = true;
  for (const double x : v) {
    square += (x - u.mean) * (x - u.mean) / static_cast<double>(v.size());
    constant = constant && x == v[0];
  }
  if (constant) return {v[0], 1};
  u.deviation = std::sqrt(square);
  return u;
}

// `rows` in the units of the training rows.
inline Matrix<double> plain_scale(ScaleMode mode, const Matrix<double>& training, const Matrix<double>& rows) {
  Matrix<double> z = rows;
  for (std::size_t j = 0; mode == ScaleMode::standard && j < rows.cols(); ++j) {
    std::vector<double> column;
    for (std::size_t i = 0; i < training.rows(); ++i) column.push_back(training(i, j));
    const Unit u = unit_of(column);
    for (std::size_t i = 0; i < rows.rows(); ++i) z(i, j) = (rows(i, j) - u.mean) / u.deviation;
  }
  for (std::size_t i = 0; mode == ScaleMode::normalise && i < rows.rows(); ++i) {
    const Unit u = unit_of({rows.row(i).begin(), rows.row(i).end()});
    for (double& x : z.row(i)) x = (x - u.mean) / u.deviation;
  }
  return z;
}

using PlainKernel = std::function<double(std::span<const double>, std::span<const double>)>;
inline double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}
inline Matrix<double> plain_gram(const PlainKernel& kernel, const Matrix<double>& x, const Matrix<double>& z) {
  Matrix<double> K(x.rows(), z.rows());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < z.rows(); ++j) K(i, j) = kernel(x.row(i), z.row(j));
  return K;
}

inline Matrix<double> product(const Matrix<double>& a, const Matrix<double>& b) {
  Matrix<double> c(a.rows(), b.cols());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t j = 0; j < b.cols(); ++j)
      for (std::size_t k = 0; k < a.cols(); ++k) c(i, j) += a(i, k) * b(k, j);
  return c;
}

// Predictions at rows with kernel values k (rows x n) and own variances; by a solve for each row.
struct PlainPrediction {
  Matrix<double> mean;            // rows x m
  std::vector<double> variances;  // of the function
};
inline PlainPrediction plain_predict(const Matrix<double>& K, double ridge, const Matrix<double>& y,
                                     const Matrix<double>& k, const std::vector<double>& own) {
  PlainPrediction out{product(k, plain_solve(K, ridge, y)), own};
  Matrix<double> columns(k.cols(), k.rows());
  for (std::size_t i = 0; i < k.rows(); ++i)
    for (std::size_t j = 0; j < k.cols(); ++j) columns(j, i) = k(i, j);
  const Matrix<double> solved = plain_solve(K, ridge, columns);
  for (std::size_t i = 0; i < k.rows(); ++i)
    for (std::size_t j = 0; j < k.cols(); ++j) out.variances[i] -= k(i, j) * solved(j, i);
  return out;
}

// Every row predicted by a fit to all others.
inline PlainPrediction plain_leave_one_out(const Matrix<double>& K, double ridge, const Matrix<double>& y) {
  const std::size_t n = K.rows();
  PlainPrediction out{Matrix<double>(n, y.cols()), {}};
  for (std::size_t left = 0; left < n; ++left) {
    const auto other = [&](std::size_t i) { return i < left ? i : i + 1; };
    Matrix<double> rest(n - 1, n - 1), targets(n - 1, y.cols()), k(1, n - 1);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      for (std::size_t j = 0; j + 1 < n; ++j) rest(i, j) = K(other(i), other(j));
      for (std::size_t c = 0; c < y.cols(); ++c) targets(i, c) = y(other(i), c);
      k(0, i) = K(left, other(i));
    }
    const PlainPrediction one = plain_predict(rest, ridge, targets, k, {K(left, left)});
    for (std::size_t c = 0; c < y.cols(); ++c) out.mean(left, c) = one.mean(0, c);
    out.variances.push_back(one.variances[0]);
  }
  return out;
}

// log det of K + ridge I.
inline double plain_log_determinant(const Matrix<double>& K, double ridge) {
  const Matrix<double> L = testing_problems::plain_cholesky(K, ridge);
  double sum = 0;
  for (std::size_t i = 0; i < K.rows(); ++i) sum += 2 * std::log(L(i, i));
  return sum;
}

// The largest row sum of K + ridge I over the ridge: an upper bound of the condition number.
inline double condition(const Matrix<double>& K, double ridge) {
  double most = 0;
  for (std::size_t i = 0; i < K.rows(); ++i) {
    double sum = ridge;
    for (const double k : K.row(i)) sum += std::abs(k);
    most = std::max(most, sum);
  }
  return most / ridge;
}

inline Kernel gaussian(double length) {
  ClosedKernel kernel{.kind = Closed::gaussian, .lengths = {}, .lengths_file = {}};
  kernel.lengths = {length};
  return {kernel};
}
inline PlainKernel plain_gaussian(double length) {
  return [length](auto a, auto b) { return std::exp(-squared_distance(a, b) / (2 * length * length)); };
}

// A fit with everything given.
inline FitOptions given(const std::string& kernel, double ridge, ScaleMode scale = ScaleMode::standard) {
  FitOptions options;
  options.target = std::string("y");
  options.kernel = parse_kernel(kernel);
  options.ridge = ridge;
  options.scale = scale;
  return options;
}

// Raw inputs of a table as the model codes them.
inline Matrix<double> coded(const Model& model, const Table& table) {
  return code_table(model.coding, table, WithTarget::no).data.inputs;
}

inline bool same_bits(const Matrix<double>& a, const Matrix<double>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::equal(a.data(), a.data() + a.size(), b.data(), [](double x, double y) {
           return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
         });
}

}  // namespace widenet::testing_learn
