#include "widenet/architecture/lexer.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "widenet/base/error.h"

namespace widenet {
namespace {

// ASCII only, whatever the locale.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do {
      skip_blanks();
      tokens.push_back(next());
    } while (tokens.back().kind != TokenKind::end);
    // The end is where the last word stops, not behind the blanks and comments that follow.
    const std::size_t end = tokens.size() > 1 ? tokens[tokens.size() - 2].end : 0;
    tokens.back().begin = tokens.back().end = end;
    return tokens;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void skip_blanks() {
    while (at_ < text_.size() && (is_blank(peek()) || peek() == '#')) {
      if (peek() == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        ++at_;
      }
    }
  }

  Token next() {
    const std::size_t begin = at_;
    if (at_ == text_.size()) return {TokenKind::end, "", 0, begin, begin};
    const char c = peek();
    if (is_letter(c)) return word(begin);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number(begin);
    if (c == '"') return text(begin);
    if (c == '@') return file(begin);
    if (std::string_view("()[],=|+*/-:").find(c) != std::string_view::npos) {
      ++at_;
      return {TokenKind::symbol, std::string(1, c), 0, begin, at_};
    }
    do ++at_;
    while (continues_code_point(peek()));
    const bool printable = static_cast<unsigned char>(c) >= 0x20U && c != 0x7F;
    const std::string shown =
        printable ? std::string(text_.substr(begin, at_ - begin)) : fmt::format("of code {}", static_cast<unsigned>(c));
    return wrong(begin, fmt::format("unexpected character {}", shown));
  }

  Token word(std::size_t begin) {
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    return {TokenKind::word, std::string(text_.substr(begin, at_ - begin)), 0, begin, at_};
  }

  Token number(std::size_t begin) {
    while (is_digit(peek()) || is_letter(peek()) || peek() == '.' || signs_exponent()) ++at_;
    const std::string_view spelling = text_.substr(begin, at_ - begin);
    if (spelling.find('x') != std::string_view::npos) return extents(begin, spelling);
    double value = 0;
    const auto [stop, error] = std::from_chars(spelling.data(), spelling.data() + spelling.size(), value);
    if (error == std::errc::result_out_of_range) {
      return wrong(begin, fmt::format("{} lies outside the range of float64", shown(spelling)));
    }
    if (error != std::errc() || stop != spelling.data() + spelling.size()) {
      return wrong(begin, fmt::format("{} is not a number", shown(spelling)));
    }
    return {TokenKind::number, std::string(spelling), value, begin, at_};
  }

  // 3x3: whole numbers joined by x.
  Token extents(std::size_t begin, std::string_view spelling) const {
    Token token{TokenKind::extents, std::string(spelling), 0, begin, at_};
    for (const char *at = spelling.data(), *end = at + spelling.size();; ++at) {
      std::size_t extent = 0;
      const auto [stop, error] = std::from_chars(at, end, extent);
      if (error != std::errc() || (stop != end && *stop != 'x')) {
        return wrong(begin, fmt::format("{} is neither a number nor whole numbers joined by x", shown(spelling)));
      }
      token.extents.push_back(extent);
      at = stop;
      if (at == end) return token;
    }
  }

  // The sign in 1e-3: a sign after a digit and an e, with a digit behind it.
  bool signs_exponent() const {
    if (peek() != '-' && peek() != '+') return false;
    const char before = text_[at_ - 1];
    return (before == 'e' || before == 'E') && at_ >= 2 && (is_digit(text_[at_ - 2]) || text_[at_ - 2] == '.') &&
           is_digit(peek(1));
  }

  Token wrong(std::size_t begin, std::string problem) const {
    return {TokenKind::wrong, std::move(problem), 0, begin, at_};
  }

