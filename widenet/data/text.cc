#include "widenet/data/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <system_error>
#include <vector>

namespace widenet::text {
namespace {

bool equal_ignoring_case(std::string_view field, std::string_view lower) {
  return field.size() == lower.size() && std::equal(field.begin(), field.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// from_chars does not say which end of the range was left: a negative exponent, or no exponent and a leading zero,
// is too small.
double beyond_range(std::string_view digits, bool negative) {
  const auto exponent = digits.find_first_of("eE");
  const bool tiny = exponent == std::string_view::npos ? (digits.front() == '0' || digits.front() == '.')
                                                       : digits.substr(exponent + 1).starts_with('-');
  const double magnitude = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  return negative ? -magnitude : magnitude;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

bool is_continuation(unsigned char byte) { return (byte & 0xC0u) == 0x80u; }

// Bytes of the UTF-8 sequence that begins the text, 0 where there is none.
std::size_t utf8_length(std::string_view s) {
  const auto at = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  const auto continued = [&](std::size_t i) { return is_continuation(static_cast<unsigned char>(at(i))); };
  if (first >= 0xC2 && first <= 0xDF) return continued(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && at(1) < 0xA0;
    const bool surrogate = first == 0xED && at(1) >= 0xA0;
    return continued(1) && continued(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && at(1) < 0x90;
    const bool too_large = first == 0xF4 && at(1) >= 0x90;
    return continued(1) && continued(2) && continued(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string_view trim(std::string_view field) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!field.empty() && blank(field.front())) field.remove_prefix(1);
  while (!field.empty() && blank(field.back())) field.remove_suffix(1);
  return field;
}

bool is_missing(std::string_view field) {
  if (field.empty()) return true;
  if (field.size() > 4) return false;
  return field == "?" || equal_ignoring_case(field, "na") || equal_ignoring_case(field, "nan") ||
         equal_ignoring_case(field, "null");
}

std::optional<double> parse_number(std::string_view field) {
  if (field.empty()) return {};
  const bool negative = field.front() == '-';
  if (negative || field.front() == '+') field.remove_prefix(1);
  if (field.empty() || field.front() == '-') return {};
  double value = 0;
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return {};
  if (error == std::errc::result_out_of_range) return beyond_range(field, negative);
  if (std::isnan(value)) return {};
  return negative ? -value : value;
}

std::optional<std::size_t> parse_count(std::string_view field) {
  std::size_t value = 0;
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  if (stop != end || error != std::errc{}) return {};
  return value;
}

std::string spell(double value) { return fmt::format("{}", value); }

std::string shown(std::string_view field) {
  constexpr std::size_t limit = 40;
  std::string out = "'";
  for (const char c : field.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02X}", byte);
    else
      out += c;
  }
  return out + (field.size() > limit ? "...'" : "'");
}

std::string listed(std::span<const std::string> names, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < std::min(limit, names.size()); ++i) out += (i ? ", " : "") + shown(names[i]);
  if (names.size() > limit) out += fmt::format(" and {} more", names.size() - limit);
  return out;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates, std::string_view lead) {
  std::size_t best = word.size() / 3 + 1;
  const std::string* nearest = nullptr;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= best && (nearest == nullptr || distance < best)) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : fmt::format("{}did you mean {}?", lead, shown(*nearest));
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  const std::string question = did_you_mean(word, candidates);
  return question.empty() ? "" : " (" + question + ")";
}

std::optional<std::size_t> invalid_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = utf8_length(bytes.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return {};
}

}  // namespace widenet::text
