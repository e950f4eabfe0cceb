// Numbers, values and the arguments in parentheses.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <tuple>

#include "widenet/architecture/numbers_file.h"
#include "widenet/architecture/parser.h"
#include "widenet/base/error.h"

namespace widenet {

bool Parser::accept(char symbol) {
  if (!peek().is(symbol)) return false;
  take();
  return true;
}

Token Parser::open(char symbol, const std::string& what) {
  if (!peek().is(symbol)) fail_on(peek(), fmt::format("expected {}, found {}", what, spoken(peek())));
  if (++depth_ > deepest_nesting) {
    fail_on(peek(), fmt::format("this is more than {} brackets deep", deepest_nesting), "write the expression flatter");
  }
  return take();
}

void Parser::close(char symbol, const Token& opening) {
  if (peek().kind == TokenKind::end) {
    fail_on(opening, fmt::format("this {} is never closed", opening.text), fmt::format("add a {}", symbol));
  }
  if (!peek().is(symbol)) {
    fail_on(peek(), fmt::format("expected {} to close the {} before, found {}", symbol, opening.text, spoken(peek())));
  }
  --depth_;
  take();
}

bool Parser::begins_number(const Token& token) {
  return token.kind == TokenKind::number ||
         (token.kind == TokenKind::word && (token.text == "pi" || token.text == "sqrt"));
}

double Parser::number_atom() {
  const Token token = take();
  if (token.kind == TokenKind::number) return token.number;
  if (token.text == "pi") return std::numbers::pi;
  const Token opening = open('(', "( and a number after sqrt");
  const Token inner = peek();
  const double square = number();
  if (square < 0) fail_at(source_, inner.begin, peek().begin, "the square root of a negative number");
  close(')', opening);
  return std::sqrt(square);
}

double Parser::number() {
  const Token first = peek();
  const double sign = accept('-') ? -1 : 1;
  if (!begins_number(peek())) fail_on(peek(), fmt::format("expected a number, found {}", spoken(peek())));
  double value = number_atom();
  while ((peek().is('*') && begins_number(after_next())) || peek().is('/')) {
    const bool multiply = take().is('*');
    if (!begins_number(peek())) fail_on(peek(), fmt::format("expected a number after /, found {}", spoken(peek())));
    const double next = number_atom();
    value = multiply ? value * next : value / next;
  }
  if (!std::isfinite(value)) fail_at(source_, first.begin, tokens_[at_ - 1].end, "this is not a finite number");
  return sign * value;
}

Value Parser::value() {
  const Token token = peek();
  // sqrt alone is a word, with ( behind it a number.
  const bool alone = after_next().is(',') || after_next().is(')');
  const bool word = token.kind == TokenKind::word && token.text == "sqrt" && alone;
  if (!word && (begins_number(token) || token.is('-'))) return number();
  switch (token.kind) {
    case TokenKind::word:
      take();
      if (accept(':')) return Rated{token.text, number()};
      return Choice{token.text};
    case TokenKind::extents:
      return take().extents;
    case TokenKind::text:
      return Text{take().text};
    case TokenKind::file:
      return NumbersFile{take().text, {}, {}};
    default:
      break;
  }
  if (!token.is('[')) fail_on(token, fmt::format("expected a value, found {}", spoken(token)));
  if (!after_next().is('[')) return list();
  const Token opening = open('[', "[");
  Rows rows;
  do {
    const Token row = peek();
    rows.push_back(list());
    if (rows.back().size() != rows.front().size()) {
      fail_at(source_, row.begin, tokens_[at_ - 1].end,
              fmt::format("this row has {} numbers, the first one {}", rows.back().size(), rows.front().size()));
    }
  } while (accept(','));
  close(']', opening);
  return rows;
}

std::vector<double> Parser::list() {
  const Token opening = open('[', "[ and the numbers of a row");
  std::vector<double> numbers;
  if (!peek().is(']')) {
    do numbers.push_back(number());
    while (accept(','));
  }
  close(']', opening);
  return numbers;
}

void Parser::check_value(const Parameter& parameter, const Value& value, std::size_t begin, std::size_t end) const {
  if (fits(parameter, value)) return;
  if (const auto* file = std::get_if<NumbersFile>(&value); file && reads_file(parameter)) {
    const bool lengths = parameter.domain == Domain::lengths;
    const Parameter each{parameter.name, lengths ? Domain::positive : Domain::real, false, {}};
    const auto wrong =
        std::find_if_not(file->numbers.begin(), file->numbers.end(), [&](double x) { return fits(each, Value(x)); });
    const std::string found = wrong == file->numbers.end() ? "no numbers"
                                                           : fmt::format("{} as its number {}", to_text(*wrong),
                                                                         wrong - file->numbers.begin() + 1);
    fail_at(source_, begin, end,
            fmt::format("{} takes {}, {} holds {}", parameter.name, lengths ? "numbers > 0" : "finite numbers",
                        file->path, found));
  }
  std::string help;
  const auto* choice = std::get_if<Choice>(&value);
  const auto* rated = std::get_if<Rated>(&value);
  if (choice != nullptr || rated != nullptr) {
    const std::vector<std::string> choices(parameter.choices.begin(), parameter.choices.end());
    const std::string& word = choice != nullptr ? choice->word : rated->word;
    if (std::find(choices.begin(), choices.end(), word) == choices.end()) help = suggestion(word, choices, {});
  }
  // A number as it was written, not as it would be printed.
  const bool number = std::holds_alternative<double>(value);
  const std::string found = number ? shown(source_.text.substr(begin, end - begin)) : spoken(value);
  fail_at(source_, begin, end, fmt::format("{} takes {}, not {}", parameter.name, expectation(parameter), found), help);
}

bool Parser::reads_file(const Parameter& parameter) {
  return parameter.domain == Domain::lengths || parameter.domain == Domain::constant;
}

Value Parser::argument(const Parameter& parameter) {
  const std::size_t begin = peek().begin;
  if (parameter.domain == Domain::slices && peek().is('[')) {
    fail_on(peek(), fmt::format("{} takes {}", parameter.name, expectation(parameter)),
            "put quotes around the brackets");
  }
  Value given = value();
  const std::size_t end = tokens_[at_ - 1].end;
  if (auto* file = std::get_if<NumbersFile>(&given); file && reads_file(parameter)) {
    // A name inside an expression file counts from that file's folder.
    const std::filesystem::path folder = std::filesystem::path(source_.file).parent_path();
    file->path = (folder / file->path).string();
    if (parameter.domain == Domain::lengths) {
      file->numbers = read_lengths(file->path);
      file->shape = {file->numbers.size()};
    } else {
      std::tie(file->shape, file->numbers) = read_constant(file->path);
    }
  }
  check_value(parameter, given, begin, end);
  return given;
}

std::size_t Parser::parameter_index(const Signature& signature, const Token& key, std::size_t position,
                                    bool named) const {
  const std::vector<std::string> names = names_of(signature.parameters);
  if (names.empty()) fail_on(key, fmt::format("{} takes no parameters", signature.name));
  if (!named) {
    if (position < names.size()) return position;
    fail_on(key, fmt::format("{} takes at most {} value{}", signature.name, names.size(), names.size() == 1 ? "" : "s"),
            fmt::format("its parameters are {}", fmt::join(names, ", ")));
  }
  const auto found = std::find(names.begin(), names.end(), key.text);
  if (found == names.end()) {
    fail_on(key, fmt::format("{} has no parameter {}", signature.name, spoken(key)),
            suggestion(key.text, names, "its parameters are"));
  }
  return static_cast<std::size_t>(found - names.begin());
}

std::vector<Value> Parser::arguments(const Signature& signature, const Token& name) {
  std::vector<Value> values(signature.parameters.size());
  const Parameter unnamed{"a coefficient of " + signature.name, Domain::real, false, {}};
  const bool parentheses = peek().is('(');
  if (parentheses) {
    const Token opening = open('(', "(");
    bool names_begun = false;
    for (std::size_t position = 0; !peek().is(')') || position > 0; ++position) {
      const Token key = peek();
      if (key.kind == TokenKind::end) close(')', opening);
      if (key.is(')')) fail_on(key, "expected a value, found )");
      const bool named = key.kind == TokenKind::word && after_next().is('=');
      if (signature.variadic) {
        if (named) fail_on(key, fmt::format("{} takes numbers without names", signature.name));
        values.push_back(argument(unnamed));
      } else {
        const std::size_t i = parameter_index(signature, key, position, named);
        if (!named && names_begun) {
          fail_on(key, "a value without a name follows one with a name",
                  fmt::format("write {}=... if you mean that", signature.parameters[i].name));
        }
        if (!std::holds_alternative<std::monostate>(values[i])) {
          fail_on(key, fmt::format("{} is given twice", signature.parameters[i].name));
        }
        names_begun = named;
        if (named) at_ += 2;
        values[i] = argument(signature.parameters[i]);
      }
      if (!accept(',')) break;
    }
    close(')', opening);
  }
  for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
    const Parameter& parameter = signature.parameters[i];
    if (parameter.required && std::holds_alternative<std::monostate>(values[i])) {
      fail_on(name,
              fmt::format("{} needs its parameter {}, {}", signature.name, parameter.name, expectation(parameter)),
              fmt::format("write {}({}=...)", signature.name, parameter.name));
    }
  }
  if (signature.variadic && values.empty()) {
    fail_on(name, fmt::format("{} needs at least one number", signature.name),
            fmt::format("write {}(c0, c1, ...)", signature.name));
  }
  return values;
}

}  // namespace widenet
