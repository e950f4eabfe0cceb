// What a program's steps read of each sample, computed once for all tiles.
#pragma once

#include <span>
#include <vector>

#include "widenet/base/matrix.h"
#include "widenet/base/tile_product.h"
#include "widenet/infinite/program.h"

namespace widenet {

// Columns that are worked on at once: four panels.
template <class T>
inline constexpr std::size_t chunk_lanes = 4 * panel_width<T>;

// Exact variances of one sample: K(x, x) and Theta(x, x).
struct OwnKernel {
  double nngp = 0, ntk = 0;
};

// Runs the program on a sample paired with itself, q = |x|^2 / divisor; writes the numbers that the steps read (the
// layout of parameter_count) unless `parameters` is null, and the variance that enters each table step unless
// `table_variances` is null.
// Throws Error(usage) where K, Theta or a parameter is beyond `largest` after some step, or not a number, naming the
// sample. A margin below the largest number is left to what a pair computes on the way.
template <class T>
inline constexpr double largest_kernel = sizeof(T) == 8 ? 1e306 : 1e36;
OwnKernel run_sample(const Program& program, double squared_norm, std::size_t sample, double* parameters,
                     double* table_variances, double largest = largest_kernel<double>);

// n samples as rows of tiles ([sample][parameter]) and, where asked, as columns ([chunk][parameter][lane]).
template <class T>
class Samples {
 public:
  // `points` must outlive the object.
  Samples(const Program& program, MatrixView<const T> points, bool as_columns);

  std::size_t size() const { return points_.rows(); }
  MatrixView<const T> points() const { return points_; }
  const Panels<T>& panels() const { return panels_; }
  T inverse_norm(std::size_t i) const { return inverse_norms_[i]; }
  const T* inverse_norms() const { return inverse_norms_.data(); }  // padded to whole chunks
  std::size_t parameters() const { return parameters_; }
  const T* row(std::size_t i) const { return rows_.data() + i * parameters_; }
  const T* chunk(std::size_t c) const { return columns_.data() + c * parameters_ * chunk_lanes<T>; }
  // What the tables read, one element per table step.
  const std::vector<DualSides>& sides() const { return sides_; }
  const OwnKernel& own(std::size_t i) const { return own_[i]; }

  // Bytes of memory for n samples.
  static std::size_t bytes(const Program& program, std::size_t n, std::size_t features, bool as_columns);

 private:
  MatrixView<const T> points_;
  std::size_t parameters_ = 0;
  Panels<T> panels_;
  Buffer<T> inverse_norms_, rows_, columns_;
  std::vector<DualSides> sides_;
  std::vector<OwnKernel> own_;
};

}  // namespace widenet
