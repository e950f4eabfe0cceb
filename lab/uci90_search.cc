// Training and choosing of the protocol: two classifiers, by the tuning split and by the training folds alone.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <mutex>
#include <utility>

#include "lab/uci90.h"
#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/selection.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/svm.h"

namespace widenet::lab {
namespace {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Adds the CPU time of its scope on this thread.
class Clock {
 public:
  explicit Clock(std::atomic<double>& sum) : sum_(sum), start_(thread_seconds()) {}
  ~Clock() { sum_ += thread_seconds() - start_; }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

 private:
  std::atomic<double>& sum_;
  double start_;
};

// The matrices and labels of one kernel on one split.
struct Problem {
  Matrix<double> train, test;  // n x n, and tests x n
  std::vector<std::size_t> labels, test_labels;
  std::size_t classes = 0;

  Problem(const Uci90Set& set, const Split& split, FixedNetwork network)
      : classes(set.data.target->class_names.size()) {
    const Kernel kernel = fixed_kernel(network, set.data.inputs.cols());
    const Matrix<double> x = take_rows(set.data.inputs, split.train), z = take_rows(set.data.inputs, split.test);
    train = materialize(*kernel_gram<double>(kernel, x.view()));
    test = materialize(*kernel_gram<double>(kernel, z.view(), x.view()));
    for (const std::size_t i : split.train) labels.push_back(set.data.target->classes[i]);
    for (const std::size_t i : split.test) test_labels.push_back(set.data.target->classes[i]);
  }

  // A part of the training rows of another.
  Problem(const Problem& whole, const Split& split)
      : train(part(whole.train, split.train, split.train)),
        test(part(whole.train, split.test, split.train)),
        classes(whole.classes) {
    for (const std::size_t i : split.train) labels.push_back(whole.labels[i]);
    for (const std::size_t i : split.test) test_labels.push_back(whole.labels[i]);
  }

  static Matrix<double> part(const Matrix<double>& from, std::span<const std::size_t> rows,
                             std::span<const std::size_t> cols) {
    auto to = Matrix<double>::uninitialized(rows.size(), cols.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < cols.size(); ++j) to(i, j) = from(rows[i], cols[j]);
    return to;
  }

  double accuracy(std::span<const std::size_t> predicted) const {
    return 100 * (1 - misclassified(predicted, test_labels));
  }
};

// libsvm numbers the classes by first appearance among the training samples, which decides between equal votes.
struct Renumbered {
  std::vector<std::size_t> labels, original;

