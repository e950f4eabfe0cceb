#include "widenet/infinite/plane_gram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "tests/support/random_planes.h"
#include "widenet/base/error.h"
#include "widenet/infinite/position_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

// Covariances of all pairs of positions of two samples, by plain loops in long double.
struct Pairs {
  Plane plane;
  std::vector<long double> k, theta;
  long double& at(std::vector<long double>& v, std::size_t p, std::size_t q) const { return v[p * plane.size() + q]; }
};

// q of both samples where the activation needs them.
void activate(const Activation& activation, Pairs& s, const std::vector<long double>& qi,
              const std::vector<long double>& qj) {
  const long double pi = std::numbers::pi_v<long double>;
  for (std::size_t p = 0; p < s.plane.size(); ++p)
    for (std::size_t q = 0; q < s.plane.size(); ++q) {
      const long double a = qi[p], b = qj[q], c = s.at(s.k, p, q), det = std::max(a * b - c * c, 0.0L);
      long double k = 0, slope = 0;
      if (activation.name == "relu") {
        const long double t = std::atan2(std::sqrt(det), c);
        k = (std::sqrt(det) + (pi - t) * c) / (2 * pi);
        slope = (pi - t) / (2 * pi);
      } else {  // erf
        const long double d = std::sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c);
        k = 2 / pi * std::atan2(2 * c, d);
        slope = 4 / (pi * d);
      }
      if (activation.name == "relu" && (a == 0 || b == 0)) slope = 0.25L;  // multiplies a Theta of 0
      s.at(s.k, p, q) = k;
      s.at(s.theta, p, q) *= slope;
    }
}

void convolve(const PlaneWindow& stage, double weight, double bias, bool trained, Pairs& s) {
  Pairs out{stage.out, {}, {}};
  const std::size_t n = stage.out.size();
  out.k.assign(n * n, 0);
  out.theta.assign(n * n, 0);
  const long double scale =
      static_cast<long double>(weight) / static_cast<long double>(stage.window[0] * stage.window[1]);
  const auto input = [&](std::size_t o, std::size_t ty, std::size_t tx) -> std::ptrdiff_t {
    const std::size_t y = o / stage.out.width * stage.stride[0] + ty - stage.before[0],
                      x = o % stage.out.width * stage.stride[1] + tx - stage.before[1];
    return y < stage.in.height && x < stage.in.width ? static_cast<std::ptrdiff_t>(y * stage.in.width + x) : -1;
  };
  for (std::size_t o = 0; o < n; ++o)
    for (std::size_t r = 0; r < n; ++r) {
      long double k = 0, theta = 0;
      for (std::size_t ty = 0; ty < stage.window[0]; ++ty)
        for (std::size_t tx = 0; tx < stage.window[1]; ++tx) {
          const std::ptrdiff_t p = input(o, ty, tx), q = input(r, ty, tx);
          if (p < 0 || q < 0) continue;
          k += scale * s.at(s.k, static_cast<std::size_t>(p), static_cast<std::size_t>(q));
          theta += scale * s.at(s.theta, static_cast<std::size_t>(p), static_cast<std::size_t>(q));
        }
      out.at(out.k, o, r) = k + bias;
      out.at(out.theta, o, r) = theta + (trained ? k + bias : 0);
    }
  s = out;
}

std::vector<long double> diagonal(Pairs s) {
  std::vector<long double> q(s.plane.size());
  for (std::size_t p = 0; p < q.size(); ++p) q[p] = s.at(s.k, p, p);
  return q;
}

// Stages are taken from the plan for their windows alone; weights are read from the network.
struct Naive {
  Network network;
  PlanePlan plan;
  std::size_t channels;

