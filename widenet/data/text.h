// Words and numbers as they stand in text files.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace widenet::text {

// Without the spaces and tabs at both ends.
std::string_view trim(std::string_view field);

// Whether the field says that a value is missing: empty, NA, NaN, null (in any case) or ?.
bool is_missing(std::string_view field);

// The number that the whole field spells, rounded to nearest: decimal, exponent, leading + or -, inf. Beyond the range
// of double it is infinite or zero. Nothing if the field is anything else.
std::optional<double> parse_number(std::string_view field);

// The whole number that the whole field spells, decimal digits alone.
std::optional<std::size_t> parse_count(std::string_view field);

// The shortest decimal that reads back as the same double: 1, 0.1, 1e-300.
std::string spell(double value);

// The field in quotes for a message: cut to 40 bytes, control bytes as \xNN.
std::string shown(std::string_view field);

// Up to `limit` names in quotes, separated by commas, and how many more there are.
std::string listed(std::span<const std::string> names, std::size_t limit = 8);

// `lead` and "did you mean 'x'?" for the candidate with the fewest edits, or "" where none is within a third of the
// word.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates, std::string_view lead = {});
// The same behind a word that a message is about: " (did you mean 'x'?)", or "".
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

// Position of the first byte that is not UTF-8 (RFC 3629), or nothing.
std::optional<std::size_t> invalid_utf8(std::string_view bytes);

}  // namespace widenet::text
