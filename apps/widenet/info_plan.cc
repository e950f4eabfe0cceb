#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "apps/widenet/info.h"
#include "apps/widenet/plan.h"
#include "apps/widenet/report.h"
#include "widenet/architecture/named_networks.h"
#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet::app {
namespace {

using nlohmann::json;

// features = 0: not known.
std::string operations_text(const KernelPlan& plan, std::size_t features) {
  const std::string product =
      features > 0 ? fmt::format("{} x {}", plan.per_feature, features) : fmt::format("{} d", plan.per_feature);
  const std::string what = features > 0 ? "" : ", d the numbers of a sample";
  if (!plan.operations) return fmt::format("{} and one map per entry{}", product, what);
  const double known = static_cast<double>(plan.per_feature * features) + *plan.operations;
  return fmt::format("{} + {:.0f}{} per entry{}", product, *plan.operations,
                     features > 0 ? fmt::format(" = {:.0f}", known) : "", what);
}

TextTable layer_table(const KernelPlan& plan) {
  TextTable table;
  table.left = 2;
  const bool positions = std::any_of(plan.layers.begin(), plan.layers.end(),
                                     [](const LayerInfo& layer) { return !layer.positions.empty(); });
  table.rows = {{"#", "layer", positions ? "shape" : "width", "Gaussian", "times"}};
  for (const LayerInfo& layer : plan.layers)
    table.rows.push_back({layer.number, std::string(2 * layer.depth, ' ') + layer.text,
                          to_text(Shape{layer.positions, layer.width.value_or(0)}), layer.gaussian ? "yes" : "no",
                          fmt::format("{}", layer.count)});
  return table;
}

std::string plan_text(const KernelPlan& plan, std::size_t features) {
  std::string out;
  if (!plan.layers.empty()) out += layer_table(plan).text() + "\n";
  for (const std::string& sentence : plan.path) out += field(&sentence == &plan.path.front() ? "path" : "", sentence);
  return plan.per_feature == 0 ? out : out + field("flops", operations_text(plan, features));
}

json plan_json(const KernelPlan& plan, std::size_t features) {
  json layers = json::array();
  for (const LayerInfo& layer : plan.layers)
    layers.push_back({{"number", layer.number},
                      {"layer", layer.text},
                      {"depth", layer.depth},
                      {"times", layer.count},
                      {"positions", layer.positions},
                      {"width", layer.width ? json(*layer.width) : json()},
                      {"gaussian", layer.gaussian}});
  json out = {{"expression", plan.text}, {"layers", layers}, {"path", plan.path}};
  if (plan.per_feature == 0) return out;
  out["operations_per_feature"] = plan.per_feature;
  if (!plan.operations) return out;
  out["operations_after"] = *plan.operations;
  if (features > 0) out["operations_per_entry"] = static_cast<double>(plan.per_feature * features) + *plan.operations;
  return out;
}

// The plans of the parts of a kernel, in order.
struct Parts {
  const std::vector<std::size_t>& extents;
  std::vector<KernelPlan> plans = {};

  void operator()(const ClosedKernel& kernel) {
    validate(Kernel{kernel}, extents.empty() ? 0 : values_of(extents));
    plans.push_back(plan_of(kernel));
  }
  void operator()(const NetworkKernel& kernel) { plans.push_back(plan_of(kernel.network, kernel.limit, extents)); }
  void operator()(const KernelSum& sum) {
    for (const Kernel& term : sum.terms) std::visit(*this, term.node);
  }
  void operator()(const KernelProduct& product) {
    for (const Kernel& factor : product.factors) std::visit(*this, factor.node);
  }
};

void print_kernel(const Kernel& kernel, const std::vector<std::size_t>& extents, const Settings& settings) {
  const std::size_t features = extents.empty() ? 0 : values_of(extents);
  Parts parts{extents};
  std::visit(parts, kernel.node);
  const std::string whole = to_text(kernel);
  if (settings.json) {
    json list = json::array();
    for (const KernelPlan& plan : parts.plans) list.push_back(plan_json(plan, features));
    print(json{{"kind", "kernel"}, {"expression", whole}, {"parts", list}});
    return;
  }
  std::string out = field("kernel", whole);
  const bool single = parts.plans.size() == 1 && parts.plans.front().text == whole;
  if (parts.plans.size() > 1)
    out += field("computes", fmt::format("the {} parts below, combined entry by entry", parts.plans.size()));
  for (const KernelPlan& plan : parts.plans)
    out +=
        "\n" + (single ? "" : field("part", plan.text) + (plan.layers.empty() ? "" : "\n")) + plan_text(plan, features);
  print(out);
}

void print_network(const Network& network, const std::vector<std::size_t>& extents, const Settings& settings) {
  const KernelPlan plan = plan_of(network, Limit::ntk, extents);
  const std::size_t features = extents.empty() ? 0 : values_of(extents);
  if (settings.json) {
    json out = plan_json(plan, features);
    out["kind"] = "network";
    out["expression"] = to_text(network);
    print(out);
    return;
  }
  print(field("network", to_text(network)) + field("computes", "ntk[...] as below, and nngp[...] by the same steps") +
        "\n" + plan_text(plan, features));
}

// Whether the first word is a layer's, and no kernel's: then the text was meant as a network.
bool begins_like_network(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return false;
  const std::size_t end = text.find_first_of(" \t\n([", begin);
  const std::string word = text.substr(begin, end - begin);
  return find_kernel(word) == nullptr && (find_layer(word) != nullptr || find_named_network(word) != nullptr);
}

}  // namespace

void print_plan(const std::string& expression, const std::vector<std::size_t>& extents, const Settings& settings) {
  if (begins_like_network(expression)) return print_network(parse_network(expression), extents, settings);
  print_kernel(parse_kernel(expression), extents, settings);
}

}  // namespace widenet::app