  Renumbered(std::span<const std::size_t> from, std::size_t classes) {
    std::vector<std::size_t> number(classes, classes);
    for (const std::size_t c : from) {
      if (number[c] == classes) {
        number[c] = original.size();
        original.push_back(c);
      }
      labels.push_back(number[c]);
    }
  }
};

std::vector<double> svm_accuracies(const Problem& problem, std::span<const double> costs) {
  const Renumbered renumbered(problem.labels, problem.classes);
  const Matrix<float> train = copy<float>(problem.train.view()), test = copy<float>(problem.test.view());
  std::vector<double> accuracies;
  for (const SvmResult& svm : train_svm_path(train.view(), renumbered.labels, renumbered.original.size(), costs)) {
    std::vector<std::size_t> predicted = predict(svm, test.view()).labels;
    for (std::size_t& c : predicted) c = renumbered.original[c];
    accuracies.push_back(problem.accuracy(predicted));
  }
  return accuracies;
}

Matrix<double> centred_one_hot(std::span<const std::size_t> labels, std::size_t classes) {
  Matrix<double> y(labels.size(), classes, -1 / static_cast<double>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i) y(i, labels[i]) += 1;
  return y;
}

// -1 where the matrix with that ridge is not positive definite to rounding.
double ridge_accuracy(const Problem& problem, double absolute_ridge) {
  Matrix<double> factor = problem.train;
  for (std::size_t i = 0; i < factor.rows(); ++i) factor(i, i) += absolute_ridge;
  if (blas::potrf(factor) != 0) return -1;
  Matrix<double> alpha = centred_one_hot(problem.labels, problem.classes);
  blas::trsm_left(blas::Transpose::no, factor.view(), alpha.view());
  blas::trsm_left(blas::Transpose::yes, factor.view(), alpha.view());
  Matrix<double> scores(problem.test.rows(), problem.classes);
  blas::gemm(blas::Transpose::no, blas::Transpose::no, 1, problem.test.view(), alpha.view(), 0, scores.view());
  return problem.accuracy(largest_per_row(scores.view()));
}

double mean_diagonal(const Matrix<double>& kernel) {
  double sum = 0;
  for (std::size_t i = 0; i < kernel.rows(); ++i) sum += kernel(i, i);
  return sum / static_cast<double>(kernel.rows());
}

// Keeps the first of equal accuracies.
void keep_better(Uci90Score& best, FixedNetwork network, double parameter, double validation) {
  if (validation > best.validation) best = {network, parameter, validation, {}};
}

// The kernel and ridge that leave-one-out prefers on at most 1000 of the training rows, as `fit` chooses.
struct OwnChoice {
  FixedNetwork network;
  double ridge = 0;  // absolute, for fixed_kernel as it is
};

OwnChoice choose_own(const Uci90Set& set, const Split& split) {
  const Dataset train = take_rows(set.data, split.train);
  std::vector<FamilyMember> family;
  for (const FixedNetwork network : fixed_networks())
    family.push_back({fixed_kernel(network, train.inputs.cols()), ScaleMode::none});
  const Selection selection = select(family, train.inputs.view(), *train.target, {});
  // The candidate's kernel carries the profiled variance; the ridge is taken back to the bare kernel.
  const auto& best = std::get<KernelProduct>(selection.tried[selection.best].kernel.node);
  for (std::size_t k = 0; k < family.size(); ++k)
    if (const auto& bare = std::get<KernelProduct>(family[k].kernel.node); bare.factors == best.factors)
      return {fixed_networks()[k], selection.tried[selection.best].ridge * bare.factor / best.factor};
  fail("the kernel chosen is not of the family (the selection changed it) choose among fixed kernels");
}

// C by 5-fold cross-validation on at most 1000 of the training rows; the least of equals.
double choose_cost(const Problem& problem) {
  constexpr std::size_t folds = 5, most = 1000;
  std::vector<std::size_t> order = permutation(problem.labels.size(), 0);
  order.resize(std::min(order.size(), most));
  std::vector<double> right(uci90_costs.size());
  for (std::size_t fold = 0; fold < std::min(folds, order.size()); ++fold) {
    Split split;
    for (std::size_t k = 0; k < order.size(); ++k) (k % folds == fold ? split.test : split.train).push_back(order[k]);
    const std::vector<double> accuracies = svm_accuracies(Problem(problem, split), uci90_costs);
    for (std::size_t c = 0; c < right.size(); ++c) right[c] += accuracies[c] * static_cast<double>(split.test.size());
  }
  return uci90_costs[static_cast<std::size_t>(std::max_element(right.begin(), right.end()) - right.begin())];
}

class Scorer {
 public:
  Scorer(std::span<const Uci90Set> sets, const Progress& progress) : sets_(sets), progress_(progress) {
    for (const Uci90Set& set : sets) {
      Uci90Scores s;
      s.name = std::filesystem::path(set.data.provenance.path).parent_path().filename().string();
      s.rows = set.data.inputs.rows();
      s.features = set.data.inputs.cols();
      s.classes = set.data.target->class_names.size();
      for (const Split& fold : set.folds) s.one_point += 25 / static_cast<double>(fold.test.size());
      scores_.push_back(std::move(s));
    }
  }

  std::vector<Uci90Scores> run(Uci90Seconds& seconds) {
    tune();
    test();
    seconds = {svm_seconds_, ridge_seconds_, own_seconds_};
    return std::move(scores_);
  }

