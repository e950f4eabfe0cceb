#include "widenet/architecture/walk.h"

#include <algorithm>

#include "widenet/architecture/check_layer.h"
#include "widenet/architecture/lexer.h"
#include "widenet/architecture/print.h"
#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

// What a message calls the values of a state that is not Gaussian.
std::string origin(const WalkState& state) { return state.made_by.empty() ? "the input" : state.made_by; }

bool fresh(const Network& network);

// Whether the layer's output hangs on weights of its own, so that it is independent of what other branches compute.
bool fresh(const Layer& layer) {
  if (std::holds_alternative<Dense>(layer) || std::holds_alternative<Conv>(layer) ||
      std::holds_alternative<Attention>(layer)) {
    return true;
  }
  if (const auto* repeat = std::get_if<Repeat>(&layer)) return fresh(repeat->body[0]);
  if (const auto* join = std::get_if<Branches>(&layer)) {
    return std::all_of(join->branches.begin(), join->branches.end(), [](const Network& n) { return fresh(n); });
  }
  return false;
}
bool fresh(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const Layer& l) { return fresh(l); });
}

// Standard parametrization scales with what a layer reads.
void need_width(const Who& who, Parametrization parametrization, const WalkState& state) {
  if (parametrization == Parametrization::ntk || state.width) return;
  fail(
      "{} reads a number of values that is not known (standard parametrization scales with it) give the width of the "
      "layer before it, as in dense(64)",
      who());
}

}  // namespace

std::size_t expanded_layers(const Network& network, std::size_t limit) {
  std::size_t total = 0;
  for (const Layer& layer : network.layers) {
    if (const auto* repeat = std::get_if<Repeat>(&layer)) {
      const std::size_t body = repeat->body.empty() ? 0 : expanded_layers(repeat->body[0], limit);
      total += body != 0 && repeat->count > limit / body ? limit + 1 : repeat->count * body;
    } else if (const auto* join = std::get_if<Branches>(&layer)) {
      for (const Network& branch : join->branches) total += expanded_layers(branch, limit);
    } else {
      ++total;
    }
    if (total > limit) return limit + 1;
  }
  return total;
}

WalkState Walk::run(const Network& network, const Shape& shape) {
  return chain(network, {false, "", false, shape.channels, shape.positions, false}, "", 0, 1);
}

WalkState Walk::chain(const Network& network, WalkState state, const std::string& prefix, std::size_t depth,
                      std::size_t count) {
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    state = step({{fmt::format("{}{}", prefix, i + 1), network.layers[i]}, depth, count}, state);
  }
  return state;
}

WalkState Walk::step(const Place& place, const WalkState& state) {
  check_layer(place.who);
  const auto* repeat = std::get_if<Repeat>(&place.who.layer);
  const std::size_t row = rows_ == nullptr ? 0 : rows_->size(), count = place.count * (repeat ? repeat->count : 1);
  if (rows_ != nullptr) {
    rows_->push_back({place.who.number, head_text(place.who.layer), place.depth, count, std::nullopt, false, {}});
  }
  WalkState next = std::visit([&](const auto& layer) { return apply(layer, place, state); }, place.who.layer);
  if (rows_ != nullptr) {
    if (next.width != std::size_t{0}) (*rows_)[row].width = next.width;
    (*rows_)[row].gaussian = next.gaussian;
    (*rows_)[row].positions = next.positions;
  }
  return next;
}

WalkState Walk::apply(const Dense& dense, const Place& place, const WalkState& state) {
  need_width(place.who, dense.parametrization, state);
  return {true, "", false, dense.width, state.positions, false};
}

WalkState Walk::apply(const Conv& conv, const Place& place, const WalkState& state) {
  Shape shape = shape_behind(place.who, state.shape());
  need_width(place.who, conv.parametrization, state);
  return {true, "", false, conv.width, std::move(shape.positions), false};
}

WalkState Walk::apply(const Attention& attention, const Place& place, const WalkState& state) {
  Shape shape = shape_behind(place.who, state.shape());
  if (attention.position == PositionEmbedding::concat && attention.position_channels && !state.width) {
    fail(
        "{} reads a number of channels that is not known (concat weights them and the position_channels by their "
        "numbers) give the width of the layer before it, as in dense(64)",
        place.who());
  }
  return {true, "", false, attention.width, std::move(shape.positions), false};
}

