#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "tests/architecture/generate.h"
#include "widenet/architecture/kernel.h"

namespace widenet {
namespace {

constexpr double pi = std::numbers::pi;

// The number that a text means, read through the language.
double parsed(const std::string& text) {
  const Network network = parse_network("leaky_relu(" + text + ")");
  return std::get<Activation>(network.layers[0]).parameters[0];
}

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

TEST(Number, IsWrittenInItsShortestForm) {
  EXPECT_EQ(to_text(0.0), "0");
  EXPECT_EQ(to_text(-0.0), "-0");
  EXPECT_EQ(to_text(1.0), "1");
  EXPECT_EQ(to_text(64.0), "64");
  EXPECT_EQ(to_text(-1.0), "-1");
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(0.5), "0.5");
  EXPECT_EQ(to_text(1.0 / 3), "1/3");
  EXPECT_EQ(to_text(-2.0 / 7), "-2/7");
  EXPECT_EQ(to_text(std::sqrt(2.0)), "sqrt(2)");
  EXPECT_EQ(to_text(-std::sqrt(2.0)), "-sqrt(2)");
  EXPECT_EQ(to_text(std::sqrt(2.0 / 3)), "sqrt(2/3)");
  EXPECT_EQ(to_text(std::sqrt(0.5)), "sqrt(1/2)");
  EXPECT_EQ(to_text(pi), "pi");
  EXPECT_EQ(to_text(2 * pi), "2*pi");
  EXPECT_EQ(to_text(pi / 4), "pi/4");
  EXPECT_EQ(to_text(2 * pi / 3), "2*pi/3");
  EXPECT_EQ(to_text(1e-5), "1e-5");
  EXPECT_EQ(to_text(1e300), "1e300");
  EXPECT_EQ(to_text(-2.5e-300), "-2.5e-300");
  EXPECT_EQ(to_text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(to_text(std::numeric_limits<double>::denorm_min()), "5e-324");
}

TEST(Number, ValuesAreComputedFromLeftToRight) {
  EXPECT_EQ(parsed("3"), 3);
  EXPECT_EQ(parsed("-0.5"), -0.5);
  EXPECT_EQ(parsed(".5"), 0.5);
  EXPECT_EQ(parsed("5."), 5);
  EXPECT_EQ(parsed("1e-3"), 1e-3);
  EXPECT_EQ(parsed("1E+3"), 1e3);
  EXPECT_EQ(parsed("sqrt(2)/2"), std::sqrt(2.0) / 2);
  EXPECT_EQ(parsed("sqrt(sqrt(16))"), 2);
  EXPECT_EQ(parsed("1/3"), 1.0 / 3);
  EXPECT_EQ(parsed("2*pi/3"), 2 * pi / 3);
  EXPECT_EQ(parsed("-pi"), -pi);
}

RC_GTEST_PROP(Number, ParsesBackToTheSameBits, ()) {
  const double x = *rc::gen::arbitrary<bool>() ? positive_number() : -positive_number();
  RC_ASSERT(same_bits(parsed(to_text(x)), x));
  RC_ASSERT(to_text(x).size() <= 24u);
}

}  // namespace
}  // namespace widenet
