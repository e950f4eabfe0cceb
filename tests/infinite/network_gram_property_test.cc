// What the kernel of any network keeps on any rows.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <thread>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "widenet/base/error.h"
#include "widenet/infinite/network_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

// Of an entry against sqrt(G(i,i) G(j,j)): rows resolved to sqrt(eps) behind an activation whose dual is a covariance.
template <class T>
constexpr double coarse = 4e-7;
template <>
constexpr double coarse<float> = 4e-3;

// Interpolated duals promise the same bits for the same two samples in the same order only.
enum class Order { any, kept };

template <class T>
void check(const NetworkKernel& kernel, const Matrix<T>& x, Random& random, Order order = Order::any) {
  const auto square = [&](MatrixView<const T> rows) { return network_gram<T>(kernel, rows); };
  const auto rectangular = [&](MatrixView<const T> a, MatrixView<const T> b) { return network_gram<T>(kernel, a, b); };
  const auto gram = square(x.view());
  check_symmetric_gram(*gram, coarse<T>, random);
  if (order == Order::any) expect_permutes<T>(square, x, random);
  expect_splits<T>(rectangular, x, random);
  const Matrix<T> a = materialize(*gram), b = materialize(*rectangular(x.view(), x.view()));
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = i + 1; j < x.rows(); ++j) {
      ASSERT_TRUE(same_bits(a(i, j), b(i, j))) << i << ", " << j;
      if (order == Order::kept) continue;
      ASSERT_TRUE(same_bits(a(i, j), b(j, i))) << i << ", " << j << ": " << a(i, j) << " against " << b(j, i);
    }
}

template <class T>
void on_random_network(const std::vector<std::string>& activations, double reach) {
  Random random(*rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()));
  const std::string text = random_network(random, activations);
  const Limit limit = below(random, 2) == 0 ? Limit::nngp : Limit::ntk;
  const std::size_t rows = below(random, 40), cols = 1 + below(random, 9);
  // Products multiply variances, and the slopes of even functions are of the order of a covariance: those of tiny or
  // huge rows leave the numbers.
  const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
  const bool multiplies = has("product") || has("gaussian") || has("cos(");
  const Matrix<T> x = hard_rows<T>(random, rows, cols, multiplies ? reach / 8 : reach);
  SCOPED_TRACE(text);
  RC_LOG() << text << "\n" << x.rows() << " x " << x.cols() << (limit == Limit::nngp ? " nngp\n" : " ntk\n");
  try {
    check<T>({limit, parse_network(text)}, x, random);
  } catch (const Error& error) {
    RC_ASSERT(std::string(error.what()).find("is not finite") != std::string::npos);
  }
  RC_ASSERT_FALSE(testing::Test::HasFatalFailure());
}

// Without sign: behind an activation that resolves rows to a rounding only, every sign takes the root of the error.
std::vector<std::string> without_sign() {
  std::vector<std::string> some = bounded_activations();
  std::erase(some, "sign");
  return some;
}

RC_GTEST_PROP(NetworkGram, AnyNetworkOnRowsOfAnySize, ()) { on_random_network<double>(without_sign(), 140); }
RC_GTEST_PROP(NetworkGram, AnyNetworkInFloat, ()) { on_random_network<float>(without_sign(), 12); }
RC_GTEST_PROP(NetworkGram, PiecewiseLinearNetworks, ()) {
  on_random_network<double>({"relu", "relu", "leaky_relu(0.1)", "abs", "abrelu(0.25, -0.5)", "sign"}, 140);
}
RC_GTEST_PROP(NetworkGram, GrowingActivationsOnModerateRows, ()) {
  Random random(*rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()));
  const auto& all = growing_activations();
  std::string text = "dense(weight_std=0.5, bias_std=0.25) ";
  text += all[below(random, all.size())];
  text += " dense(weight_std=0.5, bias_std=0.125) ";
  text += all[below(random, all.size())];
  text += " dense";
  SCOPED_TRACE(text);
  RC_LOG() << text << "\n";
  check<double>({Limit::ntk, parse_network(text)}, hard_rows<double>(random, below(random, 30), 5, 0), random);
  RC_ASSERT_FALSE(testing::Test::HasFatalFailure());
}

// Interpolated duals: a cell costs up to a tenth of a second, so one activation and one range of variances.
TEST(NetworkGram, ActivationWithoutClosedForm) {
  Random random(5);
  const Matrix<double> x = hard_rows<double>(random, 70, 4, 0);
  check<double>({Limit::ntk, parse_network("dense(bias_std=0.5) tanh dense(bias_std=0.25) relu dense")}, x, random,
                Order::kept);
}

// What a thread's memory held before must not matter: NaN there, near rows in the last, incomplete chunk.
TEST(NetworkGram, ForgetsWhatMemoryHeld) {
  Random random(21);
  Matrix<double> x = normal_rows<double>(random, 3, 5);
  for (std::size_t k = 0; k < 5; ++k) x(2, k) = x(0, k) * (1 + 1e-9 * static_cast<double>(k));
  const auto gram = network_gram<double>({Limit::ntk, parse_network("dense(bias_std=0.5) relu dense")}, x.view());
  const Matrix<double> here = materialize(*gram);
  Matrix<double> there(3, 3);
  std::thread([&] {
    for (int repeat = 0; repeat < 4; ++repeat)
      for (const std::size_t size : Sizes{96 * 96, 96 * 384, 96 * 768})
        const Buffer<double> spoiled(size, std::numeric_limits<double>::quiet_NaN());
    gram->tile({0, 3}, {0, 3}, there.view());
  }).join();
  EXPECT_TRUE(std::equal(here.data(), here.data() + 9, there.data(), same_bits<double>));
}

TEST(NetworkGram, ManyColumnsAcrossTiles) {
  Random random(11);
  const Matrix<double> x = hard_rows<double>(random, 400, 3, 10);
  check<double>({Limit::ntk, parse_network("dense(bias_std=0.5) relu dense erf dense")}, x, random);
  check<double>({Limit::ntk, parse_network("repeat(4)[dense relu] dense")}, x, random);
}

}  // namespace
}  // namespace widenet
