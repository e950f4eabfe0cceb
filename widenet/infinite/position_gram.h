// The Gram matrix of an infinite network of images, sequences or graphs.
#pragma once

#include <memory>
#include <optional>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"

namespace widenet {

// What there is beside the samples' numbers.
struct PositionOptions {
  std::optional<double> mask;  // entries equal to it are absent
  // Per sample its adjacency matrix in one row, as PositionSample wants it; for networks with aggregate.
  MatrixView<const double> row_graphs = {}, column_graphs = {};
  // Every position of the network's output is a row and a column of its own, those of a sample one after the other.
  bool all_positions = false;
};

// G(i, j) = K(x_i, z_j) or Theta(x_i, z_j) of PositionNetwork; every row is one sample of that shape, positions first,
// channels last. A symmetric Gram reads row_graphs alone. The samples' own states are computed at once, on all threads,
// and nothing of the views is kept.
// With all_positions G(i P + p, j P + q) is that of position p of x_i and q of z_j, P the positions of the output.
// Throws Error(usage) as PositionNetwork does, and without it for a network whose output has more than one position.
std::unique_ptr<Gram<double>> position_gram(const NetworkKernel& kernel, const Shape& shape, MatrixView<const double> x,
                                            const PositionOptions& options = {});
std::unique_ptr<Gram<double>> position_gram(const NetworkKernel& kernel, const Shape& shape, MatrixView<const double> x,
                                            MatrixView<const double> z, const PositionOptions& options = {});

}  // namespace widenet
