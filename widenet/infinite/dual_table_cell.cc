#include "widenet/infinite/dual_table_cell.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "widenet/infinite/dual_table_nodes.h"

namespace widenet {
namespace {

constexpr std::size_t nodes = VarianceGrid::nodes;

// Numbers of angles that are tried in turn.
constexpr std::size_t angle_counts[] = {20, 24, 28, 32, 40, 48, 64, 96};

double node(std::size_t k, std::size_t count) {
  return -std::cos(std::numbers::pi * (static_cast<double>(k) + 0.5) / static_cast<double>(count));
}

// Values at the count nodes -cos(pi (k + 1/2) / count), stride apart, to Chebyshev coefficients.
void chebyshev(double* values, std::size_t count, std::size_t stride) {
  std::vector<double> c(count);
  const double n = static_cast<double>(count);
  for (std::size_t m = 0; m < count; ++m) {
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k)
      sum += values[k * stride] *
             std::cos(std::numbers::pi * static_cast<double>(m) * (n - static_cast<double>(k) - 0.5) / n);
    c[m] = sum * (m == 0 ? 1 : 2) / n;
  }
  for (std::size_t m = 0; m < count; ++m) values[m * stride] = c[m];
}

}  // namespace

int VarianceGrid::cell(double q) {
  int exponent = 0;
  std::frexp(q, &exponent);
  return exponent - 1;
}

VarianceGrid::Basis VarianceGrid::basis(double q) {
  int exponent = 0;
  const double x = 2 * std::log2(2 * std::frexp(q, &exponent)) - 1;
  Basis t;
  t[0] = 1;
  t[1] = x;
  for (std::size_t m = 2; m < nodes; ++m) t[m] = 2 * x * t[m - 1] - t[m - 2];
  return t;
}

std::array<double, nodes> VarianceGrid::variances(int cell) {
  std::array<double, nodes> q;
  for (std::size_t k = 0; k < nodes; ++k) q[k] = std::ldexp(std::exp2(0.5 * (node(k, nodes) + 1)), cell);
  return q;
}

void VarianceGrid::to_coefficients(double* values, std::size_t stride) { chebyshev(values, nodes, stride); }

MomentCell::MomentCell(const DualQuadrature& quadrature, int cell) {
  const auto q = VarianceGrid::variances(cell);
  double v[4][nodes];
  for (std::size_t k = 0; k < nodes; ++k) {
    const DualValue moments = quadrature.moments(q[k]), mean = quadrature.mean(q[k]);
    v[0][k] = moments.value;
    v[1][k] = moments.slope;
    v[2][k] = mean.value;
    v[3][k] = mean.slope;
  }
  const double value = *std::min_element(v[0], v[0] + nodes), slope = *std::min_element(v[1], v[1] + nodes);
  const double sizes[4] = {value, slope, std::sqrt(value), std::sqrt(slope)};
  valid = true;
  for (std::size_t f = 0; f < 4; ++f) {
    VarianceGrid::to_coefficients(v[f], 1);
    for (std::size_t k = nodes - 2; k < nodes; ++k)
      if (!(std::abs(v[f][k]) <= tail * sizes[f])) valid = false;
  }
  for (std::size_t k = 0; k < nodes; ++k) coefficients[k] = {{v[0][k], v[1][k]}, {v[2][k], v[3][k]}};
}

MomentCell::Values MomentCell::at(const VarianceGrid::Basis& basis) const {
  Values sum;
  for (std::size_t k = nodes; k-- > 0;) {
    sum.moments += basis[k] * coefficients[k].moments;
    sum.mean += basis[k] * coefficients[k].mean;
  }
  return sum;
}

DualCell::DualCell(const DualQuadrature& quadrature, int cell_a, int cell_b) {
  // The nearest singularity of erf's dual, sin^2(theta/2) = -(1/a + 1/b) / 8, stands for all that are smooth on
  // scale 1.
  const double inverse = std::ldexp(1, -cell_a - 1) + std::ldexp(1, -cell_b - 1);
  bend_ = std::min(1.0, std::sqrt(inverse / 8));
  length_ = std::asinh(std::numbers::sqrt2 / 2 / bend_);
  fill(quadrature, cell_a, cell_b);
}

