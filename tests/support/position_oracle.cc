#include "tests/support/position_oracle.h"

#include <algorithm>

namespace widenet::testing_support {
namespace {

// One axis: what tap d of output o reads of n inputs.
struct OracleAxis {
  long n, k, s, out;
  Padding padding;
  bool transposed;

  std::optional<std::size_t> read(long o, long d) const {
    long i = 0;
    if (transposed) {
      const bool whole = padding == Padding::valid || s > k - 1;
      const long lead = whole ? k - 1 : (k + s - 2) / 2 + (k + s - 2) % 2;
      if ((o + d - lead) % s != 0) return {};
      i = (o + d - lead) / s;
    } else {
      const long lead = padding == Padding::valid ? 0 : std::max(0L, (out - 1) * s + k - n) / 2;
      i = o * s + d - lead;
    }
    if (padding == Padding::circular) i = (i % n + n) % n;
    if (i < 0 || i >= n) return {};
    return static_cast<std::size_t>(i);
  }
};

Real relu_like(Real below, Real above, Real a, Real b, Real c, bool slope) {
  const Real straight = (above + below) * (above + below) / 4, bent = (above - below) * (above - below) / 4;
  const Real det = std::max(a * b - c * c, Real(0));
  Real angle = std::atan2(std::sqrt(det), c);
  if (a == 0 || b == 0) angle = a == b ? 0 : std::numbers::pi_v<Real> / 2;
  const Real turned = 1 - 2 * angle / std::numbers::pi_v<Real>;  // 2 asin(rho) / pi
  if (slope) return straight + bent * turned;
  return straight * c + bent * (2 / std::numbers::pi_v<Real> * std::sqrt(det) + c * turned);
}

Real dual(const Activation& activation, Real a, Real b, Real c, bool slope) {
  const auto parameter = [&](std::size_t k) { return static_cast<Real>(activation.parameters.at(k)); };
  if (activation.name == "relu") return relu_like(0, 1, a, b, c, slope);
  if (activation.name == "abrelu") return relu_like(parameter(0), parameter(1), a, b, c, slope);
  if (activation.name == "cos") return (std::exp(c - (a + b) / 2) + (slope ? -1 : 1) * std::exp(-c - (a + b) / 2)) / 2;
  const Real root = std::sqrt(1 + 2 * (a + b) + 4 * std::max(a * b - c * c, Real(0)));  // erf
  return slope ? 4 / std::numbers::pi_v<Real> / root : 2 / std::numbers::pi_v<Real> * std::atan2(2 * c, root);
}

}  // namespace

PositionOracle::PositionOracle(const Shape& shape, const Sample& a, const Sample& b, std::optional<double> mask)
    : shape_(shape), edges_{a.edges, b.edges} {
  const std::size_t n = count(), channels = shape.channels;
  std::array<std::vector<double>, 2> values{a.values, b.values};
  for (std::size_t side = 0; side < 2; ++side) {
    present_[side].assign(n, !mask);
    for (std::size_t e = 0; e < values[side].size() && mask; ++e) {
      if (values[side][e] != *mask) present_[side][e / channels] = true;
      if (values[side][e] == *mask) values[side][e] = 0;
    }
  }
  for (std::size_t w = 0; w < 3; ++w) {
    pairs_[w] = OraclePair(n, n);
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = 0; q < n; ++q)
        for (std::size_t c = 0; c < channels; ++c)
          pairs_[w].k[pairs_[w].at(p, q)] += real(values[left[w]][p * channels + c]) *
                                             real(values[right[w]][q * channels + c]) / static_cast<Real>(channels);
  }
}

OracleTaps PositionOracle::taps_of(const Window& window, const Window& stride, Padding padding, bool transposed) const {
  OracleTaps taps;
  for (std::size_t o = 0; o < position_count(after_.positions); ++o) {
    const auto to = place(o, after_.positions);
    std::vector<std::size_t> middle;
    for (std::size_t d = 0; d < position_count(window); ++d) {
      const auto tap = place(d, window);
      std::vector<std::size_t> from;
      bool inside = true;
      for (std::size_t a = 0; a < window.size() && inside; ++a) {
        const OracleAxis axis{static_cast<long>(shape_.positions[a]),
                              static_cast<long>(window[a]),
                              static_cast<long>(stride[a]),
                              static_cast<long>(after_.positions[a]),
                              padding,
                              transposed};
        const auto i = axis.read(static_cast<long>(to[a]), static_cast<long>(tap[a]));
        inside = i.has_value();
        from.push_back(i.value_or(0));
      }
      if (d == 0) taps.read.emplace_back();
      taps.read.back().push_back(inside ? std::optional(number(from, shape_.positions)) : std::nullopt);
    }
    Window half;
    for (const std::size_t k : window) half.push_back((k - 1) / 2);
    const auto centre = taps.read.back()[number(half, window)];
    taps.centre.push_back(centre.value_or(0));
  }
  return taps;
}

