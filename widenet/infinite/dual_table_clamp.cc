#include "widenet/infinite/dual_table_clamp.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace widenet {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double root_half = std::numbers::sqrt2 / 2;

double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * pi); }
double upper_tail(double x) { return 0.5 * std::erfc(x * root_half); }
double lower_tail(double x) { return 0.5 * std::erfc(-x * root_half); }
double centre(double x) { return 0.5 * std::erf(x * root_half); }

// Masses of the standard normal in the wedge between the perpendicular from 0 onto a line at distance h > 0 and the ray
// to the line's point at h slope from its foot: beyond the line (Owen's T) and before it; odd in the slope.
struct Wedge {
  double beyond, before;
};
Wedge wedge(double h, double slope) {
  const double a = std::abs(slope);
  Wedge w;
  if (a <= 1) {
    // T = (1/2 pi) int_0^a e^(-h^2 (1 + x^2) / 2) / (1 + x^2) dx; whichever of the two is small is the one to
    // integrate.
    const bool far = h >= 1;
    const PanelRule& rule = PanelRule::get();
    double sum = 0;
    for (std::size_t k = 0; k < PanelRule::count; ++k) {
      const double x = 0.5 * a * (1 + rule.nodes[k]), g = 1 + x * x, exponent = -0.5 * h * h * g;
      sum += rule.weights[k] * (far ? std::exp(exponent) : -std::expm1(exponent)) / g;
    }
    const double part = 0.5 * a * sum / (2 * pi), rest = std::atan(a) / (2 * pi) - part;
    w = far ? Wedge{part, rest} : Wedge{rest, part};
  } else {
    // The wedge's mirror image stands on the other leg of the right triangle.
    const double k = a * h;
    const Wedge other = wedge(k, 1 / a);
    const double qh = upper_tail(h), qk = upper_tail(k);
    w = {0.5 * (qh + qk) - qh * qk - other.beyond, centre(h) * centre(k) - other.before};
  }
  return slope < 0 ? Wedge{-w.beyond, -w.before} : w;
}

}  // namespace

std::optional<ClampDual> ClampDual::of(const Activation& activation) {
  if (activation.name == "hard_tanh") return ClampDual(1, true);
  if (activation.name == "relu6") return ClampDual(6, false);
  return std::nullopt;
}

DualValue ClampDual::dual(double a, double b, double complement) const {
  if (a < b) std::swap(a, b);
  const double sa = std::sqrt(a), sb = std::sqrt(b), sign = std::signbit(complement) ? -1 : 1;
  // At rho = 1 itself the limit of the same formulas.
  const double s = std::max(std::abs(complement), 1e-300);
  if (!odd_) return one_sided_dual(high_ / sa, high_ / sb, s, sign, sa * sb);
  const DualValue v = odd_dual(high_ / sa, high_ / sb, s, sa * sb);
  return {sign * v.value, v.slope};
}

DualValue ClampDual::moments(double q) const {
  const double h = high_ / std::sqrt(q), sides = odd_ ? 2 : 1, inside = sides * centre(h);
  return {q * (inside - sides * h * density(h)) + sides * high_ * high_ * upper_tail(h), inside};
}

DualValue ClampDual::mean(double q) const {
  const double sd = std::sqrt(q), h = high_ / sd;
  if (odd_) return {0, 2 * centre(h)};
  return {-sd * density(0) * std::expm1(-0.5 * h * h) + high_ * upper_tail(h), centre(h)};
}

// low = -high, rho = 1 - s >= 0.
DualValue ClampDual::odd_dual(double h, double k, double s, double sd_product) const {
  const double rho = 1 - s, r = std::sqrt(s * (2 - s));
  const double kh = (k - h) + h * s, hk = (h - k) + k * s;  // k - rho h, h - rho k
  const Wedge h_near = wedge(h, kh / (h * r)), h_far = wedge(h, (k + rho * h) / (h * r));
  const Wedge k_near = wedge(k, hk / (k * r)), k_far = wedge(k, (h + rho * k) / (k * r));
  const double inside = 2 * (h_near.before + h_far.before + k_near.before + k_far.before);
  const double corners = h_far.beyond + k_far.beyond - h_near.beyond - k_near.beyond;  // L at rho less L at -rho

  const double scale = root_half / r;
  const double edges =
      -h * density(k) * (std::erf((h + rho * k) * scale) - std::erf(hk * scale)) -
      k * density(h) * (std::erf((k + rho * h) * scale) - std::erf(kh * scale)) -
      r / pi * std::exp(-((h - k) * (h - k) + 2 * h * k * s) / (2 * r * r)) * std::expm1(-2 * rho * h * k / (r * r));
  return {sd_product * (rho * inside + edges) + 2 * high_ * high_ * corners, inside};
}

// low = 0, rho = sign (1 - s).
DualValue ClampDual::one_sided_dual(double h, double k, double s, double sign, double sd_product) const {
  const double rho = sign * (1 - s), r = std::sqrt(s * (2 - s));
  const double kh = sign > 0 ? (k - h) + h * s : k - rho * h, hk = sign > 0 ? (h - k) + k * s : h - rho * k;
  const Wedge h_side = wedge(h, kh / (h * r)), h_base = wedge(h, rho / r);
  const Wedge k_side = wedge(k, hk / (k * r)), k_base = wedge(k, rho / r);
  const double inside = h_side.before + h_base.before + k_side.before + k_base.before;
  const double corner = 0.5 * (upper_tail(h) + upper_tail(k)) - h_side.beyond - k_side.beyond;  // L(h, k)

  // x (n(0) N(-x / r) - n(y) N(-z / r)) with z = x - rho y.
  const auto edge = [&](double x, double y, double z) {
    const double scale = root_half / r;
    return -x * (density(0) * std::expm1(-0.5 * y * y) * lower_tail(-x / r) +
                 density(y) * 0.5 * (std::erf(x * scale) - std::erf(z * scale)));
  };
  // 1 - e^-A - e^-B + e^-C of the densities at the parallelogram's corners, with C = A + B - cross.
  const double A = k * k / (2 * r * r), B = h * h / (2 * r * r), cross = rho * h * k / (r * r);
  const double last = cross <= 1 ? std::exp(-A - B) * std::expm1(cross)
                                 : std::exp(-((h - k) * (h - k) + 2 * h * k * s) / (2 * r * r)) - std::exp(-A - B);
  const double edges = edge(h, k, hk) + edge(k, h, kh) + r / (2 * pi) * (std::expm1(-A) * std::expm1(-B) + last);
  return {sd_product * (rho * inside + edges) + high_ * high_ * corner, inside};
}

}  // namespace widenet
