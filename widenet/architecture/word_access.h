// Fields of layers and kernels as values of the language, and back: what the tables of words are made with.
#pragma once

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "widenet/architecture/words.h"

namespace widenet {

// The words of an enumeration, in its order.
template <class Enum>
inline constexpr std::array<std::string_view, 0> words_of_enum{};
template <>
inline constexpr std::array<std::string_view, 2> words_of_enum<bool>{"false", "true"};
template <>
inline constexpr std::array<std::string_view, 2> words_of_enum<Parametrization>{"ntk", "standard"};
template <>
inline constexpr std::array<std::string_view, 3> words_of_enum<Padding>{"valid", "same", "circular"};
template <>
inline constexpr std::array<std::string_view, 2> words_of_enum<Edges>{"full", "actual"};
template <>
inline constexpr std::array<std::string_view, 2> words_of_enum<AttentionScaling>{"linear", "sqrt"};
template <>
inline constexpr std::array<std::string_view, 4> words_of_enum<AttentionWeights>{"softmax", "identity", "abs", "relu"};
template <>
inline constexpr std::array<std::string_view, 3> words_of_enum<PositionEmbedding>{"none", "sum", "concat"};
template <>
inline constexpr std::array<std::string_view, 3> words_of_enum<PositionDecay::Kind>{"none", "exp", "inverse"};
template <>
inline constexpr std::array<std::string_view, 3> words_of_enum<ResizeMethod>{"linear", "nearest", "cubic"};

template <class Enum>
std::string word_of_enum(Enum x) {
  return std::string(words_of_enum<Enum>.at(static_cast<std::size_t>(x)));
}
template <class Enum>
Enum enum_of_word(std::string_view word) {
  std::size_t i = 0;
  while (words_of_enum<Enum>.at(i) != word) ++i;
  return static_cast<Enum>(i);
}

// A whole number that is absent keeps its own form.
inline Value to_value(double x) { return x; }
inline Value to_value(std::size_t x) { return static_cast<double>(x); }
inline Value to_value(const std::optional<std::size_t>& x) { return x ? to_value(*x) : Value(); }
inline Value to_value(const Window& x) { return x.size() == 1 ? to_value(x[0]) : Value(x); }
template <class Enum>
Value to_value(Enum x) {
  return Choice{word_of_enum(x)};
}
inline Value to_value(const PositionDecay& x) {
  if (x.kind == PositionDecay::Kind::none) return to_value(x.kind);
  return Rated{word_of_enum(x.kind), x.rate};
}

inline void from_value(const Value& value, double& x) { x = std::get<double>(value); }
inline void from_value(const Value& value, std::size_t& x) { x = static_cast<std::size_t>(std::get<double>(value)); }
inline void from_value(const Value& value, std::optional<std::size_t>& x) {
  x = static_cast<std::size_t>(std::get<double>(value));
}
inline void from_value(const Value& value, Window& x) {
  if (const auto* one = std::get_if<double>(&value)) {
    x = {static_cast<std::size_t>(*one)};
  } else {
    x = std::get<Window>(value);
  }
}
template <class Enum>
void from_value(const Value& value, Enum& x) {
  x = enum_of_word<Enum>(std::get<Choice>(value).word);
}
inline void from_value(const Value& value, PositionDecay& x) {
  if (const auto* rated = std::get_if<Rated>(&value)) {
    x = {enum_of_word<PositionDecay::Kind>(rated->word), rated->number};
  } else {
    x = {};
  }
}

template <class T>
T& part(Layer& layer) {
  return std::get<T>(layer);
}
template <class T>
const T& part(const Layer& layer) {
  return std::get<T>(layer);
}
template <class T>
ClosedKernel& part(ClosedKernel& kernel) {
  return kernel;
}
template <class T>
const ClosedKernel& part(const ClosedKernel& kernel) {
  return kernel;
}

template <class Owner, class Member>
Owner owner_of(Member Owner::*);
template <class Owner, class Member>
Member member_of(Member Owner::*);

// Access to one member of one struct.
template <class Node, auto member>
Access<Node> access_to() {
  using Owner = decltype(owner_of(member));
  return {[](const Node& node, std::size_t) { return to_value(part<Owner>(node).*member); },
          [](Node& node, std::size_t, const Value& value) { from_value(value, part<Owner>(node).*member); }};
}

template <class Node, auto member>
void add(Word<Node>& word, Parameter parameter) {
  word.parameters.push_back(std::move(parameter));
  word.access.push_back(access_to<Node, member>());
}

// The same for a member that is one of an enumeration's words.
template <auto member>
void add_choice(Word<Layer>& word, std::string name) {
  using Enum = decltype(member_of(member));
  constexpr auto& words = words_of_enum<Enum>;
  Parameter parameter{std::move(name), Domain::choice, false, {words.begin(), words.end()}};
  if constexpr (std::is_same_v<Enum, bool>) parameter.choices = {"true", "false"};  // the order of speech
  add<Layer, member>(word, std::move(parameter));
}

// The layers that know positions; a part of layer_words().
std::vector<Word<Layer>> position_words();

}  // namespace widenet
