#include "widenet/infinite/quadrature.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include "widenet/base/error.h"

namespace widenet {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Functions that vary on the scale 1 look like jumps and spikes to a panel much wider than that: within these distances
// of 0 panels are laid out, beyond them bisection sees all there is to see.
constexpr double steep_marks[] = {-64, -8, -1, 1, 8, 64};
constexpr double steep_from = 16;

// The slopes' limit q -> 0+: phi' has no scale, so any tiny variance serves.
constexpr double tiny_variance = 1e-300;

double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); }

void check_variance(double q) {
  if (q < 0 || q == infinity) fail("no dual of variance {} (variances are finite and >= 0) check the covariances", q);
}

}  // namespace

// One of the two factors: phi(sign sd R cos(.)), and the arguments where panels of it end.
struct DualQuadrature::Side {
  const DualQuadrature& dual;
  double sd, sign;

  DualValue operator()(double x) const { return {dual.phi(sign * x), dual.phi_slope(sign * x)}; }

  // Arguments |x| < limit where the factor has a kink, is steep, or is 0.
  template <class Visit>
  void marks(double limit, Visit visit) const {
    visit(0.0);
    for (const double kink : dual.kinks_)
      if (kink != 0 && std::abs(kink) < limit) visit(sign * kink);
    if (limit > steep_from)
      for (const double mark : steep_marks)
        if (std::abs(mark) < limit / 2) visit(mark);
  }
};

DualQuadrature::DualQuadrature(const Activation& activation)
    : definition_(find_activation(activation.name)), parameters_(activation.parameters) {
  if (!definition_)
    fail("there is no activation '{}' (the table of activations lacks it) check its name", activation.name);
  if (!definition_->value)
    fail("'{}' has no quadrature (it is defined by its kernel, not by a function) use its closed form",
         activation.name);
  const std::size_t expected = definition_->parameters.size(), given = parameters_.size();
  if (definition_->variadic ? given == 0 : given != expected)
    fail("'{}' got {} parameters (it takes {}) fill in all of them", activation.name, given,
         definition_->variadic ? "at least one" : std::to_string(expected));
  if (definition_->kinks) kinks_ = definition_->kinks(parameters_);
}

double DualQuadrature::reach(double sa, double sb) const {
  constexpr double step = 0.5, end = 38, negligible = 1e-18;
  double peak[2] = {0, 0}, last = step;
  double size[2][2] = {};  // of phi and phi', for sa and sb
  for (double r = 0; r <= end; r += step) {
    const double sd[2] = {sa, sb};
    for (int side = 0; side < 2; ++side)
      for (const double x : {sd[side] * r, -sd[side] * r}) {
        size[0][side] = std::max(size[0][side], std::abs(phi(x)));
        size[1][side] = std::max(size[1][side], std::abs(phi_slope(x)));
      }
    const double weight = std::exp(-0.25 * r * r) * (r + step);
    for (int which = 0; which < 2; ++which) {
      // Factor by factor, so that huge functions do not overflow before the weight is on.
      const double part = (size[which][0] * weight) * (size[which][1] * (weight / (r + step)));
      peak[which] = std::max(peak[which], part);
      if (part > negligible * peak[which]) last = r;
    }
    if (!std::isfinite(peak[0]) || !std::isfinite(peak[1])) return infinity;
  }
  return last >= end ? infinity : last + step;
}

// int integrand(z) dz over z > 0, split where the factors have marks. A first sum of absolute values sets the scale.
template <class F>
DualValue DualQuadrature::half_line(const Side& f, const Side& g, double end, const F& integrand) const {
  std::vector<double> ends = {0, 1.25, 2.5, 4, 6, end};
  for (const Side* side : {&f, &g})
    side->marks(end * side->sd, [&](double x) { ends.push_back(std::min(std::abs(x) / side->sd, end)); });
  std::sort(ends.begin(), ends.end());
  const auto size = [&](double z) {
    const DualValue v = integrand(z);
    return DualValue{std::abs(v.value), std::abs(v.slope)};
  };
  DualValue scale, sum;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) scale += integrate_panel(size, ends[k], ends[k + 1]);
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) sum += integrate_adaptively(integrand, ends[k], ends[k + 1], scale);
  return sum;
}

// int phi(sa z) phi(sign sb z) e^(-z^2/2) dz / sqrt(2 pi), both half lines folded onto z > 0.
DualValue DualQuadrature::parallel(double sa, double sb, double sign) const {
  const double end = reach(sa, sb);
  if (!std::isfinite(end)) return {infinity, infinity};
  const Side f{*this, sa, 1}, g{*this, sb, sign};
  return half_line(f, g, end, [&](double z) {
    const DualValue fp = f(sa * z), fm = f(-sa * z), gp = g(sb * z), gm = g(-sb * z);
    return normal_density(z) *
           DualValue{fp.value * gp.value + fm.value * gm.value, fp.slope * gp.slope + fm.slope * gm.slope};
  });
}

