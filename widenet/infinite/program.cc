#include "widenet/infinite/program.h"

#include <algorithm>
#include <concepts>
#include <optional>
#include <utility>

#include "widenet/architecture/print.h"
#include "widenet/base/error.h"
#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

bool has_join(const PositionSteps& all) {
  return std::any_of(all.steps.begin(), all.steps.end(), [](const PositionStep& step) {
    const auto* repeat = std::get_if<RepeatAt>(&step);
    return std::holds_alternative<JoinAt>(step) ||
           (repeat && std::any_of(repeat->bodies.begin(), repeat->bodies.end(),
                                  [](const auto& body) { return has_join(*body); }));
  });
}

// The steps of a network on samples of one position: all that is left of a state is one number, in a slot; what a
// [dense activation] does to it becomes a chain.
class Lowering {
 public:
  explicit Lowering(std::size_t features) {
    program_.divisor = static_cast<double>(std::max<std::size_t>(features, 1));
  }

  void lower(const PositionSteps& all, std::size_t slot) {
    const Overloaded add_step{
        [&](const PositionLeaf& leaf) { std::visit([&](const auto& l) { add(l, slot); }, leaf); },
        [&](const RepeatAt& repeat) {
          for (const auto& body : repeat.bodies) lower(*body, slot);
        },
        [&](const JoinAt& join) { add(join, slot); },
    };
    for (const PositionStep& step : all.steps) std::visit(add_step, step);
  }

  Program finish() {
    flush();
    mark_last();
    program_.homogeneous = homogeneous_;
    return std::move(program_);
  }

 private:
  void add(const DenseAt& dense, std::size_t slot) {
    if (chain_ && chain_->slot != slot) flush();
    if (dense.layer.bias_variance != 0) homogeneous_ = false;
    if (pending_) flush();
    pending_ = dense.layer;
    pending_slot_ = slot;
  }

  void add(const DualAt& step, std::size_t slot) {
    if (!step.closed || !std::holds_alternative<ReluDual>(*step.closed)) homogeneous_ = false;
    const bool fuses =
        step.closed && pending_ && pending_slot_ == slot && pending_->own_in == 0 && pending_->own_one == 0;
    if (!fuses) {
      flush();
      if (step.closed)
        program_.steps.emplace_back(DualStep{slot, *step.closed});
      else
        program_.steps.emplace_back(TableStep{slot, step.table});
      return;
    }
    const AffineLayer layer = *std::exchange(pending_, std::nullopt);
    if (chain_ && chain_activation_ == step.activation) {
      chain_->layers.push_back(layer);
      return;
    }
    flush();
    chain_ = ChainStep{slot, {layer}, *step.closed, false};
    chain_activation_ = step.activation;
  }

  // One position is flat.
  void add(const FlattenAt&, std::size_t) {}

  void add(const NormAt&, std::size_t slot) {
    flush();
    homogeneous_ = false;
    program_.steps.emplace_back(NormStep{slot});
  }

  void add(const DropoutAt& dropout, std::size_t slot) {
    flush();
    if (dropout.keep == 1) return;
    homogeneous_ = false;
    program_.steps.emplace_back(DropoutStep{slot, dropout.keep});
  }

  // compile() lets none of them through.
  template <class Spatial>
  requires std::same_as<Spatial, ConvAt> || std::same_as<Spatial, MapAt> || std::same_as<Spatial, GlobalPoolAt> ||
      std::same_as<Spatial, AttentionAt> || std::same_as<Spatial, AggregateAt>
  void add(const Spatial&, std::size_t) {}

  void add(const JoinAt& join, std::size_t slot) {
    flush();
    if (join.join == Join::product) homogeneous_ = false;
    const std::size_t count = join.branches.size();
    program_.slots = std::max(program_.slots, slot + count);
    // The input stays in `slot` until the first branch, which is done last, consumes it.
    for (std::size_t b = count; b-- > 0;) {
      // Branch b works in slot + b; its own branches need slots above those still in use.
      const std::size_t work = slot + b;
      if (b != 0) program_.steps.emplace_back(CopyStep{slot, work});
      branch(*join.branches[b], work, slot + count);
    }
    program_.steps.emplace_back(JoinStep{join.join, slot, count, join.weights});
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
  void branch(const PositionSteps& body, std::size_t slot, std::size_t free) {
    const bool moves = has_join(body);
    if (moves) {
      program_.slots = std::max(program_.slots, free + 1);
      program_.steps.emplace_back(CopyStep{slot, free});
    }
    lower(body, moves ? free : slot);
    flush();
    if (moves) program_.steps.emplace_back(CopyStep{free, slot});
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

// Throws at a layer that knows positions. A sample without them is flat, and its channels are its only axis.
void refuse_positions(const Network& network) {
  for (const Layer& layer : network.layers) {
    const auto* join = std::get_if<Branches>(&layer);
    if (const auto* repeat = std::get_if<Repeat>(&layer))
      refuse_positions(repeat->body.front());
    else if (join && !join->axis)
      std::ranges::for_each(join->branches, refuse_positions);
    else if (!std::holds_alternative<Flatten>(layer) && !std::holds_alternative<LayerNorm>(layer) &&
             reads_positions(Network{{layer}}))
      fail(
          "{} has no kernel here (the kernels of networks are computed for vectors, without positions) take a network "
          "of dense layers and activations",
          head_text(layer));
  }
}

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
  refuse_positions(network);
  Lowering lowering(features);
  lowering.lower(*compile_positions(network, Shape{{}, features}), 0);
  return lowering.finish();
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
