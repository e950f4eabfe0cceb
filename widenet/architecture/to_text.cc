// Data back to the shortest text.
#include <fmt/format.h>

#include <utility>

#include "widenet/architecture/kernel.h"
#include "widenet/architecture/lexer.h"
#include "widenet/architecture/print.h"
#include "widenet/architecture/words.h"

namespace widenet {
namespace {

template <class Part>
std::string joined(const std::vector<Part>& parts, std::string_view separator) {
  std::vector<std::string> texts;
  for (const Part& part : parts) texts.push_back(to_text(part));
  return fmt::format("{}", fmt::join(texts, separator));
}

struct KernelPrinter {
  std::string operator()(const ClosedKernel& kernel) const {
    const Word<ClosedKernel>* word = word_of(kernel);
    return word->name + arguments_text(*word, kernel);
  }
  std::string operator()(const NetworkKernel& kernel) const {
    return fmt::format("{}[{}]", limit_name(kernel.limit), to_text(kernel.network));
  }
  std::string operator()(const KernelSum& sum) const { return joined(sum.terms, " + "); }
  std::string operator()(const KernelProduct& product) const {
    std::vector<std::string> texts;
    if (product.factor != 1 || product.factors.empty()) texts.push_back(to_text(product.factor));
    for (const Kernel& factor : product.factors) {
      const std::string text = to_text(factor);
      texts.push_back(std::holds_alternative<KernelSum>(factor.node) ? fmt::format("({})", text) : text);
    }
    return fmt::format("{}", fmt::join(texts, "*"));
  }
};

}  // namespace

std::string head_text(const Layer& layer) {
  if (const Word<Layer>* word = word_of(layer)) return word->name + arguments_text(*word, layer);
  // An activation outside the table has no word; it is printed so that a message can show it.
  const Activation& activation = std::get<Activation>(layer);
  if (activation.parameters.empty()) return activation.name;
  return fmt::format("{}({})", activation.name, joined(activation.parameters, ", "));
}

std::string to_text(const Layer& layer) {
  const auto bracketed = [&](const std::vector<Network>& networks) {
    return fmt::format("{}[{}]", head_text(layer), joined(networks, " | "));
  };
  if (const auto* repeat = std::get_if<Repeat>(&layer)) return bracketed(repeat->body);
  if (const auto* join = std::get_if<Branches>(&layer)) return bracketed(join->branches);
  return head_text(layer);
}

std::string Who::operator()() const {
  const std::string text = shown(to_text(layer));
  return number.empty() ? text : fmt::format("layer {} ({})", number, text);
}

std::string to_text(const Network& network) { return joined(network.layers, " "); }
std::string to_text(const Kernel& kernel) { return std::visit(KernelPrinter{}, kernel.node); }

namespace {

void forget_files(Network& network) {
  for (Layer& layer : network.layers) {
    if (auto* map = std::get_if<DotGeneral>(&layer)) map->file.clear();
    if (auto* repeat = std::get_if<Repeat>(&layer)) {
      for (Network& body : repeat->body) forget_files(body);
    } else if (auto* join = std::get_if<Branches>(&layer)) {
      for (Network& branch : join->branches) forget_files(branch);
    }
  }
}

}  // namespace

Kernel self_contained(Kernel kernel) {
  if (auto* closed = std::get_if<ClosedKernel>(&kernel.node)) {
    closed->lengths_file.clear();
    if (closed->lengths == std::vector<double>{1}) closed->lengths.clear();
  } else if (auto* network = std::get_if<NetworkKernel>(&kernel.node)) {
    forget_files(network->network);
  } else if (auto* sum = std::get_if<KernelSum>(&kernel.node)) {
    for (Kernel& term : sum->terms) term = self_contained(std::move(term));
  } else if (auto* product = std::get_if<KernelProduct>(&kernel.node)) {
    for (Kernel& factor : product->factors) factor = self_contained(std::move(factor));
  }
  return kernel;
}

}  // namespace widenet
