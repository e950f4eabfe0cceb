#include "widenet/infinite/kernel_gram.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "widenet/base/error.h"
#include "widenet/infinite/network_gram.h"
#include "widenet/infinite/position_kernel.h"
#include "widenet/infinite/program.h"

namespace widenet {
namespace {

using namespace testing_support;

template <class T>
Matrix<T> values(const std::string& text, const Matrix<T>& x) {
  return materialize(*kernel_gram<T>(parse_kernel(text), x.view()));
}
template <class T>
Matrix<T> values(const std::string& text, const Matrix<T>& x, const Matrix<T>& z) {
  return materialize(*kernel_gram<T>(parse_kernel(text), x.view(), z.view()));
}

template <class T>
struct KernelGram : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(KernelGram, Numbers);

TYPED_TEST(KernelGram, SumsProductsAndScalings) {
  using T = TypeParam;
  Random random(12);
  const Matrix<T> x = hard_rows<T>(random, 30, 3, 0), z = hard_rows<T>(random, 20, 3, 0);
  const auto check = [&](const auto& of) {
    const Matrix<T> g = of("gaussian(length=2)"), l = of("laplacian1"), n = of("ntk[dense(bias_std=0.5) relu dense]");
    const Matrix<T> sum = of("gaussian(length=2) + laplacian1 + ntk[dense(bias_std=0.5) relu dense]");
    const Matrix<T> product = of("gaussian(length=2) * laplacian1"), scaled = of("0.5*gaussian(length=2)");
    const Matrix<T> nested = of("3*gaussian(length=2)*(laplacian1 + 0.25*ntk[dense(bias_std=0.5) relu dense])");
    for (std::size_t k = 0; k < g.size(); ++k) {
      const T a = g.data()[k], b = l.data()[k], c = n.data()[k];
      ASSERT_EQ(sum.data()[k], a + b + c);
      ASSERT_EQ(product.data()[k], a * b);
      ASSERT_EQ(scaled.data()[k], a * T(0.5));
      ASSERT_EQ(nested.data()[k], a * (b + c * T(0.25)) * T(3));
    }
  };
  check([&](const char* text) { return values<T>(text, x); });
  check([&](const char* text) { return values<T>(text, x, z); });
  for (const char* text : {"0.5*gaussian + 2", "2*(arccos1 + linear)*laplacian", "arccos0"})
    check_symmetric_gram(*kernel_gram<T>(parse_kernel(text), x.view()), sizeof(T) == 8 ? 1e-13 : 1e-5, random);
}

// A plain number is a constant kernel.
TYPED_TEST(KernelGram, Numbers) {
  using T = TypeParam;
  Random random(13);
  const Matrix<T> x = hard_rows<T>(random, 30, 3, 0), z = hard_rows<T>(random, 20, 3, 0);
  const Matrix<T> g = values<T>("gaussian", x), shifted = values<T>("0.5 + gaussian", x), lone = values<T>("0.5", x);
  for (std::size_t k = 0; k < g.size(); ++k) {
    ASSERT_EQ(shifted.data()[k], T(0.5) + g.data()[k]);
    ASSERT_EQ(lone.data()[k], T(0.5));
  }
  const Matrix<T> across = values<T>("2*0.25", x, z);
  ASSERT_EQ(across.rows(), x.rows());
  ASSERT_EQ(across.cols(), z.rows());
  for (std::size_t k = 0; k < across.size(); ++k) ASSERT_EQ(across.data()[k], T(0.5));
  const auto gram = kernel_gram<T>(parse_kernel("0.5"), x.view());
  EXPECT_TRUE(gram->symmetric());
  check_symmetric_gram(*gram, 1e-6, random);
  EXPECT_FALSE((kernel_gram<T>(parse_kernel("0.5"), x.view(), z.view())->symmetric()));
  EXPECT_EQ(kernel_gram_bytes(parse_kernel("0.5"), 30, 20, 3, sizeof(T)), 0u);
}

// (1/pi) |x|^n |z|^n J_n of Cho & Saul 2009, eqs. 5-7, zero rows included.
TYPED_TEST(KernelGram, ArcCosine) {
  using T = TypeParam;
  Random random(14);
  Matrix<T> x = normal_rows<T>(random, 25, 3);
  std::ranges::fill(x.row(3), T(0));
  std::ranges::copy(x.row(5), x.row(6).begin());
  for (std::size_t k = 0; k < 3; ++k) x(8, k) = -2 * x(7, k);
  constexpr double pi = std::numbers::pi;
  for (int n = 0; n < 3; ++n) {
    const Matrix<T> got = values<T>("arccos" + std::to_string(n), x);
    for (std::size_t i = 0; i < x.rows(); ++i)
      for (std::size_t j = 0; j < x.rows(); ++j) {
        long double xx = 0, zz = 0, minus = 0, plus = 0;
        for (std::size_t k = 0; k < 3; ++k)
          xx += static_cast<long double>(x(i, k)) * x(i, k), zz += static_cast<long double>(x(j, k)) * x(j, k);
        const long double a = std::sqrt(xx), b = std::sqrt(zz);
        if (a == 0 || b == 0) {
          ASSERT_EQ(got(i, j), T(0));
          continue;
        }
        for (std::size_t k = 0; k < 3; ++k) {
          const long double u = x(i, k) / a, v = x(j, k) / b;
          minus += (u - v) * (u - v), plus += (u + v) * (u + v);
        }
        const double t = static_cast<double>(2 * std::atan2(std::sqrt(minus), std::sqrt(plus)));
        const double s = std::sin(t), c = std::cos(t);
        const double order[] = {pi - t, s + (pi - t) * c, 3 * s * c + (pi - t) * (1 + 2 * c * c)},
                     at_one[] = {pi, pi, 3 * pi};
        const double size = std::pow(static_cast<double>(a) * static_cast<double>(b), n) / pi;
        ASSERT_NEAR(static_cast<double>(got(i, j)), size * order[n], network_gram_error<T> * size * at_one[n])
            << n << " " << i << " " << j;
      }
  }
}

TEST(KernelGramErrors, Messages) {
  const Matrix<double> x(3, 2, 1.0), z(3, 4, 1.0);
  const auto message = [&](const char* text, bool across) -> std::string {
    try {
      if (across)
        kernel_gram<double>(parse_kernel(text), x.view(), z.view());
      else
        kernel_gram<double>(parse_kernel(text), x.view());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  for (const char* text : {"gaussian", "ntk[dense relu dense]", "arccos1", "0.5"})
    EXPECT_EQ(message(text, true),
              "the samples have 2 and 4 features (a kernel compares vectors of one length) give both the same columns");
  EXPECT_EQ(message("gaussian(length=[1, 2, 3])", false),
            "gaussian has 3 lengths for 2 features (each feature is divided by its own) give one length, or 2");
  EXPECT_NE(message("ntk[dense relu]", false), "");
  EXPECT_EQ(message("ntk[conv(3) relu dense]", false),
            "layer 1 (conv(3)) got the shape 2 (its window 3 has 1 axis) it needs 1 axis of positions before the "
            "channels, as in 8x3");
  EXPECT_EQ(message("ntk[index(\"[:]\") dense]", false),
            "index(\"[:]\") has no kernel here (the kernels of networks are computed for vectors, without positions) "
            "take a network of dense layers and activations");
}

// A sample without positions is flat, and its channels are its only axis.
TEST(KernelGram, LayersThatHaveNothingToDoForVectors) {
  Matrix<double> x(5, 3);
  for (std::size_t i = 0; i < 15; ++i) x.view()(i / 3, i % 3) = std::sin(1.7 * static_cast<double>(i));
  const Matrix<double> flat = values("ntk[flatten dense layer_norm(1) relu flatten dense flatten]", x);
  const Matrix<double> plain = values("ntk[dense layer_norm relu dense]", x);
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 5; ++j) EXPECT_EQ(flat(i, j), plain(i, j));
}

// What validate() would refuse is refused by the compiler too.
TEST(KernelGramErrors, LayersOfPositionsDoNotCompile) {
  for (const char* text : {"conv(3)", "avg_pool(2)", "global_sum_pool", "attention", "aggregate", "dot_general([1], 1)",
                           "resize(3)", "concat(axis=1)[dense(2) | dense(2)]"}) {
    try {
      compile(parse_network(text), 5);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(" has no kernel here"), std::string::npos) << error.what();
    }
  }
}

// What there is beside the samples is read by every part of the kernel, or refused.
TEST(KernelGram, MasksAndGraphs) {
  Random random(5);
  const Shape sequence{{4}, 2};
  Matrix<double> x = normal_rows<double>(random, 3, 8), graphs = normal_rows<double>(random, 3, 16);
  const std::string cnn = "nngp[conv(3, padding=same) relu global_avg_pool dense]";
  const std::string gnn = "ntk[dense relu aggregate dense relu global_avg_pool dense]";
  // A number that float32 rounds.
  const double absent = -99.1;
  for (std::size_t k = 4; k < 8; ++k) x(1, k) = absent;
  const auto masked = kernel_gram<double>(parse_kernel("2*" + cnn), sequence, x.view(), {.mask = absent});
  const auto expected = position_gram(std::get<NetworkKernel>(parse_kernel(cnn).node), sequence, x, {.mask = absent});
  const Matrix<double> a = materialize(*masked), b = materialize(*expected);
  for (std::size_t k = 0; k < 9; ++k) EXPECT_EQ(a.data()[k], 2 * b.data()[k]);
  const Matrix<float> rounded = copy<float>(x.view());
  const Matrix<float> single =
      materialize(*kernel_gram<float>(parse_kernel(cnn), sequence, rounded.view(), {.mask = absent}));
  for (std::size_t k = 0; k < 9; ++k)
    EXPECT_NEAR(static_cast<double>(single.data()[k]), b.data()[k], 64 * 0x1p-24 * std::abs(b.data()[k]));

  EXPECT_EQ(graph_nodes(parse_kernel(cnn + " + " + gnn), sequence), 4u);
  EXPECT_EQ(graph_nodes(parse_kernel("gaussian*" + cnn), sequence), 0u);
  const PositionOptions graph{.mask = {}, .row_graphs = graphs.view()};
  EXPECT_EQ(materialize(*kernel_gram<double>(parse_kernel(gnn + " + gaussian"), sequence, x.view(), graph)).rows(), 3u);
  const auto message = [&](const std::string& kernel, const PositionOptions& options) {
    try {
      kernel_gram<double>(parse_kernel(kernel), sequence, x.view(), options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(
      message(cnn + " + gaussian", {.mask = absent}),
      "a mask is given to gaussian (it reads a sample of the shape 4x2 as one vector, without positions that could "
      "be absent) leave the mask out");
  EXPECT_NE(message("ntk[dense relu dense]", {.mask = absent}).find("a mask is given to ntk[dense relu dense]"),
            std::string::npos);
  EXPECT_EQ(message("linear*" + cnn, graph),
            "graphs are given to linear*" + cnn +
                " (none of its layers is aggregate, which reads them) leave the graphs out");
  EXPECT_NE(message(gnn + " + ntk[dense index(\"[:, 1:3]\") aggregate flatten dense]", graph)
                .find("aggregate 4 and 2 positions (a sample has one graph)"),
            std::string::npos);
}

// The plain interpreter, which masks need, holds more than the fast engine.
TEST(KernelGram, TheMemoryOfAMaskedKernelIsCounted) {
  const Kernel kernel = parse_kernel("nngp[conv(3x3, padding=same) relu flatten dense]");
  const Shape image{{16, 16}, 1};
  EXPECT_GE(kernel_gram_bytes(kernel, 0, 10, image, 8, {.mask = 0.0}),
            10 * PositionNetwork(std::get<NetworkKernel>(kernel.node).network, image).own_bytes());
  EXPECT_LT(kernel_gram_bytes(kernel, 0, 100, image, 8), kernel_gram_bytes(kernel, 0, 100, image, 8, {.mask = 0.0}));
}

}  // namespace
}  // namespace widenet
