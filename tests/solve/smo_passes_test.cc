#include "widenet/solve/smo_passes.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/solve/problems.h"

namespace widenet {
namespace {

using namespace testing_problems;

template <class T>
struct Samples {
  std::vector<T> ki, kj;
  std::vector<double> F, diagonal;
  std::vector<float> side;

  Samples(std::size_t n, std::uint64_t seed) {
    Numbers numbers(seed);
    for (std::size_t t = 0; t < n; ++t) {
      ki.push_back(static_cast<T>(numbers()));
      kj.push_back(static_cast<T>(numbers()));
      F.push_back(std::round(10 * numbers()) / 10);  // with ties
      diagonal.push_back(1 + numbers());
      side.push_back(static_cast<float>(static_cast<int>(numbers.below(3)) - 1));
    }
  }
};

template <class T>
void expect_plain_results() {
  for (std::size_t n : {1u, 2u, 3u, 7u, 8u, 9u, 16u, 31u, 257u})
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Samples<T> s(n, seed), plain(n, seed);
      const double step = seed % 3 == 0 ? 0 : 0.7, kii = 1.3;
      smo::Most want{-std::numeric_limits<double>::infinity(), smo::none};
      for (std::size_t t = 0; t < n; ++t) {
        plain.F[t] = std::fma(-step, static_cast<double>(s.ki[t]) - static_cast<double>(s.kj[t]), plain.F[t]);
        if (s.side[t] <= 0 && plain.F[t] > want.value) want = {plain.F[t], t};
      }
      const smo::Most got = smo::update_and_select(n, s.ki.data(), s.kj.data(), step, s.F.data(), s.side.data());
      EXPECT_EQ(s.F, plain.F);
      EXPECT_EQ(got.index, want.index);
      EXPECT_EQ(got.value, want.value);

      const double Fi = got.index == smo::none ? 0.3 : got.value;
      double violation = -std::numeric_limits<double>::infinity(), gain = -1;
      std::size_t second = smo::none;
      for (std::size_t t = 0; t < n; ++t) {
        if (s.side[t] < 0) continue;
        const double b = Fi - s.F[t];
        violation = std::max(violation, b);
        const double curvature =
            std::max(std::fma(-2.0, static_cast<double>(s.ki[t]), kii + s.diagonal[t]), smo::least_curvature);
        if (b > 0 && b * b / curvature > gain) gain = b * b / curvature, second = t;
      }
      const smo::Second found =
          smo::select_second(n, s.ki.data(), kii, Fi, s.diagonal.data(), s.F.data(), s.side.data());
      EXPECT_EQ(found.index, second);
      EXPECT_EQ(found.violation, violation);
    }
}

// Bit by bit the plain loops, ties to the first sample, on every instruction set that was compiled and that this
// machine has.
TEST(SmoPasses, AreThePlainLoopsOnEveryInstructionSet) {
  const auto targets = hwy::SupportedAndGeneratedTargets();
  EXPECT_FALSE(targets.empty());
  for (const std::int64_t target : targets) {
    if (target == HWY_SSSE3 || target == HWY_SSE4) continue;  // no fused multiply-add
    hwy::SetSupportedTargetsForTest(target);
    SCOPED_TRACE(hwy::TargetName(target));
    expect_plain_results<float>();
    expect_plain_results<double>();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace
}  // namespace widenet
