#include "widenet/infinite/dual_table_nodes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace widenet {
namespace {

constexpr double pi = std::numbers::pi;

// Above these many points on the circle arcs are cheaper.
constexpr std::size_t most_series_points = 512;

// Fourier coefficients that are left out, relative to the largest.
constexpr double series_tail = 1e-17;

std::vector<double> roots(std::span<const double> variances) {
  std::vector<double> sd(variances.size());
  std::transform(variances.begin(), variances.end(), sd.begin(), [](double q) { return std::sqrt(q); });
  return sd;
}

// phi and phi' at x and -x as even and odd parts; phi' of the odd part is even.
struct Parts {
  DualValue even, odd;
};
Parts parts(const DualQuadrature& quadrature, double x) {
  const DualValue plus{quadrature.phi(x), quadrature.phi_slope(x)};
  const DualValue minus{quadrature.phi(-x), quadrature.phi_slope(-x)};
  return {0.5 * (plus + minus), 0.5 * (plus + -1.0 * minus)};
}

void raise(DualValue& to, DualValue v) {
  to = {std::max(to.value, std::abs(v.value)), std::max(to.slope, std::abs(v.slope))};
}

// The series of the largest variance of a side with itself: F_n^2 over all radii. Aliases put F_(points - n) into F_n,
// at most F_points of about F_(points / 2)^2: the tail that is there must be negligible. That of a side with the other
// tells nothing: the smooth one hides what is wrong with the steep one.
class OwnTail {
 public:
  OwnTail(const std::vector<double>& sds, std::size_t terms)
      : at_(static_cast<std::size_t>(std::max_element(sds.begin(), sds.end()) - sds.begin()) * terms),
        squares_(terms) {}
  void add(std::size_t n, double weight, const std::vector<double>& value, const std::vector<double>& slope) {
    squares_[n] += DualValue{weight * value[at_ + n] * value[at_ + n], weight * slope[at_ + n] * slope[at_ + n]};
  }
  bool is_small() const {
    DualValue largest, tail;
    for (const DualValue& square : squares_) raise(largest, square);
    for (std::size_t n = squares_.size() - 4; n < squares_.size(); ++n) raise(tail, squares_[n]);
    return tail.value <= 1e-15 * largest.value && tail.slope <= 1e-15 * largest.slope;
  }

 private:
  std::size_t at_;
  std::vector<DualValue> squares_;
};

// Nodes and weights on [lo, hi], appended.
void add_panel(double lo, double hi, std::vector<double>& nodes, std::vector<double>& weights) {
  const PanelRule& rule = PanelRule::get();
  const double half = 0.5 * (hi - lo);
  for (std::size_t k = 0; k < PanelRule::count; ++k) {
    nodes.push_back(lo + half + half * rule.nodes[k]);
    weights.push_back(half * rule.weights[k]);
  }
}

}  // namespace

// R e^(-R^2/2) over (0, end): panels no wider than 2.4, and growing by 3 from where the steepest factor begins to turn.
DualNodeSource::RadialRule DualNodeSource::radial_rule(double end, double largest_sd) {
  RadialRule rule;
  double lo = 0;
  while (lo < end) {
    const double hi = std::min({end, lo + 2.4, std::max(2 / largest_sd, 3 * lo)});
    add_panel(lo, hi, rule.radius, rule.weight);
    lo = hi;
  }
  for (std::size_t k = 0; k < rule.radius.size(); ++k)
    rule.weight[k] *= rule.radius[k] * std::exp(-0.5 * rule.radius[k] * rule.radius[k]);
  return rule;
}