  Pairs input(std::span<const double> x, std::span<const double> z) const {
    Pairs s{plan.input, {}, {}};
    const std::size_t n = plan.input.size();
    s.k.assign(n * n, 0);
    s.theta.assign(n * n, 0);
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = 0; q < n; ++q)
        for (std::size_t c = 0; c < channels; ++c)
          s.at(s.k, p, q) +=
              static_cast<long double>(x[p * channels + c]) * z[q * channels + c] / static_cast<long double>(channels);
    return s;
  }

  std::pair<long double, long double> operator()(std::span<const double> x, std::span<const double> z) const {
    Pairs s = input(x, z), i = input(x, x), j = input(z, z);
    const std::vector<PlaneStage>& stages = plan.levels[0].stages;
    std::size_t stage = 0;
    for (const Layer& layer : network.layers) {
      const auto affine = [&](const PlaneWindow& at, double weight, double bias, bool trained) {
        for (Pairs* pairs : {&s, &i, &j}) convolve(at, weight * weight, bias * bias, trained, *pairs);
      };
      if (const auto* conv = std::get_if<Conv>(&layer)) {
        affine(stages[stage++].inputs[0], conv->weight_std, conv->bias_std, conv->trained);
      } else if (const auto* dense = std::get_if<Dense>(&layer)) {
        PlaneWindow one;
        one.in = one.out = s.plane;
        affine(one, dense->weight_std, dense->bias_std, dense->trained);
        if (stage < stages.size()) ++stage;
      } else if (const auto* activation = std::get_if<Activation>(&layer)) {
        const auto qi = diagonal(i), qj = diagonal(j);
        activate(*activation, s, qi, qj);
        activate(*activation, i, qi, qi);
        activate(*activation, j, qj, qj);
      } else {
        const auto* global = std::get_if<GlobalPool>(&layer);
        const auto n = static_cast<long double>(s.plane.size());
        long double k = 0, theta = 0;
        for (std::size_t p = 0; p < s.plane.size(); ++p)
          for (std::size_t q = 0; q < s.plane.size(); ++q)
            if (global || p == q) {
              k += s.at(s.k, p, q) / (global ? (global->sum ? 1 : n * n) : n);
              theta += s.at(s.theta, p, q) / (global ? (global->sum ? 1 : n * n) : n);
            }
        s = Pairs{{1, 1}, {k}, {theta}};
        i = j = s;
      }
    }
    return {s.k[0], s.theta[0]};
  }
};

struct Case {
  const char* text;
  Shape shape;
};
const Case cases[] = {
    {"conv(3x3, padding=same, weight_std=sqrt(2)) relu conv(3x3, padding=same) relu global_avg_pool dense",
     {{4, 5}, 3}},
    {"conv(3x3, padding=same) relu conv(3x3, padding=same, bias_std=0.3) relu conv(3x3, padding=same) relu flatten "
     "dense(bias_std=0.2)",
     {{5, 4}, 2}},
    {"conv(2x3, stride=2x1, padding=same, bias_std=0.1) relu conv(3x2) erf global_sum_pool dense(weight_std=1.2)",
     {{6, 5}, 3}},
    {"conv(3, padding=same) erf dense(bias_std=0.5) relu conv(4, padding=same) relu global_avg_pool dense", {{9}, 1}},
    {"conv(1x1) relu conv(3x3, padding=same, trained=false) conv(2x2) relu flatten dense(trained=false)", {{3, 6}, 2}},
    {"conv(3x3, stride=2, padding=same) relu conv(3x3, stride=2, padding=same) relu global_avg_pool dense",
     {{7, 6}, 1}},
    {"conv(5x5, padding=same) relu global_avg_pool", {{2, 2}, 2}},
};

Matrix<double> images(Random& random, std::size_t n, const Shape& shape) {
  std::size_t size = shape.channels;
  for (const std::size_t extent : shape.positions) size *= extent;
  Matrix<double> x = normal_rows<double>(random, n, size);
  // A black border, an image twice, one with the background of another, one negated.
  for (std::size_t k = 0; k < size / 3; ++k) x(0, k) = 0;
  if (n > 3) {
    std::copy_n(x.row(1).begin(), size, x.row(2).begin());
    std::copy_n(x.row(1).begin(), size / 2, x.row(3).begin());
  }
  if (n > 4)
    for (std::size_t k = 0; k < size; ++k) x(4, k) = -x(1, k);
  return x;
}

template <class T>
struct PlaneGrams : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PlaneGrams, Numbers);

// Against plain loops: a few roundings per stage of sqrt(K(i,i) K(j,j)).
TYPED_TEST(PlaneGrams, AreTheSumsOverAllPairsOfPositions) {
  using T = TypeParam;
  Random random(5);
  for (const auto& [text, shape] : cases) {
    const Network network = parse_network(text);
    const auto plan = plane_plan(network, shape);
    ASSERT_TRUE(plan) << text;
    const Naive naive{network, *plan, shape.channels};
    const Matrix<double> x = images(random, 6, shape);
    const Matrix<T> rounded = copy<T>(x.view());
    const Matrix<double> exact = copy<double>(rounded.view());
    for (const Limit limit : {Limit::nngp, Limit::ntk}) {
      const Matrix<T> k = materialize(*plane_gram<T>(*plan, limit, rounded.view()));
      for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t j = 0; j < x.rows(); ++j) {
          const auto [nngp, ntk] = naive(exact.row(i), exact.row(j));
          const long double wanted = limit == Limit::nngp ? nngp : ntk;
          const double scale = std::sqrt(static_cast<double>(k(i, i)) * static_cast<double>(k(j, j)));
          const double tolerance = 40 * static_cast<double>(stage_count(*plan) + 1) *
                                   static_cast<double>(std::numeric_limits<T>::epsilon()) * scale;
          ASSERT_NEAR(static_cast<double>(k(i, j)), static_cast<double>(wanted), tolerance)
              << text << " " << i << ", " << j;
        }
    }
  }
}