void DualCell::fill(const DualQuadrature& quadrature, int cell_a, int cell_b) {
  const auto a = VarianceGrid::variances(cell_a), b = VarianceGrid::variances(cell_b);
  const DualNodeSource source(quadrature, a, b);
  // The steepest corner alone tells how many angles are needed.
  const DualNodeSource corner(quadrature, std::span(a).last(1), std::span(b).last(1));
  DualValue scale;  // the least over the cell
  {
    const DualValue ma = quadrature.moments(a[0]), mb = quadrature.moments(b[0]);
    scale = {std::sqrt(ma.value) * std::sqrt(mb.value), std::sqrt(ma.slope) * std::sqrt(mb.slope)};
    const DualValue na = quadrature.moments(a[nodes - 1]), nb = quadrature.moments(b[nodes - 1]);
    scale.value = std::min(scale.value, std::sqrt(na.value) * std::sqrt(nb.value));
    scale.slope = std::min(scale.slope, std::sqrt(na.slope) * std::sqrt(nb.slope));
  }
  const auto theta = [&](std::size_t k, std::size_t count) {
    return 2 * std::asin(std::min(bend_ * std::sinh(0.5 * length_ * (node(k, count) + 1)), std::numbers::sqrt2 / 2));
  };
  const auto ends_small = [&](const std::vector<double>& c, std::size_t width, double size) {
    for (std::size_t k = c.size() - 2 * width; k < c.size(); ++k)
      if (!(std::abs(c[k]) <= 0.1 * series_error * size)) return false;
    return true;
  };
  for (const std::size_t count : angle_counts) {
    Coefficients s{std::vector<double>(count), std::vector<double>(count)}, o = s;
    for (std::size_t k = 0; k < count; ++k) {
      const DualNodes v = corner.at(theta(k, count));
      s.value[k] = v.same[0].value;
      s.slope[k] = v.same[0].slope;
      o.value[k] = v.opposite[0].value;
      o.slope[k] = v.opposite[0].slope;
    }
    for (auto* c : {&s.value, &s.slope, &o.value, &o.slope}) chebyshev(c->data(), count, 1);
    if (!ends_small(s.value, 1, scale.value) || !ends_small(o.value, 1, scale.value) ||
        !ends_small(s.slope, 1, scale.slope) || !ends_small(o.slope, 1, scale.slope))
      continue;
    angles_ = count;
    break;
  }
  if (angles_ == 0) return;

  constexpr std::size_t plane = nodes * nodes;
  for (Coefficients* c : {&same_, &opposite_}) {
    c->value.resize(angles_ * plane);
    c->slope.resize(angles_ * plane);
  }
  for (std::size_t k = 0; k < angles_; ++k) {
    const DualNodes v = source.at(theta(k, angles_));
    for (std::size_t p = 0; p < plane; ++p) {
      same_.value[k * plane + p] = v.same[p].value;
      same_.slope[k * plane + p] = v.same[p].slope;
      opposite_.value[k * plane + p] = v.opposite[p].value;
      opposite_.slope[k * plane + p] = v.opposite[p].slope;
    }
  }
  for (auto* c : {&same_.value, &same_.slope, &opposite_.value, &opposite_.slope}) {
    for (std::size_t p = 0; p < plane; ++p) chebyshev(c->data() + p, angles_, plane);
    for (std::size_t k = 0; k < angles_; ++k)
      for (std::size_t l = 0; l < nodes; ++l) {
        VarianceGrid::to_coefficients(c->data() + k * plane + l * nodes, 1);
      }
    for (std::size_t k = 0; k < angles_; ++k)
      for (std::size_t m = 0; m < nodes; ++m) VarianceGrid::to_coefficients(c->data() + k * plane + m, nodes);
  }
  valid_ = converged(scale);
  if (!valid_) return;
  shorten(scale);
  pack();
}

