#include "widenet/learn/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/ridge_path.h"

namespace widenet {
namespace {

// Three significant digits: lengths are starting points, not measurements.
double rounded(double x) {
  const double unit = std::pow(10, std::floor(std::log10(x)) - 2);
  return std::round(x / unit) * unit;
}

Kernel stationary(Closed kind, double length) {
  ClosedKernel kernel{.kind = kind, .lengths = {}, .lengths_file = {}};
  kernel.lengths = {rounded(length)};
  return {kernel};
}

Kernel relu_network(Limit limit, std::size_t depth, double bias_std) {
  Dense hidden;
  hidden.weight_std = std::sqrt(2.0);
  hidden.bias_std = bias_std;
  Network body, network;
  body.layers = {hidden, Activation{"relu", {}}};
  network.layers = {Repeat{depth, {body}}, Dense{}};
  return {NetworkKernel{limit, network}};
}

// One member on the rows at hand.
Candidate judge(const FamilyMember& member, MatrixView<const double> inputs, MatrixView<const double> y,
                const Target& target) {
  Candidate candidate{.kernel = member.kernel, .scale = member.scale};
  const auto gram = kernel_gram<double>(member.kernel, inputs);
  candidate.loo_error = candidate.loo_rmse = std::numeric_limits<double>::infinity();
  candidate.lml = -std::numeric_limits<double>::infinity();
  const RidgePathResult result = ridge_path(materialize(*gram), y);
  if (!result || !(result.path->summary().mean_diagonal > 0)) return candidate;
  const RidgeChoice choice = result.path->choose();
  if (!choice.best.positive_definite) return candidate;
  const double count = static_cast<double>(y.rows() * y.cols());
  candidate.loo_rmse = std::sqrt(choice.best.loo_mean_square);
  candidate.lml = choice.best.profiled_log_marginal_likelihood / count;
  candidate.loo_error = candidate.loo_rmse;
  if (target.task == Task::classification) {
    const LeaveOneOut loo = result.path->leave_one_out(choice.best.ridge);
    candidate.loo_error = misclassified(largest_per_row(loo.predictions.view()), target.classes);
  }
  // The marginal likelihood's own scale: predictions stay as they are, variances become those of the data.
  const double variance = choice.best.signal_variance;
  if (std::isfinite(variance) && variance > 0) {
    candidate.kernel = scaled(member.kernel, variance);
    candidate.ridge = variance * choice.best.ridge;
  } else {
    candidate.ridge = choice.best.ridge;
  }
  return candidate;
}

}  // namespace

std::vector<FamilyMember> default_family(std::size_t features) {
  // Standardised rows have |x|^2 near the number of features, so distances are near its root.
  const double root = std::sqrt(static_cast<double>(std::max<std::size_t>(features, 1)));
  std::vector<FamilyMember> family;
  for (const ScaleMode scale : {ScaleMode::standard, ScaleMode::normalise}) {
    family.push_back({{ClosedKernel{.kind = Closed::linear, .lengths = {}, .lengths_file = {}, .offset = 1}}, scale});
    for (const double share : {0.25, 0.5, 1.0, 2.0})
      family.push_back({stationary(Closed::gaussian, share * root), scale});
    for (const double share : {0.5, 2.0}) family.push_back({stationary(Closed::laplacian, share * root), scale});
    for (const double share : {0.5, 2.0}) family.push_back({stationary(Closed::matern32, share * root), scale});
    for (const double share : {0.5, 2.0}) family.push_back({stationary(Closed::matern52, share * root), scale});
    for (const Limit limit : {Limit::nngp, Limit::ntk})
      for (std::size_t depth = 1; depth <= 4; ++depth)
        for (const double bias_std : {0.0, 0.5}) family.push_back({relu_network(limit, depth, bias_std), scale});
  }
  return family;
}

Kernel scaled(const Kernel& kernel, double factor) {
  if (const auto* product = std::get_if<KernelProduct>(&kernel.node)) {
    KernelProduct copy = *product;
    copy.factor *= factor;
    return {copy};
  }
  return {KernelProduct{factor, {kernel}}};
}

std::vector<std::size_t> random_rows(std::size_t n, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> rows = permutation(n, seed);
  rows.resize(std::min(n, count));
  std::sort(rows.begin(), rows.end());
  return rows;
}

Selection select(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs, const Target& target,
                 const SelectionOptions& options) {
  Selection selection;
  const std::vector<std::size_t> rows = random_rows(raw_inputs.rows(), options.max_rows, options.seed);
  selection.rows = rows.size();
  selection.subsampled = rows.size() < raw_inputs.rows();
  const Matrix<double> raw = take_rows<double>(raw_inputs, rows);
  const Target chosen = take_rows(target, rows);
  std::map<ScaleMode, Matrix<double>> inputs;
  for (const FamilyMember& member : family)
    if (!inputs.contains(member.scale))
      inputs.emplace(member.scale, scale_inputs(learn_scaling(member.scale, raw.view()), raw.view()));
  std::map<ScaleMode, Matrix<double>> targets;
  for (const auto& [scale, unused] : inputs)
    targets.emplace(scale, numbers_to_fit(learn_scaling(scale, raw.view(), target_values(chosen)), chosen));
  selection.tried.resize(family.size());
  std::mutex mutex;
  double done = 0;
  parallel_for(family.size(), [&](std::size_t k, std::size_t) {
    const FamilyMember& member = family[k];
    selection.tried[k] = judge(member, inputs.at(member.scale).view(), targets.at(member.scale).view(), chosen);
    const std::lock_guard lock(mutex);
    done += 1;
    if (options.progress)
      options.progress({"choosing a kernel", done, static_cast<double>(family.size()), "kernels"});
  });
  const auto better = [](const Candidate& a, const Candidate& b) {
    return std::pair(a.loo_error, a.loo_rmse) < std::pair(b.loo_error, b.loo_rmse);
  };
  selection.best = static_cast<std::size_t>(std::min_element(selection.tried.begin(), selection.tried.end(), better) -
                                            selection.tried.begin());
  return selection;
}

}  // namespace widenet
