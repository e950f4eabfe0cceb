// The 90 small classification sets by the protocol of Arora et al. 2020, piece by piece.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/base/matrix.h"
#include "widenet/base/progress.h"
#include "widenet/data/uci.h"

namespace widenet::lab {

// A ReLU network of `depth` hidden layers whose first `fixed` of depth + 1 weight matrices stay untrained.
struct FixedNetwork {
  std::size_t depth = 0, fixed = 0;
};

// Depth 0 to 4, fixed 0 to depth, in this order: 15.
std::vector<FixedNetwork> fixed_networks();

// Its tangent kernel without weight scales, as the protocol defines it: with S_0 = x . z, H_{-1} = 0, c = S / sqrt(S_xx
// S_zz) and t = acos c, layer by layer H_l = H_{l-1} (pi - t) / (2 pi) + S_l [l >= fixed] and S_{l+1} = sqrt(S_xx S_zz)
// (c (pi - t) + sin t) / (2 pi). In our language `features * ntk[dense(trained=false) relu ... dense]`.
Kernel fixed_kernel(FixedNetwork network, std::size_t features);

// The recursion itself, plainly: all pairs of the rows of x. The oracle of fixed_kernel in the tests.
Matrix<double> fixed_kernel_reference(FixedNetwork network, MatrixView<const double> x);

// What is tried for every kernel, in the order in which the first maximum wins; the ridge in units of the mean diagonal
// of the training matrix.
inline constexpr std::array<double, 7> uci90_costs{1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4};
inline constexpr std::array<double, 10> uci90_ridges{1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1};

// One way of training on one set; accuracies in per cent. Of own selection, which chooses anew in every fold, the
// network and parameter are those of the first.
struct Uci90Score {
  FixedNetwork network;
  double parameter = 0;   // C or ridge
  double validation = 0;  // of the tuning split
  std::array<double, 4> folds{};
  double test() const { return (folds[0] + folds[1] + folds[2] + folds[3]) / 4; }
};

struct Uci90Scores {
  std::string name;
  std::size_t rows = 0, features = 0, classes = 0;
  double one_point = 0;           // mean over the folds of what one test row counts, in per cent
  Uci90Score svm, ridge;          // chosen on the tuning split, which overlaps the test folds
  Uci90Score own_svm, own_ridge;  // chosen inside every training fold
};

// The folders of sets below <folder>, by number of rows. Throws Error(environment) where there are none.
std::vector<std::string> uci90_folders(const std::string& folder);

// CPU time of all threads by part of the work.
struct Uci90Seconds {
  double svm = 0, ridge = 0, own = 0;
};

// The whole protocol on the sets, in parallel over (set, kernel) and then (set, fold).
std::vector<Uci90Scores> score_uci90(std::span<const Uci90Set> sets, Uci90Seconds& seconds, const Progress& progress);

}  // namespace widenet::lab
