#include "widenet/solve/svm.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/smo.h"

namespace widenet {
namespace {

template <class T>
void check_numbers(MatrixView<const T> K) {
  for (std::size_t i = 0; i < K.rows(); ++i) {
    bool finite = true;  // without a branch inside, so that the loop is vectorised
    for (const T x : K.row(i)) finite &= std::abs(x) <= std::numeric_limits<T>::max();
    if (finite) continue;
    const auto row = K.row(i);
    const auto bad = std::find_if(row.begin(), row.end(), [](T x) { return !std::isfinite(x); });
    fail(
        "entry ({}, {}) of the kernel matrix is {} (a support vector machine needs finite numbers) mend the data or "
        "the "
        "kernel",
        i, bad - row.begin(), *bad);
  }
}

template <class T>
void check(MatrixView<const T> K, std::span<const std::size_t> labels, std::size_t classes,
           std::span<const double> costs, const SvmOptions& options) {
  if (K.rows() != labels.size() || K.cols() != labels.size() || labels.empty())
    fail(
        "a kernel matrix of {} x {} with {} labels (it must be square, with one label per row and at least one) give "
        "matching shapes",
        K.rows(), K.cols(), labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] >= classes)
      fail("label {} of sample {} (there are {} classes, counted from 0) number the classes below that", labels[i], i,
           classes);
  for (const double cost : costs)
    if (!(cost > 0) || !std::isfinite(cost)) fail("a cost of {} (C is a positive finite number) change it", cost);
  if (!(options.tolerance > 0) || !std::isfinite(options.tolerance))
    fail("a tolerance of {} (it is a positive finite number) change it", options.tolerance);
  if (options.max_iterations == 0) fail("an iteration cap of 0 (nothing would be trained) give at least 1");
  check_numbers(K);
}

// Samples of two classes: which, in what order, and their signs.
struct Members {
  std::vector<std::size_t> samples;
  std::vector<signed char> signs;
};

Members members(std::span<const std::size_t> labels, std::size_t first, std::size_t second, bool keep_order) {
  Members out;
  const auto add = [&](auto wanted) {
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (wanted(labels[i])) out.samples.push_back(i), out.signs.push_back(labels[i] == first ? 1 : -1);
  };
  if (keep_order) {
    add([](std::size_t) { return true; });
  } else {
    add([&](std::size_t label) { return label == first; });
    add([&](std::size_t label) { return label == second; });
  }
  return out;
}

template <class T>
Matrix<T> gather(MatrixView<const T> K, std::span<const std::size_t> samples) {
  auto part = Matrix<T>::uninitialized(samples.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::size_t j = 0; j < samples.size(); ++j) part(i, j) = K(samples[i], samples[j]);
  return part;
}

// Pair `pair` of all results, cost by cost. a, b: positions of its classes in `present`.
template <class T>
void train_pair(MatrixView<const T> K, std::size_t pair, std::size_t a, std::size_t b, std::span<const double> costs,
                const SvmOptions& options, std::vector<SvmResult>& results) {
  const SvmResult& any = results.front();
  const bool whole = any.present.size() == 2;
  const Members m = members(any.labels, any.present[a], any.present[b], whole);
  const Matrix<T> part = whole ? Matrix<T>() : gather(K, m.samples);
  Smo<T> smo(whole ? K : part.view(), m.signs);
  for (std::size_t c = 0; c < costs.size(); ++c) {
    const SmoSolution solution = smo.solve(costs[c], options.tolerance, options.max_iterations);
    results[c].pairs[pair] = {.first = any.present[a],
                              .second = any.present[b],
                              .bias = solution.bias,
                              .iterations = solution.iterations,
                              .converged = solution.converged,
                              .violation = solution.violation,
                              .objective = solution.objective};
    for (std::size_t i = 0; i < m.samples.size(); ++i)
      results[c].coefficients(m.samples[i], m.signs[i] > 0 ? b - 1 : a) = solution.beta[i];
  }
}

void summarize(SvmResult& result, double cost, double seconds) {
  SvmSummary& s = result.summary;
  s = {.cost = cost,
       .samples = result.labels.size(),
       .support_vectors = 0,
       .iterations = 0,
       .pairs_not_converged = 0,
       .seconds = seconds,
       .warning = {}};
  for (std::size_t i = 0; i < s.samples; ++i) {
    const auto row = result.coefficients.row(i);
    if (std::any_of(row.begin(), row.end(), [](double beta) { return beta != 0; })) ++s.support_vectors;
  }
  double worst = 0;
  for (const SvmPair& pair : result.pairs) {
    s.iterations += pair.iterations;
    if (pair.converged) continue;
    ++s.pairs_not_converged;
    worst = std::max(worst, pair.violation);
  }
  if (s.pairs_not_converged > 0)
    s.warning = fmt::format(
        "{} of {} binary problems at C = {:g} stopped at the iteration cap (largest violation of the "
        "optimality conditions {:g}) raise the cap or lower C if the digits matter",
        s.pairs_not_converged, result.pairs.size(), cost, worst);
}

template <class T>
std::vector<SvmResult> train_path(MatrixView<const T> K, std::span<const std::size_t> labels, std::size_t classes,
                                  std::span<const double> costs, const SvmOptions& options) {
  check(K, labels, classes, costs, options);
  const auto start = std::chrono::steady_clock::now();
  SvmResult empty;
  empty.labels.assign(labels.begin(), labels.end());
  std::vector<bool> seen(classes, false);
  for (const std::size_t label : labels) seen[label] = true;
  for (std::size_t k = 0; k < classes; ++k)
    if (seen[k]) empty.present.push_back(k);
  const std::size_t p = empty.present.size();
  empty.coefficients = Matrix<double>(labels.size(), p - 1);
  empty.pairs.resize(p * (p - 1) / 2);
  std::vector<SvmResult> results(costs.size(), empty);
  if (costs.empty()) return results;

  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = a + 1; b < p; ++b) pairs.emplace_back(a, b);
  parallel_for(pairs.size(), [&](std::size_t pair, std::size_t) {
    train_pair(K, pair, pairs[pair].first, pairs[pair].second, costs, options, results);
  });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  for (std::size_t c = 0; c < costs.size(); ++c) summarize(results[c], costs[c], seconds.count());
  return results;
}

template <class T>
SvmResult train_one(MatrixView<const T> K, std::span<const std::size_t> labels, std::size_t classes,
                    const SvmOptions& options) {
  return std::move(train_path(K, labels, classes, {&options.cost, 1}, options).front());
}

}  // namespace

SvmResult train_svm(MatrixView<const double> K, std::span<const std::size_t> labels, std::size_t classes,
                    const SvmOptions& options) {
  return train_one(K, labels, classes, options);
}
SvmResult train_svm(MatrixView<const float> K, std::span<const std::size_t> labels, std::size_t classes,
                    const SvmOptions& options) {
  return train_one(K, labels, classes, options);
}
std::vector<SvmResult> train_svm_path(MatrixView<const double> K, std::span<const std::size_t> labels,
                                      std::size_t classes, std::span<const double> costs, const SvmOptions& options) {
  return train_path(K, labels, classes, costs, options);
}
std::vector<SvmResult> train_svm_path(MatrixView<const float> K, std::span<const std::size_t> labels,
                                      std::size_t classes, std::span<const double> costs, const SvmOptions& options) {
  return train_path(K, labels, classes, costs, options);
}

}  // namespace widenet
