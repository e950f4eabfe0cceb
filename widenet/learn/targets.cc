#include "widenet/learn/targets.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "widenet/base/random.h"

namespace widenet {

MatrixView<const double> target_values(const Target& target) {
  return target.task == Task::regression ? target.values.view() : MatrixView<const double>();
}

std::vector<double> column_means(MatrixView<const double> y) {
  std::vector<double> means(y.cols());
  const double count = static_cast<double>(y.rows());
  for (std::size_t j = 0; j < y.cols() && y.rows() > 0; ++j) {
    for (std::size_t i = 0; i < y.rows(); ++i) means[j] += (y(i, j) - y(0, j)) / count;
    means[j] += y(0, j);
  }
  return means;
}

Matrix<double> numbers_to_fit(const Scaling& scaling, const Target& target) {
  if (target.task == Task::regression)
    return scaling.target_means.empty() ? target.values : scale_targets(scaling, target.values.view());
  const std::size_t classes = target.class_names.size();
  Matrix<double> y(target.classes.size(), classes, -1.0 / static_cast<double>(classes));
  for (std::size_t i = 0; i < y.rows(); ++i) y(i, target.classes[i]) += 1;
  return y;
}

std::vector<std::size_t> largest_per_row(MatrixView<const double> scores) {
  std::vector<std::size_t> best(scores.rows());
  for (std::size_t i = 0; i < scores.rows(); ++i) {
    const auto row = scores.row(i);
    best[i] = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
  }
  return best;
}

void exclude_classes(std::span<const std::size_t> classes, Matrix<double>& scores) {
  for (std::size_t i = 0; i < scores.rows(); ++i)
    for (const std::size_t c : classes) scores(i, c) = -std::numeric_limits<double>::infinity();
}

double misclassified(std::span<const std::size_t> predicted, std::span<const std::size_t> labels) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) wrong += predicted[i] != labels[i] ? 1u : 0u;
  return labels.empty() ? 0 : static_cast<double>(wrong) / static_cast<double>(labels.size());
}

Matrix<double> softmax(MatrixView<const double> scores, double sharpness) {
  Matrix<double> p(scores.rows(), scores.cols());
  for (std::size_t i = 0; i < scores.rows(); ++i) {
    const auto row = scores.row(i);
    const double top = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (std::size_t c = 0; c < row.size(); ++c) sum += p(i, c) = std::exp(sharpness * (row[c] - top));
    for (double& x : p.row(i)) x /= sum;
  }
  return p;
}

double fit_sharpness(MatrixView<const double> scores, std::span<const std::size_t> labels) {
  const auto loss = [&](double log_sharpness) {
    const double sharpness = std::exp(log_sharpness);
    double total = 0;
    for (std::size_t i = 0; i < scores.rows(); ++i) {
      const auto row = scores.row(i);
      const double top = *std::max_element(row.begin(), row.end());
      double sum = 0;
      for (const double x : row) sum += std::exp(sharpness * (x - top));
      total += std::log(sum) - sharpness * (row[labels[i]] - top);
    }
    return total;
  };
  const double share = (std::sqrt(5.0) - 1) / 2;
  double low = std::log(1e-2), high = std::log(1e3);
  double a = high - share * (high - low), b = low + share * (high - low), at_a = loss(a), at_b = loss(b);
  while (high - low > 1e-3) {
    if (at_a <= at_b) {
      high = b;
      b = a;
      at_b = at_a;
      a = high - share * (high - low);
      at_a = loss(a);
    } else {
      low = a;
      a = b;
      at_a = at_b;
      b = low + share * (high - low);
      at_b = loss(b);
    }
  }
  return std::exp((low + high) / 2);
}

std::vector<std::size_t> permutation(std::size_t n, std::uint64_t seed) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random_below(i, seed, i)]);
  return order;
}

}  // namespace widenet
