#include "widenet/architecture/words.h"

#include <array>
#include <utility>

#include "widenet/architecture/word_access.h"

namespace widenet {
namespace {

Word<Layer> dense_word() {
  Word<Layer> word{{"dense", {}}, Dense{}, {}};
  add<Layer, &Dense::width>(word, {"width", Domain::width});
  add<Layer, &Dense::weight_std>(word, {"weight_std", Domain::non_negative});
  add<Layer, &Dense::bias_std>(word, {"bias_std", Domain::non_negative});
  add_choice<&Dense::parametrization>(word, "parametrization");
  add_choice<&Dense::trained>(word, "trained");
  return word;
}

Word<Layer> concat_word() {
  Word<Layer> word{{"concat", {{"axis", Domain::joined_axis, false, {"channels"}}}}, Branches{Join::concat, {}}, {}};
  word.access.push_back({[](const Layer& layer, std::size_t) {
                           const auto& axis = std::get<Branches>(layer).axis;
                           return axis ? to_value(*axis) : Value(Choice{"channels"});
                         },
                         [](Layer& layer, std::size_t, const Value& value) {
                           auto& axis = std::get<Branches>(layer).axis;
                           axis.reset();
                           if (!std::holds_alternative<Choice>(value)) from_value(value, axis);
                         }});
  return word;
}

Word<Layer> activation_word(const ActivationDefinition& definition) {
  Activation prototype{std::string(definition.name), {}};
  Word<Layer> word{{prototype.name, {}, definition.variadic}, Layer(), {}};
  for (const ActivationParameter& p : definition.parameters) {
    word.parameters.push_back({std::string(p.name), p.integer ? Domain::whole : Domain::real, p.required, {}});
    word.access.push_back({[](const Layer& layer, std::size_t i) {
                             const auto& values = std::get<Activation>(layer).parameters;
                             return i < values.size() ? Value(values[i]) : Value();
                           },
                           [](Layer& layer, std::size_t i, const Value& value) {
                             std::get<Activation>(layer).parameters[i] = std::get<double>(value);
                           }});
    if (!definition.variadic) prototype.parameters.push_back(p.default_value);
  }
  if (definition.variadic) {
    word.parameters.clear();
    word.access.clear();
  }
  word.prototype = std::move(prototype);
  return word;
}

std::vector<Word<Layer>> all_layers() {
  std::vector<Word<Layer>> words{dense_word(), {{"identity", {}}, Identity{}, {}}};
  for (Word<Layer>& word : position_words()) words.push_back(std::move(word));
  Word<Layer> dropout{{"dropout", {}}, Dropout{}, {}};
  add<Layer, &Dropout::keep>(dropout, {"keep", Domain::share, true, {}});
  words.push_back(std::move(dropout));
  Word<Layer> repeat{{"repeat", {}}, Repeat{}, {}};
  add<Layer, &Repeat::count>(repeat, {"n", Domain::count, true, {}});
  words.push_back(std::move(repeat));
  words.push_back({{"sum", {}}, Branches{Join::sum, {}}, {}});
  words.push_back({{"product", {}}, Branches{Join::product, {}}, {}});
  words.push_back(concat_word());
  for (const ActivationDefinition& definition : activation_definitions()) words.push_back(activation_word(definition));
  return words;
}

// One length of 1 is what no length means, so it is stored as none.
Access<ClosedKernel> lengths_access() {
  return {[](const ClosedKernel& kernel, std::size_t) -> Value {
            if (!kernel.lengths_file.empty()) {
              return NumbersFile{kernel.lengths_file, kernel.lengths, {kernel.lengths.size()}};
            }
            if (kernel.lengths.empty() || kernel.lengths == std::vector<double>{1}) return {};
            if (kernel.lengths.size() == 1) return kernel.lengths[0];
            return kernel.lengths;
          },
          [](ClosedKernel& kernel, std::size_t, const Value& value) {
            if (const auto* file = std::get_if<NumbersFile>(&value)) {
              kernel.lengths = file->numbers;
              kernel.lengths_file = file->path;
            } else if (const auto* list = std::get_if<std::vector<double>>(&value)) {
              kernel.lengths = *list;
            } else {
              kernel.lengths = {std::get<double>(value)};
            }
            if (kernel.lengths_file.empty() && kernel.lengths == std::vector<double>{1}) kernel.lengths.clear();
          }};
}

Word<ClosedKernel> kernel_word(std::string_view name, Closed kind) {
  Word<ClosedKernel> word{{std::string(name), {}}, ClosedKernel{}, {}};
  word.prototype.kind = kind;
  return word;
}

Word<ClosedKernel> stationary_word(std::string_view name, Closed kind) {
  Word<ClosedKernel> word = kernel_word(name, kind);
  if (kind == Closed::rational_quadratic) {
    add<ClosedKernel, &ClosedKernel::alpha>(word, {"alpha", Domain::positive});
  }
  word.parameters.push_back({"length", Domain::lengths});
  word.access.push_back(lengths_access());
  return word;
}

std::vector<Word<ClosedKernel>> all_kernels() {
  std::vector<Word<ClosedKernel>> words;
  Word<ClosedKernel> linear = kernel_word("linear", Closed::linear);
  add<ClosedKernel, &ClosedKernel::offset>(linear, {"offset", Domain::non_negative});
  words.push_back(std::move(linear));
  Word<ClosedKernel> polynomial = kernel_word("polynomial", Closed::polynomial);
  polynomial.prototype.offset = 1;
  add<ClosedKernel, &ClosedKernel::degree>(polynomial, {"degree", Domain::degree, true, {}});
  add<ClosedKernel, &ClosedKernel::scale>(polynomial, {"scale", Domain::positive});
  add<ClosedKernel, &ClosedKernel::offset>(polynomial, {"offset", Domain::non_negative});
  words.push_back(std::move(polynomial));
  words.push_back(stationary_word("gaussian", Closed::gaussian));
  words.push_back(stationary_word("laplacian", Closed::laplacian));
  words.push_back(stationary_word("laplacian1", Closed::laplacian1));
  words.push_back(stationary_word("cauchy", Closed::cauchy));
  words.push_back(stationary_word("matern12", Closed::matern12));
  words.push_back(stationary_word("matern32", Closed::matern32));
  words.push_back(stationary_word("matern52", Closed::matern52));
  words.push_back(stationary_word("rational_quadratic", Closed::rational_quadratic));
  words.push_back(kernel_word("arccos0", Closed::arccos0));
  words.push_back(kernel_word("arccos1", Closed::arccos1));
  words.push_back(kernel_word("arccos2", Closed::arccos2));
  return words;
}

template <class Words>
auto find(const Words& words, std::string_view name) -> decltype(&words[0]) {
  for (const auto& word : words) {
    if (word.name == name) return &word;
  }
  return nullptr;
}

constexpr std::array<std::pair<std::string_view, Limit>, 2> limits{{{"ntk", Limit::ntk}, {"nngp", Limit::nngp}}};

}  // namespace

std::span<const Word<Layer>> layer_words() {
  static const std::vector<Word<Layer>> words = all_layers();
  return words;
}

std::span<const Word<ClosedKernel>> kernel_words() {
  static const std::vector<Word<ClosedKernel>> words = all_kernels();
  return words;
}

const Word<Layer>* find_layer(std::string_view name) { return find(layer_words(), name); }
const Word<ClosedKernel>* find_kernel(std::string_view name) { return find(kernel_words(), name); }

const Word<Layer>* word_of(const Layer& layer) {
  for (const Word<Layer>& word : layer_words()) {
    if (word.prototype.index() != layer.index()) continue;
    if (const auto* a = std::get_if<Activation>(&layer); a && a->name != word.name) continue;
    if (const auto* b = std::get_if<Branches>(&layer); b && b->join != std::get<Branches>(word.prototype).join)
      continue;
    if (const auto* c = std::get_if<Conv>(&layer); c && c->kind != std::get<Conv>(word.prototype).kind) continue;
    if (const auto* p = std::get_if<Pool>(&layer); p && p->sum != std::get<Pool>(word.prototype).sum) continue;
    if (const auto* g = std::get_if<GlobalPool>(&layer); g && g->sum != std::get<GlobalPool>(word.prototype).sum)
      continue;
    return &word;
  }
  return nullptr;
}

const Word<ClosedKernel>* word_of(const ClosedKernel& kernel) {
  for (const Word<ClosedKernel>& word : kernel_words()) {
    if (word.prototype.kind == kernel.kind) return &word;
  }
  return nullptr;
}

const Limit* find_limit(std::string_view name) {
  for (const auto& [word, limit] : limits) {
    if (word == name) return &limit;
  }
  return nullptr;
}

std::string_view limit_name(Limit limit) {
  for (const auto& [word, value] : limits) {
    if (value == limit) return word;
  }
  return {};
}

}  // namespace widenet
