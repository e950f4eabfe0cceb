// What the machine can do, measured: the limits that benchmarks are printed beside.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace widenet::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Minimum and median of wall times.
struct Times {
  double minimum = 0, median = 0;
};
template <class F>
Times repeat(std::size_t times, F&& work) {
  std::vector<double> seconds;
  for (std::size_t k = 0; k < times; ++k) {
    const double start = now();
    work();
    seconds.push_back(now() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds.front(), seconds[seconds.size() / 2]};
}

// Best of several short runs on one thread: fused multiply-adds on registers (flops per second), and bare ReLU steps
// (correlation to correlation and slope) on arrays in the first-level cache (steps per second).
template <class T>
double peak_flops();
template <class T>
double relu_steps();

}  // namespace widenet::bench
