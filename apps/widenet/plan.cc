#include "apps/widenet/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <variant>

#include "widenet/architecture/print.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/closed_dual.h"
#include "widenet/infinite/execute.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_kernel.h"
#include "widenet/infinite/program.h"
#include "widenet/learn/memory.h"

namespace widenet::app {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// The complement of the correlation, the angle and the norms' product, as operations_per_entry() counts them.
constexpr double angle_operations = 45;

bool relu_like(const Activation& activation) {
  const auto dual = closed_dual(activation);
  return dual && std::holds_alternative<ReluDual>(*dual);
}

// The first thing in a network that keeps its kernel from being a function of the angle alone; empty if nothing does.
std::string obstacle(const Network& network) {
  for (const Layer& layer : network.layers) {
    std::string found = std::visit(
        Overloaded{[&](const Dense& dense) { return dense.bias_std != 0 ? head_text(layer) + " has a bias" : ""; },
                   [](const Identity&) { return std::string(); },
                   [&](const LayerNorm&) { return head_text(layer) + " divides by a norm"; },
                   [&](const Dropout& d) { return d.keep != 1 ? head_text(layer) + " changes variances alone" : ""; },
                   [&](const Activation& activation) {
                     return relu_like(activation) ? "" : head_text(layer) + " is not of the relu family";
                   },
                   [](const Repeat& repeat) { return obstacle(repeat.body.front()); },
                   [](const Branches& branches) {
                     if (branches.join == Join::product)
                       return std::string("a product grows with the square of the norms");
                     std::string inside;
                     for (const Network& branch : branches.branches)
                       if (inside.empty()) inside = obstacle(branch);
                     return inside;
                   },
                   [&](const auto&) { return head_text(layer) + " reads positions"; }},
        layer);
    if (!found.empty()) return found;
  }
  return "";
}

// Every activation that occurs, once, in order.
void collect(const Network& network, std::vector<Activation>& found) {
  for (const Layer& layer : network.layers) {
    if (const auto* activation = std::get_if<Activation>(&layer)) {
      if (std::find(found.begin(), found.end(), *activation) == found.end()) found.push_back(*activation);
    } else if (const auto* repeat = std::get_if<Repeat>(&layer)) {
      collect(repeat->body.front(), found);
    } else if (const auto* branches = std::get_if<Branches>(&layer)) {
      for (const Network& branch : branches->branches) collect(branch, found);
    }
  }
}

std::string steps_sentence(const Program& program) {
  std::size_t fused = 0, chains = 0, single = 0, tables = 0, joins = 0;
  for (const Step& step : program.steps) {
    if (const auto* chain = std::get_if<ChainStep>(&step)) {
      ++chains;
      fused += chain->layers.size();
    }
    if (std::holds_alternative<DualStep>(step)) ++single;
    if (std::holds_alternative<TableStep>(step)) ++tables;
    if (std::holds_alternative<JoinStep>(step)) ++joins;
  }
  std::vector<std::string> parts;
  const auto plural = [](std::size_t count, const std::string& word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
  };
  if (chains > 0)
    parts.push_back(fmt::format("{} of dense and activation in {}, each held in registers", plural(fused, "pair"),
                                plural(chains, "fused chain")));
  if (single > 0) parts.push_back(plural(single, "activation") + " alone, in closed form");
  if (tables > 0) parts.push_back(plural(tables, "activation") + " by table");
  if (joins > 0) parts.push_back(plural(joins, "join") + " of branches");
  if (parts.empty()) parts.emplace_back("dense layers alone, in registers");
  return fmt::format("{}: {}.", plural(program.steps.size(), "step"), fmt::join(parts, "; "));
}

// Sentences and operations of a network's plan.
void describe_path(const Network& network, const Program& program, Output output, KernelPlan& plan) {
  std::vector<std::string>& path = plan.path;
  const double layer_by_layer = operations_per_entry(program);
  path.emplace_back(
      "Tiles of one product of samples each, all layers on a tile while it is in the cache; of a symmetric "
      "matrix one half.");
  std::vector<Activation> activations;
  collect(network, activations);
  for (const Activation& activation : activations)
    path.push_back(closed_dual(activation)
                       ? fmt::format("{}: closed form.", head_text(Layer(activation)))
                       : fmt::format("{}: no closed form; a table of Chebyshev series, built by quadrature.",
                                     head_text(Layer(activation))));
  if (const std::size_t terms = univariate_polynomial<double>(program, output).size(); terms > 0) {
    const double collapsed = angle_operations + 2 * static_cast<double>(terms - 1);
    path.push_back(
        fmt::format("All layers collapse to one polynomial of the angle, of degree {}: without biases, layers "
                    "of the relu family leave norms and angle apart. Layer by layer it would be {:.0f} "
                    "operations.",
                    terms - 1, layer_by_layer));
    plan.operations = collapsed;
    return;
  }
  plan.operations = layer_by_layer;
  path.push_back(program.homogeneous
                     ? "No collapse to one polynomial of the angle: none of degree 63 is accurate enough."
                     : fmt::format("No collapse to one polynomial of the angle: {}.", obstacle(network)));
  path.push_back(steps_sentence(program));
}

void describe_positions(const Network& network, const Shape& shape, KernelPlan& plan) {
  plan.per_feature = 0;
  const auto planes = plane_plan(network, shape);
  if (!planes) {
    const PositionNetwork plain(network, shape);
    plan.path = {
        "Plainly, one pair of samples at a time, over all pairs of positions, in float64.",
        fmt::format("Displacement by displacement would be faster; {} is not done that way.",
                    plane_obstacle(network, shape)),
        fmt::format("{} per process for what runs at once, {} kept of a thousand samples.",
                    memory_text(thread_count() * plain.working_bytes()), memory_text(1000 * plain.own_bytes()))};
    return;
  }
  const std::size_t displacements = displacement_count(*planes), pools = planes->pools.size();
  plan.path = {
      fmt::format("A block of samples at a time, on {} displacement{} between positions: every one is a small "
                  "image of its own that passes through all layers.",
                  displacements, displacements == 1 ? "" : "s")};
  if (pools > 0)
    plan.path.push_back(fmt::format(
        "{} pool{} on the way: each adds a displacement to the few that it meets, which go on when they are complete.",
        pools, pools == 1 ? "" : "s"));
  plan.path.push_back(fmt::format("{:.0f} steps through activations per pair of samples.", activation_count(*planes)));
  plan.path.push_back(
      fmt::format("{} per process for what runs at once.", memory_text(plane_gram_bytes(*planes, sizeof(double)))));
}

}  // namespace

