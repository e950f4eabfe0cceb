// The collapse of a homogeneous network to one polynomial in the angle: K(x, z) = |x| |z| / d f(rho), f analytic in
// acos(rho) whatever the depth.
#include <cmath>
#include <numbers>
#include <span>

#include "widenet/infinite/execute.h"

namespace widenet {
namespace {

constexpr std::size_t max_degree = 63;

// Chebyshev coefficients of f on [-1, 1] from its values at the nodes cos(pi (k + 1/2) / n).
std::vector<long double> chebyshev_coefficients(std::span<const long double> values) {
  const std::size_t n = values.size();
  std::vector<long double> c(n);
  for (std::size_t m = 0; m < n; ++m) {
    for (std::size_t k = 0; k < n; ++k)
      c[m] += values[k] * std::cos(std::numbers::pi_v<long double> * static_cast<long double>(m) *
                                   (static_cast<long double>(k) + 0.5L) / static_cast<long double>(n));
    c[m] *= (m == 0 ? 1.0L : 2.0L) / static_cast<long double>(n);
  }
  return c;
}

// sum_m c_m T_m(y), m < count, as a polynomial in y.
std::vector<long double> monomials(std::span<const long double> c, std::size_t count) {
  std::vector<long double> sum(count), before(count), now(count), next(count);
  before[0] = 1;
  if (count > 1) now[1] = 1;
  for (std::size_t m = 0; m < count; ++m) {
    const auto& t = m == 0 ? before : now;
    for (std::size_t k = 0; k < count; ++k) sum[k] += c[m] * t[k];
    if (m == 0) continue;
    for (std::size_t k = 0; k < count; ++k) next[k] = (k > 0 ? 2 * now[k - 1] : 0) - before[k];
    before.swap(now);
    now.swap(next);
  }
  return sum;
}

}  // namespace

template <class T>
std::vector<T> univariate_polynomial(const Program& program, Output output) {
  if (!program.homogeneous) return {};
  // A sample of unit variance; y = 2 asin(rho) / pi in [-1, 1], so 1 -+ rho = 2 sin^2(pi (1 -+ y) / 4).
  std::vector<double> parameters(parameter_count(program));
  run_sample(program, program.divisor, 0, parameters.data(), nullptr);
  std::vector<long double> values(2 * (max_degree + 1));
  for (std::size_t k = 0; k < values.size(); ++k) {
    const long double y = std::cos(std::numbers::pi_v<long double> * (static_cast<long double>(k) + 0.5L) /
                                   static_cast<long double>(values.size()));
    const long double half_sine = std::sin(std::numbers::pi_v<long double> * (1 - std::abs(y)) / 4);
    const auto [nngp, ntk] = execute_pair<long double>(program, parameters.data(), parameters.data(),
                                                       std::copysign(2 * half_sine * half_sine, y));
    values[k] = output == Output::nngp ? nngp : ntk;
  }
  const std::vector<long double> c = chebyshev_coefficients(values);
  long double at_one = 0;
  for (long double x : c) at_one += x;
  const long double tolerance = static_cast<long double>(std::numeric_limits<T>::epsilon()) * std::abs(at_one);
  // The shortest series whose tail is below half a rounding.
  long double tail = 0;
  std::size_t count = c.size();
  while (count > 1 && tail + std::abs(c[count - 1]) < tolerance / 2) tail += std::abs(c[--count]);
  if (count > max_degree) return {};
  const std::vector<long double> exact = monomials(c, count);
  // Horner's error is bounded by the sum of the coefficients' sizes.
  long double size = 0;
  for (long double x : exact) size += std::abs(x);
  if (size > 4 * std::abs(at_one)) return {};
  return std::vector<T>(exact.begin(), exact.end());
}

template std::vector<double> univariate_polynomial(const Program&, Output);
template std::vector<float> univariate_polynomial(const Program&, Output);

}  // namespace widenet
