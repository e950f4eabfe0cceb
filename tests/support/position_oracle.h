// Networks with positions by their definitions: nested loops over pairs of positions, taps and keys, in long double,
// with nothing of the library but its shapes. Activations: relu, abrelu, erf, cos.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>
#include <vector>

#include "widenet/architecture/shape.h"

namespace widenet::testing_support {

using Real = long double;
inline Real real(double x) { return static_cast<Real>(x); }
inline Real squared(double x) { return real(x) * real(x); }

// K and Theta of the positions of one sample (rows) with those of another.
struct OraclePair {
  std::size_t rows = 0, cols = 0;
  std::vector<Real> k, theta;
  OraclePair() = default;
  OraclePair(std::size_t r, std::size_t c) : rows(r), cols(c), k(r * c, 0), theta(r * c, 0) {}
  std::size_t at(std::size_t p, std::size_t q) const { return p * cols + q; }
};
// x'_o = the sum of weight x_position.
struct OracleShare {
  std::size_t position;
  Real weight;
};
using OracleMap = std::vector<std::vector<OracleShare>>;

// What an output reads through each tap, or nothing; and the entry whose absence makes it absent.
struct OracleTaps {
  std::vector<std::vector<std::optional<std::size_t>>> read;
  std::vector<std::size_t> centre;
};

// Positions are numbered row by row, the last axis fastest.
inline std::vector<std::size_t> place(std::size_t position, const Window& extents) {
  std::vector<std::size_t> out(extents.size());
  for (std::size_t a = extents.size(); a-- > 0; position /= extents[a]) out[a] = position % extents[a];
  return out;
}
inline std::size_t number(const std::vector<std::size_t>& place, const Window& extents) {
  std::size_t out = 0;
  for (std::size_t a = 0; a < extents.size(); ++a) out = out * extents[a] + place[a];
  return out;
}

class PositionOracle {
 public:
  struct Sample {
    std::vector<double> values, edges;
  };
  // Of the samples a and b, entries equal to `mask` absent.
  PositionOracle(const Shape& shape, const Sample& a, const Sample& b, std::optional<double> mask);

  void run(const Network& network) {
    for (const Layer& layer : network.layers) {
      after_ = shape_after(layer, shape_);
      std::visit([this](const auto& l) { add(l); }, layer);
      if (!std::holds_alternative<Repeat>(layer)) shape_ = shape_after(layer, shape_);
      clear_absent();
      for_entries([this](std::size_t, std::size_t, std::size_t, Real& k, Real& theta) {
        largest_ = std::max({largest_, std::abs(k), std::abs(theta)});
      });
    }
  }
  // a with a, a with b, b with b.
  const OraclePair& pair(std::size_t which) const { return pairs_[which]; }
  // The largest number on the way.
  double largest() const { return static_cast<double>(largest_); }

 private:
  static constexpr std::size_t left[3] = {0, 0, 1}, right[3] = {0, 1, 1};
  using Presence = std::vector<bool>;

  const OraclePair& own(std::size_t side) const { return pairs_[side == 0 ? 0 : 2]; }
  std::size_t count() const { return position_count(shape_.positions); }
  void clear_absent() {
    for_entries([this](std::size_t w, std::size_t p, std::size_t q, Real& k, Real& theta) {
      if (!present_[left[w]][p] || !present_[right[w]][q]) k = theta = 0;
    });
  }
  template <class F>
  void for_entries(const F& f) {
    for (std::size_t w = 0; w < 3; ++w)
      for (std::size_t p = 0; p < pairs_[w].rows; ++p)
        for (std::size_t q = 0; q < pairs_[w].cols; ++q)
          f(w, p, q, pairs_[w].k[pairs_[w].at(p, q)], pairs_[w].theta[pairs_[w].at(p, q)]);
  }

  // z = W x + b, from the mean covariance of what it reads.
  template <class L>
  static void weigh(const L& layer, std::size_t fan_in, Real& k, Real& theta) {
    const Real before = k, w = squared(layer.weight_std), b = squared(layer.bias_std);
    k = w * before + b;
    theta *= w;
    if (!layer.trained) return;
    if (layer.parametrization == Parametrization::ntk)
      theta += k;
    else
      theta += static_cast<Real>(fan_in) * before + (layer.bias_std != 0 ? 1 : 0);
  }

  void add(const Identity&) {}
  void add(const Repeat& repeat) {
    for (std::size_t k = 0; k < repeat.count; ++k) run(repeat.body.front());
  }
  void add(const Dense& dense) {
    for_entries(
        [&](std::size_t, std::size_t, std::size_t, Real& k, Real& theta) { weigh(dense, shape_.channels, k, theta); });
  }
  void add(const Conv& conv);
  void add(const Pool& pool);
  void add(const GlobalPool& pool);
  void add(const Flatten&);
  void add(const LayerNorm& norm);
  void add(const Dropout& dropout) {
    for (const std::size_t w : {std::size_t{0}, std::size_t{2}})
      for (std::size_t p = 0; p < pairs_[w].rows; ++p) {
        pairs_[w].k[pairs_[w].at(p, p)] /= real(dropout.keep);
        pairs_[w].theta[pairs_[w].at(p, p)] /= real(dropout.keep);
      }
  }
  void add(const Activation& activation);
  void add(const Attention& attention);
  void add(const Aggregate&);
  void add(const DotGeneral& map);
  void add(const Resize& resize);
  void add(const Index& index);
  void add(const Branches& join);

  OracleTaps taps_of(const Window& window, const Window& stride, Padding padding, bool transposed) const;
  // Of both samples: K' = A K A^T.
  void map_both(const std::array<OracleMap, 2>& maps);
  void map_all(const OracleMap& map) { map_both({map, map}); }
  void show(const OracleMap& map);
  std::vector<std::vector<Real>> attended(const Attention& layer, std::size_t side) const;
  OraclePair seen(const Attention& layer, std::size_t which, bool of_theta) const;

  Shape shape_, after_;
  Real largest_ = 0;
  std::array<OraclePair, 3> pairs_;
  std::array<Presence, 2> present_;
  std::array<std::vector<double>, 2> edges_;
};

}  // namespace widenet::testing_support