DualValue DualQuadrature::mean(double q) const {
  if (std::isnan(q)) return {q, q};
  check_variance(q);
  const Side f{*this, std::sqrt(q > 0 ? q : tiny_variance), 1};
  const double end = reach(f.sd, f.sd);
  if (!std::isfinite(end)) return {infinity, infinity};
  const DualValue m = half_line(f, f, end, [&](double z) { return normal_density(z) * (f(f.sd * z) + f(-f.sd * z)); });
  return {q > 0 ? m.value : phi(0), m.slope};
}

DualValue DualQuadrature::moments(double q) const {
  if (std::isnan(q)) return {q, q};
  check_variance(q);
  const double sd = std::sqrt(q > 0 ? q : tiny_variance);
  const DualValue m = parallel(sd, sd, 1);
  return {q > 0 ? m.value : phi(0) * phi(0), m.slope};
}

// The radii that split the outer integral: where an arc appears (R = |kink| / sd) or two arcs' ends meet (where the
// line u = kink crosses a line v = kink), and where the factors are steep.
std::vector<double> DualQuadrature::radii(const Side& f, const Side& g, double complement, double end) const {
  std::vector<double> ends = {0, 1.25, 2.5, 4, 6, end};
  for (const Side* side : {&f, &g})
    side->marks(end * side->sd, [&](double x) { ends.push_back(std::abs(x) / side->sd); });
  const double sine = std::sqrt(complement * (2 - complement));
  for (const double x : kinks_)
    for (const double y : kinks_) {
      const double h = x / f.sd, k = g.sign * y / g.sd;
      ends.push_back(std::sqrt((h - k) * (h - k) + 2 * h * k * complement) / sine);
    }
  std::erase_if(ends, [&](double r) { return !(r <= end); });
  std::sort(ends.begin(), ends.end());
  return ends;
}

// R e^(-R^2/2) (1/2 pi) int f(sa R cos psi) g(sb R cos(psi - theta)) dpsi, arc by arc.
DualValue DualQuadrature::circle(const Side& f, const Side& g, double radius, double theta, DualValue scale) const {
  const double ra = f.sd * radius, rb = g.sd * radius;
  std::vector<double> ends;
  const auto add = [&](double angle) { ends.push_back(std::remainder(angle, 2 * std::numbers::pi)); };
  f.marks(ra, [&](double x) {
    add(std::acos(x / ra));
    add(-std::acos(x / ra));
  });
  g.marks(rb, [&](double x) {
    add(theta + std::acos(x / rb));
    add(theta - std::acos(x / rb));
  });
  std::sort(ends.begin(), ends.end());
  ends.push_back(ends.front() + 2 * std::numbers::pi);
  const double weight = radius * std::exp(-0.5 * radius * radius) / (2 * std::numbers::pi);
  const auto integrand = [&](double psi) {
    const DualValue x = f(ra * std::cos(psi)), y = g(rb * std::cos(psi - theta));
    return DualValue{weight * x.value * y.value, weight * x.slope * y.slope};
  };
  DualValue sum;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) sum += integrate_adaptively(integrand, ends[k], ends[k + 1], scale);
  return sum;
}

DualValue DualQuadrature::dual(double a, double b, double complement) const {
  if (std::isnan(a + b + complement)) return {a + b + complement, a + b + complement};
  if (a < b) std::swap(a, b);
  check_variance(a);
  check_variance(b);
  if (std::abs(complement) > 1)
    fail("no dual at complement {} (it lies within [-1, 1]) check the correlations", complement);
  const double sign = std::signbit(complement) ? -1 : 1, s = std::abs(complement);
  if (b == 0) {
    // One factor is constant: its value phi(0); the slopes keep their limit.
    const double limit = dual(std::max(a, tiny_variance), tiny_variance, complement).slope;
    return {phi(0) * mean(a).value, limit};
  }
  const double sa = std::sqrt(a), sb = std::sqrt(b);
  if (s == 0) return parallel(sa, sb, sign);
  const double end = reach(sa, sb);
  if (!std::isfinite(end)) return {infinity, infinity};
  const DualValue own_a = parallel(sa, sa, 1), own_b = a == b ? own_a : parallel(sb, sb, 1);
  const DualValue scale{std::sqrt(own_a.value) * std::sqrt(own_b.value),
                        std::sqrt(own_a.slope) * std::sqrt(own_b.slope)};
  const Side f{*this, sa, 1}, g{*this, sb, sign};
  const double theta = 2 * std::asin(std::sqrt(0.5 * s));
  const std::vector<double> ends = radii(f, g, s, end);
  // Arcs are born like square roots of the distance: t^2 (3 - 2 t) makes that smooth at both ends of a piece.
  const bool roots = std::any_of(kinks_.begin(), kinks_.end(), [](double kink) { return kink != 0; });
  DualValue sum;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) {
    const double lo = ends[k], length = ends[k + 1] - lo;
    if (length == 0) continue;
    if (roots)
      sum += integrate_adaptively(
          [&](double t) {
            const double r = lo + length * (t * t * (3 - 2 * t));
            return (length * 6 * t * (1 - t)) * circle(f, g, r, theta, 0.1 * scale);
          },
          0, 1, scale);
    else
      sum +=
          integrate_adaptively([&](double r) { return circle(f, g, r, theta, 0.1 * scale); }, lo, lo + length, scale);
  }
  return sum;
}

}  // namespace widenet
