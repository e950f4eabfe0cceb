// The NTK of networks with layers behind an attention on 32 x 32 x 3 images, one thread, in its own time, float64:
// pairs of images per second, beside the limit of bare multiply-adds for the products alone: A K A'^T and A Theta A'^T
// of the 1024 x 1024 covariances of a pair, 4 * 2 * 1024^3 flops. Expected: at least 70 % of the limit.
#include <cstdio>

#include "bench/support/limits.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/random.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/position_gram.h"

namespace {

using namespace widenet;

void run(const char* name, const char* text, double peak) {
  constexpr std::size_t images = 3;
  const Shape shape{{32, 32}, 3};
  Matrix<double> x(images, 32 * 32 * 3);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<double>(random_bits(1, k) >> 11) * 0x1p-53 - 0.3;
  const auto gram = position_gram({Limit::ntk, parse_network(text)}, shape, x.view(), x.view());
  auto out = Matrix<double>::uninitialized(images, images);
  const bench::Times t = bench::repeat(
      5,
      [&] {
        gram->tile({0, images}, {0, images}, out.view());
      },
      bench::thread_seconds);
  constexpr double pairs = images * images, flops = 4 * 2.0 * 1024 * 1024 * 1024;
  std::printf("%-10s %12.2f %12.2f %12.2f %6.0f %%\n", name, pairs / t.minimum, pairs / t.median, peak / flops,
              100 * pairs / t.minimum * flops / peak);
  std::fflush(stdout);
}

}  // namespace

int main() {
  set_thread_count(1);
  const double peak = bench::peak_flops<double>();
  std::printf("%-10s %12s %12s %12s %8s\n", "network", "best pairs/s", "median", "limit", "of it");
  run("1 conv", "conv(3x3, padding=same, weight_std=sqrt(2)) relu attention relu global_avg_pool dense", peak);
  run("3 convs", "repeat(3)[conv(3x3, padding=same, weight_std=sqrt(2)) relu] attention relu global_avg_pool dense",
      peak);
}
