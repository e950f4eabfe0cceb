#include "widenet/architecture/walk.h"

#include <algorithm>

#include "widenet/architecture/lexer.h"
#include "widenet/architecture/print.h"
#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

constexpr std::size_t widest = std::size_t{1} << 53U;

// What a message calls the values of a state that is not Gaussian.
std::string origin(const WalkState& state) { return state.made_by.empty() ? "the input" : state.made_by; }

bool fresh(const Network& network);

// Whether the layer's output hangs on weights of its own, so that it is independent of what other branches compute.
bool fresh(const Layer& layer) {
  if (std::holds_alternative<Dense>(layer)) return true;
  if (const auto* repeat = std::get_if<Repeat>(&layer)) return fresh(repeat->body[0]);
  if (const auto* join = std::get_if<Branches>(&layer)) {
    return std::all_of(join->branches.begin(), join->branches.end(), [](const Network& n) { return fresh(n); });
  }
  return false;
}
bool fresh(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const Layer& l) { return fresh(l); });
}

std::string called(const std::string& number, const Layer& layer) {
  return fmt::format("layer {} ({})", number, shown(to_text(layer)));
}

// Every parameter inside its domain, every bracket filled: what the parser sees to for text.
void check_parameters(const std::string& number, const Layer& layer) {
  const Word<Layer>* word = word_of(layer);
  if (word == nullptr) {
    const std::string& name = std::get<Activation>(layer).name;
    fail("{} is no layer: {}", called(number, layer), suggestion(name, names_of(layer_words()), "the layers are"));
  }
  for (std::size_t i = 0; i < word->parameters.size(); ++i) {
    const Parameter& parameter = word->parameters[i];
    const Value value = word->access[i].get(layer, i);
    const bool absent = std::holds_alternative<std::monostate>(value) && !std::holds_alternative<Activation>(layer);
    if (absent || fits(parameter, value)) continue;
    fail("{} has a wrong parameter: {} takes {}, not {}", called(number, layer), parameter.name, expectation(parameter),
         std::holds_alternative<std::monostate>(value) ? "nothing" : spoken(value));
  }
  if (const auto* activation = std::get_if<Activation>(&layer)) {
    const std::size_t given = activation->parameters.size(), wanted = word->parameters.size();
    if (word->variadic ? given == 0 : given != wanted) {
      fail("{} has {} parameters ({} takes {})", called(number, layer), given, word->name,
           word->variadic ? "one or more" : fmt::format("{}", wanted));
    }
    for (double x : activation->parameters) {
      if (word->variadic && !fits({word->name, Domain::real}, x)) {
        fail("{} has a coefficient that is not finite ({})", called(number, layer), x);
      }
    }
  }
  if (const auto* repeat = std::get_if<Repeat>(&layer); repeat && repeat->body.size() != 1) {
    fail("{} has {} bodies (a repeat has exactly one) give it one network", called(number, layer), repeat->body.size());
  }
  if (const auto* join = std::get_if<Branches>(&layer); join && join->branches.empty()) {
    fail("{} has no branches (it would have no value) give it at least one", called(number, layer));
  }
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

WalkState Walk::run(const Network& network, std::size_t features) {
  return chain(network, {false, "", false, features}, "", 0, 1);
}

WalkState Walk::chain(const Network& network, WalkState state, const std::string& prefix, std::size_t depth,
                      std::size_t count) {
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    state = step({fmt::format("{}{}", prefix, i + 1), network.layers[i], depth, count}, state);
  }
  return state;
}

WalkState Walk::step(const Place& place, const WalkState& state) {
  check_parameters(place.number, place.layer);
  const auto* repeat = std::get_if<Repeat>(&place.layer);
  const std::size_t row = rows_ == nullptr ? 0 : rows_->size(), count = place.count * (repeat ? repeat->count : 1);
  if (rows_ != nullptr) {
    rows_->push_back({place.number, head_text(place.layer), place.depth, count, std::nullopt, false});
  }
  WalkState next = std::visit([&](const auto& layer) { return apply(layer, place, state); }, place.layer);
  if (rows_ != nullptr) {
    if (next.width != std::size_t{0}) (*rows_)[row].width = next.width;
    (*rows_)[row].gaussian = next.gaussian;
  }
  return next;
}