  // "..." with \" and \\ inside, all on one line.
  Token text(std::size_t begin) {
    std::string content;
    for (++at_; peek() != '"'; ++at_) {
      if (at_ >= text_.size() || peek() == '\n') return wrong(begin, "this quote is not closed on its line");
      if (peek() == '\\' && (peek(1) == '"' || peek(1) == '\\')) ++at_;
      content += peek();
    }
    ++at_;
    return {TokenKind::text, content, 0, begin, at_};
  }

  // A file name ends at a blank, a comma or a closing bracket, or is quoted.
  Token file(std::size_t begin) {
    ++at_;
    Token name{TokenKind::file, "", 0, begin, at_};
    if (peek() == '"') {
      name = text(at_);
      if (name.kind == TokenKind::wrong) return name;
    } else {
      while (at_ < text_.size() && !is_blank(peek()) &&
             std::string_view(",)]").find(peek()) == std::string_view::npos) {
        name.text += text_[at_++];
      }
    }
    if (name.text.empty()) return wrong(begin, "@ is followed by no file name");
    return {TokenKind::file, name.text, 0, begin, at_};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Of a long line what stands around the caret; `offset` is the caret's place in `line` before and after.
constexpr std::size_t widest_line = 140;
std::string shortened(std::string line, std::size_t& offset) {
  if (line.size() <= widest_line) return line;
  std::size_t first = offset > widest_line / 2 ? offset - widest_line / 2 : 0;
  while (first > 0 && continues_code_point(line[first])) --first;
  std::size_t last = std::min(line.size(), first + widest_line);
  while (last < line.size() && continues_code_point(line[last])) ++last;
  const std::string front = first > 0 ? "..." : "", back = last < line.size() ? "..." : "";
  offset = offset - first + front.size();
  return front + line.substr(first, last - first) + back;
}

}  // namespace

std::string shown(std::string_view piece) {
  constexpr std::size_t longest = 60;
  if (piece.size() <= longest) return std::string(piece);
  std::size_t size = longest - 3;
  while (size > 0 && continues_code_point(piece[size])) --size;
  return std::string(piece.substr(0, size)) + "...";
}

std::string spoken(const Token& token) {
  std::string text = shown(token.text);
  switch (token.kind) {
    case TokenKind::end:
      return "the end";
    case TokenKind::text:
      return '"' + text + '"';
    case TokenKind::file:
      return '@' + text;
    default:
      return text;
  }
}

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

void fail_at(const Source& source, std::size_t begin, std::size_t end, const std::string& problem,
             const std::string& help) {
  const std::string& text = source.text;
  begin = std::min(begin, text.size());
  const std::size_t before = begin == 0 ? std::string::npos : text.rfind('\n', begin - 1);
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  const std::size_t last = std::min(text.find('\n', begin), text.size());
  const auto number = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(first), '\n');

  const auto column = 1 + std::count_if(text.begin() + static_cast<std::ptrdiff_t>(first),
                                        text.begin() + static_cast<std::ptrdiff_t>(begin),
                                        [](char c) { return !continues_code_point(c); });
  std::size_t offset = begin - first;
  std::string line = shortened(text.substr(first, last - first), offset);
  while (!line.empty() && line.back() == '\r' && offset < line.size()) line.pop_back();
  // A tab stays a tab under a tab, so the caret stands right whatever the tab width.
  std::string caret;
  for (std::size_t i = 0; i < offset; ++i) {
    if (!continues_code_point(line[i])) caret += line[i] == '\t' ? '\t' : ' ';
  }
  caret += '^';
  for (std::size_t i = offset + 1; i < std::min(offset + end - std::min(begin, end), line.size()); ++i) {
    if (!continues_code_point(line[i])) caret += '~';
  }
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20U && c != '\t') c = '?';
  }

  std::string place;
  if (!source.file.empty()) {
    place = fmt::format("{}:{}:{}: ", source.file, number, column);
  } else if (text.find('\n') != std::string::npos) {
    place = fmt::format("line {}: ", number);
  }
  fail("{}{}\n  {}\n  {}{}{}", place, problem, line, caret, help.empty() ? "" : "\n", help);
}

}  // namespace widenet