// Whether the series end small in either variance: polynomials of high degree, above all, change too much in a cell.
bool DualCell::converged(DualValue scale) const {
  const auto small = [&](std::size_t at) {
    constexpr double share = 0.1 * series_error;
    return std::abs(same_.value[at]) <= share * scale.value && std::abs(opposite_.value[at]) <= share * scale.value &&
           std::abs(same_.slope[at]) <= share * scale.slope && std::abs(opposite_.slope[at]) <= share * scale.slope;
  };
  for (std::size_t k = 0; k < angles_; ++k)
    for (std::size_t l = 0; l < nodes; ++l)
      for (std::size_t m = 0; m < nodes; ++m)
        if (std::max(l, m) >= nodes - 2 && !small((k * nodes + l) * nodes + m)) return false;
  return true;
}

// Leaves out the last columns (of either side) of every angle that are negligible in all four series.
void DualCell::shorten(DualValue scale) {
  constexpr double negligible = 2e-15;
  const auto matters = [&](std::size_t at) {
    return std::abs(same_.value[at]) > negligible * scale.value ||
           std::abs(opposite_.value[at]) > negligible * scale.value ||
           std::abs(same_.slope[at]) > negligible * scale.slope ||
           std::abs(opposite_.slope[at]) > negligible * scale.slope;
  };
  for (int side = 0; side < 2; ++side) {
    used_[side].assign(angles_, 0);
    for (std::size_t k = 0; k < angles_; ++k)
      for (std::size_t m = 0; m < nodes; ++m)
        for (std::size_t l = 0; l < nodes; ++l)
          if (matters((k * nodes + (side == 0 ? l : m)) * nodes + (side == 0 ? m : l))) used_[side][k] = m + 1;
  }
}

// So that a row's coefficients are sums of what lies side by side.
void DualCell::pack() {
  for (std::size_t side = 0; side < 2; ++side)
    for (std::size_t sign = 0; sign < 2; ++sign) {
      const Coefficients& c = sign == 0 ? same_ : opposite_;
      std::vector<double>& to = packed_[side][sign];
      to.assign(angles_ * nodes * Row::stride, 0.0);
      for (std::size_t k = 0; k < angles_; ++k)
        for (std::size_t l = 0; l < nodes; ++l)
          for (std::size_t m = 0; m < nodes; ++m) {
            const std::size_t at = (k * nodes + (side == 0 ? l : m)) * nodes + (side == 0 ? m : l);
            double* const pair = to.data() + (k * nodes + l) * Row::stride + 2 * m;
            pair[0] = c.value[at];
            pair[1] = c.slope[at];
          }
    }
  same_ = opposite_ = {};
}

void DualCell::contract(const VarianceGrid::Basis& basis, bool row_is_a, bool opposite, Row& row) const {
  constexpr std::size_t block = 8;  // numbers that are summed together, in registers
  const std::size_t side = row_is_a ? 0 : 1;
  const double* from = packed_[side][opposite ? 1 : 0].data();
  row.used = used_[side];
  row.inverse_bend = std::numbers::sqrt2 / 2 / bend_;
  row.twice_tau_per_asinh = 4 / length_;
  row.coefficients.resize(angles_ * Row::stride);
  for (std::size_t k = 0; k < angles_; ++k)
    for (std::size_t first = 0; first < 2 * row.used[k]; first += block) {
      double sums[block] = {};
      for (std::size_t l = used_[1 - side][k]; l-- > 0;) {
        const double* c = from + (k * nodes + l) * Row::stride + first;
        for (std::size_t t = 0; t < block; ++t) sums[t] += basis[l] * c[t];
      }
      std::copy_n(sums, block, row.coefficients.data() + k * Row::stride + first);
    }
}

}  // namespace widenet
