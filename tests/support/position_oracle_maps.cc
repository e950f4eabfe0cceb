// Of the nested loops: attention, and the layers that are linear maps of the positions.
#include <algorithm>
#include <numeric>

#include "tests/support/position_oracle.h"

namespace widenet::testing_support {
namespace {

// The covariance of the position vectors of two positions.
Real decayed(const Attention& layer, const std::vector<std::size_t>& p, const std::vector<std::size_t>& q) {
  Real distance = 0;
  for (std::size_t a = 0; a < p.size(); ++a)
    distance +=
        std::pow(std::abs(static_cast<Real>(p[a]) - static_cast<Real>(q[a])), static_cast<Real>(layer.position_power));
  switch (layer.position_decay.kind) {
    case PositionDecay::Kind::exp:
      return std::exp(-real(layer.position_decay.rate) * distance);
    case PositionDecay::Kind::inverse:
      return 1 / (1 + real(layer.position_decay.rate) * distance);
    default:
      return p == q ? 1 : 0;
  }
}

// Keys' cubic of Keys 1981 with a = -1/2, or the triangle.
Real filter(ResizeMethod method, Real x) {
  x = std::abs(x);
  if (method == ResizeMethod::linear) return std::max(1 - x, Real(0));
  if (x >= 2) return 0;
  return x >= 1 ? ((Real(-0.5) * x + Real(2.5)) * x - 4) * x + 2 : (Real(1.5) * x - Real(2.5)) * x * x + 1;
}

// The weights of n inputs for output o of m. Distances are quotients of whole numbers: where the filter ends, it is 0.
std::vector<Real> resized(const Resize& resize, std::size_t n, std::size_t m, std::size_t o) {
  const auto middle = static_cast<Real>((2 * o + 1) * n), pixel = static_cast<Real>(2 * m);
  std::vector<Real> weights(n, 0);
  if (resize.method == ResizeMethod::nearest) {
    weights[static_cast<std::size_t>(std::floor(middle / pixel))] = 1;
    return weights;
  }
  const Real width = resize.antialias && n > m ? static_cast<Real>(2 * n) : pixel;
  for (std::size_t i = 0; i < n; ++i)
    weights[i] = filter(resize.method, (static_cast<Real>((2 * i + 1) * m) - middle) / width);
  const Real sum = std::accumulate(weights.begin(), weights.end(), Real(0));
  for (Real& weight : weights) weight /= sum;
  return weights;
}

// The entries of an axis that a slice takes, as numpy counts.
std::vector<std::size_t> sliced(const Slice& slice, long n) {
  const auto from_end = [n](long i) { return i < 0 ? i + n : i; };
  if (slice.single) return {static_cast<std::size_t>(from_end(*slice.begin))};
  std::vector<std::size_t> out;
  if (slice.step > 0) {
    const long begin = std::clamp(from_end(slice.begin.value_or(0)), 0L, n);
    const long end = std::clamp(slice.end ? from_end(*slice.end) : n, 0L, n);
    for (long i = begin; i < end; i += slice.step) out.push_back(static_cast<std::size_t>(i));
  } else {
    const long begin = std::clamp(slice.begin ? from_end(*slice.begin) : n - 1, -1L, n - 1);
    const long end = std::clamp(slice.end ? from_end(*slice.end) : -1L, -1L, n - 1);
    for (long i = begin; i > end; i += slice.step) out.push_back(static_cast<std::size_t>(i));
  }
  return out;
}

}  // namespace

// What queries and keys see of K or of Theta.
OraclePair PositionOracle::seen(const Attention& layer, std::size_t which, bool of_theta) const {
  OraclePair out = pairs_[which];
  if (of_theta) out.k = out.theta;
  if (layer.position == PositionEmbedding::none) return out;
  const Real channels = layer.position_channels ? static_cast<Real>(shape_.channels) : 1;
  const Real added = static_cast<Real>(layer.position_channels.value_or(1));
  const bool beside = layer.position == PositionEmbedding::concat;
  const Real share = beside ? channels / (channels + added) : 1, rest = beside ? added / (channels + added) : 1;
  for (std::size_t p = 0; p < out.rows; ++p)
    for (std::size_t q = 0; q < out.cols; ++q) {
      Real& k = out.k[out.at(p, q)];
      k *= share;
      if (present_[left[which]][p] && present_[right[which]][q])
        k +=
            rest * squared(layer.position_std) * decayed(layer, place(p, shape_.positions), place(q, shape_.positions));
    }
  return out;
}

// The weights of all keys for every query of a sample, with linear scaling.
std::vector<std::vector<Real>> PositionOracle::attended(const Attention& layer, std::size_t side) const {
  const OraclePair scores = seen(layer, side == 0 ? 0 : 2, false);
  std::vector<std::vector<Real>> out;
  for (std::size_t p = 0; p < scores.rows; ++p) {
    std::vector<Real> row;
    for (std::size_t q = 0; q < scores.cols; ++q)
      row.push_back(real(layer.query_std) * real(layer.key_std) * scores.k[scores.at(p, q)]);
    const Real largest = *std::max_element(row.begin(), row.end());  // exp(score - largest) is at most one
    Real total = 0;
    for (std::size_t q = 0; q < scores.cols; ++q) {
      if (layer.weights == AttentionWeights::abs) row[q] = std::abs(row[q]);
      if (layer.weights == AttentionWeights::relu) row[q] = std::max(row[q], Real(0));
      if (layer.weights == AttentionWeights::softmax) row[q] = present_[side][q] ? std::exp(row[q] - largest) : 0;
      total += row[q];
    }
    if (layer.weights == AttentionWeights::softmax && total > 0)
      for (Real& weight : row) weight /= total;
    out.push_back(row);
  }
  return out;
}

void PositionOracle::add(const Attention& layer) {
  const Real c = squared(layer.output_std) * squared(layer.value_std), b = squared(layer.bias_std);
  const bool linear = layer.scaling == AttentionScaling::linear;
  std::array<OraclePair, 3> outs;
  std::array<std::vector<std::vector<Real>>, 2> weights;
  for (std::size_t side = 0; side < 2 && linear; ++side) weights[side] = attended(layer, side);
  for (std::size_t w = 0; w < 3; ++w) {
    const OraclePair &plain = pairs_[w], keys = seen(layer, w, false), keys_theta = seen(layer, w, true);
    const std::size_t n = plain.rows, m = plain.cols;
    OraclePair& out = outs[w] = OraclePair(n, m);
    const Real scores = squared(layer.query_std) * squared(layer.key_std);
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = 0; q < m; ++q)
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < m; ++j) {
            const std::size_t to = out.at(p, q), from = out.at(i, j);
            const Real v = layer.position_in_values ? keys.k[from] : plain.k[from];
            const Real v_theta = layer.position_in_values ? keys_theta.k[from] : plain.theta[from];
            if (linear) {
              const Real weight = c * weights[left[w]][p][i] * weights[right[w]][q][j];
              out.k[to] += weight * v;
              out.theta[to] += weight * (v_theta + 2 * v);
              continue;
            }
            // The scores' moments: queries of p and q, keys of i and j.
            const Real both = keys.k[to] * keys.k[from];
            const Real change = keys_theta.k[to] * keys.k[from] + keys.k[to] * keys_theta.k[from];
            out.k[to] += c * scores * both * v;
            out.theta[to] += c * scores * (both * (v_theta + 4 * v) + change * v);
          }
    for (Real& k : out.k) k += b;
    for (Real& theta : out.theta) theta += b;
  }
  pairs_ = outs;
}

