// Values of parameters: their domains, how they are spoken of and printed, and the word nearest to a wrong one.
#include <algorithm>
#include <cmath>
#include <limits>

#include "widenet/architecture/lexer.h"
#include "widenet/architecture/slices.h"
#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

constexpr double most_repeats = 100'000;
constexpr double largest_whole = 9007199254740992;  // 2^53: above it a float64 is no count
constexpr std::size_t most_axes = 3;

bool is_whole(double x, double least, double most) { return x >= least && x <= most && x == std::floor(x); }
bool is_positive(double x) { return x > 0 && std::isfinite(x); }

bool number_fits(Domain domain, double x) {
  switch (domain) {
    case Domain::real:
      return std::isfinite(x);
    case Domain::non_negative:
      return x >= 0 && std::isfinite(x);
    case Domain::positive:
      return is_positive(x);
    case Domain::share:
      return x > 0 && x <= 1;
    case Domain::whole:
      return is_whole(x, 0, largest_whole);
    case Domain::degree:
    case Domain::width:
    case Domain::axis:
    case Domain::joined_axis:
    case Domain::axes:
    case Domain::extents:
      return is_whole(x, 1, largest_whole);
    case Domain::count:
      return is_whole(x, 1, most_repeats);
    case Domain::depth:
      return is_whole(x, 2, most_repeats);
    case Domain::lengths:
      return is_positive(x);
    case Domain::choice:
    case Domain::decay:
    case Domain::slices:
    case Domain::constant:
      return false;
  }
  return false;
}