WalkState Walk::apply(const Flatten&, const Place& place, const WalkState& state) {
  if (state.positions.empty()) return state;
  WalkState next = state;
  const Shape shape = shape_behind(place.who, state.shape());
  next.positions = shape.positions;
  if (shape.channels != 0) next.width = shape.channels;
  if (state.gaussian) {
    next.gaussian = false;
    next.flattened = true;
    next.made_by = head_text(place.who.layer);
  }
  return next;
}

WalkState Walk::apply(const LayerNorm&, const Place& place, const WalkState& state) {
  if (!state.gaussian) {
    fail("{} acts on {} (its kernel is known for Gaussian values) put it behind a dense, before the activation",
         place.who(), origin(state));
  }
  shape_behind(place.who, state.shape());
  return state;
}

WalkState Walk::apply(const Dropout&, const Place& place, const WalkState& state) {
  return {false, head_text(place.who.layer), state.activated, state.width, state.positions, false};
}

WalkState Walk::apply(const Activation&, const Place& place, const WalkState& state) {
  if (!state.gaussian) {
    fail("{} acts on {} ({}) put a dense {}", place.who(), origin(state),
         state.activated ? "two nonlinearities in a row have no Gaussian values between them"
                         : "an activation's kernel is known for Gaussian values",
         state.made_by.empty() ? "before it" : "between them");
  }
  return {false, shown(head_text(place.who.layer)), true, state.width, state.positions, false};
}

WalkState Walk::apply(const Repeat& repeat, const Place& place, const WalkState& state) {
  const std::size_t rows = rows_ == nullptr ? 0 : rows_->size();
  const Network& body = repeat.body[0];
  if (body.layers.empty()) fail("{} repeats nothing (its body is empty) give it a layer", place.who());
  WalkState now = state;
  for (std::size_t i = 0; i < repeat.count; ++i) {
    if (rows_ != nullptr) rows_->resize(rows);
    WalkState next = chain(body, now, place.who.number + '.', place.depth + 1, place.count * repeat.count);
    if (next == now) break;
    now = std::move(next);
  }
  return now;
}

WalkState Walk::apply(const Branches& join, const Place& place, const WalkState& state) {
  // Sums of values, or of covariances that stand in blocks of their own: no means may be left in them.
  const bool adds = join.join == Join::sum || join.axis;
  std::vector<WalkState> ends;
  std::vector<std::size_t> stale;
  for (std::size_t b = 0; b < join.branches.size(); ++b) {
    const Network& branch = join.branches[b];
    if (branch.layers.empty()) {
      fail("branch {} of {} is empty (it would have no value) write identity to pass the input on", b + 1, place.who());
    }
    ends.push_back(chain(branch, state, fmt::format("{}.{}.", place.who.number, b + 1), place.depth + 1, place.count));
    if (adds && !ends.back().centred()) {
      fail("branch {} of {} ends in {} (a {} is Gaussian only if all its branches are) end it with a dense", b + 1,
           place.who(), origin(ends.back()), join.axis ? "concat along positions" : "sum");
    }
    if (!fresh(branch)) stale.push_back(b + 1);
  }
  if ((adds || join.join == Join::product) && stale.size() > 1) {
    fail(
        "branches {} and {} of {} have no dense (without weights of their own they are not independent, and the kernel "
        "is not the {} of theirs) put a dense into one of them",
        stale[0], stale[1], place.who(), word_of(place.who.layer)->name);
  }
  return joined(join, place, ends, adds);
}

// Of branches that pass the rules; `adds`: the result is Gaussian where all of them are.
WalkState Walk::joined(const Branches& join, const Place& place, const std::vector<WalkState>& ends, bool adds) {
  std::vector<Shape> shapes;
  bool input_unknown = false, known = false;
  for (std::size_t b = 0; b < ends.size(); ++b) {
    shapes.push_back(ends[b].shape());
    known = known || ends[b].width;
    input_unknown = input_unknown || ends[b].width == std::size_t{0};
    if (join.join == Join::concat && !join.axis && !ends[b].width) {
      fail(
          "branch {} of {} has no known width (concat weights its branches by their widths) give its last dense a "
          "width, as in dense(64)",
          b + 1, place.who());
    }
  }
  Shape shape = shape_behind(place.who, shapes);
  WalkState state;
  if (known || input_unknown) state.width = shape.channels;
  state.positions = std::move(shape.positions);
  state.gaussian = adds && std::all_of(ends.begin(), ends.end(), [](const WalkState& s) { return s.gaussian; });
  state.flattened = adds && !state.gaussian;
  if (!state.gaussian) state.made_by = shown(to_text(place.who.layer));
  return state;
}

}  // namespace widenet
