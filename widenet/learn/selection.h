// Which kernel, which ridge: a small stated family, judged by closed-form leave-one-out errors on the whole ridge path,
// and length scales per feature learned from the best of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/base/progress.h"
#include "widenet/data/dataset.h"
#include "widenet/data/scaling.h"
#include "widenet/learn/family.h"
#include "widenet/learn/gram_file.h"

namespace widenet {

// One kernel with the ridge of least leave-one-out mean square on its path, or a given one.
struct Candidate {
  Kernel kernel;  // with the signal variance that the marginal likelihood profiles out as its factor; none where the
                  // ridge is given
  Scale scale = ScaleMode::standard;
  double variance = 1;         // that factor
  double ridge = 0;            // absolute
  std::size_t rows = 0;        // on how many rows it was judged
  std::size_t departures = 0;  // from the plain choice; see handicap
  // What decides, the least being best, by leave-one-out: regression the mean square, in scaled units; classification
  // the mean log loss, in nats, of softmax(sharpness * prediction) at the best sharpness; times 1 + departures *
  // handicap / rows.
  double loo_loss = 0;
  double loo_error = 0;  // regression: root mean square, in scaled units; classification: share misclassified
  double loo_rmse = 0;   // of the numbers that are regressed on
  double lml = 0;        // log marginal likelihood per row and output
};

// Leave-one-out losses of n rows differ by a few parts in n for no reason, and choosing among many kernels then picks
// noise. So a kernel other than laplacian1, which needs no luck with its length and errs least often on small tables,
// must be better by 10 parts in n (departures = 1); one whose lengths were learned, and so has seen the rows that are
// left out, or one on normalised rows, which forget how large a row is, by 20 (departures = 2).
inline constexpr double handicap = 10;

struct Selection {
  std::vector<Candidate> tried;  // in the order in which they were judged
  std::size_t best = 0;          // index into tried: the least loss among those judged on the most rows
  std::size_t rows = 0;          // that number of rows
  bool subsampled = false;       // there are more
};

// `count` of the numbers 0 .. n-1 (all, if count >= n) in increasing order, chosen by the seed. Fewer are among more.
std::vector<std::size_t> random_rows(std::size_t n, std::size_t count, std::uint64_t seed);

struct SelectionOptions {
  std::size_t max_rows = 1000;  // above, a random subsample of that size
  std::uint64_t seed = 0;
  Progress progress;
  // The ridge at which every kernel is judged, the kernel being left as it is: what is fitted then.
  std::optional<double> ridge = std::nullopt;  // else each kernel's own best
  std::optional<Shape> shape = std::nullopt;   // of a sample, whose numbers are a row's; else a vector
  // The matrix of the only member on all rows, as they are scaled there. It is used where the rows that are judged are
  // scaled to the same bits: of fewer rows the scaling may differ.
  const FileGram* gram = nullptr;
  MatrixView<const double> gram_inputs = {};
};

// Judges the members on raw inputs (n x d) with the target; one eigendecomposition each, members in parallel. Of
// several members all are judged on at most 400 rows, the best of them again on max_rows. Where laplacian1 or matern32
// kernels are among them, length scales per feature are then learned from the best of each: fit, set the lengths by the
// mean squared partial derivatives of what was fitted (sensitivity.h; on at most 2000 rows), judge, fit again, up to
// six times; other lengths and smoother kernels are tried with the best scales found.
Selection select(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs, const Target& target,
                 const SelectionOptions& options);

// Bytes that select() takes at its peak for a family of several members, n rows of d inputs and m numbers to fit.
std::size_t selection_bytes(std::size_t n, std::size_t d, std::size_t m, const SelectionOptions& options = {});

}  // namespace widenet
