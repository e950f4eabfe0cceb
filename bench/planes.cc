// The NTK of convolutional ReLU networks on 32 x 32 x 3 images, one thread, in its own time: pairs of images per
// second, beside the limit of bare ReLU steps (every pair of positions of every displacement and layer): ten layers and
// a global pooling, Myrtle-5 with its pools between, residual networks of 1 and 4 blocks per group, 21 layers
// flattened, ten layers in front of a circular local pooling, ten circular ones globally pooled. Expected of the limit:
// half for the global pooling in float64, a third in float32, a quarter for the others and a sixth for residual
// networks and the local pooling in float32.
#include <cstdio>

#include "bench/support/limits.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/random.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/plane_gram.h"

namespace {

using namespace widenet;

template <class T>
void run(const char* name, const char* text, std::size_t images) {
  const Shape shape{{32, 32}, 3};
  Matrix<T> x(images, 32 * 32 * 3);
  for (std::size_t k = 0; k < x.size(); ++k)
    x.data()[k] = static_cast<T>(static_cast<double>(random_bits(1, k) >> 11) * 0x1p-53 - 0.3);
  const auto plan = plane_plan(parse_network(text), shape);
  const auto gram = plane_gram<T>(*plan, Limit::ntk, x.view(), x.view());
  auto out = Matrix<T>::uninitialized(images, images);
  const bench::Times t = bench::repeat(
      5, [&] { materialize(*gram, out.view()); }, bench::thread_seconds);
  const double pairs = static_cast<double>(images * images);
  const double limit = bench::relu_steps<T>() / activation_count(*plan);
  std::printf("%-8s %-7s %12.1f %12.1f %12.1f %6.0f %%\n", name, sizeof(T) == 8 ? "float64" : "float32",
              pairs / t.minimum, pairs / t.median, limit, 100 * pairs / t.minimum / limit);
  std::fflush(stdout);
}

}  // namespace

int main() {
  set_thread_count(1);
  std::printf("%-8s %-7s %12s %12s %12s %8s\n", "network", "type", "best pairs/s", "median", "limit", "of it");
  const char* pooled = "repeat(10)[conv(3x3, padding=same, weight_std=sqrt(2)) relu] global_avg_pool dense";
  const char* flat = "repeat(21)[conv(3x3, padding=same, weight_std=sqrt(2)) relu] flatten dense";
  run<double>("pooled", pooled, 8);
  run<float>("pooled", pooled, 16);
  run<double>("myrtle5", "myrtle5", 8);
  run<float>("myrtle5", "myrtle5", 16);
  run<double>("resnet1", "wide_resnet(1)", 8);
  run<float>("resnet1", "wide_resnet(1)", 16);
  run<double>("resnet4", "wide_resnet(4)", 8);
  run<float>("resnet4", "wide_resnet(4)", 16);
  const char* local =
      "repeat(10)[conv(3x3, padding=same, weight_std=sqrt(2)) relu] avg_pool(9x9, stride=1, padding=circular) flatten "
      "dense";
  run<double>("local", local, 16);
  run<float>("local", local, 32);
  const char* circular = "repeat(10)[conv(3x3, padding=circular, weight_std=sqrt(2)) relu] global_avg_pool dense";
  run<double>("circular", circular, 8);
  run<float>("circular", circular, 16);
  run<double>("flatten", flat, 128);
  run<float>("flatten", flat, 128);
}
