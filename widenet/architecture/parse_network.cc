// network := layer { layer }
#include <algorithm>
#include <iterator>

#include "widenet/architecture/named_networks.h"
#include "widenet/architecture/parser.h"
#include "widenet/architecture/walk.h"
#include "widenet/base/error.h"

namespace widenet {

Network Parser::whole_network() {
  if (peek().kind == TokenKind::end) {
    fail_on(peek(), "the network is empty", "write its layers, input first, as in: dense relu dense");
  }
  Counted whole = network();
  if (peek().kind != TokenKind::end) {
    const bool bar = peek().is('|');
    fail_on(peek(), fmt::format("unexpected {}", spoken(peek())),
            bar ? "| separates the branches of sum[...], product[...] and concat[...]" : "no bracket is open here");
  }
  return std::move(whole.network);
}

void Parser::check_count(std::size_t layers, const Token& at) const {
  if (layers > most_layers) {
    fail_on(at, fmt::format("this makes more than {} layers once every repeat is written out", most_layers));
  }
}

Parser::Counted Parser::network() {
  Counted result;
  while (peek().kind != TokenKind::end && !peek().is(']') && !peek().is('|')) {
    const Token first = peek();
    result.layers += layer(result.network);
    check_count(result.layers, first);
  }
  return result;
}

std::size_t Parser::layer(Network& into) {
  if (peek().kind != TokenKind::word) no_layer(peek());
  const Token name = take();
  if (const NamedNetwork* named = find_named_network(name.text)) {
    Network network = named->expand(arguments(*named, name));
    const std::size_t count = expanded_layers(network, most_layers);
    std::move(network.layers.begin(), network.layers.end(), std::back_inserter(into.layers));
    return count;
  }
  const Word<Layer>* word = find_layer(name.text);
  if (word == nullptr) unknown_layer(name);
  into.layers.push_back(filled(*word, name));
  Layer& added = into.layers.back();
  if (auto* repeat = std::get_if<Repeat>(&added)) return repeat_body(*repeat, name);
  if (auto* join = std::get_if<Branches>(&added)) return branches(*join, name);
  return 1;
}

std::size_t Parser::repeat_body(Repeat& repeat, const Token& name) {
  Counted body = bracketed_network(name);
  repeat.body.push_back(std::move(body.network));
  check_count(repeat.count * body.layers, name);  // at most 1e5 * 1e7
  return repeat.count * body.layers;
}

std::size_t Parser::branches(Branches& join, const Token& name) {
  const Token opening = open('[', fmt::format("[ and the branches of {}", name.text));
  std::size_t layers = 0;
  do {
    Counted branch = network();
    if (branch.network.layers.empty()) empty_network(name);
    layers += branch.layers;
    join.branches.push_back(std::move(branch.network));
  } while (accept('|'));
  close(']', opening);
  return layers;
}

Parser::Counted Parser::bracketed_network(const Token& name) {
  const Token opening = open('[', fmt::format("[ and a network after {}", name.text));
  Counted inner = network();
  if (inner.network.layers.empty()) empty_network(name);
  close(']', opening);
  return inner;
}

void Parser::empty_network(const Token& owner) const {
  if (peek().kind == TokenKind::end) fail_on(owner, fmt::format("the [ of {} is never closed", owner.text), "add a ]");
  fail_on(peek(), fmt::format("{} has an empty network here", owner.text), "identity passes the input on unchanged");
}

void Parser::unknown_layer(const Token& name) const {
  if (find_kernel(name.text) != nullptr || find_limit(name.text) != nullptr) {
    fail_on(name, fmt::format("{} is a kernel, not a layer", spoken(name)),
            "a network is made of layers: dense relu dense");
  }
  std::vector<std::string> names = names_of(layer_words());
  for (const NamedNetwork& named : named_networks()) names.push_back(named.name);
  fail_on(name, fmt::format("there is no layer {}", spoken(name)), suggestion(name.text, names, "the layers are"));
}

void Parser::no_layer(const Token& token) const {
  const std::string help = token.is(',')   ? "layers are separated by white space, not by commas"
                           : token.is('+') ? "the sum of networks is written sum[a | b]"
                                           : "";
  fail_on(token, fmt::format("expected a layer, found {}", spoken(token)), help);
}

}  // namespace widenet