bool extents_fit(Domain domain, const Window& extents) {
  const auto inside = [&](std::size_t x) { return number_fits(domain, static_cast<double>(x)); };
  if (extents.empty() || !std::all_of(extents.begin(), extents.end(), inside)) return false;
  if (domain == Domain::extents) return extents.size() <= most_axes;
  Window sorted = extents;
  std::sort(sorted.begin(), sorted.end());
  return domain == Domain::axes && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

bool constant_fits(const std::vector<double>& numbers) {
  return !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

bool is_choice(const Parameter& parameter, std::string_view word) {
  return std::find(parameter.choices.begin(), parameter.choices.end(), word) != parameter.choices.end();
}

// Inserts, deletes, replacements and swaps of neighbours that turn a into b (the restricted Damerau distance).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string lower_case(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string list_text(const std::vector<double>& numbers) {
  std::string text = "[";
  for (std::size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : ", ") + to_text(numbers[i]);
  return text + ']';
}

// A name that the lexer would end early stands in quotes.
std::string file_text(const std::string& path) {
  const bool plain = !path.empty() && path[0] != '"' && path.find_first_of(" \t\n\r\v\f,)]") == std::string::npos;
  if (plain) return '@' + path;
  std::string text = "@\"";
  for (char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string value_text(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return to_text(*number);
  if (const auto* choice = std::get_if<Choice>(&value)) return choice->word;
  if (const auto* text = std::get_if<Text>(&value)) return '"' + text->text + '"';
  if (const auto* extents = std::get_if<Window>(&value)) return fmt::format("{}", fmt::join(*extents, "x"));
  if (const auto* rated = std::get_if<Rated>(&value)) return rated->word + ':' + to_text(rated->number);
  if (const auto* rows = std::get_if<Rows>(&value)) {
    std::vector<std::string> texts;
    for (const std::vector<double>& row : *rows) texts.push_back(list_text(row));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return list_text(*list);
  if (const auto* file = std::get_if<NumbersFile>(&value)) return file_text(file->path);
  return {};
}

}  // namespace

bool fits(const Parameter& parameter, const Value& value) {
  const Domain domain = parameter.domain;
  const auto inside = [&](double x) { return number_fits(domain, x); };
  if (const auto* number = std::get_if<double>(&value)) return inside(*number);
  if (const auto* extents = std::get_if<Window>(&value)) return extents_fit(domain, *extents);
  if (const auto* text = std::get_if<Text>(&value)) return domain == Domain::slices && parse_slices(text->text);
  if (const auto* choice = std::get_if<Choice>(&value)) {
    return domain == Domain::decay ? choice->word == parameter.choices[0] : is_choice(parameter, choice->word);
  }
  if (const auto* rated = std::get_if<Rated>(&value)) {
    return domain == Domain::decay && rated->word != parameter.choices[0] && is_choice(parameter, rated->word) &&
           number_fits(Domain::non_negative, rated->number);
  }
  if (const auto* rows = std::get_if<Rows>(&value)) {
    return domain == Domain::constant && !rows->empty() &&
           std::all_of(rows->begin(), rows->end(),
                       [&](const auto& row) { return constant_fits(row) && row.size() == rows->front().size(); });
  }
  const auto* list = std::get_if<std::vector<double>>(&value);
  if (const auto* file = std::get_if<NumbersFile>(&value)) list = &file->numbers;
  if (list == nullptr) return false;
  if (domain == Domain::constant) return constant_fits(*list);
  return domain == Domain::lengths && !list->empty() && std::all_of(list->begin(), list->end(), inside);
}

std::string expectation(const Parameter& parameter) {
  switch (parameter.domain) {
    case Domain::real:
      return "a number";
    case Domain::non_negative:
      return "a number >= 0";
    case Domain::positive:
      return "a number > 0";
    case Domain::share:
      return "a number above 0, at most 1";
    case Domain::whole:
      return "a whole number >= 0";
    case Domain::degree:
    case Domain::width:
      return "a whole number >= 1";
    case Domain::count:
      return fmt::format("a whole number from 1 to {}", most_repeats);
    case Domain::lengths:
      return "a number > 0, a list [1, 2.5] of them, or @file.npy";
    case Domain::depth:
      return fmt::format("a whole number from 2 to {}", most_repeats);
    case Domain::axis:
      return "an axis of positions, a whole number >= 1";
    case Domain::joined_axis:
      return "channels or an axis of positions, a whole number >= 1";
    case Domain::axes:
      return "channels or different axes, whole numbers >= 1 as in 1x3";
    case Domain::extents:
      return "one to three whole numbers >= 1, as in 3, 3x3 or 3x3x3";
    case Domain::decay:
      return "none, exp:c or inverse:c with a number c >= 0";
    case Domain::slices:
      return "slices of samples and positions in quotes, as in \"[:, ::2, 1]\"";
    case Domain::constant:
      return "a list of numbers, a matrix [[1, 2], [3, 4]], or @file.npy";
    case Domain::choice:
      return fmt::format("{}", fmt::join(parameter.choices, " or "));
  }
  return {};
}

std::string spoken(const Value& value) {
  std::string text = shown(value_text(value));
  if (std::holds_alternative<Choice>(value)) return "the word " + text;
  if (std::holds_alternative<Text>(value)) return "the text " + text;
  if (std::holds_alternative<std::vector<double>>(value)) return "the list " + text;
  if (std::holds_alternative<Rows>(value)) return "the matrix " + text;
  if (std::holds_alternative<NumbersFile>(value)) return "the file " + text;
  return text;
}

template <class Node>
std::string arguments_text(const Word<Node>& word, const Node& node) {
  std::string text;
  const auto append = [&](const std::string& argument) { text += (text.empty() ? "" : ", ") + argument; };
  bool by_position = true;
  for (std::size_t i = 0; i < word.parameters.size(); ++i) {
    const Value value = word.access[i].get(node, i);
    if (!word.parameters[i].required && value == word.access[i].get(word.prototype, i)) {
      by_position = false;
    } else {
      append((by_position ? "" : word.parameters[i].name + '=') + value_text(value));
    }
  }
  if constexpr (std::is_same_v<Node, Layer>) {
    if (word.variadic) {
      for (double x : std::get<Activation>(node).parameters) append(to_text(x));
    }
  }
  return text.empty() ? text : '(' + text + ')';
}
template std::string arguments_text(const Word<Layer>&, const Layer&);
template std::string arguments_text(const Word<ClosedKernel>&, const ClosedKernel&);

std::string suggestion(std::string_view wrong, std::span<const std::string> candidates, std::string_view otherwise) {
  const std::string lower = lower_case(wrong);
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  if (wrong.size() > 64) least = 0;
  for (const std::string& candidate : candidates) {
    if (least == 0) break;
    // A word is also near to a longer one that it begins (leaky for leaky_relu).
    const bool begins = wrong.size() >= 3 && candidate.starts_with(lower);
    const std::size_t distance = begins ? 1 : edits(lower, candidate);
    if (distance < least) {
      least = distance;
      nearest = &candidate;
    }
  }
  if (nearest == nullptr && otherwise.empty()) return {};
  if (nearest != nullptr) return fmt::format("did you mean {}?", *nearest);
  return fmt::format("{} {}", otherwise, fmt::join(candidates, ", "));
}

}  // namespace widenet
