// C-support vector classification on a precomputed kernel, one class against one, as libsvm does it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet {

struct SvmOptions {
  double cost = 1;          // C of min (1/2)|w|^2 + C sum of hinge losses; the other papers' lambda is 1 / (2 n C)
  double tolerance = 1e-3;  // on the optimality conditions of the dual, libsvm's eps
  // Per binary problem. Large costs on noisy samples need millions of iterations that move the decision little; a
  // problem that stops here is reported as not converged.
  std::size_t max_iterations = 100000;
};

// One binary problem: `first` against `second`, first < second.
struct SvmPair {
  std::size_t first = 0, second = 0;  // classes
  double bias = 0;
  std::size_t iterations = 0;
  bool converged = false;
  double violation = 0;  // of the optimality conditions where it stopped
  double objective = 0;  // of the dual, (1/2) beta^T K beta - sum |beta_i|
};

struct SvmSummary {
  double cost = 0;
  std::size_t samples = 0;
  std::size_t support_vectors = 0;  // samples with a coefficient that is not 0 in any pair
  std::size_t iterations = 0;
  std::size_t pairs_not_converged = 0;
  double seconds = 0;   // wall time of the whole path of costs it was trained in
  std::string warning;  // empty, or which share of the pairs reached the iteration cap
};

// A trained classifier. Classes without samples take no part and are never predicted.
struct SvmResult {
  std::vector<std::size_t> present;  // the p classes that have samples, in increasing order
  std::vector<std::size_t> labels;   // of the n training samples
  // The pairs (0, 1), (0, 2), ..., (1, 2), ... of positions in `present`.
  std::vector<SvmPair> pairs;
  // n x (p - 1): beta of a sample in the pair of its own class with every other, these in increasing order (libsvm's
  // sv_coef, transposed). Positive for the first class of a pair, negative for the second.
  Matrix<double> coefficients;
  SvmSummary summary;
};

// K: n x n, symmetric; labels: n numbers below `classes`. Float halves the time of large problems; sums are in double
// either way. The classes are ordered by their numbers (libsvm orders them by first appearance: number them so to get
// its ties). Pairs run on all threads; with two classes K itself is used, with more each pair's rows are gathered once,
// which takes (n_a + n_b)^2 numbers per thread. Throws Error(usage) for shapes, labels, options and numbers that make
// no sense.
SvmResult train_svm(MatrixView<const double> K, std::span<const std::size_t> labels, std::size_t classes,
                    const SvmOptions& options = {});
SvmResult train_svm(MatrixView<const float> K, std::span<const std::size_t> labels, std::size_t classes,
                    const SvmOptions& options = {});

// One classifier for every cost, each started from the solution at the cost before: give them in increasing order.
// options.cost is not used.
std::vector<SvmResult> train_svm_path(MatrixView<const double> K, std::span<const std::size_t> labels,
                                      std::size_t classes, std::span<const double> costs,
                                      const SvmOptions& options = {});
std::vector<SvmResult> train_svm_path(MatrixView<const float> K, std::span<const std::size_t> labels,
                                      std::size_t classes, std::span<const double> costs,
                                      const SvmOptions& options = {});

struct SvmPrediction {
  std::vector<std::size_t> labels;  // the class with most votes, of equal ones the first
  Matrix<double> decisions;         // tests x pairs, sum_i beta_i k(z, x_i) + bias: positive for the pair's first class
  Matrix<std::size_t> votes;        // tests x classes present
};

// K: tests x n, k(z, x_i) for the training samples in their order. tests * support vectors * 2 (p - 1) flops.
SvmPrediction predict(const SvmResult& svm, MatrixView<const double> K);
SvmPrediction predict(const SvmResult& svm, MatrixView<const float> K);

}  // namespace widenet
