// Numbers in the form a person would write: sqrt(2) and 1/3 instead of sixteen digits, always the identical double.
#include <cmath>
#include <numbers>
#include <optional>

#include "widenet/architecture/kernel.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

struct Fraction {
  double numerator, denominator;  // whole numbers, 1 to largest_term
};
constexpr double largest_term = 9999;

// The first convergent of the continued fraction of x > 0 with small terms that `accept`s. If a double is the nearest
// one to p/q with p, q < 10^4, p/q is among its convergents, since two such fractions are at least 10^-8 apart.
template <class Accept>
std::optional<Fraction> convergent(double x, Accept accept) {
  Fraction last{1, 0}, now{std::floor(x), 1};
  double rest = x - now.numerator;
  while (now.numerator <= largest_term && now.denominator <= largest_term) {
    if (now.numerator >= 1 && accept(now.numerator, now.denominator)) return now;
    if (rest == 0) break;
    const double inverse = 1 / rest, digit = std::floor(inverse);
    rest = inverse - digit;
    const Fraction next{digit * now.numerator + last.numerator, digit * now.denominator + last.denominator};
    last = now;
    now = next;
  }
  return std::nullopt;
}

// 1e-05 is written 1e-5, 1e+20 is written 1e20.
std::string decimal(double x) {
  std::string text = fmt::format("{}", x);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::size_t digits = e + 1;
  if (text[digits] == '+') text.erase(digits, 1);
  if (text[digits] == '-') ++digits;
  while (text[digits] == '0' && digits + 1 < text.size()) text.erase(digits, 1);
  return text;
}

std::string fraction_text(const Fraction& f) {
  return f.denominator == 1 ? fmt::format("{}", f.numerator) : fmt::format("{}/{}", f.numerator, f.denominator);
}

std::string pi_text(const Fraction& f) {
  return (f.numerator == 1 ? "pi" : fmt::format("{}*pi", f.numerator)) +
         (f.denominator == 1 ? "" : fmt::format("/{}", f.denominator));
}

}  // namespace

std::string to_text(double number) {
  std::string best = decimal(number);
  const double x = std::abs(number), pi = std::numbers::pi;
  if (!std::isfinite(number) || number == 0) return best;
  auto offer = [&](const std::string& text) {
    if (text.size() + (number < 0) < best.size()) best = (number < 0 ? "-" : "") + text;
  };
  if (const auto f = convergent(x, [x](double p, double q) { return p / q == x; })) offer(fraction_text(*f));
  if (const auto f = convergent(x * x, [x](double p, double q) { return std::sqrt(p / q) == x; })) {
    offer("sqrt(" + fraction_text(*f) + ")");
  }
  if (const auto f = convergent(x / pi, [x, pi](double p, double q) { return p * pi / q == x; })) offer(pi_text(*f));
  return best;
}

}  // namespace widenet
