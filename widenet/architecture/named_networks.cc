#include "widenet/architecture/named_networks.h"

#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace widenet {
namespace {

Layer relu() { return Activation{"relu", {}}; }

Conv conv(double weight_std, std::size_t stride = 1) {
  Conv layer;
  layer.window = {3, 3};
  if (stride != 1) layer.stride = {stride, stride};
  layer.padding = Padding::same;
  layer.weight_std = weight_std;
  return layer;
}

Pool avg_pool(std::size_t extent) {
  Pool layer;
  layer.window = {extent, extent};
  return layer;
}

Dense dense(double weight_std, bool trained = true) { return {{}, weight_std, 0, Parametrization::ntk, trained}; }

// Appends the body `times` times, as a repeat where it is more than one.
void append(Network& network, std::size_t times, Network body) {
  if (times > 1) {
    network.layers.emplace_back(Repeat{times, {std::move(body)}});
  } else if (times == 1) {
    std::move(body.layers.begin(), body.layers.end(), std::back_inserter(network.layers));
  }
}

template <std::size_t first, std::size_t second, std::size_t third>
Network myrtle(const std::vector<Value>&) {
  const double he = std::sqrt(2.0);
  Network network;
  for (const auto& [convolutions, pools] :
       std::array<std::pair<std::size_t, std::size_t>, 3>{{{first, 1}, {second, 1}, {third, 3}}}) {
    append(network, convolutions, {{conv(he), relu()}});
    append(network, pools, {{avg_pool(2)}});
  }
  network.layers.emplace_back(Flatten{});
  network.layers.emplace_back(dense(he));
  return network;
}

Network cntk(const std::vector<Value>& values) {
  const auto depth = static_cast<std::size_t>(std::get<double>(values[0]));
  const auto* pool = std::get_if<Choice>(&values[1]);
  const double he = std::sqrt(2.0);
  if (pool != nullptr && pool->word == "flatten") {
    Network network;
    append(network, depth - 1, {{conv(he), relu()}});
    network.layers.emplace_back(Flatten{});
    network.layers.emplace_back(dense(1));
    return network;
  }
  Conv first = conv(he);
  first.trained = false;
  Network network{{first, relu()}};
  append(network, depth - 2, {{conv(he), relu()}});
  network.layers.emplace_back(GlobalPool{false});
  network.layers.emplace_back(dense(1, false));
  return network;
}

Branches block(std::size_t stride, Layer second_branch) {
  Network first{{relu(), conv(1, stride), relu(), conv(1)}};
  return {Join::sum, {std::move(first), {{std::move(second_branch)}}}};
}

Network wide_resnet(const std::vector<Value>& values) {
  const auto blocks = static_cast<std::size_t>(std::get<double>(values[0]));
  Network network{{conv(1)}};
  for (const std::size_t stride : std::array<std::size_t, 3>{1, 2, 2}) {
    network.layers.emplace_back(block(stride, conv(1, stride)));
    append(network, blocks - 1, {{block(1, Identity{})}});
  }
  network.layers.emplace_back(avg_pool(8));
  network.layers.emplace_back(Flatten{});
  network.layers.emplace_back(dense(1));
  return network;
}

}  // namespace

std::span<const NamedNetwork> named_networks() {
  static const std::vector<NamedNetwork> networks{
      {{"myrtle5", {}}, myrtle<2, 1, 1>},
      {{"myrtle7", {}}, myrtle<2, 2, 2>},
      {{"myrtle10", {}}, myrtle<3, 3, 3>},
      {{"cntk", {{"depth", Domain::depth, true, {}}, {"pool", Domain::choice, false, {"gap", "flatten"}}}}, cntk},
      {{"wide_resnet", {{"n", Domain::count, true, {}}}}, wide_resnet},
  };
  return networks;
}

const NamedNetwork* find_named_network(std::string_view name) {
  for (const NamedNetwork& network : named_networks()) {
    if (network.name == name) return &network;
  }
  return nullptr;
}

}  // namespace widenet
