#include "widenet/learn/selection.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <utility>

#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/judge.h"
#include "widenet/learn/sensitivity.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/cholesky.h"
#include "widenet/solve/ridge_path.h"

namespace widenet {
namespace {

// Rows on which every member of a family is judged, and how many of the members go on to more rows.
constexpr std::size_t first_rows = 400, survivors = 6;
// Rows that lengths are learned from, at how many of them derivatives are taken, and how often.
constexpr std::size_t learning_rows = 2000, derivative_rows = 500, learning_rounds = 6;
// Learning goes on through a round that is worse by less than this (the scales of some features may have to fall before
// others can rise), and ends after two without a new best.
constexpr double bearable = 1.1;

bool better(const Judgement& a, const Judgement& b) {
  return std::pair(a.candidate.loo_loss, a.candidate.loo_rmse) < std::pair(b.candidate.loo_loss, b.candidate.loo_rmse);
}

const ClosedKernel* closed(const FamilyMember& member, Closed kind) {
  const auto* kernel = std::get_if<ClosedKernel>(&member.kernel.node);
  return kernel != nullptr && kernel->kind == kind ? kernel : nullptr;
}

// At most `count` rows, evenly spread.
Matrix<double> spread_rows(MatrixView<const double> x, std::size_t count) {
  std::vector<std::size_t> rows(std::min(count, x.rows()));
  for (std::size_t k = 0; k < rows.size(); ++k) rows[k] = k * x.rows() / rows.size();
  return take_rows<double>(x, rows);
}

// Learned lengths relative to the one length they began with.
struct Learned {
  Judgement best;
  std::vector<double> shape;  // mean of 1 / shape^2 is 1
  double base = 1;
};

class Selector {
 public:
  Selector(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs, const Target& target,
           const SelectionOptions& options)
      : family_(family),
        raw_inputs_(raw_inputs),
        target_(target),
        options_(options),
        rows_(family, raw_inputs, target, options.max_rows, options) {}

  Selection run() {
    if (family_.size() == 1) {
      add(judge_all(family_, rows_, Lengths::given));
    } else {
      judge_family();
      learn_lengths();
    }
    Selection selection;
    selection.rows = rows_.rows();
    selection.subsampled = rows_.rows() < raw_inputs_.rows();
    const auto last = [&](const Judgement& j) { return j.candidate.rows == rows_.rows(); };
    for (std::size_t k = 0; k < judged_.size(); ++k) {
      if (last(judged_[k]) && (!last(judged_[selection.best]) || better(judged_[k], judged_[selection.best])))
        selection.best = k;
      selection.tried.push_back(judged_[k].candidate);
    }
    return selection;
  }

 private:
  std::vector<Judgement> judge_all(const std::vector<FamilyMember>& members, const JudgedRows& rows, Lengths lengths) {
    std::vector<Judgement> judgements(members.size());
    parallel_for(members.size(), [&](std::size_t k, std::size_t) {
      judgements[k] = judge(members[k], rows, lengths, options_.ridge);
      advance();
    });
    return judgements;
  }

  void add(std::vector<Judgement> judgements) {
    std::move(judgements.begin(), judgements.end(), std::back_inserter(judged_));
  }

  // All members on few rows; of more rows the best, and what lengths are learned from.
  void judge_family() {
    if (rows_.rows() <= first_rows) {
      add(judge_all(family_, rows_, Lengths::given));
      return;
    }
    const JudgedRows few(family_, raw_inputs_, target_, first_rows, options_);
    add(judge_all(family_, few, Lengths::given));
    std::vector<std::size_t> order(judged_.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return better(judged_[a], judged_[b]); });
    std::vector<FamilyMember> again;
    std::size_t of_kind[2] = {};
    for (std::size_t place = 0; place < order.size(); ++place) {
      const FamilyMember& member = family_[order[place]];
      bool first_of_kind = false;
      for (std::size_t kind = 0; kind < 2; ++kind)
        first_of_kind = first_of_kind || (closed(member, learnable[kind]) != nullptr && of_kind[kind]++ == 0);
      if (place < survivors || first_of_kind) again.push_back(member);
    }
    add(judge_all(again, rows_, Lengths::given));
  }

