// The dual of one two-class support vector problem on a kernel held in memory.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "widenet/base/matrix.h"

namespace widenet {

struct SmoSolution {
  std::vector<double> beta;  // n, beta_i = y_i alpha_i: the decision function is sum_i beta_i k(x_i, z) + bias
  double bias = 0;
  double objective = 0;  // (1/2) beta^T K beta - sum |beta_i|
  double violation = 0;  // of the optimality conditions, below the tolerance when converged
  std::size_t iterations = 0;
  bool converged = false;  // false: the iteration cap was reached
};

// minimise (1/2) beta^T K beta - sum |beta_i| subject to sum beta_i = 0 and 0 <= y_i beta_i <= cost, by sequential
// minimal optimisation of the pair that second-order information picks (Fan, Chen and Lin, Working set selection using
// second order information, JMLR 6, 2005, WSS 2; what libsvm does). With the residuals F = y - K beta, I_up the i whose
// beta_i may grow and I_low those whose may shrink: stops when max_{I_up} F - min_{I_low} F < tolerance. An iteration
// reads two rows of K and costs about 10 n flops; its bits are the same on every instruction set with fused
// multiply-add. T: float or double; sums are kept in double. Kernel and signs must outlive the object.
template <class T>
class Smo {
 public:
  // K: symmetric n x n; signs: +1 or -1 per sample, both present.
  Smo(MatrixView<const T> K, std::span<const signed char> signs);

  // The first call starts from 0, a later one from the solution before, scaled to the best feasible multiple.
  SmoSolution solve(double cost, double tolerance, std::size_t max_iterations);

 private:
  double low(std::size_t i) const { return signs_[i] > 0 ? 0 : -cost_; }
  double high(std::size_t i) const { return signs_[i] > 0 ? cost_ : 0; }
  void rescale(double cost);
  void move(std::size_t i, double to);
  double bias() const;
  double objective() const;

  MatrixView<const T> K_;
  std::span<const signed char> signs_;
  std::vector<double> beta_, residual_, diagonal_;
  // -1: at the lower end of its interval (may only grow), +1: at the upper end, 0: between.
  std::vector<float> side_;
  double cost_ = 0;
};

extern template class Smo<float>;
extern template class Smo<double>;

}  // namespace widenet
