#include "widenet/infinite/program.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>

#include "widenet/architecture/print.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// Whether two steps may become one chain: the same formula with the same constants.
bool same_dual(const Activation& a, const Activation& b) { return a == b; }

class Compiler {
 public:
  explicit Compiler(std::size_t features) {
    program_.divisor = static_cast<double>(std::max<std::size_t>(features, 1));
  }

  void network(const Network& network, std::size_t slot) {
    for (const Layer& layer : network.layers) std::visit([&](const auto& l) { add(l, slot); }, layer);
  }

  Program finish() {
    flush();
    mark_last();
    program_.homogeneous = homogeneous_;
    return std::move(program_);
  }

  std::optional<std::size_t> width;  // of the state, where known; the input's is its features

 private:
  void add(const Dense& dense, std::size_t slot) {
    flush_unless_chain_continues(slot);
    if (dense.bias_std != 0) homogeneous_ = false;
    const bool reads_width = dense.trained && dense.parametrization == Parametrization::standard;
    const AffineLayer layer = affine_layer(dense, reads_width ? width.value() : 0);
    width = dense.width;
    if (pending_) flush();
    pending_ = layer;
    pending_slot_ = slot;
  }

  void add(const Activation& activation, std::size_t slot) {
    const auto dual = closed_dual(activation);
    if (!dual || !std::holds_alternative<ReluDual>(*dual)) homogeneous_ = false;
    const bool fuses = dual && pending_ && pending_slot_ == slot && pending_->own_in == 0 && pending_->own_one == 0;
    if (fuses) {
      if (chain_ && same_dual(chain_activation_, activation)) {
        chain_->layers.push_back(*pending_);
      } else {
        const AffineLayer layer = *pending_;
        pending_.reset();
        flush();
        chain_ = ChainStep{slot, {layer}, *dual, false};
        chain_activation_ = activation;
      }
      pending_.reset();
      return;
    }
    flush();
    if (dual)
      program_.steps.emplace_back(DualStep{slot, *dual});
    else
      program_.steps.emplace_back(TableStep{slot, std::make_shared<DualTable>(activation)});
  }

  void add(const Identity&, std::size_t) {}

  // A sample without positions is flat.
  void add(const Flatten&, std::size_t) {}

  // Layers that know positions.
  template <class Spatial>
  void add(const Spatial& layer, std::size_t) {
    refuse(Layer(layer));
  }
  [[noreturn]] static void refuse(const Layer& layer) {
    fail(
        "{} has no kernel here (the kernels of networks are computed for vectors, without positions) take a network of "
        "dense layers and activations",
        head_text(layer));
  }

  void add(const LayerNorm&, std::size_t slot) {
    flush();
    homogeneous_ = false;
    program_.steps.emplace_back(NormStep{slot});
  }

  void add(const Dropout& dropout, std::size_t slot) {
    flush();
    if (dropout.keep == 1) return;
    homogeneous_ = false;
    program_.steps.emplace_back(DropoutStep{slot, dropout.keep});
  }

  void add(const Repeat& repeat, std::size_t slot) {
    for (std::size_t k = 0; k < repeat.count; ++k) network(repeat.body.front(), slot);
  }

  void add(const Branches& branches, std::size_t slot) {
    if (branches.axis) refuse(Layer(branches));
    flush();
    if (branches.join == Join::product) homogeneous_ = false;
    const std::size_t count = branches.branches.size();
    program_.slots = std::max(program_.slots, slot + count);
    // The input stays in `slot` until the first branch, which is done last, consumes it.
    const auto input_width = width;
    std::vector<double> weights(count, 1.0);
    std::vector<std::optional<std::size_t>> widths(count);
    for (std::size_t b = count; b-- > 0;) {
      width = input_width;
      // Branch b works in slot + b; its own branches need slots above those still in use.
      const std::size_t work = b == 0 ? slot : slot + b;
      if (b != 0) program_.steps.emplace_back(CopyStep{slot, work});
      branch(branches.branches[b], work, slot + count);
      widths[b] = width;
    }
    if (branches.join == Join::concat) {
      double total = 0;
      for (std::size_t b = 0; b < count; ++b) total += weights[b] = static_cast<double>(widths[b].value());
      for (double& w : weights) w /= total;
      width = static_cast<std::size_t>(total);
    } else {
      const auto known = std::find_if(widths.begin(), widths.end(), [](const auto& w) { return w.has_value(); });
      width = known == widths.end() ? std::nullopt : *known;
    }
    program_.steps.emplace_back(JoinStep{branches.join, slot, count, std::move(weights)});
  }

  // What the last step need not compute, and what the chain before it need not leave.
  void mark_last() {
    if (program_.steps.empty()) return;
    auto* affine = std::get_if<AffineStep>(&program_.steps.back());
    if (!affine) return;
    affine->last = true;
    if (program_.steps.size() < 2) return;
    auto* chain = std::get_if<ChainStep>(&program_.steps[program_.steps.size() - 2]);
    if (!chain || chain->slot != affine->slot) return;
    const auto* relu = std::get_if<ReluDual>(&chain->dual);
    affine->from_complement = chain->complement_suffices = relu && relu->nonnegative();
  }

