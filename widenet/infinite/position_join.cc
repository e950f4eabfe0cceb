// Branches of one pair, brought together.
#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

PairState summed(const std::vector<double>& weights, const std::vector<PairState>& ends) {
  PairState out;
  for (Matrix<double> PairState::*matrix : {&PairState::covariance, &PairState::tangent}) {
    Matrix<double>& sum = out.*matrix;
    sum = Matrix<double>((ends[0].*matrix).rows(), (ends[0].*matrix).cols());
    for (std::size_t b = 0; b < ends.size(); ++b)
      for (std::size_t k = 0; k < sum.size(); ++k) sum.data()[k] += weights[b] * (ends[b].*matrix).data()[k];
  }
  return out;
}

// K = prod_b K_b, Theta = sum_b Theta_b prod_{c != b} K_c.
PairState multiplied(const std::vector<PairState>& ends) {
  PairState out{ends[0].covariance, ends[0].tangent, {}, {}};
  for (std::size_t b = 1; b < ends.size(); ++b) {
    double *covariance = out.covariance.data(), *tangent = out.tangent.data();
    const double *other = ends[b].covariance.data(), *other_tangent = ends[b].tangent.data();
    for (std::size_t k = 0; k < out.tangent.size(); ++k)
      tangent[k] = tangent[k] * other[k] + covariance[k] * other_tangent[k];
    for (std::size_t k = 0; k < out.covariance.size(); ++k) covariance[k] *= other[k];
  }
  return out;
}

// Positions of two branches are independent.
PairState laid_end_to_end(const JoinAt& join, const std::vector<PairState>& ends) {
  const std::size_t count = join.places.size();
  PairState out{Matrix<double>(count, count), {}, {}, {}};
  if (ends[0].has_tangent()) out.tangent = Matrix<double>(count, count);
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t q = 0; q < count; ++q) {
      const auto [b, at] = join.places[p];
      const auto [c, to] = join.places[q];
      if (b != c) continue;
      out.covariance(p, q) = ends[b].covariance(at, to);
      if (out.has_tangent()) out.tangent(p, q) = ends[b].tangent(at, to);
    }
  return out;
}

// A position is there where it is in any branch that makes it.
Presence present_in(const JoinAt& join, const std::vector<PairState>& ends, Presence PairState::*side) {
  if ((ends[0].*side).empty()) return {};
  if (!join.places.empty()) {
    Presence out;
    for (const auto& [b, at] : join.places) out.push_back((ends[b].*side)[at]);
    return out;
  }
  Presence out = ends[0].*side;
  for (const PairState& end : ends)
    for (std::size_t p = 0; p < out.size(); ++p) out[p] = out[p] || (end.*side)[p];
  return out;
}

}  // namespace

PairState joined(const JoinAt& join, const std::vector<PairState>& ends) {
  PairState out = !join.places.empty()         ? laid_end_to_end(join, ends)
                  : join.join == Join::product ? multiplied(ends)
                                               : summed(join.weights, ends);
  out.rows = present_in(join, ends, &PairState::rows);
  out.columns = present_in(join, ends, &PairState::columns);
  return out;
}

}  // namespace widenet
