#include "widenet/activation/activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace widenet {
namespace {

// Every entry with its defaults; required numbers and coefficients get the ones given here.
std::vector<std::vector<double>> parameter_choices(const ActivationDefinition& definition) {
  if (definition.variadic) return {{0.5}, {0.3, -1.2}, {1.3, 0, -1.2, -0.5}};
  if (definition.name == "hermite" || definition.name == "monomial" || definition.name == "rectified_monomial")
    return {{0}, {1}, {2}, {3}, {6}};
  if (definition.name == "leaky_relu") return {{0.1}, {-0.5}, {1}};
  if (definition.name == "abrelu") return {{0.25, -0.5}, {1, 1}};
  std::vector<double> defaults;
  for (const ActivationParameter& p : definition.parameters) defaults.push_back(p.default_value);
  if (defaults.empty()) return {defaults};
  std::vector<double> others = defaults;
  for (double& p : others) p = 0.7 * p + (p > 0 ? 0.11 : -0.13);
  return {defaults, others};
}

TEST(Activation, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const ActivationDefinition& definition : activation_definitions()) {
    EXPECT_TRUE(names.insert(definition.name).second) << definition.name;
    EXPECT_EQ(find_activation(definition.name), &definition);
    EXPECT_FALSE(definition.formula.empty());
    EXPECT_EQ(definition.value == nullptr, definition.slope == nullptr);
  }
  EXPECT_EQ(names.size(), 28u);
  EXPECT_EQ(find_activation("rleu"), nullptr);
  EXPECT_EQ(find_activation(""), nullptr);
}

// Central difference of four points: error h^4 phi^(5) / 30 + eps |phi| / h, with h = 2^-10 below 1e-8.
TEST(Activation, SlopeIsTheDerivative) {
  constexpr double h = 0x1p-10;
  for (const ActivationDefinition& definition : activation_definitions()) {
    if (!definition.value) continue;
    for (const auto& p : parameter_choices(definition)) {
      const auto kinks = definition.kinks ? definition.kinks(p) : std::vector<double>{};
      EXPECT_TRUE(std::is_sorted(kinks.begin(), kinks.end()));
      for (double x = -7.013; x < 7.1; x += 0.0917) {
        if (std::any_of(kinks.begin(), kinks.end(), [&](double k) { return std::abs(x - k) < 3 * h; })) continue;
        const auto f = [&](double t) { return definition.value(t, p); };
        const double difference = (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
        const double scale = 1 + std::abs(f(x)) + std::abs(difference);
        EXPECT_NEAR(definition.slope(x, p), difference, 1e-8 * scale) << definition.name << " at " << x;
      }
    }
  }
}

TEST(Activation, SlopeAtAKinkIsTheRightDerivative) {
  for (const ActivationDefinition& definition : activation_definitions()) {
    if (!definition.kinks) continue;
    for (const auto& p : parameter_choices(definition))
      for (const double k : definition.kinks(p))
        EXPECT_NEAR(definition.slope(k, p), definition.slope(std::nextafter(k, 10), p), 1e-14) << definition.name;
  }
}

// Bounded and linearly growing functions keep finite values and slopes up to the ends of the range.
TEST(Activation, HugeArguments) {
  const std::set<std::string_view> growing = {"exp", "monomial", "rectified_monomial", "polynomial", "hermite"};
  for (const ActivationDefinition& definition : activation_definitions()) {
    if (!definition.value) continue;
    for (const auto& p : parameter_choices(definition))
      for (const double x : {0.0, 1e-308, 1.0, 800.0, 1e20, 1e160, 0.9e308})
        for (const double y : {x, -x}) {
          const double value = definition.value(y, p), slope = definition.slope(y, p);
          EXPECT_FALSE(std::isnan(value) || std::isnan(slope)) << definition.name << " at " << y;
          if (growing.contains(definition.name)) continue;
          EXPECT_TRUE(std::isfinite(value) && std::isfinite(slope)) << definition.name << " at " << y;
        }
  }
}

// Left tails keep their relative accuracy: silu(x) -> x e^x, mish(x) -> x e^x, softplus(x) -> e^x.
TEST(Activation, LeftTails) {
  for (const double x : {-40.0, -300.0, -705.0}) {
    const double e = std::exp(x), eps = std::numeric_limits<double>::epsilon();
    EXPECT_NEAR(find_activation("silu")->value(x, {}), x * e, 4 * eps * std::abs(x) * e);
    EXPECT_NEAR(find_activation("mish")->value(x, {}), x * e, 4 * eps * std::abs(x) * e);
    EXPECT_NEAR(find_activation("softplus")->value(x, {}), e, 4 * eps * e);
    EXPECT_NEAR(find_activation("mish")->slope(x, {}), (1 + x) * e, 8 * eps * std::abs(x) * e);
    EXPECT_NEAR(find_activation("silu")->slope(x, {}), (1 + x) * e, 8 * eps * std::abs(x) * e);
  }
  EXPECT_NEAR(find_activation("gelu")->value(-10, {}), -7.6198530241605260660e-23, 1e-36);
}

TEST(Activation, HermiteIsOrthonormalRecurrence) {
  const std::vector<double> two = {2}, three = {3};
  const ActivationDefinition& hermite = *find_activation("hermite");
  for (const double x : {-1.5, 0.0, 0.3, 2.0}) {
    EXPECT_NEAR(hermite.value(x, two), (x * x - 1) / std::sqrt(2), 1e-15 * 10);
    EXPECT_NEAR(hermite.value(x, three), (x * x * x - 3 * x) / std::sqrt(6), 1e-15 * 10);
  }
}

}  // namespace
}  // namespace widenet