KernelPlan plan_of(const Network& network, Limit limit, const std::vector<std::size_t>& extents) {
  KernelPlan plan;
  plan.text = to_text(Kernel{NetworkKernel{limit, network}});
  if (reads_positions(network)) {
    if (extents.empty()) {
      fail(
          "the network reads positions, and the shape of a sample is not known (its layers depend on it) give "
          "--input-shape, channels last, as in 32x32x3");
    }
    const Shape shape = shape_of(extents);
    plan.layers = describe(network, shape);
    describe_positions(network, shape, plan);
    return plan;
  }
  const std::size_t features = extents.empty() ? 0 : values_of(extents);
  plan.layers = describe(network, features);
  const Program program = compile(network, features);
  describe_path(network, program, limit == Limit::nngp ? Output::nngp : Output::ntk, plan);
  return plan;
}

std::size_t values_of(const std::vector<std::size_t>& extents) {
  return std::accumulate(extents.begin(), extents.end(), std::size_t{1}, std::multiplies<>());
}

KernelPlan plan_of(const ClosedKernel& kernel) {
  KernelPlan plan;
  plan.text = to_text(Kernel{kernel});
  switch (kernel.kind) {
    case Closed::linear:
    case Closed::polynomial:
      plan.path = {"Closed form: one map of the product of two samples."};
      break;
    case Closed::laplacian1:
    case Closed::cauchy:
      plan.path = {"Closed form: one map of a sum or product over the features."};
      plan.per_feature = 3;
      break;
    case Closed::arccos0:
    case Closed::arccos1:
    case Closed::arccos2:
      plan.path = {"One layer of rectified powers, in closed form of the angle."};
      plan.operations = operations_per_entry(
          arc_cosine_program(static_cast<std::size_t>(kernel.kind) - static_cast<std::size_t>(Closed::arccos0)));
      break;
    default:
      plan.path = {
          "Closed form: one map of the distance, which comes from the product of two samples, or from the "
          "difference of the rows where that would cancel."};
  }
  return plan;
}

}  // namespace widenet::app
