// Between targets and the numbers that kernel regression fits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "widenet/base/matrix.h"
#include "widenet/data/dataset.h"
#include "widenet/data/scaling.h"

namespace widenet {

// Regression: the values; classification: an empty view.
MatrixView<const double> target_values(const Target& target);

// Mean of every column, exactly the number itself where a column is constant.
std::vector<double> column_means(MatrixView<const double> y);

// What is regressed on, n x m: scaled values, or one-hot minus 1 / classes.
Matrix<double> numbers_to_fit(const Scaling& scaling, const Target& target);

// Index of the largest number of each row, the first of equals.
std::vector<std::size_t> largest_per_row(MatrixView<const double> scores);

// Minus infinity as the score of these classes: never the largest, probability 0.
void exclude_classes(std::span<const std::size_t> classes, Matrix<double>& scores);

// Share of rows where the two differ.
double misclassified(std::span<const std::size_t> predicted, std::span<const std::size_t> labels);

// n x classes: softmax(sharpness * scores) per row.
Matrix<double> softmax(MatrixView<const double> scores, double sharpness);

// The sharpness that minimises the mean log loss of softmax(sharpness * scores) against the labels, within [1e-2, 1e3],
// to a thousandth, of equal losses the smaller; golden section on its logarithm (the loss is convex in the sharpness).
double fit_sharpness(MatrixView<const double> scores, std::span<const std::size_t> labels);

// 0 .. n-1 in a random order that depends on n and the seed alone (Fisher-Yates on a counter-based generator).
std::vector<std::size_t> permutation(std::size_t n, std::uint64_t seed);

}  // namespace widenet
