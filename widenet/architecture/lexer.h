// An expression cut into tokens that know where they stand, and the way to point into its text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace widenet {

// Where an expression comes from: `file` is empty for text given directly.
struct Source {
  std::string file, text;
};

enum class TokenKind { word, number, extents, text, file, symbol, wrong, end };

// text: the word, the symbol, the number's spelling, what stands between quotes, or what is wrong; the token covers
// [begin, end) of the source.
struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  double number = 0;
  std::size_t begin = 0, end = 0;
  std::vector<std::size_t> extents = {};  // of 3x3

  bool is(char symbol) const { return kind == TokenKind::symbol && text[0] == symbol; }
};

// A piece of an expression as a message shows it: the beginning alone of a long one.
std::string shown(std::string_view piece);

// How a message names a token: `relu`, `"abc"`, `the end`.
std::string spoken(const Token& token);

// All tokens, the last one being `end`. White space and comments ('#' to the end of the line) separate tokens. A
// character that begins no token, a number that is none, a quote that is not closed: these become a token `wrong`, so
// that an error before it in the text is reported first.
std::vector<Token> tokenize(std::string_view text);

// Throws Error(usage): the problem (after file, line and column, where the text is a file, or the line of many), the
// line, a caret under the first character of [begin, end), and `help` as the last line unless empty.
[[noreturn]] void fail_at(const Source& source, std::size_t begin, std::size_t end, const std::string& problem,
                          const std::string& help = {});

}  // namespace widenet
