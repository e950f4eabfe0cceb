// The vocabulary of the expression language. A word stands here once: the parser, the printer, the checks and the
// "did you mean" all read this table. Activations join it from widenet/activation/activation.h.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/architecture/layer.h"

namespace widenet {

// What a parameter may be. A choice is one of its words; lengths are a positive number, a list of them or a file.
enum class Domain {
  real,
  non_negative,
  positive,
  share,
  whole,
  degree,
  width,
  count,
  depth,  // a whole number from 2
  choice,
  lengths,
  axis,         // of positions: a whole number from 1
  joined_axis,  // the same, or the word channels
  axes,         // 1x3, or the word channels
  extents,      // 3, 3x3, 3x3x3
  decay,        // none, exp:0.5, inverse:2
  slices,       // "[:, ::2, 1]"
  constant      // a list of numbers, a list of such lists, or a file
};

struct Choice {
  std::string word;
  bool operator==(const Choice&) const = default;
};
struct Text {
  std::string text;
  bool operator==(const Text&) const = default;
};
struct NumbersFile {
  std::string path;
  std::vector<double> numbers;
  std::vector<std::size_t> shape;
  bool operator==(const NumbersFile&) const = default;
};
// exp:0.5
struct Rated {
  std::string word;
  double number = 0;
  bool operator==(const Rated&) const = default;
};
using Rows = std::vector<std::vector<double>>;
// The value of a parameter; monostate: not given. A window of one extent is a number.
using Value = std::variant<std::monostate, double, Choice, Text, std::vector<double>, NumbersFile, Window, Rated, Rows>;

struct Parameter {
  std::string name;
  Domain domain = Domain::real;
  bool required = false;
  std::vector<std::string_view> choices = {};
};

// Whether the value is of the right type and inside the domain, and the domain in words ("a number >= 0").
bool fits(const Parameter& parameter, const Value& value);
std::string expectation(const Parameter& parameter);
std::string spoken(const Value& value);

// How a word is called: its parameters in order. Variadic: any number >= 1 of unnamed numbers.
struct Signature {
  std::string name;
  std::vector<Parameter> parameters = {};
  bool variadic = false;
};

// Parameter i of a node (a Layer or a ClosedKernel) as a value, and back.
template <class Node>
struct Access {
  Value (*get)(const Node& node, std::size_t i);
  void (*set)(Node& node, std::size_t i, const Value& value);
};

template <class Node>
struct Word : Signature {
  Node prototype = {};                    // all parameters at their defaults
  std::vector<Access<Node>> access = {};  // one per parameter
};

// Layers, then activations in the order of their table.
std::span<const Word<Layer>> layer_words();
std::span<const Word<ClosedKernel>> kernel_words();

// The entry of a name or of a node; null where there is none (an activation that is not in its table).
const Word<Layer>* find_layer(std::string_view name);
const Word<ClosedKernel>* find_kernel(std::string_view name);
const Word<Layer>* word_of(const Layer& layer);
const Word<ClosedKernel>* word_of(const ClosedKernel& kernel);

// "ntk" and "nngp"; null for any other word.
const Limit* find_limit(std::string_view name);
std::string_view limit_name(Limit limit);

// What stands in parentheses behind the word, parentheses included: "(64, bias_std=0.1)", or nothing.
template <class Node>
std::string arguments_text(const Word<Node>& word, const Node& node);

// "did you mean X?" for the candidate nearest to `wrong` in edits (a swap of neighbours counts one), case aside;
// without one `otherwise` followed by all candidates, or nothing if that is empty.
std::string suggestion(std::string_view wrong, std::span<const std::string> candidates, std::string_view otherwise);

template <class Words>
std::vector<std::string> names_of(const Words& words) {
  std::vector<std::string> names;
  for (const auto& word : words) names.emplace_back(word.name);
  return names;
}

}  // namespace widenet
