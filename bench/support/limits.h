// What the machine can do, measured: the limits that benchmarks are printed beside.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <vector>

namespace widenet::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of the calling thread alone: what others do on the machine does not count.
inline double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Minimum and median of the times that `clock` tells, seconds.
struct Times {
  double minimum = 0, median = 0;
};
template <class F>
Times repeat(std::size_t times, F&& work, double (*clock)() = now) {
  std::vector<double> seconds;
  for (std::size_t k = 0; k < times; ++k) {
    const double start = clock();
    work();
    seconds.push_back(clock() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds.front(), seconds[seconds.size() / 2]};
}

// Best of several short runs on one thread: fused multiply-adds on registers (flops per second), and bare ReLU steps,
// any correlation to the arc-cosine kernels k1 and k0 (next correlation and slope), on arrays in the first-level cache
// (steps per second). The steps are code of their own: what the library does better or worse shows beside them.
template <class T>
double peak_flops();
template <class T>
double relu_steps();

}  // namespace widenet::bench
