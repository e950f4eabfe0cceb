#include "widenet/learn/svm_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "widenet/base/threads.h"
#include "widenet/learn/selection.h"
#include "widenet/learn/targets.h"

namespace widenet {
namespace {

constexpr std::size_t folds = 5, choosing_rows = 2000;
constexpr double costs[] = {1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4};

Matrix<double> block(MatrixView<const double> from, std::span<const std::size_t> rows,
                     std::span<const std::size_t> cols) {
  auto to = Matrix<double>::uninitialized(rows.size(), cols.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < cols.size(); ++j) to(i, j) = from(rows[i], cols[j]);
  return to;
}

// Share right at every cost, summed over the folds.
double best_cost(MatrixView<const double> kernel, std::span<const std::size_t> labels, std::size_t classes,
                 std::uint64_t seed) {
  const std::size_t n = labels.size();
  const std::vector<std::size_t> order = permutation(n, seed);
  std::vector<std::size_t> right(std::size(costs));
  for (std::size_t fold = 0; fold < std::min(folds, n); ++fold) {
    std::vector<std::size_t> train, test, train_labels, test_labels;
    for (std::size_t k = 0; k < n; ++k) (k % folds == fold ? test : train).push_back(order[k]);
    for (const std::size_t i : train) train_labels.push_back(labels[i]);
    for (const std::size_t i : test) test_labels.push_back(labels[i]);
    if (train.empty()) continue;
    const Matrix<double> inner = block(kernel, train, train), outer = block(kernel, test, train);
    const auto path = train_svm_path(inner.view(), train_labels, classes, costs);
    for (std::size_t c = 0; c < path.size(); ++c) {
      const auto predicted = predict(path[c], outer.view()).labels;
      for (std::size_t i = 0; i < test.size(); ++i) right[c] += predicted[i] == test_labels[i] ? 1u : 0u;
    }
  }
  return costs[std::max_element(right.begin(), right.end()) - right.begin()];
}

}  // namespace

void fit_svm(std::span<const std::size_t> labels, std::size_t given, std::optional<double> ridge, std::uint64_t seed,
             const Gram<double>& gram, const Progress& progress, Model& model) {
  const Matrix<double> kernel = materialize(gram, progress);
  if (ridge) {
    model.ridge = *ridge;
  } else {
    const std::vector<std::size_t> rows = random_rows(given, choosing_rows, seed);
    std::vector<std::size_t> chosen;
    chosen.reserve(rows.size());
    for (const std::size_t i : rows) chosen.push_back(labels[i]);
    const double cost = best_cost(block(kernel.view(), rows, rows).view(), chosen, model.classes(), seed);
    model.ridge = 1 / cost;
    model.notes.push_back(
        fmt::format("chose C = {:g} by {}-fold cross-validation on {} rows", cost, folds, rows.size()));
  }
  model.svm = train_svm(kernel.view(), labels, model.classes(), {.cost = 1 / model.ridge});
  if (!model.svm->summary.warning.empty()) model.notes.push_back(model.svm->summary.warning);
  model.metrics["train"] = classification_metrics(labels, predict(*model.svm, kernel.view()).labels, {},
                                                  model.classes(), model.majority_class);
}

std::size_t svm_fit_bytes(std::size_t n, std::size_t classes, std::optional<double> ridge) {
  // With more than two classes every thread gathers the rows of its pair.
  const std::size_t pairs = classes * (classes - std::min<std::size_t>(classes, 1)) / 2;
  const std::size_t gathered = classes > 2 ? std::min(thread_count(), pairs) : 0;
  const std::size_t chosen = std::min(n, choosing_rows), inner = chosen - chosen / folds;
  const std::size_t choosing = ridge ? 0 : chosen * chosen + inner * (chosen + gathered * inner);
  return (n * n + std::max(choosing, gathered * n * n)) * sizeof(double);
}

}  // namespace widenet