DualNodeSource::DualNodeSource(const DualQuadrature& quadrature, std::span<const double> a, std::span<const double> b)
    : quadrature_(quadrature), sd_a_(roots(a)), sd_b_(roots(b)) {
  const double sd_a = *std::max_element(sd_a_.begin(), sd_a_.end());
  const double sd_b = *std::max_element(sd_b_.begin(), sd_b_.end());
  largest_sd_ = std::max(sd_a, sd_b);
  rule_ = radial_rule(quadrature.reach(sd_a, sd_b), largest_sd_);
  if (!quadrature.kinks().empty()) return;
  for (std::size_t points = 64; points <= most_series_points; points *= 2)
    if (static_cast<double>(points) >= 40 * largest_sd_ && fill_series(points)) return;
  series_.clear();
}

// The trapezoidal rule on the circle is exact but for aliases of the coefficients from points / 2 on.
bool DualNodeSource::fill_series(std::size_t points) {
  const std::size_t quarter = points / 4, terms = points / 2, na = sd_a_.size(), nb = sd_b_.size();
  std::vector<double> cosine(points);
  for (std::size_t j = 0; j < points; ++j)
    cosine[j] = std::cos(pi * (2 * static_cast<double>(j) + 0) / static_cast<double>(2 * points));
  // cos(n psi_j) for psi_j = (j + 1/2) 2 pi / points = pi (2 j + 1) / points = pi i / points with i = n (2 j + 1).
  const auto cos_of = [&](std::size_t n, std::size_t j) {
    const std::size_t i = n * (2 * j + 1) % (2 * points);
    return i < points ? cosine[i] : -cosine[i - points];
  };
  std::vector<double> waves(terms * quarter);
  for (std::size_t j = 0; j < quarter; ++j)
    for (std::size_t n = 0; n < terms; ++n) waves[j * terms + n] = cos_of(n, j) * 4 / static_cast<double>(points);

  series_.assign(terms, std::vector<DualValue>(na * nb));
  // Coefficients of one side at one radius: [node][n] for phi and phi'.
  struct Coefficients {
    std::vector<double> value, slope;
  };
  const auto transform = [&](const std::vector<double>& sds, double radius, Coefficients& out) {
    out.value.assign(sds.size() * terms, 0);
    out.slope.assign(sds.size() * terms, 0);
    for (std::size_t l = 0; l < sds.size(); ++l)
      for (std::size_t j = 0; j < quarter; ++j) {
        const double psi = pi * (2 * static_cast<double>(j) + 1) / static_cast<double>(points);
        const Parts p = parts(quadrature_, sds[l] * radius * std::cos(psi));
        const double* wave = &waves[j * terms];
        double* value = &out.value[l * terms];
        double* slope = &out.slope[l * terms];
        for (std::size_t n = 0; n < terms; n += 2) {
          value[n] += p.even.value * wave[n];
          slope[n] += p.even.slope * wave[n];
          value[n + 1] += p.odd.value * wave[n + 1];
          slope[n + 1] += p.odd.slope * wave[n + 1];
        }
      }
  };
  Coefficients fa, fb;
  OwnTail own_a(sd_a_, terms), own_b(sd_b_, terms);
  for (std::size_t r = 0; r < rule_.radius.size(); ++r) {
    transform(sd_a_, rule_.radius[r], fa);
    transform(sd_b_, rule_.radius[r], fb);
    for (std::size_t n = 0; n < terms; ++n) {
      // The factor 2 of the coefficients: mean(f g) = F_0 G_0 + sum_n 2 F_n G_n cos(n theta) with means F_n.
      const double weight = rule_.weight[r] * (n == 0 ? 1 : 2);
      own_a.add(n, weight, fa.value, fa.slope);
      own_b.add(n, weight, fb.value, fb.slope);
      for (std::size_t l = 0; l < na; ++l)
        for (std::size_t m = 0; m < nb; ++m)
          series_[n][l * nb + m] += DualValue{weight * fa.value[l * terms + n] * fb.value[m * terms + n],
                                              weight * fa.slope[l * terms + n] * fb.slope[m * terms + n]};
    }
  }
  if (!own_a.is_small() || !own_b.is_small()) return false;
  DualValue largest;
  for (const std::vector<DualValue>& row : series_)
    for (const DualValue v : row) raise(largest, v);
  const auto small = [&](const std::vector<DualValue>& row, double share) {
    return std::all_of(row.begin(), row.end(), [&](DualValue v) {
      return std::abs(v.value) <= share * largest.value && std::abs(v.slope) <= share * largest.slope;
    });
  };
  while (!series_.empty() && small(series_.back(), series_tail)) series_.pop_back();
  return true;
}

