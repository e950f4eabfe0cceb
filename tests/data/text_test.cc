#include "widenet/data/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace widenet::text {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Text, ReadsNumbersAsWholeFields) {
  EXPECT_EQ(parse_number("1.5"), 1.5);
  EXPECT_EQ(parse_number("+1e3"), 1000.0);
  EXPECT_EQ(parse_number("-.5"), -0.5);
  EXPECT_EQ(parse_number("5."), 5.0);
  EXPECT_EQ(parse_number("-inf"), -infinity);
  EXPECT_TRUE(std::signbit(*parse_number("-0")));
  for (const char* word : {"", "+", "-", "--1", "+-1", "1 2", "1.5x", "0x10", "1,5", "nan", "nan(7)", "e5", "1e"})
    EXPECT_FALSE(parse_number(word)) << word;
}

TEST(Text, NumbersBeyondTheRangeAreInfiniteOrZero) {
  EXPECT_EQ(parse_number("1e999"), infinity);
  EXPECT_EQ(parse_number("-1e999"), -infinity);
  EXPECT_EQ(parse_number("0.01e999"), infinity);
  EXPECT_EQ(parse_number("1e-999"), 0.0);
  EXPECT_EQ(parse_number("0." + std::string(400, '0') + "1"), 0.0);
  EXPECT_EQ(parse_number("1" + std::string(400, '0')), infinity);
  EXPECT_EQ(parse_number("4.9406564584124654e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_number("1.7976931348623157e308"), std::numeric_limits<double>::max());
}

RC_GTEST_PROP(Text, SpelledNumbersReadBackAsTheSameBits, (std::uint64_t bits)) {
  const auto value = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(value));
  RC_ASSERT(std::bit_cast<std::uint64_t>(*parse_number(spell(value))) == bits);
}

TEST(Text, KnowsMissingValues) {
  for (const char* word : {"", "NA", "na", "NaN", "nan", "?", "null", "NULL"}) EXPECT_TRUE(is_missing(word)) << word;
  for (const char* word : {"N", "none", "0", "-", "nano", "??"}) EXPECT_FALSE(is_missing(word)) << word;
}

TEST(Text, FindsTheFirstByteThatIsNotUtf8) {
  EXPECT_FALSE(invalid_utf8("plain, Z\xC3\xBCrich, \xE2\x82\xAC, \xF0\x9F\x98\x80"));
  EXPECT_EQ(invalid_utf8("Z\xFCrich"), 1u);
  EXPECT_EQ(invalid_utf8("\xC0\xAF"), 0u);          // overlong
  EXPECT_EQ(invalid_utf8("\xE0\x80\xAF"), 0u);      // overlong
  EXPECT_EQ(invalid_utf8("\xED\xA0\x80"), 0u);      // surrogate
  EXPECT_EQ(invalid_utf8("\xF5\x80\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(invalid_utf8("a\xE2\x82"), 1u);         // cut off
}

TEST(Text, SuggestsTheNearestName) {
  const std::vector<std::string> names = {"age", "progression", "bmi"};
  EXPECT_EQ(suggestion("progresion", names), " (did you mean 'progression'?)");
  EXPECT_EQ(suggestion("Age", names), " (did you mean 'age'?)");
  EXPECT_EQ(suggestion("entirely", names), "");
  EXPECT_EQ(did_you_mean("Age", names), "did you mean 'age'?");
  EXPECT_EQ(did_you_mean("Age", names, "; "), "; did you mean 'age'?");
  EXPECT_EQ(did_you_mean("entirely", names, "; "), "");
}

TEST(Text, ShowsOddBytesAndCutsLongFields) {
  EXPECT_EQ(shown("a\nb"), "'a\\x0Ab'");
  EXPECT_EQ(shown(std::string(50, 'x')), "'" + std::string(40, 'x') + "...'");
  const std::vector<std::string> names = {"a", "b", "c"};
  EXPECT_EQ(listed(names, 2), "'a', 'b' and 1 more");
}

}  // namespace
}  // namespace widenet::text
