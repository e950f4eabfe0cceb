#include "widenet/learn/family.h"

#include <fmt/format.h>
#include <algorithm>

#include <cmath>

namespace widenet {
namespace {

// Lengths are starting points or estimates, not measurements.
double rounded(double x) { return std::stod(fmt::format("{:.3g}", x)); }

Kernel linear() { return {ClosedKernel{.kind = Closed::linear, .lengths = {}, .lengths_file = {}, .offset = 1}}; }

Kernel relu_network(Limit limit, std::size_t depth, double bias_std) {
  Dense hidden;
  hidden.weight_std = std::sqrt(2.0);
  hidden.bias_std = bias_std;
  Network body, network;
  body.layers = {hidden, Activation{"relu", {}}};
  network.layers = {Repeat{depth, {body}}, Dense{}};
  return {NetworkKernel{limit, network}};
}

void add_networks(ScaleMode scale, std::vector<FamilyMember>& family) {
  for (const Limit limit : {Limit::nngp, Limit::ntk})
    for (std::size_t depth = 1; depth <= 4; ++depth)
      for (const double bias_std : {0.0, 0.5}) family.push_back({relu_network(limit, depth, bias_std), scale});
}

}  // namespace

std::vector<FamilyMember> default_family(std::size_t features) {
  // Standardised features: |x - z|^2 is near twice their number, sum |x_k - z_k| near their number.
  const double count = static_cast<double>(std::max<std::size_t>(features, 1)), root = std::sqrt(count);
  std::vector<FamilyMember> family;
  const auto add = [&](ScaleMode scale, Closed kind, double unit, std::initializer_list<double> shares) {
    for (const double share : shares) family.push_back({stationary(kind, {share * unit}), scale});
  };
  family.push_back({linear(), ScaleMode::standard});
  add(ScaleMode::standard, Closed::gaussian, root, {0.25, 0.5, 1, 2});
  add(ScaleMode::standard, Closed::laplacian, root, {1, 4});
  add(ScaleMode::standard, Closed::laplacian1, count, {0.5, 1.5});
  add(ScaleMode::standard, Closed::matern32, root, {0.5, 1, 2});
  add(ScaleMode::standard, Closed::matern52, root, {0.5, 2});
  add_networks(ScaleMode::standard, family);
  family.push_back({linear(), ScaleMode::normalise});
  add(ScaleMode::normalise, Closed::gaussian, root, {1});
  add(ScaleMode::normalise, Closed::laplacian, root, {2});
  add(ScaleMode::normalise, Closed::matern32, root, {1});
  add_networks(ScaleMode::normalise, family);
  return family;
}

Kernel stationary(Closed kind, std::vector<double> lengths) {
  std::transform(lengths.begin(), lengths.end(), lengths.begin(), rounded);
  return {ClosedKernel{.kind = kind, .lengths = std::move(lengths), .lengths_file = {}}};
}

Kernel scaled(const Kernel& kernel, double factor) {
  if (const auto* product = std::get_if<KernelProduct>(&kernel.node)) {
    KernelProduct copy = *product;
    copy.factor *= factor;
    return {copy};
  }
  return {KernelProduct{factor, {kernel}}};
}

}  // namespace widenet
