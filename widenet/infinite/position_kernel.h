// Infinite networks of images, sequences and graphs, plainly: one pair of samples at a time, all pairs of positions,
// nested loops. Any network of the language.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "widenet/architecture/kernel.h"
#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"
#include "widenet/infinite/position_steps.h"

namespace widenet {

// Of two samples over their output positions: covariance(p, p') = E[f_p(x) f_p'(z)] and the tangent kernel. 1 x 1 for
// networks that end in a vector.
struct PairKernel {
  Matrix<double> covariance, tangent;
};

// One sample: positions row by row, the channels of a position together; and for networks with aggregate the matrix A
// of its graph, row by row: A(q, p) is the weight of the edge from q to p, over the positions that aggregate reads.
struct PositionSample {
  std::span<const double> values;
  std::span<const double> adjacency = {};
};

// What pairs read of one sample, and the sample with itself.
struct OwnState {
  Matrix<double> values;  // positions x channels, absent entries 0
  Presence present;
  std::deque<SampleStep> steps;
  PairKernel kernel;
};

// K and Theta as all widths go to infinity (Novak et al. 2019; Garriga-Alonso et al. 2019; Arora et al. 2019, section
// 4; Yang 2019; Hron et al. 2020). The input's covariance is x_p . z_p' / channels. A position of x whose patch has the
// bits of one of z is as exact as x with itself: K has the bits of the variances at every layer.
// Cost of a pair: for P positions P^2 entries per layer, times the taps of a window; attention P^3.
class PositionNetwork {
 public:
  // Entries of the samples equal to `mask` (a NaN: that are NaN) count as 0, and a position is absent where all its
  // channels are such. Throws Error(usage) as validate() does, and where two layers aggregate different numbers of
  // positions.
  PositionNetwork(const Network& network, const Shape& shape, std::optional<double> mask = {});

  const Shape& input() const { return input_; }
  const Shape& output() const { return output_; }
  // The nodes of a sample's graph; 0: none is read.
  std::size_t nodes() const { return nodes_; }
  // About what an OwnState takes, and what the work on one pair takes on every thread.
  std::size_t own_bytes() const;
  std::size_t working_bytes() const;

  // `number` is the sample's in messages. Throws Error(usage) for values or a graph of another size, a NaN or an
  // infinity, a norm of a position outside [1e-150, 1e150], and where the kernel is not finite on the way.
  OwnState own(const PositionSample& sample, std::size_t number = 0) const;

  // The same object twice is the sample with itself; two objects are two samples, also where their values are equal.
  // With Limit::nngp of two objects K alone, and an empty tangent: half of the work. `work` is of one thread at a time
  // and keeps its memory.
  PairKernel pair(const OwnState& row, const OwnState& column, Limit limit, Workspace& work) const;
  PairKernel pair(const OwnState& row, const OwnState& column) const;

 private:
  Shape input_, output_;
  std::optional<double> mask_;
  std::shared_ptr<const PositionSteps> steps_;
  std::size_t nodes_ = 0;
};

}  // namespace widenet