void PositionOracle::add(const Aggregate&) {
  std::array<OracleMap, 2> maps;
  for (std::size_t side = 0; side < 2; ++side)
    for (std::size_t p = 0; p < count(); ++p) {
      maps[side].emplace_back();
      for (std::size_t q = 0; q < count(); ++q) maps[side][p].push_back({q, real(edges_[side][q * count() + p])});
    }
  map_both(maps);
}

void PositionOracle::add(const DotGeneral& map) {
  const std::size_t axis = map.contract - 1, n = shape_.positions[axis], m = map.shape.size() == 1 ? 1 : map.shape[0];
  Window extents = shape_.positions;
  extents[axis] = m;  // an axis of 1 is none in the numbers of positions
  OracleMap out;
  for (std::size_t o = 0; o < position_count(extents); ++o) {
    auto from = place(o, extents);
    const std::size_t row = from[axis];
    out.emplace_back();
    for (std::size_t i = 0; i < n; ++i) {
      from[axis] = i;
      if (map.numbers[row * n + i] != 0)
        out.back().push_back({number(from, shape_.positions), real(map.numbers[row * n + i])});
    }
  }
  map_all(out);
  show(out);
}

void PositionOracle::add(const Resize& resize) {
  OracleMap out;
  for (std::size_t o = 0; o < position_count(resize.shape); ++o) {
    const auto to = place(o, resize.shape);
    out.emplace_back();
    for (std::size_t p = 0; p < count(); ++p) {
      const auto from = place(p, shape_.positions);
      Real weight = 1;
      for (std::size_t a = 0; a < to.size(); ++a)
        weight *= resized(resize, shape_.positions[a], resize.shape[a], to[a])[from[a]];
      if (weight != 0) out.back().push_back({p, weight});
    }
  }
  map_all(out);
  show(out);
}

void PositionOracle::add(const Index& index) {
  std::vector<std::vector<std::size_t>> taken;
  Window extents;
  for (std::size_t a = 0; a < shape_.positions.size(); ++a) {
    const Slice slice = a + 1 < index.axes.size() ? index.axes[a + 1] : Slice{};
    taken.push_back(sliced(slice, static_cast<long>(shape_.positions[a])));
    extents.push_back(taken.back().size());
  }
  OracleMap out;
  for (std::size_t o = 0; o < position_count(extents); ++o) {
    auto from = place(o, extents);
    for (std::size_t a = 0; a < from.size(); ++a) from[a] = taken[a][from[a]];
    out.push_back({{number(from, shape_.positions), 1}});
  }
  map_all(out);
  show(out);
}

}  // namespace widenet::testing_support