DualNodes DualNodeSource::from_series(double theta) const {
  const std::size_t size = sd_a_.size() * sd_b_.size();
  std::vector<DualValue> parts[2] = {std::vector<DualValue>(size), std::vector<DualValue>(size)};
  for (std::size_t n = 0; n < series_.size(); ++n) {
    const double wave = std::cos(static_cast<double>(n) * theta);
    std::vector<DualValue>& sum = parts[n % 2];
    for (std::size_t k = 0; k < size; ++k) sum[k] += wave * series_[n][k];
  }
  DualNodes nodes{std::move(parts[0]), std::vector<DualValue>(size)};
  for (std::size_t k = 0; k < size; ++k) {
    const DualValue even = nodes.same[k], odd = parts[1][k];
    nodes.same[k] = even + odd;
    nodes.opposite[k] = even + -1.0 * odd;
  }
  return nodes;
}

// Half the circle, from theta - pi/2 to theta + pi/2; the other half is there as even and odd parts.
DualNodes DualNodeSource::from_arcs(double theta) const {
  std::vector<double> angle, weight;
  const double ends[3] = {theta - pi / 2, pi / 2, theta + pi / 2};
  for (int arc = 0; arc < 2; ++arc) {
    // Towards both ends panels shrink by 3, down to where the steepest factor is flat at radius 4.
    const double middle = 0.5 * (ends[arc] + ends[arc + 1]), half = 0.5 * (ends[arc + 1] - ends[arc]);
    double outer = half;
    while (true) {
      const double inner = outer * largest_sd_ * 4 > 8 ? outer / 3 : 0;
      add_panel(middle - half + inner, middle - half + outer, angle, weight);
      add_panel(middle + half - outer, middle + half - inner, angle, weight);
      if (inner == 0) break;
      outer = inner;
    }
  }
  const std::size_t na = sd_a_.size(), nb = sd_b_.size();
  std::vector<DualValue> even(na * nb), odd(na * nb);
  std::vector<Parts> fb(nb);
  for (std::size_t p = 0; p < angle.size(); ++p) {
    const double cos_a = std::cos(angle[p]), cos_b = std::cos(angle[p] - theta);
    for (std::size_t r = 0; r < rule_.radius.size(); ++r) {
      const double w = weight[p] * rule_.weight[r] / pi;
      for (std::size_t m = 0; m < nb; ++m) fb[m] = parts(quadrature_, sd_b_[m] * rule_.radius[r] * cos_b);
      for (std::size_t l = 0; l < na; ++l) {
        const Parts fa = parts(quadrature_, sd_a_[l] * rule_.radius[r] * cos_a);
        for (std::size_t m = 0; m < nb; ++m) {
          even[l * nb + m] += DualValue{w * fa.even.value * fb[m].even.value, w * fa.even.slope * fb[m].even.slope};
          odd[l * nb + m] += DualValue{w * fa.odd.value * fb[m].odd.value, w * fa.odd.slope * fb[m].odd.slope};
        }
      }
    }
  }
  DualNodes nodes{even, even};
  for (std::size_t k = 0; k < even.size(); ++k) {
    nodes.same[k] += odd[k];
    nodes.opposite[k] += -1.0 * odd[k];
  }
  return nodes;
}

DualNodes DualNodeSource::at(double theta) const { return series_.empty() ? from_arcs(theta) : from_series(theta); }

}  // namespace widenet
