// A network of vectors as a flat list of steps on pairs of samples: the steps of position_steps.h at their one
// position, chained where they can be.
//
// The state of a pair in a slot is (s, Theta): s is the signed complement of the correlation of the two samples
// (see closed_dual-inl.h), Theta the tangent kernel. K is sqrt(q_i) sqrt(q_j) rho, with the variances q of each sample
// alone. Carrying 1 - rho instead of K keeps its relative accuracy as rows become parallel, layer after layer.
#pragma once

#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

#include "widenet/architecture/layer.h"
#include "widenet/infinite/closed_dual.h"
#include "widenet/infinite/dual_table.h"

namespace widenet {

// K' = A K + B and Theta' = own_out K' + own_in K + own_one + A Theta, A = weight_std^2, B = bias_std^2.
// NTK parametrisation: own_out = 1. Standard (Sohl-Dickstein et al. 2020): own_in = fan-in, own_one = 1 with a bias.
// Untrained: none.
struct AffineLayer {
  double weight_variance = 1, bias_variance = 0;
  double own_out = 1, own_in = 0, own_one = 0;
};

// Of a Dense or Conv with this fan-in, which standard parametrisation alone reads.
template <class Weights>
AffineLayer affine_layer(const Weights& weights, std::size_t fan_in) {
  AffineLayer layer{weights.weight_std * weights.weight_std, weights.bias_std * weights.bias_std, 1, 0, 0};
  if (!weights.trained) {
    layer.own_out = 0;
  } else if (weights.parametrization == Parametrization::standard) {
    layer.own_out = 0;
    layer.own_in = static_cast<double>(fan_in);
    layer.own_one = weights.bias_std != 0 ? 1 : 0;
  }
  return layer;
}

// What layer_norm adds to the variances.
inline constexpr double layer_norm_epsilon = 1e-12;

struct AffineStep {
  std::size_t slot;
  AffineLayer layer;
  bool last = false;             // its output is the result: the signed complement is no longer needed
  bool from_complement = false;  // last, after a chain that leaves 1 - rho alone
};
struct DualStep {
  std::size_t slot;
  ClosedDual dual;
};
// [affine dual] repeated, all layers of one pair in registers; every own_in and own_one is 0.
struct ChainStep {
  std::size_t slot;
  std::vector<AffineLayer> layers;
  ClosedDual dual;
  bool complement_suffices = false;  // what follows is an AffineStep with from_complement
};
struct TableStep {
  std::size_t slot;
  std::shared_ptr<const DualTable> table;
};
struct NormStep {
  std::size_t slot;
};
struct DropoutStep {
  std::size_t slot;
  double keep;
};
struct CopyStep {
  std::size_t from, to;
};
// Joins slots first, first + 1, ..., first + count - 1 into `first`; weights are the width shares of a concat, ones for
// a sum.
struct JoinStep {
  Join join;
  std::size_t first, count;
  std::vector<double> weights;
};
using Step = std::variant<AffineStep, DualStep, ChainStep, TableStep, NormStep, DropoutStep, CopyStep, JoinStep>;

struct Program {
  std::vector<Step> steps;  // the input is in slot 0, so is the result
  std::size_t slots = 1;
  double divisor = 1;  // the input's covariance is x . z / divisor: the number of features of a network's input
  // Whether the kernel is |x| |z| / divisor times a function of the angle alone: networks of relu, leaky_relu, abs,
  // abrelu without biases, products or dropout. Then one polynomial replaces all steps.
  bool homogeneous = false;
};

// Compiles a network that validate() has passed for inputs of `features` numbers.
Program compile(const Network& network, std::size_t features);

// The arc-cosine kernel (1/pi) |x|^n |z|^n J_n(theta) of Cho & Saul 2009 is twice the NNGP of this program: one
// rectified monomial on the samples as they are.
Program arc_cosine_program(std::size_t order);

// Numbers of one sample that the formula of a dual reads: those that own_moments() writes.
std::size_t dual_parameters(const ClosedDual& dual);

// Numbers of one sample that a step reads, in this order.
std::size_t parameter_count(const Step& step);
std::size_t parameter_count(const Program& program);
std::size_t table_count(const Program& program);

// Floating-point operations per entry after the input product, counted from the formulas (a square root as 1, the
// polynomial of an angle as 40).
double operations_per_entry(const Program& program);

}  // namespace widenet
