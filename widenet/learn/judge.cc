#include "widenet/learn/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/ridge_path.h"

namespace widenet {
namespace {

double mean_log_loss(MatrixView<const double> scores, std::span<const std::size_t> labels) {
  const Matrix<double> p = softmax(scores, fit_sharpness(scores, labels));
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    sum -= std::log(std::max(p(i, labels[i]), std::numeric_limits<double>::min()));
  return sum / static_cast<double>(labels.size());
}

std::size_t departures(const FamilyMember& member, Lengths lengths) {
  if (lengths == Lengths::learned || member.scale.mode == ScaleMode::normalise) return 2;
  const auto* kernel = std::get_if<ClosedKernel>(&member.kernel.node);
  return kernel != nullptr && kernel->kind == Closed::laplacian1 ? 0 : 1;
}

}  // namespace

JudgedRows::JudgedRows(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs,
                       const Target& target, std::size_t count, const SelectionOptions& options)
    : shape_(options.shape.value_or(Shape{{}, raw_inputs.cols()})),
      gram_(options.gram),
      gram_inputs_(options.gram_inputs),
      indices_(random_rows(raw_inputs.rows(), count, options.seed)) {
  const Matrix<double> raw = take_rows<double>(raw_inputs, indices_);
  target_ = take_rows(target, indices_);
  for (const FamilyMember& member : family) {
    if (inputs_.contains(member.scale)) continue;
    const Scaling scaling = learn_scaling(member.scale, raw.view(), target_values(target_), shape_.channels);
    inputs_.emplace(member.scale, scale_inputs(scaling, raw.view()));
    numbers_.emplace(member.scale, numbers_to_fit(scaling, target_));
  }
}

Matrix<double> JudgedRows::matrix(const FamilyMember& member) const {
  const MatrixView<const double> mine = inputs(member.scale);
  bool same = gram_ != nullptr;
  for (std::size_t i = 0; same && i < rows(); ++i)
    same = std::ranges::equal(mine.row(i), gram_inputs_.row(indices_[i]));
  if (same) return materialize(gram_->part(indices_));
  return materialize(*kernel_gram<double>(member.kernel, shape_, mine));
}

Judgement judge(const FamilyMember& member, const JudgedRows& rows, Lengths lengths, std::optional<double> ridge) {
  Judgement judgement{{.kernel = member.kernel, .scale = member.scale}, member};
  Candidate& candidate = judgement.candidate;
  candidate.rows = rows.rows();
  candidate.departures = departures(member, lengths);
  candidate.loo_loss = candidate.loo_error = candidate.loo_rmse = std::numeric_limits<double>::infinity();
  candidate.lml = -std::numeric_limits<double>::infinity();
  const MatrixView<const double> y = rows.numbers(member.scale);
  const RidgePathResult result = ridge_path(rows.matrix(member), y);
  if (!result || !(result.path->summary().mean_diagonal > 0)) return judgement;
  const RidgePoint point = ridge ? result.path->evaluate({&*ridge, 1}).front() : result.path->choose().best;
  if (!point.positive_definite) return judgement;
  candidate.loo_loss = point.loo_mean_square;
  candidate.loo_error = candidate.loo_rmse = std::sqrt(point.loo_mean_square);
  candidate.lml = (ridge ? point.log_marginal_likelihood : point.profiled_log_marginal_likelihood) /
                  static_cast<double>(y.rows() * y.cols());
  if (rows.target().task == Task::classification) {
    const LeaveOneOut loo = result.path->leave_one_out(point.ridge);
    candidate.loo_error = misclassified(largest_per_row(loo.predictions.view()), rows.target().classes);
    candidate.loo_loss = mean_log_loss(loo.predictions.view(), rows.target().classes);
  }
  candidate.loo_loss *= 1 + handicap * static_cast<double>(candidate.departures) / static_cast<double>(rows.rows());
  // The marginal likelihood's own scale: predictions stay as they are, variances become those of the data. A given
  // ridge is in units of the bare kernel.
  judgement.bare_ridge = candidate.ridge = point.ridge;
  const double variance = point.signal_variance;
  if (!ridge && std::isfinite(variance) && variance > 0) {
    candidate.kernel = scaled(member.kernel, variance);
    candidate.variance = variance;
    candidate.ridge = variance * point.ridge;
  }
  return judgement;
}

}  // namespace widenet
