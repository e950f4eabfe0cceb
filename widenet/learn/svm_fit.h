// Support vector classification as a solver of fit().
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "widenet/learn/model.h"

namespace widenet {

// Trains model.svm on the matrix of model.kernel on model.inputs, C = 1 / ridge. Without a ridge C is the best of 10^-2
// ... 10^4 by 5-fold cross-validation with folds drawn by the seed (on at most 2000 of the first `given` rows: mirror
// images follow these; the least C of equals). Sets model.ridge, metrics "train" and, where C was chosen, a note. The
// kernel matrix is held in full.
void fit_svm(std::span<const std::size_t> labels, std::size_t given, std::optional<double> ridge, std::uint64_t seed,
             const Gram<double>& gram, const Progress& progress, Model& model);

// Bytes at its peak for n rows, the classes being as unequal as they can be.
std::size_t svm_fit_bytes(std::size_t n, std::size_t classes, std::optional<double> ridge);

}  // namespace widenet