WalkState Walk::apply(const Dense& dense, const Place& place, const WalkState& state) {
  if (dense.parametrization == Parametrization::standard && !state.width) {
    fail(
        "{} reads a number of values that is not known (standard parametrization scales with it) give the width of the "
        "dense before it, as in dense(64)",
        called(place.number, place.layer));
  }
  return {true, "", false, dense.width};
}

WalkState Walk::apply(const LayerNorm&, const Place& place, const WalkState& state) {
  if (!state.gaussian) {
    fail("{} acts on {} (its kernel is known for Gaussian values) put it behind a dense, before the activation",
         called(place.number, place.layer), origin(state));
  }
  return state;
}

WalkState Walk::apply(const Dropout&, const Place& place, const WalkState& state) {
  return {false, head_text(place.layer), state.activated, state.width};
}

WalkState Walk::apply(const Activation&, const Place& place, const WalkState& state) {
  if (!state.gaussian) {
    fail("{} acts on {} ({}) put a dense {}", called(place.number, place.layer), origin(state),
         state.activated ? "two nonlinearities in a row have no Gaussian values between them"
                         : "an activation's kernel is known for Gaussian values",
         state.made_by.empty() ? "before it" : "between them");
  }
  return {false, shown(head_text(place.layer)), true, state.width};
}

WalkState Walk::apply(const Repeat& repeat, const Place& place, const WalkState& state) {
  const std::size_t rows = rows_ == nullptr ? 0 : rows_->size();
  const Network& body = repeat.body[0];
  if (body.layers.empty())
    fail("{} repeats nothing (its body is empty) give it a layer", called(place.number, place.layer));
  WalkState now = state;
  for (std::size_t i = 0; i < repeat.count; ++i) {
    if (rows_ != nullptr) rows_->resize(rows);
    WalkState next = chain(body, now, place.number + '.', place.depth + 1, place.count * repeat.count);
    if (next == now) break;
    now = std::move(next);
  }
  return now;
}

WalkState Walk::apply(const Branches& join, const Place& place, const WalkState& state) {
  std::vector<WalkState> ends;
  std::vector<std::size_t> stale;
  for (std::size_t b = 0; b < join.branches.size(); ++b) {
    const Network& branch = join.branches[b];
    if (branch.layers.empty()) {
      fail("branch {} of {} is empty (it would have no value) write identity to pass the input on", b + 1,
           called(place.number, place.layer));
    }
    ends.push_back(chain(branch, state, fmt::format("{}.{}.", place.number, b + 1), place.depth + 1, place.count));
    if (join.join == Join::sum && !ends.back().gaussian) {
      fail("branch {} of {} ends in {} (a sum is Gaussian only if all its branches are) end it with a dense", b + 1,
           called(place.number, place.layer), origin(ends.back()));
    }
    if (!fresh(branch)) stale.push_back(b + 1);
  }
  if (join.join != Join::concat && stale.size() > 1) {
    fail(
        "branches {} and {} of {} have no dense (without weights of their own they are not independent, and the kernel "
        "is not the {} of theirs) put a dense into one of them",
        stale[0], stale[1], called(place.number, place.layer), join.join == Join::sum ? "sum" : "product");
  }
  WalkState joined{join.join == Join::sum, "", false, joined_width(join, place, ends)};
  if (!joined.gaussian) joined.made_by = shown(to_text(place.layer));
  return joined;
}

std::optional<std::size_t> Walk::joined_width(const Branches& join, const Place& place,
                                              const std::vector<WalkState>& ends) {
  if (join.join == Join::concat) {
    std::size_t total = 0;
    bool input_unknown = false;
    for (std::size_t b = 0; b < ends.size(); ++b) {
      if (!ends[b].width) {
        fail(
            "branch {} of {} has no known width (concat weights its branches by their widths) give its last dense a "
            "width, as in dense(64)",
            b + 1, called(place.number, place.layer));
      }
      input_unknown = input_unknown || *ends[b].width == 0;
      total += *ends[b].width;
      if (total > widest) fail("{} is wider than 2^53 values", called(place.number, place.layer));
    }
    return input_unknown ? 0 : total;
  }
  std::optional<std::size_t> width;
  for (const WalkState& end : ends) {
    if (width.value_or(0) != 0 && end.width.value_or(0) != 0 && *width != *end.width) {
      fail("{} joins branches of {} and {} values (they are joined one by one) give them the same width",
           called(place.number, place.layer), *width, *end.width);
    }
    if (end.width && width.value_or(0) == 0) width = end.width;
  }
  return width;
}

}  // namespace widenet
