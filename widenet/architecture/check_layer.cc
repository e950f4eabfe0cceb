#include "widenet/architecture/check_layer.h"

#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

void check_words(const Who& who) {
  const Layer& layer = who.layer;
  const Word<Layer>* word = word_of(layer);
  if (word == nullptr) {
    const std::string& name = std::get<Activation>(layer).name;
    fail("{} is no layer: {}", who(), suggestion(name, names_of(layer_words()), "the layers are"));
  }
  for (std::size_t i = 0; i < word->parameters.size(); ++i) {
    const Parameter& parameter = word->parameters[i];
    const Value value = word->access[i].get(layer, i);
    const bool absent = std::holds_alternative<std::monostate>(value) && !std::holds_alternative<Activation>(layer);
    if (absent || fits(parameter, value)) continue;
    fail("{} has a wrong parameter: {} takes {}, not {}", who(), parameter.name, expectation(parameter),
         std::holds_alternative<std::monostate>(value) ? "nothing" : spoken(value));
  }
  if (const auto* activation = std::get_if<Activation>(&layer)) {
    const std::size_t given = activation->parameters.size(), wanted = word->parameters.size();
    if (word->variadic ? given == 0 : given != wanted) {
      fail("{} has {} parameters ({} takes {})", who(), given, word->name,
           word->variadic ? "one or more" : fmt::format("{}", wanted));
    }
    for (double x : activation->parameters) {
      if (word->variadic && !fits({word->name, Domain::real}, x)) {
        fail("{} has a coefficient that is not finite ({})", who(), x);
      }
    }
  }
}

void check_brackets(const Who& who) {
  const Layer& layer = who.layer;
  if (const auto* repeat = std::get_if<Repeat>(&layer); repeat && repeat->body.size() != 1) {
    fail("{} has {} bodies (a repeat has exactly one) give it one network", who(), repeat->body.size());
  }
  if (const auto* join = std::get_if<Branches>(&layer); join && join->branches.empty()) {
    fail("{} has no branches (it would have no value) give it at least one", who());
  }
}

void check_stride(const Who& who, const Window& window, const Window& stride) {
  if (stride.empty() || stride.size() == window.size()) return;
  fail("{} has {} strides for the {} axes of its window (there is one per axis) give one for all, or {}", who(),
       stride.size(), window.size(), window.size());
}

void check_attention(const Who& who, const Attention& attention) {
  if (attention.scaling == AttentionScaling::sqrt && attention.weights != AttentionWeights::identity) {
    fail(
        "{} has sqrt scaling without weights=identity (its scores stay random in the limit, and their mean is known "
        "for "
        "the identity alone) take scaling=linear, or weights=identity",
        who());
  }
  const Attention usual;
  const char* idle = nullptr;
  if (attention.position == PositionEmbedding::none) {
    if (attention.position_std != usual.position_std) idle = "position_std";
    if (attention.position_decay != usual.position_decay) idle = "position_decay";
    if (attention.position_in_values) idle = "position_in_values";
  }
  if (attention.position != PositionEmbedding::concat && attention.position_channels) idle = "position_channels";
  if (idle != nullptr) {
    fail("{} gives {}, which has no effect (position={} has none) take position={}", who(), idle,
         attention.position == PositionEmbedding::none ? "none" : "sum",
         attention.position_channels ? "concat" : "sum or concat");
  }
  if (attention.position_decay == usual.position_decay && attention.position_power != usual.position_power) {
    fail("{} gives position_power, which has no effect (without a decay there is no distance) give position_decay",
         who());
  }
}

void check_constant(const Who& who, const DotGeneral& map) {
  std::size_t count = 1;
  for (const std::size_t extent : map.shape) count *= extent;
  if (map.shape.empty() || map.shape.size() > 2 || count != map.numbers.size()) {
    fail("{} has {} numbers for the shape ({}) (a vector or a matrix, row by row, is wanted) give as many as it holds",
         who(), map.numbers.size(), fmt::join(map.shape, ", "));
  }
}

void check_samples(const Who& who, const Index& index) {
  if (index.axes.front() == Slice{}) return;
  fail("{} selects samples (a kernel compares all that it is given) write : for the first axis, as in [:, ::2]", who());
}

}  // namespace

void check_layer(const Who& who) {
  const Layer& layer = who.layer;
  check_words(who);
  check_brackets(who);
  if (const auto* conv = std::get_if<Conv>(&layer)) check_stride(who, conv->window, conv->stride);
  if (const auto* pool = std::get_if<Pool>(&layer)) {
    check_stride(who, pool->window, pool->stride);
    if (pool->sum && pool->edges != Edges::full) {
      fail("{} divides by what lies inside the window (a sum divides by nothing) take avg_pool", who());
    }
  }
  if (const auto* attention = std::get_if<Attention>(&layer)) check_attention(who, *attention);
  if (const auto* map = std::get_if<DotGeneral>(&layer)) check_constant(who, *map);
  if (const auto* index = std::get_if<Index>(&layer)) check_samples(who, *index);
  if (const auto* join = std::get_if<Branches>(&layer); join && join->join != Join::concat && join->axis) {
    fail("{} has an axis (only concat joins along one) take concat, or leave the axis out", who());
  }
}

}  // namespace widenet
