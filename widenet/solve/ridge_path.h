// Every ridge from one eigendecomposition K = V^T diag(s) V: leave-one-out errors, likelihoods and coefficients of
// A = K + ridge I in closed form, no refit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet {

struct RidgePathSummary {
  std::size_t samples = 0, outputs = 0;
  double seconds = 0;                                      // wall time of the decomposition
  double mean_diagonal = 0;                                // of K
  double largest_eigenvalue = 0, smallest_eigenvalue = 0;  // as computed
  // Eigenvalues that are negative by no more than rounding_bound = n eps s_max are errors of the decomposition: they
  // count as 0 and are counted here. Anything more negative is kept: K is indefinite, and a ridge at or below
  // -smallest_eigenvalue has no answer.
  double rounding_bound = 0;
  std::size_t negative_by_rounding = 0;
  std::size_t negative_beyond_rounding = 0;
  std::string warning;  // empty, or the negative eigenvalues in one sentence
};

// What one ridge gives. y_ij: target j of sample i; m outputs share the kernel. Sums run over samples and outputs.
struct RidgePoint {
  double ridge = 0;                // absolute
  bool positive_definite = false;  // false: A is not, and all other numbers are not numbers
  // e_ij = alpha_ij / (A^-1)_ii is y_ij minus its prediction by the model without sample i (Rasmussen and Williams
  // 2006, equation 5.12); the mean of its squares.
  double loo_mean_square = 0;
  // sum log N(e_ij; 0, 1 / (A^-1)_ii), the ridge being the noise variance (their equation 5.11).
  double loo_log_predictive = 0;
  // sum_j -(1/2) y_j^T A^-1 y_j - (1/2) log det A - (n/2) log 2 pi (their equation 2.30).
  double log_marginal_likelihood = 0;
  // The same for y_j ~ N(0, v A) at the best v = tr(Y^T A^-1 Y) / (n m); plus infinity for targets that are all zero.
  double profiled_log_marginal_likelihood = 0;
  double signal_variance = 0;       // that v; the noise variance then is v ridge
  double gcv = 0;                   // n |A^-1 Y|^2 / (m (tr A^-1)^2) (Golub, Heath and Wahba 1979)
  double effective_parameters = 0;  // tr K A^-1
};

struct LeaveOneOut {
  Matrix<double> residuals;       // n x m, e_ij
  Matrix<double> predictions;     // n x m, y_ij - e_ij
  std::vector<double> variances;  // n, 1 / (A^-1)_ii: of an observation, the ridge being the noise variance
};

// The limit of ridge to 0: alpha = K^+ Y.
struct RidgelessSolution {
  Matrix<double> coefficients;  // n x m
  std::size_t rank = 0;         // eigenvalues above the threshold; the others are left out
  double threshold = 0;         // 1e-12 n s_max
  double squared_norm = 0;      // sum_j y_j^T K^+ y_j, the squared norm of the functions
};

enum class RidgeCriterion {
  loo_mean_square,
  loo_log_predictive,
  log_marginal_likelihood,
  profiled_log_marginal_likelihood,
  gcv
};
// What is minimised: the mean square or GCV, or minus the likelihood. Plus infinity where A is not positive definite.
double criterion_value(const RidgePoint& point, RidgeCriterion criterion);

struct RidgeSearch {
  RidgeCriterion criterion = RidgeCriterion::loo_mean_square;
  double lowest = 1e-10, highest = 1e2;  // ends of the grid, in units of the mean diagonal of K
  std::size_t points_per_decade = 2;
  // The neighbourhood of the best grid point is divided in ever finer grids until two neighbours differ by less than
  // this share; 0.02 changes no criterion by a visible digit. 0: no refinement.
  double relative_accuracy = 0.02;
};

struct RidgeChoice {
  RidgePoint best;                             // not positive definite when no ridge of the grid is large enough
  std::vector<RidgePoint> points;              // all that were tried, the largest ridge first
  bool at_lowest = false, at_highest = false;  // the best lies at an end of the grid: it may lie beyond
};

struct RidgePathResult;

class RidgePath {
 public:
  const RidgePathSummary& summary() const { return summary_; }
  // s in increasing order, negative ones by rounding as 0.
  const std::vector<double>& eigenvalues() const { return eigenvalues_; }

  // All criteria of all ridges, in their order: 2 n^2 (m + 1) flops each, as matrix products on all threads.
  std::vector<RidgePoint> evaluate(std::span<const double> ridges) const;
  // The ridge with the least value of a criterion; of equal ones the largest. Throws Error(usage) for a search that is
  // empty and for a kernel matrix with mean diagonal 0.
  RidgeChoice choose(const RidgeSearch& search = {}) const;
  // (K + ridge I)^-1 Y, n x m; and the leave-one-out predictions. Throw Error(usage) where evaluate() says not positive
  // definite.
  Matrix<double> coefficients(double ridge) const;
  LeaveOneOut leave_one_out(double ridge) const;
  RidgelessSolution ridgeless() const;

 private:
  friend RidgePathResult ridge_path(Matrix<double> K, MatrixView<const double> Y);
  RidgePath() = default;
  void treat_negative_eigenvalues();
  bool positive_definite(double ridge) const;
  void check_positive_definite(double ridge) const;
  void add_leave_one_out(std::span<const std::size_t> where, std::vector<RidgePoint>& points) const;

  RidgePathSummary summary_;
  Matrix<double> vectors_;  // V: row k belongs to eigenvalue k
  std::vector<double> eigenvalues_;
  Matrix<double> targets_;      // Y, n x m
  Matrix<double> projections_;  // V Y, n x m
};

struct RidgePathResult {
  std::optional<RidgePath> path;
  std::string failure;  // empty, or why the eigendecomposition did not end well
  explicit operator bool() const { return path.has_value(); }
};

// Decomposes the symmetric K (n x n, the lower triangle is read) in its own memory, on one thread: about 9 n^3 flops.
// Y is n x m. Throws Error(usage) for shapes that do not fit, no samples or outputs, and numbers that are not finite.
RidgePathResult ridge_path(Matrix<double> K, MatrixView<const double> Y);

// Memory of ridge_path() at its peak, K included: LAPACK's divide and conquer asks for two more matrices of its size.
std::size_t ridge_path_bytes(std::size_t samples, std::size_t outputs);

}  // namespace widenet