 private:
  // Accuracies on the validation rows of every kernel and parameter, then the first maximum in the protocol's order.
  void tune() {
    const std::vector<FixedNetwork> networks = fixed_networks();
    std::vector<std::vector<double>> svm(sets_.size() * networks.size()), ridge(svm.size());
    begin("tuning on the official split", svm.size());
    parallel_for(svm.size(), [&](std::size_t task, std::size_t) {
      const Uci90Set& set = sets_[task / networks.size()];
      const Problem problem(set, set.tuning, networks[task % networks.size()]);
      {
        const Clock clock(svm_seconds_);
        svm[task] = svm_accuracies(problem, uci90_costs);
      }
      {
        const Clock clock(ridge_seconds_);
        for (const double ridge_share : uci90_ridges)
          ridge[task].push_back(ridge_accuracy(problem, ridge_share * mean_diagonal(problem.train)));
      }
      advance();
    });
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      scores_[s].svm.validation = scores_[s].ridge.validation = -1;
      for (std::size_t k = 0; k < networks.size(); ++k) {
        const std::size_t task = s * networks.size() + k;
        for (std::size_t c = 0; c < uci90_costs.size(); ++c)
          keep_better(scores_[s].svm, networks[k], uci90_costs[c], svm[task][c]);
        for (std::size_t r = 0; r < uci90_ridges.size(); ++r)
          keep_better(scores_[s].ridge, networks[k], uci90_ridges[r], ridge[task][r]);
      }
    }
  }

  void test() {
    begin("the four folds", 4 * sets_.size());
    parallel_for(4 * sets_.size(), [&](std::size_t task, std::size_t) {
      const Uci90Set& set = sets_[task / 4];
      Uci90Scores& scores = scores_[task / 4];
      const std::size_t fold = task % 4;
      const Split& split = set.folds[fold];
      {
        const Clock clock(svm_seconds_);
        const double cost[] = {scores.svm.parameter};
        scores.svm.folds[fold] = svm_accuracies(Problem(set, split, scores.svm.network), cost).front();
      }
      {
        const Clock clock(ridge_seconds_);
        const Problem problem(set, split, scores.ridge.network);
        scores.ridge.folds[fold] = ridge_accuracy(problem, scores.ridge.parameter * mean_diagonal(problem.train));
      }
      {
        const Clock clock(own_seconds_);
        own(set, split, fold, scores);
      }
      advance();
    });
  }

  static void own(const Uci90Set& set, const Split& split, std::size_t fold, Uci90Scores& scores) {
    const OwnChoice choice = choose_own(set, split);
    const Problem problem(set, split, choice.network);
    scores.own_ridge.folds[fold] = ridge_accuracy(problem, choice.ridge);
    const double cost[] = {choose_cost(problem)};
    scores.own_svm.folds[fold] = svm_accuracies(problem, cost).front();
    if (fold > 0) return;
    scores.own_ridge.network = scores.own_svm.network = choice.network;
    scores.own_ridge.parameter = choice.ridge;
    scores.own_svm.parameter = cost[0];
  }

  void begin(const char* what, std::size_t total) {
    what_ = what;
    total_ = static_cast<double>(total);
    done_ = 0;
  }
  void advance() {
    const std::lock_guard lock(mutex_);
    done_ += 1;
    if (progress_) progress_({what_, done_, total_, "fits"});
  }

  std::span<const Uci90Set> sets_;
  const Progress& progress_;
  std::vector<Uci90Scores> scores_;
  std::atomic<double> svm_seconds_{0}, ridge_seconds_{0}, own_seconds_{0};
  std::mutex mutex_;
  std::string what_;
  double done_ = 0, total_ = 0;
};

}  // namespace

std::vector<std::string> uci90_folders(const std::string& folder) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.is_directory()) folders.push_back(entry.path().string());
  if (folders.empty())
    fail_outside(
        "{}: no data sets there (the experiment reads one folder per set) give the folder above it with --data",
        folder);
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<Uci90Scores> score_uci90(std::span<const Uci90Set> sets, Uci90Seconds& seconds, const Progress& progress) {
  return Scorer(sets, progress).run(seconds);
}

}  // namespace widenet::lab
