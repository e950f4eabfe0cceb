// Random kernels and networks in the normal form that the parser makes (sums and products flat, one length of 1 as
// none), well written but not always valid.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/architecture/words.h"

namespace widenet {

inline double positive_number() {
  const auto whole = [] { return static_cast<double>(*rc::gen::inRange(1, 50)); };
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return whole();
    case 1:
      return whole() / whole();
    case 2:
      return std::sqrt(whole() / whole());
    case 3:
      return whole() * std::numbers::pi / whole();
    case 4:
      return whole() * std::pow(10.0, *rc::gen::inRange(-300, 300));
    default: {
      const double x = std::abs(*rc::gen::arbitrary<double>());
      return std::isfinite(x) && x > 0 ? x : 0.1;
    }
  }
}

// Extents, or different axes in increasing order; one alone is a number.
inline Value random_extents(Domain domain) {
  Window extents;
  std::size_t last = 0;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    const std::size_t next = *rc::gen::inRange<std::size_t>(1, 5);
    last = domain == Domain::axes ? last + next : next;
    extents.push_back(last);
  }
  return extents.size() == 1 ? Value(static_cast<double>(extents[0])) : Value(extents);
}

inline std::string random_slices() {
  const auto number = [] {
    return *rc::gen::inRange(0, 2) == 0 ? std::string() : std::to_string(*rc::gen::inRange(-9, 9));
  };
  std::string text;
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
    text += text.empty() ? "[" : ", ";
    if (*rc::gen::inRange(0, 4) == 0) {
      text += std::to_string(*rc::gen::inRange(-9, 9));
      continue;
    }
    text += number() + ':' + number();
    if (*rc::gen::arbitrary<bool>()) text += ':' + std::to_string(*rc::gen::element(-3, -1, 1, 2));
  }
  return text + ']';
}

// A value inside the domain.
inline Value value_for(const Parameter& parameter) {
  const auto whole = [](int from, int to) { return static_cast<double>(*rc::gen::inRange(from, to)); };
  switch (parameter.domain) {
    case Domain::real:
      return *rc::gen::arbitrary<bool>() ? positive_number() : -positive_number();
    case Domain::non_negative:
      return *rc::gen::inRange(0, 5) == 0 ? 0.0 : positive_number();
    case Domain::positive:
      return positive_number();
    case Domain::share:
      return 1 / (1 + positive_number());
    case Domain::whole:
      return whole(0, 30);
    case Domain::degree:
    case Domain::width:
      return whole(1, 3000);
    case Domain::count:
      return whole(1, 10);
    case Domain::depth:
      return whole(2, 10);
    case Domain::axis:
    case Domain::joined_axis:
      return whole(1, 4);
    case Domain::axes:
      return random_extents(parameter.domain);
    case Domain::extents:
      return random_extents(parameter.domain);
    case Domain::decay: {
      const std::string word(*rc::gen::elementOf(parameter.choices));
      if (word == "none") return Choice{word};
      return Rated{word, *rc::gen::inRange(0, 5) == 0 ? 0.0 : positive_number()};
    }
    case Domain::slices:
      return Text{random_slices()};
    case Domain::constant: {
      const std::size_t rows = *rc::gen::inRange<std::size_t>(0, 4);
      Rows matrix(std::max<std::size_t>(rows, 1), std::vector<double>(*rc::gen::inRange<std::size_t>(1, 4)));
      for (auto& row : matrix) {
        for (double& x : row) x = *rc::gen::arbitrary<bool>() ? positive_number() : -positive_number();
      }
      return rows == 0 ? Value(matrix[0]) : Value(matrix);
    }
    case Domain::choice:
      return Choice{std::string(*rc::gen::elementOf(parameter.choices))};
    case Domain::lengths: {
      std::vector<double> lengths;
      for (int i = *rc::gen::inRange(1, 5); i > 0; --i) lengths.push_back(positive_number());
      return lengths;
    }
  }
  return {};
}

template <class Node>
Node random_node(const Word<Node>& word) {
  Node node = word.prototype;
  for (std::size_t i = 0; i < word.parameters.size(); ++i) {
    const Parameter& parameter = word.parameters[i];
    if (parameter.required || *rc::gen::arbitrary<bool>()) word.access[i].set(node, i, value_for(parameter));
  }
  if constexpr (std::is_same_v<Node, Layer>) {
    for (int i = word.variadic ? *rc::gen::inRange(1, 5) : 0; i > 0; --i) {
      std::get<Activation>(node).parameters.push_back(std::get<double>(value_for({"c", Domain::real})));
    }
  }
  return node;
}

inline Network random_network(int depth) {
  Network network;
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
    const auto words = layer_words();
    Layer layer = random_node(words[*rc::gen::inRange<std::size_t>(0, words.size())]);
    auto* repeat = std::get_if<Repeat>(&layer);
    auto* join = std::get_if<Branches>(&layer);
    if (depth == 0 && (repeat != nullptr || join != nullptr)) layer = Identity{};
    if (depth > 0 && repeat != nullptr) repeat->body.push_back(random_network(depth - 1));
    if (depth > 0 && join != nullptr) {
      for (int b = *rc::gen::inRange(1, 4); b > 0; --b) join->branches.push_back(random_network(depth - 1));
    }
    network.layers.push_back(std::move(layer));
  }
  return network;
}

enum class Inside { nothing, sum, product };  // what a kernel stands in decides what it may be

inline Kernel random_kernel(int depth, Inside inside = Inside::nothing) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 3);
  if (kind == 0) return {NetworkKernel{*rc::gen::element(Limit::ntk, Limit::nngp), random_network(depth)}};
  if (kind >= 3 && kind <= 4 && inside != Inside::sum) {
    KernelSum sum;
    for (int i = *rc::gen::inRange(2, 4); i > 0; --i) sum.terms.push_back(random_kernel(depth - 1, Inside::sum));
    return {std::move(sum)};
  }
  if (kind == 5 && inside != Inside::product) {
    KernelProduct product{positive_number(), {}};
    for (int i = *rc::gen::inRange(product.factor == 1 ? 2 : 0, 4); i > 0; --i) {
      product.factors.push_back(random_kernel(depth - 1, Inside::product));
    }
    return {std::move(product)};
  }
  const auto words = kernel_words();
  return {random_node(words[*rc::gen::inRange<std::size_t>(0, words.size())])};
}

}  // namespace widenet
