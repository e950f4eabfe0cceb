// The two halves of a ReLU step at all angles to the pole, in both precisions.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/hard_rows.h"
#include "widenet/base/number.h"
#include "widenet/infinite/closed_dual.h"

#define WIDENET_INLINE inline

namespace widenet {
namespace {

using namespace testing_support;

#include "widenet/infinite/closed_dual-inl.h"

// sin t - t cos t without its cancellation.
long double exact_lens(long double t) {
  if (t > 0.25L) return std::sin(t) - t * std::cos(t);
  long double term = t * t * t / 3, sum = 0;  // sum_k (-1)^(k+1) 2k t^(2k+1) / (2k+1)!
  for (int k = 1; k < 12; ++k) {
    sum += term;
    term *= -t * t * (k + 1) / (k * (2.0L * k + 2) * (2 * k + 3));
  }
  return sum;
}

template <class T>
Pole<T> pole_of(T h) {
  const PoleRoot<T> root = pole_root(h);
  Pole<T> pole;
  poles<1>(&root, &pole);
  return pole;
}

// The error of `got` beside `scale`, as a share.
double error(long double got, long double exact, long double scale) {
  return static_cast<double>(std::abs(got - exact) / scale);
}

// In double sin t - t cos t is a difference: what counts there is its error beside t.
TEST(ReluPole, AnglesAndLensesAtAllDistances) {
  Random random(11);
  constexpr double u = 0x1p-24, v = 0x1p-53;
  for (int k = 0; k < 20000; ++k) {
    const double h = std::pow(10, below(random, 2) == 0 ? uniform(random, -24, 0) : uniform(random, -1, 0));
    const auto single = static_cast<float>(h);
    const auto angle_to = [](long double x) { return 2 * std::asin(std::sqrt(x / 2)); };
    const long double t = angle_to(h), at_single = angle_to(single);
    // Series 1/4 u, its Horner scheme 3/2 u, root and products 1/2 u each.
    const Pole<float> in_single = pole_of(single);
    const long double lens = exact_lens(at_single);
    EXPECT_LT(error(in_single.t, at_single, at_single), 3 * u) << h;
    EXPECT_LT(error(in_single.lens, lens, lens), 4 * u) << h;
    const Pole<double> in_double = pole_of(h);
    EXPECT_LT(error(in_double.t, t, t), 6 * v) << h;
    EXPECT_LT(error(in_double.lens, exact_lens(t), t), 6 * v) << h;
  }
  EXPECT_EQ(pole_of(0.0F).t, 0);
  EXPECT_EQ(pole_of(0.0F).lens, 0);
}

}  // namespace
}  // namespace widenet