void PositionOracle::add(const Conv& conv) {
  const Window stride = conv.stride.empty() ? Window(conv.window.size(), 1) : conv.stride;
  const OracleTaps taps = taps_of(conv.window, stride, conv.padding, conv.kind == ConvKind::transpose);
  const std::size_t outputs = taps.read.size(), window = position_count(conv.window);
  for (std::size_t w = 0; w < 3; ++w) {
    OraclePair out(outputs, outputs);
    for (std::size_t p = 0; p < outputs; ++p)
      for (std::size_t q = 0; q < outputs; ++q) {
        if (conv.kind == ConvKind::local && p != q) continue;
        Real &k = out.k[out.at(p, q)], &theta = out.theta[out.at(p, q)];
        for (std::size_t d = 0; d < window; ++d) {
          if (!taps.read[p][d] || !taps.read[q][d]) continue;
          const std::size_t at = pairs_[w].at(*taps.read[p][d], *taps.read[q][d]);
          k += pairs_[w].k[at] / static_cast<Real>(window);
          theta += pairs_[w].theta[at] / static_cast<Real>(window);
        }
        weigh(conv, shape_.channels * window, k, theta);
      }
    pairs_[w] = out;
  }
  for (Presence& before : present_) {
    Presence after(outputs, true);
    for (std::size_t o = 0; o < outputs; ++o) {
      if (conv.kind != ConvKind::transpose) {
        after[o] = before[taps.centre[o]];
        continue;
      }
      for (const auto& read : taps.read[o])
        if (read && !before[*read]) after[o] = false;
    }
    before = after;
  }
}

void PositionOracle::map_both(const std::array<OracleMap, 2>& maps) {
  for (std::size_t w = 0; w < 3; ++w) {
    const OracleMap &rows = maps[left[w]], &columns = maps[right[w]];
    OraclePair out(rows.size(), columns.size());
    for (std::size_t p = 0; p < rows.size(); ++p)
      for (std::size_t q = 0; q < columns.size(); ++q)
        for (const OracleShare& i : rows[p])
          for (const OracleShare& j : columns[q]) {
            const std::size_t at = pairs_[w].at(i.position, j.position);
            out.k[out.at(p, q)] += i.weight * j.weight * pairs_[w].k[at];
            out.theta[out.at(p, q)] += i.weight * j.weight * pairs_[w].theta[at];
          }
    pairs_[w] = out;
  }
}
// A position is there where anything is that it reads.
void PositionOracle::show(const OracleMap& map) {
  for (Presence& before : present_) {
    Presence after;
    for (const auto& row : map)
      after.push_back(std::any_of(row.begin(), row.end(), [&](const OracleShare& s) { return before[s.position]; }));
    before = after;
  }
}

void PositionOracle::add(const Pool& pool) {
  const Window stride = pool.stride.empty() ? pool.window : pool.stride;
  const OracleTaps taps = taps_of(pool.window, stride, pool.padding, false);
  OracleMap map;
  for (const auto& reads : taps.read) {
    const auto inside = static_cast<std::size_t>(
        std::count_if(reads.begin(), reads.end(), [](const auto& r) { return r.has_value(); }));
    const std::size_t divisor = pool.sum ? 1 : pool.edges == Edges::actual ? inside : reads.size();
    map.emplace_back();
    for (const auto& read : reads)
      if (read) map.back().push_back({*read, 1 / static_cast<Real>(divisor)});
  }
  map_all(map);
  for (Presence& before : present_) {
    Presence after;
    for (const std::size_t centre : taps.centre) after.push_back(before[centre]);
    before = after;
  }
}

void PositionOracle::add(const GlobalPool& pool) {
  std::array<OracleMap, 2> maps;
  for (std::size_t side = 0; side < 2; ++side) {
    const auto there = std::max<long>(std::count(present_[side].begin(), present_[side].end(), true), 1);
    maps[side].emplace_back();
    for (std::size_t p = 0; p < count(); ++p) maps[side][0].push_back({p, pool.sum ? 1 : 1 / static_cast<Real>(there)});
  }
  map_both(maps);
  show(maps[0]);
}
void PositionOracle::add(const Flatten&) {
  const std::size_t n = count();
  for (OraclePair& pair : pairs_) {
    OraclePair out(1, 1);
    for (std::size_t p = 0; p < n; ++p) {
      out.k[0] += pair.k[pair.at(p, p)] / static_cast<Real>(n);
      out.theta[0] += pair.theta[pair.at(p, p)] / static_cast<Real>(n);
    }
    pair = out;
  }
  for (Presence& before : present_) before = {std::find(before.begin(), before.end(), true) != before.end()};
}

