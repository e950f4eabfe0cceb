// From a table to a fitted model with honest estimates of its error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "widenet/data/table.h"
#include "widenet/learn/model.h"
#include "widenet/learn/selection.h"

namespace widenet {

struct FitOptions {
  std::string target;            // column
  std::optional<Task> task;      // else by the rule of learn_coding
  std::optional<Kernel> kernel;  // else the family of selection.h
  std::optional<double> ridge;   // absolute; else by leave-one-out. svm: 1 / C
  std::optional<Scale> scale;    // else standard, or channels where the kernel reads positions; without a kernel
                                 // either standard or normalise, by selection
  bool flip = false;             // images: every training row's mirror image is a training row as well
  Solver solver = Solver::cholesky;
  // An npy file: the kernel's matrix of the training rows as they are scaled (gram_file.h), taken in place of computing
  // it; needs a kernel. Results are those without it (float32: of a rounded matrix; a kernel with a plain factor of its
  // own and a chosen ridge: to the rounding of that factor). With mirror images those follow the rows.
  std::string gram;
  std::vector<std::size_t> gram_rows;  // the file's row of every training row; empty: the same, and no more
  std::uint64_t seed = 0;              // of subsamples, folds and splits
  std::size_t memory = 0;              // bytes; 0: what the machine has free
  Progress progress;
};

struct FitResult {
  Model model;
  Selection selection;                   // empty `tried` where there was nothing to select
  double seconds = 0;                    // wall time
  std::size_t memory_needed = 0;         // bytes, as computed before the work
  std::optional<CholeskyFactor> factor;  // cholesky: of the training matrix, for predictive deviations
  // A factorisation that failed: the sentence with pivot, value and a ridge that would work; or a ridge that was to be
  // chosen and cannot be. Then `model` is not usable.
  std::optional<std::string> failure;
};

// Bytes that fit() will need at its peak for n rows, each a sample of that shape, and m outputs; stated before the
// work. Throws Error(usage) for a kernel that cannot read the shape.
std::size_t fit_bytes(const FitOptions& options, std::size_t n, const Shape& shape, std::size_t m);

// Learns coding, scaling, kernel, ridge and coefficients from all rows; metrics "train", and "loo" for the Cholesky
// solver up to loo_limit rows. With mirror images whatever leaves rows out does so on the rows as they were given, and
// there is no "loo": what is left out would be learned from its mirror image. Throws Error: usage (options),
// environment (the table; memory over the limit).
inline constexpr std::size_t loo_limit = 10'000;
FitResult fit(const Table& table, const FitOptions& options);
// The same with a coding that is learned already; target and task of the options are not used.
FitResult fit(const Table& table, LearnedCoding learned, const FitOptions& options);

// Fits on everything outside each of `folds` parts of a random permutation and evaluates on the part. Task and classes
// are those of the whole table: a row whose class no other part has is a mistake.
Metrics cross_validate(const Table& table, const FitOptions& options, std::size_t folds);

// The rows of a table for training and testing: a random share (0 < share < 1) of them for testing.
struct TableSplit {
  Table train, test;
  std::vector<std::size_t> train_rows;  // of the whole table
};
TableSplit split_rows(const Table& table, double test_share, std::uint64_t seed);

}  // namespace widenet
