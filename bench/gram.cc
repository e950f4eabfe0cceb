// The ReLU NTK Gram matrix of a fully connected network, its symmetric half, beside the limit of the machine: the
// products at the peak rate of multiply-adds plus every hidden layer of every entry at the rate of a bare ReLU step.
// Expected: at least 82 % of the limit at d = 784 with 10 layers, 74 % at d = 100 with 3.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "bench/support/limits.h"
#include "widenet/base/random.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/network_gram.h"

namespace {

using namespace widenet;

NetworkKernel relu_network(std::size_t depth, double bias_std) {
  Dense layer;
  layer.weight_std = std::sqrt(2.0);
  layer.bias_std = bias_std;
  Network body;
  body.layers = {layer, Activation{"relu", {}}};
  NetworkKernel kernel{Limit::ntk, {}};
  kernel.network.layers = {Repeat{depth, {body}}, layer};
  return kernel;
}

template <class T>
void run(std::size_t n, std::size_t d, std::size_t depth, double bias_std, std::size_t threads) {
  set_thread_count(threads);
  Matrix<T> x(n, d);
  for (std::size_t k = 0; k < x.size(); ++k)
    x.data()[k] = static_cast<T>(static_cast<double>(random_bits(1, k) >> 11) * 0x1p-53 - 0.3);
  auto out = Matrix<T>::uninitialized(n, n);
  std::fill_n(out.data(), out.size(), T(0));
  const NetworkKernel kernel = relu_network(depth, bias_std);
  const bench::Times t = bench::repeat(7, [&] { materialize_upper(*network_gram<T>(kernel, x.view()), out.view()); });
  const double entries = 0.5 * static_cast<double>(n) * static_cast<double>(n + 1),
               cores = static_cast<double>(threads);
  const double product = 2 * static_cast<double>(d) * entries / (cores * bench::peak_flops<T>());
  const double layers = bias_std == 0 ? 1 : static_cast<double>(depth);  // without biases one polynomial does all
  const double limit = product + layers * entries / (cores * bench::relu_steps<T>());
  std::printf("%-7s %6zu %4zu %6zu %5s %7zu %9.3f %9.3f %9.3f %8.0f %%\n", sizeof(T) == 8 ? "float64" : "float32", n, d,
              depth, bias_std == 0 ? "no" : "yes", threads, t.minimum, t.median, limit, 100 * limit / t.minimum);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 10000;
  std::printf("peak %.1f / %.1f GFLOP/s, ReLU steps %.0f / %.0f M/s (float64 / float32, one core)\n",
              bench::peak_flops<double>() * 1e-9, bench::peak_flops<float>() * 1e-9, bench::relu_steps<double>() * 1e-6,
              bench::relu_steps<float>() * 1e-6);
  std::printf("%-7s %6s %4s %6s %5s %7s %9s %9s %9s %10s\n", "type", "n", "d", "layers", "bias", "threads", "minimum s",
              "median s", "limit s", "of limit");
  const std::size_t all = thread_count();
  for (const std::size_t threads : {std::size_t{1}, all})
    for (const double bias_std : {0.1, 0.0}) {
      run<double>(n, 100, 3, bias_std, threads);
      run<float>(n, 100, 3, bias_std, threads);
      run<double>(n, 784, 10, bias_std, threads);
      run<float>(n, 784, 10, bias_std, threads);
    }
}
