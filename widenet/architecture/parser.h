// The recursive descent behind parse_kernel and parse_network: one member per rule of the grammar.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/architecture/lexer.h"
#include "widenet/architecture/words.h"

namespace widenet {

// Brackets inside brackets, and layers once all repeats are written out; more is refused.
constexpr std::size_t deepest_nesting = 200;
constexpr std::size_t most_layers = 10'000'000;

class Parser {
 public:
  explicit Parser(Source source) : source_(std::move(source)), tokens_(tokenize(source_.text)) {}

  Kernel whole_kernel();
  Network whole_network();

 private:
  // parse_kernel.cc
  Kernel kernel();  // term { "+" term }
  Kernel term();    // factor { "*" factor }
  Kernel factor();  // number | "(" kernel ")" | closed kernel | ("ntk" | "nngp") "[" network "]"
  Kernel named_kernel();
  [[noreturn]] void unknown_kernel(const Token& name) const;

  // parse_network.cc
  struct Counted {
    Network network;
    std::size_t layers = 0;  // with repeats written out
  };
  Counted network();                 // layers up to "]", "|" or the end; may be empty
  std::size_t layer(Network& into);  // appends a layer or a named network, returns how many layers it stands for
  std::size_t repeat_body(Repeat& repeat, const Token& name);
  std::size_t branches(Branches& join, const Token& name);
  Counted bracketed_network(const Token& name);
  [[noreturn]] void empty_network(const Token& owner) const;
  [[noreturn]] void unknown_layer(const Token& name) const;
  [[noreturn]] void no_layer(const Token& token) const;
  void check_count(std::size_t layers, const Token& at) const;

  // parse_values.cc
  std::vector<Value> arguments(const Signature& signature, const Token& name);
  Value argument(const Parameter& parameter);
  Value value();
  std::vector<double> list();
  void check_value(const Parameter& parameter, const Value& value, std::size_t begin, std::size_t end) const;
  std::size_t parameter_index(const Signature& signature, const Token& key, std::size_t position, bool named) const;
  double number();       // ["-"] atom { ("*" | "/") atom }
  double number_atom();  // decimal | "pi" | "sqrt" "(" number ")"
  static bool begins_number(const Token& token);
  static bool reads_file(const Parameter& parameter);
  template <class Node>
  Node filled(const Word<Node>& word, const Token& name) {
    const std::vector<Value> values = arguments(word, name);
    Node node = word.prototype;
    for (std::size_t i = 0; i < word.access.size(); ++i) {
      if (!std::holds_alternative<std::monostate>(values[i])) word.access[i].set(node, i, values[i]);
    }
    if constexpr (std::is_same_v<Node, Layer>) {
      if (word.variadic) {
        for (const Value& value : values) std::get<Activation>(node).parameters.push_back(std::get<double>(value));
      }
    }
    return node;
  }

  // The token that is next, refused here if it is a wrong one; take() goes past it.
  const Token& peek() const {
    if (tokens_[at_].kind == TokenKind::wrong) fail_on(tokens_[at_], tokens_[at_].text);
    return tokens_[at_];
  }
  const Token& after_next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() {
    const Token& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool accept(char symbol);
  Token open(char symbol, const std::string& what);  // takes the bracket and goes one level deeper
  void close(char symbol, const Token& opening);     // and back
  [[noreturn]] void fail_on(const Token& token, const std::string& problem, const std::string& help = {}) const {
    fail_at(source_, token.begin, token.end, problem, help);
  }

  Source source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, depth_ = 0;
};

}  // namespace widenet
