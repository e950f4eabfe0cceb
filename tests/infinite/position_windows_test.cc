#include "widenet/infinite/position_windows.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"

namespace widenet {
namespace {

Taps taps_on(const Conv& conv, std::size_t n) {
  return taps_of(conv, {n}, shape_after(Layer(conv), {{n}, 1}).positions);
}

// How many taps of output o read input p.
Matrix<double> counts(const Taps& taps, std::size_t inputs) {
  Matrix<double> out(taps.outputs, inputs);
  for (std::size_t o = 0; o < taps.outputs; ++o)
    for (std::size_t t = 0; t < taps.taps; ++t)
      if (taps.at(o, t) != no_position) out(o, taps.at(o, t)) += 1;
  return out;
}

TEST(PositionWindows, TransposedCircularIsTheAdjoint) {
  for (std::size_t n = 1; n < 6; ++n)
    for (std::size_t k = 1; k < 7; ++k)
      for (std::size_t s = 1; s < 4; ++s) {
        const Conv conv{.kind = ConvKind::shared, .window = {k}, .stride = {s}, .padding = Padding::circular};
        Conv back = conv;
        back.kind = ConvKind::transpose;
        const Matrix<double> forth = counts(taps_on(conv, n * s), n * s), adjoint = counts(taps_on(back, n), n);
        ASSERT_EQ(adjoint.rows(), n * s);
        for (std::size_t p = 0; p < n; ++p)
          for (std::size_t o = 0; o < n * s; ++o) EXPECT_EQ(forth(p, o), adjoint(o, p)) << n << " " << k << " " << s;
      }
}

// valid: every input reaches all taps of its window.
TEST(PositionWindows, TransposedValidSpreadsEveryInput) {
  for (std::size_t n = 1; n < 5; ++n)
    for (std::size_t k = 1; k < 5; ++k)
      for (std::size_t s = 1; s < 4; ++s) {
        const Conv conv{.kind = ConvKind::transpose, .window = {k}, .stride = {s}};
        const Matrix<double> reads = counts(taps_on(conv, n), n);
        for (std::size_t p = 0; p < n; ++p)
          for (std::size_t o = 0; o < reads.rows(); ++o)
            EXPECT_EQ(reads(o, p), o >= p * s && o < p * s + k ? 1 : 0) << n << " " << k << " " << s;
      }
}

TEST(PositionWindows, SamePutsTheSmallerHalfInFront) {
  const Conv conv{.kind = ConvKind::shared, .window = {4}, .stride = {2}, .padding = Padding::same};
  const Taps taps = taps_on(conv, 5);
  ASSERT_EQ(taps.outputs, 3U);
  EXPECT_EQ(taps.input, (std::vector<std::size_t>{no_position, 0, 1, 2, 1, 2, 3, 4, 3, 4, no_position, no_position}));
  EXPECT_EQ(taps.centre, (std::vector<std::size_t>{0, 2, 4}));
}

TEST(PositionWindows, AxesAreNumberedRowByRow) {
  const Conv conv{.kind = ConvKind::shared, .window = {1, 2, 2}};
  const Taps taps = taps_of(conv, {2, 3, 4}, {2, 2, 3});
  ASSERT_EQ(taps.outputs, 12U);
  // Output (1, 1, 2) reads (1, 1..2, 2..3).
  EXPECT_EQ(std::vector<std::size_t>(taps.input.end() - 4, taps.input.end()),
            (std::vector<std::size_t>{18, 19, 22, 23}));
}

TEST(PositionWindows, PoolsDivideByTheWindowOrByWhatLiesInside) {
  Pool pool{.sum = false, .window = {3}, .stride = {1}, .padding = Padding::same};
  const auto first = [&] { return map_of(pool, taps_of(pool, {4}, {4})).front(); };
  EXPECT_EQ(first().size(), 2U);
  EXPECT_EQ(first()[0].weight, 1.0 / 3);
  pool.edges = Edges::actual;
  EXPECT_EQ(first()[0].weight, 0.5);
  pool = {.sum = true, .window = {3}, .stride = {1}, .padding = Padding::circular};
  EXPECT_EQ(first().size(), 3U);
  EXPECT_EQ(first()[0].position, 3U);
  EXPECT_EQ(first()[0].weight, 1);
}

Matrix<double> dense(const PositionMap& map, std::size_t inputs) {
  Matrix<double> out(map.size(), inputs);
  for (std::size_t o = 0; o < map.size(); ++o)
    for (const Share& share : map[o]) out(o, share.position) += share.weight;
  return out;
}

// Against jax.image.resize of the unit vectors (jax 0.4.30, float64).
TEST(PositionWindows, ResizeAgreesWithItsModel) {
  struct Case {
    ResizeMethod method;
    bool antialias;
    std::size_t in, out;
    std::vector<double> rows;
  };
  const std::vector<Case> cases{
      {ResizeMethod::cubic,
       true,
       5,
       3,
       {0.5846153846153845, 0.4461538461538461, 0, -0.03076923076923068, 0, -0.03720930232558149, 0.2465116279069768,
        0.5813953488372093, 0.2465116279069768, -0.03720930232558149, 0, -0.030769230769230875, 0, 0.44615384615384607,
        0.5846153846153849}},
      {ResizeMethod::cubic,
       false,
       5,
       3,
       {0.7241379310344825, 0.3103448275862069, -0.034482758620689634, 0, 0, 0, 0, 1, 0, 0, 0, 0, -0.034482758620689447,
        0.31034482758620646, 0.724137931034483}},
      {ResizeMethod::linear,
       true,
       5,
       3,
       {0.5714285714285713, 0.4285714285714286, 0, 0, 0, 0, 0.22222222222222227, 0.5555555555555556,
        0.22222222222222227, 0, 0, 0, 0, 0.4285714285714285, 0.5714285714285716}},
      {ResizeMethod::linear,
       false,
       5,
       3,
       {0.6666666666666666, 0.33333333333333337, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0.33333333333333304,
        0.666666666666667}},
      {ResizeMethod::nearest, true, 5, 3, {1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1}},
      {ResizeMethod::cubic,
       true,
       3,
       7,
       {1.0961538461538463,
        -0.0961538461538463,
        0,
        0.9058171745152354,
        0.10249307479224365,
        -0.008310249307479057,
        0.440443213296399,
        0.6260387811634349,
        -0.06648199445983392,
        0,
        1,
        0,
        -0.06648199445983392,
        0.6260387811634353,
        0.44044321329639874,
        -0.008310249307479057,
        0.10249307479224365,
        0.9058171745152354,
        0,
        -0.09615384615384628,
        1.0961538461538463}},
      {ResizeMethod::nearest, true, 3, 7, {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1}},
  };
  for (const Case& c : cases) {
    const Matrix<double> ours = dense(map_of(Resize{{c.out}, c.method, c.antialias}, {c.in}), c.in);
    ASSERT_EQ(ours.size(), c.rows.size());
    for (std::size_t k = 0; k < ours.size(); ++k) EXPECT_NEAR(ours.data()[k], c.rows[k], 4e-15) << c.in << " " << k;
  }
}

std::vector<std::size_t> positions_of(const Slice& slice, std::size_t n) {
  std::vector<std::size_t> out;
  for (const auto& row : map_of(Index{{Slice{}, slice}}, {n})) out.push_back(row.front().position);
  return out;
}

TEST(PositionWindows, SlicesCountAsNumpyDoes) {
  using P = std::vector<std::size_t>;
  EXPECT_EQ(positions_of({}, 4), (P{0, 1, 2, 3}));
  EXPECT_EQ(positions_of({.begin = 1, .end = 6, .step = 2}, 5), (P{1, 3}));
  EXPECT_EQ(positions_of({.step = -1}, 4), (P{3, 2, 1, 0}));
  EXPECT_EQ(positions_of({.begin = -2}, 5), (P{3, 4}));
  EXPECT_EQ(positions_of({.begin = -9, .end = -2}, 5), (P{0, 1, 2}));
  EXPECT_EQ(positions_of({.begin = 9, .end = 1, .step = -2}, 6), (P{5, 3}));
  EXPECT_EQ(positions_of({.begin = -1, .single = true}, 6), (P{5}));
  EXPECT_EQ(positions_of({.begin = 2, .step = std::numeric_limits<long>::max()}, 6), (P{2}));
  EXPECT_EQ(positions_of({.step = std::numeric_limits<long>::min()}, 6), (P{5}));
}

// A matrix acts on its axis, at every position of the others.
TEST(PositionWindows, DotGeneralActsOnOneAxis) {
  const DotGeneral map{"", 2, {2, 3}, {1, 2, 3, 4, 5, 6}};
  const Matrix<double> whole = dense(map_of(map, {2, 3}), 6);
  ASSERT_EQ(whole.rows(), 4U);
  for (std::size_t h = 0; h < 2; ++h)
    for (std::size_t o = 0; o < 2; ++o)
      for (std::size_t p = 0; p < 6; ++p) EXPECT_EQ(whole(2 * h + o, p), p / 3 == h ? map.numbers[3 * o + p % 3] : 0);
}

}  // namespace
}  // namespace widenet
