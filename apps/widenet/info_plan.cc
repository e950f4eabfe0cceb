#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "apps/widenet/info.h"
#include "apps/widenet/plan.h"
#include "apps/widenet/report.h"
#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet::app {
namespace {

using nlohmann::json;

std::string operations_text(const NetworkPlan& plan) {
  const std::string rest = fmt::format("{:.0f}", plan.operations);
  if (plan.product == 0) return fmt::format("2 d + {} per entry, d the numbers of a sample", rest);
  return fmt::format("{:.0f} per entry: {} of the product of two samples, {} of the layers",
                     static_cast<double>(plan.product) + plan.operations, plan.product, rest);
}

TextTable layer_table(const NetworkPlan& plan) {
  TextTable table;
  table.left = 2;
  table.rows = {{"#", "layer", "width", "Gaussian", "times"}};
  for (const LayerInfo& layer : plan.layers)
    table.rows.push_back({layer.number, std::string(2 * layer.depth, ' ') + layer.text,
                          layer.width ? fmt::format("{}", *layer.width) : "any", layer.gaussian ? "yes" : "no",
                          fmt::format("{}", layer.count)});
  return table;
}

std::string plan_text(const NetworkPlan& plan) {
  std::string out = "\n" + field("network", plan.text) + "\n" + layer_table(plan).text() + "\n";
  bool first = true;
  for (const std::string& sentence : plan.path) {
    out += field(first ? "path" : "", sentence);
    first = false;
  }
  return out + field("flops", operations_text(plan));
}

json plan_json(const NetworkPlan& plan) {
  json layers = json::array();
  for (const LayerInfo& layer : plan.layers)
    layers.push_back({{"number", layer.number}, {"layer", layer.text}, {"depth", layer.depth}, {"times", layer.count},
                      {"width", layer.width ? json(*layer.width) : json()}, {"gaussian", layer.gaussian}});
  json out = {{"expression", plan.text}, {"layers", layers}, {"path", plan.path},
              {"layer_operations_per_entry", plan.operations}};
  if (plan.product > 0) out["operations_per_entry"] = static_cast<double>(plan.product) + plan.operations;
  return out;
}

// Every part of a kernel in order, as text and as JSON.
struct Parts {
  std::size_t features;
  std::string text;
  json list = json::array();

  void operator()(const ClosedKernel& kernel) {
    const std::string name = to_text(Kernel{kernel});
    const std::vector<std::string> path = path_of(kernel);
    text += "\n" + field("kernel", name);
    for (const std::string& sentence : path) text += field(&sentence == &path.front() ? "path" : "", sentence);
    list.push_back({{"expression", name}, {"path", path}});
  }
  void operator()(const NetworkKernel& kernel) {
    const NetworkPlan plan = plan_of(kernel.network, kernel.limit, features);
    text += plan_text(plan);
    list.push_back(plan_json(plan));
  }
  void operator()(const KernelSum& sum) {
    for (const Kernel& term : sum.terms) std::visit(*this, term.node);
  }
  void operator()(const KernelProduct& product) {
    for (const Kernel& factor : product.factors) std::visit(*this, factor.node);
  }
};

std::string combination(const Kernel& kernel) {
  if (std::holds_alternative<KernelSum>(kernel.node)) return "sum of the kernels below, entry by entry";
  const auto* product = std::get_if<KernelProduct>(&kernel.node);
  if (product == nullptr) return "one kernel";
  if (product->factors.size() == 1) return fmt::format("the kernel below, {} times", to_text(product->factor));
  return fmt::format("{} times the product of the kernels below, entry by entry", to_text(product->factor));
}

void print_kernel(const Kernel& kernel, std::size_t features, const Settings& settings) {
  validate(kernel, features);
  Parts parts{features, "", json::array()};
  std::visit(parts, kernel.node);
  if (settings.json) {
    print(json{{"kind", "kernel"}, {"expression", to_text(kernel)}, {"parts", parts.list}});
    return;
  }
  print(field("kernel", to_text(kernel)) + field("computes", combination(kernel)) + parts.text);
}

void print_network(const Network& network, std::size_t features, const Settings& settings) {
  const NetworkPlan plan = plan_of(network, Limit::ntk, features);
  if (settings.json) {
    json out = plan_json(plan);
    out["kind"] = "network";
    out["expression"] = to_text(network);
    print(out);
    return;
  }
  print(field("network", to_text(network)) + field("computes", "as the kernel ntk[...]; nngp[...] takes the same steps") +
        plan_text(plan));
}

// Whether the first word is a layer's: then the text was meant as a network.
bool begins_like_network(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return false;
  const std::size_t end = text.find_first_of(" \t\n([", begin);
  const std::string word = text.substr(begin, end - begin);
  return find_layer(word) != nullptr || word == "repeat" || word == "sum" || word == "product" || word == "concat";
}

}  // namespace

void print_plan(const std::string& expression, std::size_t features, const Settings& settings) {
  if (begins_like_network(expression)) return print_network(parse_network(expression), features, settings);
  print_kernel(parse_kernel(expression), features, settings);
}

}  // namespace widenet::app
