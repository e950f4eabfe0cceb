// Branches of one pair, brought together.
#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

PairState summed(const std::vector<double>& weights, const std::vector<PairState>& ends) {
  PairState out{Matrix<double>(ends[0].covariance.rows(), ends[0].covariance.cols()),
                Matrix<double>(ends[0].covariance.rows(), ends[0].covariance.cols()),
                {},
                {}};
  for (std::size_t b = 0; b < ends.size(); ++b)
    for (std::size_t k = 0; k < out.covariance.size(); ++k) {
      out.covariance.data()[k] += weights[b] * ends[b].covariance.data()[k];
      out.tangent.data()[k] += weights[b] * ends[b].tangent.data()[k];
    }
  return out;
}

// K = prod_b K_b, Theta = sum_b Theta_b prod_{c != b} K_c.
PairState multiplied(const std::vector<PairState>& ends) {
  PairState out{ends[0].covariance, ends[0].tangent, {}, {}};
  for (std::size_t b = 1; b < ends.size(); ++b)
    for (std::size_t k = 0; k < out.covariance.size(); ++k) {
      double &covariance = out.covariance.data()[k], &tangent = out.tangent.data()[k];
      const double other = ends[b].covariance.data()[k];
      tangent = tangent * other + covariance * ends[b].tangent.data()[k];
      covariance *= other;
    }
  return out;
}

// Positions of two branches are independent.
PairState laid_end_to_end(const JoinAt& join, const std::vector<PairState>& ends) {
  const std::size_t count = join.places.size();
  PairState out{Matrix<double>(count, count), Matrix<double>(count, count), {}, {}};
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t q = 0; q < count; ++q) {
      const auto [b, at] = join.places[p];
      const auto [c, to] = join.places[q];
      if (b != c) continue;
      out.covariance(p, q) = ends[b].covariance(at, to);
      out.tangent(p, q) = ends[b].tangent(at, to);
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
