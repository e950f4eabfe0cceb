// The 15 kernels of the protocol: in the language of architectures, and by the plain recursion.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "lab/uci90.h"
#include "widenet/learn/selection.h"

namespace widenet::lab {

std::vector<FixedNetwork> fixed_networks() {
  std::vector<FixedNetwork> networks;
  for (std::size_t depth = 0; depth <= 4; ++depth)
    for (std::size_t fixed = 0; fixed <= depth; ++fixed) networks.push_back({depth, fixed});
  return networks;
}

Kernel fixed_kernel(FixedNetwork network, std::size_t features) {
  Network layers;
  for (std::size_t layer = 0; layer <= network.depth; ++layer) {
    if (layer > 0) layers.layers.emplace_back(Activation{"relu", {}});
    Dense dense;
    dense.trained = layer >= network.fixed;
    layers.layers.emplace_back(dense);
  }
  return scaled({NetworkKernel{Limit::ntk, layers}}, static_cast<double>(features));
}

Matrix<double> fixed_kernel_reference(FixedNetwork network, MatrixView<const double> x) {
  constexpr double pi = std::numbers::pi;
  const std::size_t n = x.rows();
  Matrix<double> s(n, n), h(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < x.cols(); ++k) s(i, j) += x(i, k) * x(j, k);
  for (std::size_t layer = 0; layer <= network.depth; ++layer) {
    std::vector<double> variance(n);
    for (std::size_t i = 0; i < n; ++i) variance[i] = s(i, i);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        if (layer >= network.fixed) h(i, j) += s(i, j);
        if (layer == network.depth) continue;
        const double norm = std::sqrt(variance[i] * variance[j]);
        const double c = norm > 0 ? std::clamp(s(i, j) / norm, -1.0, 1.0) : 0;
        const double angle = std::acos(c);
        h(i, j) *= (pi - angle) / (2 * pi);
        s(i, j) = norm * (c * (pi - angle) + std::sqrt(1 - c * c)) / (2 * pi);
      }
  }
  return h;
}

}  // namespace widenet::lab
