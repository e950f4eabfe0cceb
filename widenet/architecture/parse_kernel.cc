// kernel := term { "+" term }, and the entry points of the language.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "widenet/architecture/named_networks.h"
#include "widenet/architecture/parser.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

std::string read_expression(const std::string& path) {
  constexpr std::size_t longest = std::size_t{1} << 20U;
  std::ifstream in(path, std::ios::binary);
  std::string content(longest + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!in.is_open() || in.bad()) {
    fail_outside(
        "{} cannot be read (no such file, or no right to it) give the path of a text that holds the expression", path);
  }
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > longest) {
    fail_outside("{} is longer than {} bytes (an expression is a short text) give another file", path, longest);
  }
  const std::string byte_order_mark = "\xEF\xBB\xBF";
  return content.starts_with(byte_order_mark) ? content.substr(byte_order_mark.size()) : content;
}

// The text itself, or what the file holds that it names.
Source source_of(std::string_view text) {
  Source source{"", std::string(text)};
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '@') return source;
  const std::vector<Token> tokens = tokenize(source.text);
  if (tokens[0].kind != TokenKind::file) return source;
  if (tokens[1].kind != TokenKind::end) {
    fail_at(
        source, tokens[1].begin, tokens[1].end, "unexpected text after a file name",
        "the file holds the whole expression; a name with blanks, commas or brackets stands in quotes: @\"a name\"");
  }
  return {tokens[0].text, read_expression(tokens[0].text)};
}

}  // namespace

Kernel parse_kernel(std::string_view text) { return Parser(source_of(text)).whole_kernel(); }
Network parse_network(std::string_view text) { return Parser(source_of(text)).whole_network(); }

Kernel Parser::whole_kernel() {
  if (peek().kind == TokenKind::end) {
    fail_on(peek(), "the kernel is empty", "write one, as in: ntk[dense relu dense]");
  }
  Kernel whole = kernel();
  if (peek().kind != TokenKind::end) {
    const char* help = peek().is(')') || peek().is(']') ? "no bracket is open here"
                       : peek().is('-')                 ? "a difference of kernels is no kernel: there is only + and *"
                       : peek().is('/')                 ? "divide by multiplying: 1/2*gaussian"
                                                        : "kernels are joined by + and *";
    fail_on(peek(), fmt::format("unexpected {} after the kernel", spoken(peek())), help);
  }
  return whole;
}

Kernel Parser::kernel() {
  KernelSum sum;
  do {
    Kernel next = term();
    if (auto* inner = std::get_if<KernelSum>(&next.node)) {
      std::move(inner->terms.begin(), inner->terms.end(), std::back_inserter(sum.terms));
    } else {
      sum.terms.push_back(std::move(next));
    }
  } while (accept('+'));
  if (sum.terms.size() > 1) return {std::move(sum)};
  Kernel only = std::move(sum.terms[0]);
  return only;
}

Kernel Parser::term() {
  const Token first = peek();
  KernelProduct product;
  do {
    Kernel next = factor();
    if (auto* inner = std::get_if<KernelProduct>(&next.node)) {
      product.factor *= inner->factor;
      std::move(inner->factors.begin(), inner->factors.end(), std::back_inserter(product.factors));
    } else {
      product.factors.push_back(std::move(next));
    }
  } while (accept('*'));
  if (!(product.factor > 0 && std::isfinite(product.factor))) {
    fail_on(first, fmt::format("the numbers of this product multiply to {}", product.factor),
            "a kernel's factor is a finite number > 0");
  }
  if (product.factor != 1 || product.factors.size() != 1) return {std::move(product)};
  Kernel only = std::move(product.factors[0]);
  return only;
}

Kernel Parser::factor() {
  const Token token = peek();
  if (begins_number(token) || token.is('-')) {
    const double factor = number();
    if (!(factor > 0)) {
      const std::size_t end = tokens_[at_ - 1].end;
      const std::string written = shown(source_.text.substr(token.begin, end - token.begin));
      fail_at(source_, token.begin, end, fmt::format("a kernel's factor is a number > 0, not {}", written));
    }
    return {KernelProduct{factor, {}}};
  }
  if (token.is('(')) {
    const Token opening = open('(', "(");
    Kernel inner = kernel();
    close(')', opening);
    return inner;
  }
  if (token.kind != TokenKind::word) fail_on(token, fmt::format("expected a kernel, found {}", spoken(token)));
  return named_kernel();
}

Kernel Parser::named_kernel() {
  const Token name = take();
  if (const Limit* limit = find_limit(name.text)) return {NetworkKernel{*limit, bracketed_network(name).network}};
  const Word<ClosedKernel>* word = find_kernel(name.text);
  if (word == nullptr) unknown_kernel(name);
  return {filled(*word, name)};
}

void Parser::unknown_kernel(const Token& name) const {
  if (find_layer(name.text) != nullptr || find_named_network(name.text) != nullptr) {
    fail_on(name,
            fmt::format("{} is a {}, not a kernel", name.text, find_layer(name.text) != nullptr ? "layer" : "network"),
            "a network's kernel is written ntk[...] or nngp[...], as in: ntk[dense relu dense]");
  }
  std::vector<std::string> names = names_of(kernel_words());
  for (Limit limit : {Limit::ntk, Limit::nngp}) names.emplace_back(limit_name(limit));
  fail_on(name, fmt::format("there is no kernel {}", spoken(name)), suggestion(name.text, names, "the kernels are"));
}

}  // namespace widenet