// Against the plain interpreter: a few roundings per stage of sqrt(K(i,i) K(j,j)).
TEST(PlaneGram, IsThatOfThePlainInterpreter) {
  Random random(7);
  for (int trial = 0; trial < 300; ++trial) {
    const auto [network, shape] = random_planes(random);
    const auto plan = plane_plan(network, shape);
    ASSERT_TRUE(plan) << to_text(network);
    Matrix<double> x = images(random, 5, shape);
    // Zeros that the plain one rounds would be divided by the root of what layer_norm adds to variances, a millionth.
    if (to_text(network).find("layer_norm") != std::string::npos)
      for (double& pixel : x.row(0)) pixel += 1;
    for (const Limit limit : {Limit::nngp, Limit::ntk}) {
      const Matrix<double> k = materialize(*plane_gram<double>(*plan, limit, x.view()));
      const Matrix<double> plain = materialize(*position_gram({limit, network}, shape, x.view()));
      double largest = 0;
      for (std::size_t i = 0; i < x.rows(); ++i) largest = std::max(largest, plain(i, i));
      // The plain one has rounded zeros beside samples that a network turns into nothing.
      const double zero = std::numeric_limits<double>::epsilon() * largest;
      for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t j = 0; j < x.rows(); ++j)
          ASSERT_NEAR(k(i, j), plain(i, j), 1e-13 * std::sqrt(plain(i, i) * plain(j, j)) + zero)
              << to_text(network) << " on " << to_text(shape) << ": " << i << ", " << j;
    }
  }
}

TEST(PlaneGram, HasTheSameBitsInEveryTiling) {
  Random random(6);
  for (const auto& [text, shape] : cases) {
    const auto plan = plane_plan(parse_network(text), shape);
    for (const std::size_t n : Sizes{0, 1, 2, 11}) {
      const Matrix<double> x = images(random, n + 1, shape);
      const MatrixView<const double> view = x.view().rows({0, n});
      const auto gram = plane_gram<double>(*plan, Limit::ntk, view);
      expect_tiling_invariant(*gram, materialize(*gram), random);
      const auto across = plane_gram<double>(*plan, Limit::ntk, view, x.view());
      expect_tiling_invariant(*across, materialize(*across), random);
    }
  }
}

// Samples that give way to others in a thread's memory are prepared again.
TEST(PlaneGram, HasTheSameBitsOfMoreSamplesThanAThreadHasRoomFor) {
  Random random(8);
  const Shape shape{{3, 2}, 2};
  for (const char* text :
       {"conv(3x3, padding=same) relu conv(2x2) erf flatten dense", "conv(2x2) relu global_avg_pool"}) {
    const auto plan = plane_plan(parse_network(text), shape);
    const Matrix<float> x = copy<float>(images(random, 301, shape).view());
    const auto gram = plane_gram<float>(*plan, Limit::ntk, x.view());
    const Matrix<float> full = materialize(*gram);
    expect_tiling_invariant(*gram, full, random);
    expect_thread_invariant(*gram, full);
    const Range some{125, 141};
    const Matrix<float> few = materialize(*plane_gram<float>(*plan, Limit::ntk, x.view().rows(some)));
    for (std::size_t i = 0; i < some.size(); ++i)
      for (std::size_t j = 0; j < some.size(); ++j)
        ASSERT_TRUE(same_bits(few(i, j), full(some.begin + i, some.begin + j)));
  }
}

TEST(PlaneGram, LeavesOtherNetworksToOthers) {
  const Shape shape{{4, 4}, 2};
  for (const char* text : {"conv_transpose(3x3, stride=2) relu flatten dense", "conv(3x3) tanh global_avg_pool dense",
                           "flatten dense", "conv(3x3) product[relu dense | relu dense] flatten dense"})
    EXPECT_FALSE(plane_plan(parse_network(text), shape)) << text;
}

TEST(PlaneGram, RefusesOtherSizesAndNumbersThatAreNotFinite) {
  const auto plan = plane_plan(parse_network("conv(3x3) relu flatten dense"), {{4, 4}, 2});
  const auto message = [&](const Matrix<double>& x) {
    try {
      plane_gram<double>(*plan, Limit::ntk, x.view());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message(Matrix<double>(2, 31)),
            "the samples have 31 numbers (the network reads 4 x 4 x 2) give samples of that shape");
  Matrix<double> x(2, 32, 1.0);
  x(1, 3) = std::nan("");
  EXPECT_EQ(message(x), "sample 1 holds nan (no kernel is defined for it) remove or fill it");
}

}  // namespace
}  // namespace widenet
