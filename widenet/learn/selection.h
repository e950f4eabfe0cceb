// Which kernel, which ridge: a small stated family, judged by closed-form leave-one-out errors on the whole ridge path.
#pragma once

#include <cstdint>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/base/progress.h"
#include "widenet/data/dataset.h"
#include "widenet/data/scaling.h"

namespace widenet {

// One kernel with the best ridge of its path.
struct Candidate {
  Kernel kernel;                    // with the signal variance that the marginal likelihood profiles out as its factor
  ScaleMode scale = ScaleMode::standard;
  double ridge = 0;                 // absolute
  double loo_error = 0;             // regression: root mean square, in scaled units; classification: share misclassified
  double loo_rmse = 0;              // of the numbers that are regressed on
  double lml = 0;                   // log marginal likelihood per row and output
};

struct Selection {
  std::vector<Candidate> tried;     // in the order of the family
  std::size_t best = 0;             // index into tried
  std::size_t rows = 0;             // on how many rows it was judged
  bool subsampled = false;
};

// The family without options: linear, gaussian, laplacian and matern kernels at several lengths, NNGP and NTK of depths
// 1 to 4 with and without bias, on standardised and on normalised rows.
struct FamilyMember {
  Kernel kernel;
  ScaleMode scale;
};
std::vector<FamilyMember> default_family(std::size_t features);

// factor * kernel, folded into a product that is there.
Kernel scaled(const Kernel& kernel, double factor);

// `count` of the numbers 0 .. n-1 (all, if count >= n) in increasing order, chosen by the seed.
std::vector<std::size_t> random_rows(std::size_t n, std::size_t count, std::uint64_t seed);

struct SelectionOptions {
  std::size_t max_rows = 1000;      // above, a random subsample of that size
  std::uint64_t seed = 0;
  Progress progress;
};

// Judges the members on raw inputs (n x d) with the target; one eigendecomposition each, members in parallel.
Selection select(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs, const Target& target,
                 const SelectionOptions& options);

}  // namespace widenet