void PositionOracle::add(const LayerNorm& norm) {
  const auto averaged = [&](std::size_t axis) {
    return std::find(norm.axes.begin(), norm.axes.end(), axis + 1) != norm.axes.end();
  };
  std::array<std::vector<Real>, 2> roots;
  for (std::size_t side = 0; side < 2; ++side)
    for (std::size_t p = 0; p < count(); ++p) {
      const auto here = place(p, shape_.positions);
      Real sum = 0, number = 0;
      for (std::size_t q = 0; q < count(); ++q) {
        const auto other = place(q, shape_.positions);
        bool together = present_[side][q];
        for (std::size_t a = 0; a < here.size(); ++a) together = together && (averaged(a) || here[a] == other[a]);
        if (together) sum += own(side).k[own(side).at(q, q)] + Real(1e-12), number += 1;
      }
      roots[side].push_back(number > 0 ? std::sqrt(sum / number) : 1);
    }
  for_entries([&](std::size_t w, std::size_t p, std::size_t q, Real& k, Real& theta) {
    const Real divisor = roots[left[w]][p] * roots[right[w]][q];
    k /= divisor;
    theta /= divisor;
  });
}

void PositionOracle::add(const Activation& activation) {
  std::array<std::vector<Real>, 2> variance;
  for (std::size_t side = 0; side < 2; ++side)
    for (std::size_t p = 0; p < count(); ++p) variance[side].push_back(own(side).k[own(side).at(p, p)]);
  for_entries([&](std::size_t w, std::size_t p, std::size_t q, Real& k, Real& theta) {
    const Real a = variance[left[w]][p], b = variance[right[w]][q], c = k;
    k = dual(activation, a, b, c, false);
    if (theta != 0) theta *= dual(activation, a, b, c, true);
  });
}

void PositionOracle::add(const Branches& join) {
  const PositionOracle start = *this;
  std::vector<PositionOracle> ends;
  Real channels = 0;
  for (const Network& branch : join.branches) {
    ends.push_back(start);
    ends.back().run(branch);
    channels += static_cast<Real>(ends.back().shape_.channels);
    largest_ = std::max(largest_, ends.back().largest_);
  }
  // Where output o comes from: branch and position; of joins position by position every branch.
  const Shape out_shape = shape_after(Layer(join), shape_);
  const std::size_t n = position_count(out_shape.positions);
  const auto source = [&](std::size_t b, std::size_t o) -> std::optional<std::size_t> {
    if (join.join != Join::concat || !join.axis) return o;
    auto from = place(o, out_shape.positions);
    std::size_t& along = from[*join.axis - 1];
    for (std::size_t e = 0; e < b; ++e) {
      const std::size_t before = ends[e].shape_.positions[*join.axis - 1];
      if (along < before) return {};
      along -= before;
    }
    if (along >= ends[b].shape_.positions[*join.axis - 1]) return {};
    return number(from, ends[b].shape_.positions);
  };
  for (std::size_t w = 0; w < 3; ++w) {
    OraclePair out(n, n);
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = 0; q < n; ++q) {
        Real &k = out.k[out.at(p, q)], &theta = out.theta[out.at(p, q)];
        if (join.join == Join::product) k = 1;
        for (std::size_t b = 0; b < ends.size(); ++b) {
          const auto i = source(b, p), j = source(b, q);
          if (!i || !j) continue;
          const OraclePair& end = ends[b].pairs_[w];
          const Real one = end.k[end.at(*i, *j)], one_theta = end.theta[end.at(*i, *j)];
          if (join.join == Join::product) {
            theta = theta * one + k * one_theta;
            k *= one;
            continue;
          }
          const bool weighed = join.join == Join::concat && !join.axis;
          const Real weight = weighed ? static_cast<Real>(ends[b].shape_.channels) / channels : 1;
          k += weight * one;
          theta += weight * one_theta;
        }
      }
    pairs_[w] = out;
  }
  for (std::size_t side = 0; side < 2; ++side) {
    Presence there(n, false);
    for (std::size_t o = 0; o < n; ++o)
      for (std::size_t b = 0; b < ends.size(); ++b)
        if (const auto i = source(b, o); i && ends[b].present_[side][*i]) there[o] = true;
    present_[side] = there;
  }
}

}  // namespace widenet::testing_support
