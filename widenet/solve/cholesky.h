// The exact direct solver: A = K + ridge I = L L^T by tiles, and what follows from L.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"
#include "widenet/base/progress.h"
#include "widenet/gram/symmetric_tiles.h"

namespace widenet {

struct CholeskySummary {
  std::size_t size = 0;
  double ridge = 0;             // absolute, as given
  double seconds = 0;           // wall time of the factorisation
  double flops = 0;             // n^3 / 3
  double largest_diagonal = 0;  // of K + ridge I
  double smallest_pivot = 0;    // L_ii^2: the smallest eigenvalue of A is at most the smallest pivot,
  double largest_pivot = 0;     // the largest eigenvalue at least the largest one
  std::string warning;          // empty, or why the last digits of a solution mean little
};

// A pivot that is not positive: A is not positive definite, in exact arithmetic or to rounding.
struct CholeskyFailure {
  std::size_t pivot = 0;  // row of A, from 0
  double value = 0;       // the pivot; not a number where A holds one
  double ridge = 0;       // the ridge of the attempt
  // A ridge above 0 that certainly works, rounding included: ridge - g + 4 (n + 1) u (sum_i |A_ii| - n g), where g <= 0
  // is a lower bound of the smallest eigenvalue of A (cholesky_failure.h) and the last term covers the rounding of g
  // and of the new factorisation (Higham, Accuracy and Stability, theorems 10.3 and 10.7). Up to 512 rows g is that
  // eigenvalue itself; above, factorisations that went well say that it is not below g, within a factor of 8. 1 where A
  // is zero; infinite where it is not finite.
  double sufficient_ridge = 0;
  std::string message;  // all of this in one sentence
};

// L of a factorisation that went well. Every member's bits are the same for any number of threads.
class CholeskyFactor {
 public:
  CholeskyFactor(SymmetricTiles lower, CholeskySummary summary);

  std::size_t size() const { return lower_.size(); }
  const CholeskySummary& summary() const { return summary_; }
  // Tiles of L; above the diagonal of the diagonal tiles are leftovers.
  const SymmetricTiles& lower() const { return lower_; }

  // B = A^-1 B for B of n x m. 2 n^2 m flops, no memory beside B.
  void solve_in_place(MatrixView<double> B) const;
  Matrix<double> solve(MatrixView<const double> B) const;
  // B = L^-1 B for B of n x m: the squares of a column of L^-1 k(X, z) add up to k(z, X) A^-1 k(X, z). n^2 m flops.
  void solve_lower_in_place(MatrixView<double> B) const;
  // log det A = 2 sum log L_ii.
  double log_determinant() const;
  // (A^-1)_ii for every i: the leave-one-out residual of alpha = A^-1 y is alpha_i / (A^-1)_ii. n^3 / 3 flops.
  std::vector<double> inverse_diagonal(const Progress& progress = {}) const;
  // Memory that inverse_diagonal takes beside the factor and its result: never more than a second half matrix.
  static std::size_t inverse_diagonal_bytes(std::size_t n);

 private:
  SymmetricTiles lower_;
  CholeskySummary summary_;
};

// Either of the two.
struct CholeskyResult {
  std::optional<CholeskyFactor> factor;
  std::optional<CholeskyFailure> failure;
  explicit operator bool() const { return factor.has_value(); }
};

// Factorises K + ridge I in the memory of K, n^3 / 3 flops; never patched: what fails is returned as a failure.
// `ridge` is the absolute one (ridge.h has the conventions). Left-looking by tiles: every tile waits for the tiles it
// needs and no thread for all others. Throws Error(usage) for a ridge that is negative or not finite.
CholeskyResult cholesky(SymmetricTiles K, double ridge, const Progress& progress = {});

// Memory of cholesky() at its peak, K included, with the present number of threads.
std::size_t cholesky_bytes(std::size_t n);

}  // namespace widenet
