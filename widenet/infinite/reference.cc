// The formulas compiled for scalars: plain loops over one pair, the oracle of the vector code.
#include <algorithm>
#include <limits>
#include <numbers>

#include "widenet/base/number.h"
#include "widenet/infinite/execute.h"

#define WIDENET_INLINE inline

namespace widenet {
namespace {

#include "widenet/infinite/execute-inl.h"

// Parameters as N, one after the other.
template <class N>
std::vector<N> converted(const double* from, std::size_t count) {
  return std::vector<N>(from, from + count);
}

double own_value(const ClosedDual& dual, double q, const double* f, double* slope) {
  return std::visit(
      [&](const auto& d) {
        using D = std::decay_t<decltype(d)>;
        Side<double, D::factors> side;
        side.root = std::sqrt(q);
        std::copy_n(f, D::factors, side.f);
        const Dual<double> result = pair<double>(d, {0.0, 1.0}, side, side);
        *slope = result.slope;
        if constexpr (D::gives_covariance)
          return result.out.rho;
        else
          return d.variance(q);
      },
      dual);
}

}  // namespace

DualMoments own_moments(const ClosedDual& dual, double q, double* parameters) {
  const std::size_t factors = std::visit([](const auto& d) { return d.factors; }, dual);
  parameters[0] = std::sqrt(q);
  std::visit([&](const auto& d) { d.fill(q, parameters + 1); }, dual);
  DualMoments moments{};
  moments.variance = own_value(dual, q, parameters + 1, &moments.slope);
  if (std::visit([](const auto& d) { return d.gives_covariance; }, dual))
    parameters[1 + factors] = moments.variance > 0 ? 1 / std::sqrt(moments.variance) : 0;
  return moments;
}

template <class N>
std::pair<N, N> execute_pair(const Program& program, const double* row, const double* column, N s) {
  const std::size_t count = parameter_count(program);
  const std::vector<N> i = converted<N>(row, count), j = converted<N>(column, count);
  std::vector<N> state(program.slots * numbers_per_pair, N(0));
  state[0] = s;
  state[1] = correlation(s);
  Cursor<N> at{i.data(), j.data(), 1, 0};
  const AffineStep* last = last_affine(program);
  for (const Step& step : std::span(program.steps).first(program.steps.size() - (last ? 1 : 0))) {
    run_step<N, 1>(step, at, true, state.data());
    at.advance(parameter_count(step));
  }
  return {kernel_value<N>(last, false, at, 0, state[0], state[1], state[2]),
          kernel_value<N>(last, true, at, 0, state[0], state[1], state[2])};
}

template std::pair<double, double> execute_pair(const Program&, const double*, const double*, double);
template std::pair<long double, long double> execute_pair(const Program&, const double*, const double*, long double);

}  // namespace widenet