  void learn_lengths() {
    std::vector<const Judgement*> starts;
    for (const Closed kind : learnable) {
      const Judgement* start = nullptr;
      for (const Judgement& j : judged_)
        if (closed(j.member, kind) != nullptr && j.candidate.rows == rows_.rows() &&
            std::isfinite(j.candidate.loo_loss) && (start == nullptr || better(j, *start)))
          start = &j;
      if (start != nullptr) starts.push_back(start);
    }
    if (starts.empty() || raw_inputs_.cols() < 2) return;
    const JudgedRows learning(family_, raw_inputs_, target_, std::max(learning_rows, options_.max_rows), options_);
    std::vector<std::vector<Judgement>> rounds(starts.size());
    std::vector<std::optional<Learned>> learned(starts.size());
    parallel_for(starts.size(),
                 [&](std::size_t k, std::size_t) { learned[k] = learn(*starts[k], learning, rounds[k]); });
    for (auto& judgements : rounds) add(std::move(judgements));
    const Learned* best = nullptr;
    for (const auto& l : learned)
      if (l && (best == nullptr || better(l->best, best->best))) best = &*l;
    if (best != nullptr) add(judge_all(relatives(*best), rows_, Lengths::learned));
  }

  // Rounds of fitting and setting lengths by what was fitted; the best round.
  std::optional<Learned> learn(const Judgement& start, const JudgedRows& learning, std::vector<Judgement>& rounds) {
    const Scale scale = start.member.scale;
    const ClosedKernel& first = std::get<ClosedKernel>(start.member.kernel.node);
    const double base = first.lengths.empty() ? 1 : first.lengths.front();
    const Matrix<double> at = spread_rows(learning.inputs(scale), derivative_rows);
    Judgement last = start;
    std::optional<Learned> best;
    double least = start.candidate.loo_loss;
    for (std::size_t round = 0, without = 0; round < learning_rounds && without < 2; ++round) {
      const CholeskyResult solved =
          cholesky(materialize_half(*kernel_gram<double>(last.member.kernel, learning.inputs(scale))), last.bare_ridge);
      if (!solved) break;
      const Matrix<double> alpha = solved.factor->solve(learning.numbers(scale));
      const auto& kernel = std::get<ClosedKernel>(last.member.kernel.node);
      const std::vector<double> lengths =
          sensitive_lengths(mean_squared_gradients(kernel, learning.inputs(scale), alpha.view(), at.view()), base);
      last = judge({stationary(first.kind, lengths), scale}, rows_, Lengths::learned, options_.ridge);
      rounds.push_back(last);
      advance();
      if (!(last.candidate.loo_loss < bearable * least)) break;
      without = last.candidate.loo_loss < least ? 0 : without + 1;
      least = std::min(least, last.candidate.loo_loss);
      if (best && !better(last, best->best)) continue;
      best = Learned{last, lengths, base};
      for (double& length : best->shape) length /= base;
    }
    return best;
  }

  // Half and twice the learned lengths, and smoother kernels with the same proportions.
  std::vector<FamilyMember> relatives(const Learned& learned) const {
    std::vector<FamilyMember> members;
    const auto& kernel = std::get<ClosedKernel>(learned.best.member.kernel.node);
    const auto with = [&](Closed kind, double length) {
      std::vector<double> lengths = learned.shape;
      for (double& l : lengths) l *= length;
      members.push_back({stationary(kind, lengths), learned.best.member.scale});
    };
    for (const double factor : {0.5, 2.0}) with(kernel.kind, factor * learned.base);
    const double root = std::sqrt(static_cast<double>(learned.shape.size()));
    with(Closed::gaussian, root);
    with(Closed::matern52, root);
    return members;
  }

  void advance() {
    if (!options_.progress) return;
    const std::lock_guard lock(mutex_);
    done_ += 1;
    // How many rounds of learning there will be is not known.
    const double total = static_cast<double>(family_.size() + survivors + 2 * learning_rounds);
    options_.progress({"choosing a kernel", std::min(done_, total), total, "kernels"});
  }

  static constexpr Closed learnable[] = {Closed::laplacian1, Closed::matern32};

  const std::vector<FamilyMember>& family_;
  MatrixView<const double> raw_inputs_;
  const Target& target_;
  const SelectionOptions& options_;
  const JudgedRows rows_;
  std::vector<Judgement> judged_;
  std::mutex mutex_;
  double done_ = 0;
};

}  // namespace

std::vector<std::size_t> random_rows(std::size_t n, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> rows = permutation(n, seed);
  rows.resize(std::min(n, count));
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::size_t selection_bytes(std::size_t n, std::size_t d, std::size_t m, const SelectionOptions& options) {
  const std::size_t judged = std::min(n, options.max_rows), learning = std::min(n, std::max(learning_rows, judged));
  // Raw, standardised and normalised copies of three samples of rows.
  const std::size_t rows = (std::min(n, first_rows) + judged + learning) * (3 * d + 2 * m) * sizeof(double);
  const std::size_t path = ridge_path_bytes(judged, m);
  const std::size_t factor =
      SymmetricTiles::bytes(learning) + learning * (m + 2 * d + derivative_rows) * sizeof(double);
  return rows + thread_count() * std::max(path, factor);
}

Selection select(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs, const Target& target,
                 const SelectionOptions& options) {
  return Selector(family, raw_inputs, target, options).run();
}

}  // namespace widenet