  // A branch whose nested branches use slots from `free` on: they are numbered relative to the branch's slot, so the
  // branch is moved there while it runs.
  void branch(const Network& body, std::size_t slot, std::size_t free) {
    if (std::none_of(body.layers.begin(), body.layers.end(), [](const Layer& l) { return nests(l); })) {
      network(body, slot);
      flush();
      return;
    }
    program_.slots = std::max(program_.slots, free + 1);
    program_.steps.emplace_back(CopyStep{slot, free});
    network(body, free);
    flush();
    program_.steps.emplace_back(CopyStep{free, slot});
  }

  static bool nests(const Layer& layer) {
    if (std::holds_alternative<Branches>(layer)) return true;
    const auto* repeat = std::get_if<Repeat>(&layer);
    if (!repeat) return false;
    const auto& layers = repeat->body.front().layers;
    return std::any_of(layers.begin(), layers.end(), [](const Layer& l) { return nests(l); });
  }

  void flush_unless_chain_continues(std::size_t slot) {
    if (chain_ && chain_->slot != slot) flush();
  }

  void flush() {
    if (chain_) program_.steps.emplace_back(std::move(*chain_));
    chain_.reset();
    if (pending_) program_.steps.emplace_back(AffineStep{pending_slot_, *pending_, false, false});
    pending_.reset();
  }

  Program program_;
  bool homogeneous_ = true;
  std::optional<ChainStep> chain_;
  Activation chain_activation_;
  std::optional<AffineLayer> pending_;  // a dense that may yet be fused with what follows
  std::size_t pending_slot_ = 0;
};

double dual_operations(const ClosedDual& dual) {
  return std::visit(
      Overloaded{
          [](const ReluDual&) { return 56.0; }, [](const SignDual&) { return 48.0; },
          [](const ErfDual&) { return 66.0; }, [](const GeluDual&) { return 90.0; },
          [](const TrigDual&) { return 70.0; }, [](const GaborDual&) { return 100.0; },
          [](const PowerDual& p) { return 8.0 * static_cast<double>(p.n + 1); },
          [](const RectifiedMonomialDual& p) { return 56.0 + 12.0 * static_cast<double>(p.n); },
          []<std::size_t T>(const PolynomialDual<T>& p) { return 5.0 * static_cast<double>(p.coefficients.size()); },
          []<std::size_t T>(const HermiteDual<T>& p) { return 5.0 * static_cast<double>(p.n + 1); },
          [](const auto&) { return 40.0; }},
      dual);
}

}  // namespace

Program compile(const Network& network, std::size_t features) {
  Compiler compiler(features);
  compiler.width = features;
  compiler.network(network, 0);
  return compiler.finish();
}

Program arc_cosine_program(std::size_t order) {
  Program program;
  program.steps.emplace_back(DualStep{0, *closed_dual({"rectified_monomial", {static_cast<double>(order)}})});
  return program;
}

std::size_t dual_parameters(const ClosedDual& dual) {
  return std::visit([](const auto& d) { return 1 + d.factors + (d.gives_covariance ? 1 : 0); }, dual);
}

std::size_t parameter_count(const Step& step) {
  return std::visit(
      Overloaded{[](const AffineStep&) -> std::size_t { return 3; },
                 [](const DualStep& s) { return dual_parameters(s.dual); },
                 [](const ChainStep& s) {
                   return std::holds_alternative<ReluDual>(s.dual) ? 2 * s.layers.size() + 2
                                                                   : s.layers.size() * (2 + dual_parameters(s.dual));
                 },
                 [](const TableStep&) -> std::size_t { return 3; }, [](const NormStep&) -> std::size_t { return 1; },
                 [](const DropoutStep&) -> std::size_t { return 0; }, [](const CopyStep&) -> std::size_t { return 0; },
                 [](const JoinStep& s) { return s.count * 2; }},
      step);
}

std::size_t parameter_count(const Program& program) {
  std::size_t total = 1;  // the root of the result's variance, last
  for (const Step& step : program.steps) total += parameter_count(step);
  return total;
}

std::size_t table_count(const Program& program) {
  return static_cast<std::size_t>(std::count_if(program.steps.begin(), program.steps.end(), [](const Step& step) {
    return std::holds_alternative<TableStep>(step);
  }));
}

double operations_per_entry(const Program& program) {
  double total = 5;
  for (const Step& step : program.steps)
    total += std::visit(
        Overloaded{
            [](const AffineStep&) { return 14.0; }, [](const DualStep& s) { return dual_operations(s.dual); },
            [](const ChainStep& s) { return (14.0 + dual_operations(s.dual)) * static_cast<double>(s.layers.size()); },
            [](const TableStep&) { return 800.0; }, [](const NormStep&) { return 2.0; },
            [](const DropoutStep&) { return 4.0; }, [](const CopyStep&) { return 0.0; },
            [](const JoinStep& s) { return 12.0 * static_cast<double>(s.count); }},
        step);
  return total;
}

}  // namespace widenet
