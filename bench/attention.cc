// Kernels of networks with layers behind an attention on 32 x 32 x 3 images, one thread, in its own time, float64:
// pairs of images per second, beside the limit of bare multiply-adds for the products alone. These are A K A'^T of the
// 1024 x 1024 covariances of a pair, and for the NTK A Theta A'^T too: 2 * 2 * 1024^3 flops each. Expected: at least 70
// % of the limit for the NTK behind one convolution; what is not product is the same for both kernels, but for what
// Theta alone needs.
#include <cstdio>

#include "bench/support/limits.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/random.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/position_gram.h"

namespace {

using namespace widenet;

void run(const char* name, Limit limit, const char* text, double peak) {
  constexpr std::size_t images = 3;
  const Shape shape{{32, 32}, 3};
  Matrix<double> x(images, 32 * 32 * 3);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<double>(random_bits(1, k) >> 11) * 0x1p-53 - 0.3;
  const auto gram = position_gram({limit, parse_network(text)}, shape, x.view(), x.view());
  auto out = Matrix<double>::uninitialized(images, images);
  const bench::Times t = bench::repeat(
      5,
      [&] {
        gram->tile({0, images}, {0, images}, out.view());
      },
      bench::thread_seconds);
  constexpr double pairs = images * images;
  const double flops = (limit == Limit::ntk ? 4 : 2) * 2.0 * 1024 * 1024 * 1024;
  std::printf("%-13s %12.2f %12.2f %12.2f %6.0f %%\n", name, pairs / t.minimum, pairs / t.median, peak / flops,
              100 * pairs / t.minimum * flops / peak);
  std::fflush(stdout);
}

}  // namespace

int main() {
  set_thread_count(1);
  const double peak = bench::peak_flops<double>();
  std::printf("%-13s %12s %12s %12s %8s\n", "network", "best pairs/s", "median", "limit", "of it");
  const char* one = "conv(3x3, padding=same, weight_std=sqrt(2)) relu attention relu global_avg_pool dense";
  const char* three =
      "repeat(3)[conv(3x3, padding=same, weight_std=sqrt(2)) relu] attention relu global_avg_pool dense";
  run("ntk, 1 conv", Limit::ntk, one, peak);
  run("ntk, 3 convs", Limit::ntk, three, peak);
  run("nngp, 1 conv", Limit::nngp, one, peak);
  run("nngp, 3 convs", Limit::nngp, three, peak);
}
