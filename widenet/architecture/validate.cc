// The rules that a kernel must keep, beyond being well written.
#include <algorithm>
#include <cmath>

#include "widenet/architecture/describe.h"
#include "widenet/architecture/kernel.h"
#include "widenet/architecture/parser.h"
#include "widenet/architecture/walk.h"
#include "widenet/architecture/words.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

void check(const Network& network, const Shape& shape, std::vector<LayerInfo>* rows) {
  check_shape(shape);
  if (network.layers.empty()) fail("the network is empty (it has no kernel) give it layers, as in: dense relu dense");
  if (expanded_layers(network, most_layers) > most_layers) {
    fail("the network has more than {} layers once every repeat is written out (each is computed) repeat less",
         most_layers);
  }
  const WalkState end = Walk(rows).run(network, shape);
  if (end.centred()) return;
  if (end.made_by.empty()) fail("the network passes its input on (no dense makes it Gaussian) add a dense");
  fail("the network ends in {} (its kernel is that of the Gaussian values behind a dense) add a dense at the end",
       end.made_by);
}

struct KernelCheck {
  const Shape& shape;
  std::size_t features;  // of a sample as a vector

  void operator()(const ClosedKernel& kernel) const {
    const Word<ClosedKernel>& word = *word_of(kernel);
    for (std::size_t i = 0; i < word.parameters.size(); ++i) {
      const Parameter& parameter = word.parameters[i];
      const Value value = word.access[i].get(kernel, i);
      if (std::holds_alternative<std::monostate>(value) || fits(parameter, value)) continue;
      fail("{} has a wrong parameter: {} takes {}, not {}", to_text(Kernel{kernel}), parameter.name,
           expectation(parameter), spoken(value));
    }
    const std::size_t lengths = kernel.lengths.size();
    if (lengths > 1 && features != 0 && lengths != features) {
      fail("{} has {} lengths for {} features (each feature is divided by its own) give one length, or {}", word.name,
           lengths, features, features);
    }
  }
  void operator()(const NetworkKernel& kernel) const { check(kernel.network, shape, nullptr); }
  void operator()(const KernelSum& sum) const {
    if (sum.terms.empty()) fail("a sum of kernels has no terms (it would be zero) give it at least one");
    for (const Kernel& term : sum.terms) std::visit(*this, term.node);
  }
  void operator()(const KernelProduct& product) const {
    if (!(product.factor > 0 && std::isfinite(product.factor))) {
      fail("a kernel is multiplied by {} (a kernel's factor is a finite number > 0) take another", product.factor);
    }
    for (const Kernel& factor : product.factors) std::visit(*this, factor.node);
  }
};

}  // namespace

bool reads_positions(const Kernel& kernel) {
  const auto any = [](const std::vector<Kernel>& parts) {
    return std::any_of(parts.begin(), parts.end(), [](const Kernel& part) { return reads_positions(part); });
  };
  if (const auto* sum = std::get_if<KernelSum>(&kernel.node)) return any(sum->terms);
  if (const auto* product = std::get_if<KernelProduct>(&kernel.node)) return any(product->factors);
  const auto* network = std::get_if<NetworkKernel>(&kernel.node);
  return network != nullptr && reads_positions(network->network);
}

void validate(const Network& network, const Shape& shape) { check(network, shape, nullptr); }
void validate(const Kernel& kernel, const Shape& shape) {
  check_shape(shape);
  std::size_t features = shape.channels;
  for (const std::size_t extent : shape.positions) features *= extent;
  std::visit(KernelCheck{shape, features}, kernel.node);
}
void validate(const Network& network, std::size_t features) { validate(network, Shape{{}, features}); }
void validate(const Kernel& kernel, std::size_t features) { validate(kernel, Shape{{}, features}); }

std::vector<LayerInfo> describe(const Network& network, const Shape& shape) {
  std::vector<LayerInfo> rows;
  check(network, shape, &rows);
  return rows;
}
std::vector<LayerInfo> describe(const Network& network, std::size_t features) {
  return describe(network, Shape{{}, features});
}

}  // namespace widenet
