#include "widenet/base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace widenet {
namespace {

class Threads : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override { set_thread_count(GetParam()); }
  void TearDown() override { set_thread_count(0); }
};

TEST_P(Threads, EveryIndexRunsOnce) {
  for (std::size_t count : {0u, 1u, 2u, 7u, 1000u}) {
    std::vector<std::atomic<int>> hits(count);
    parallel_for(count, [&](std::size_t i, std::size_t worker) {
      EXPECT_LT(worker, GetParam());
      ++hits[i];
    });
    for (const auto& h : hits) EXPECT_EQ(h, 1);
  }
}

TEST_P(Threads, AnExceptionReachesTheCaller) {
  EXPECT_THROW(parallel_for(100,
                            [](std::size_t i, std::size_t) {
                              if (i == 37) throw std::runtime_error("37");
                            }),
               std::runtime_error);
  std::atomic<int> sum{0};
  parallel_for(10, [&](std::size_t, std::size_t) { ++sum; });
  EXPECT_EQ(sum, 10);
}

TEST_P(Threads, OfSeveralExceptionsThatOfTheSmallestIndexReachesTheCaller) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::string what;
    try {
      parallel_for(100, [](std::size_t i, std::size_t) {
        if (i == 3) std::this_thread::sleep_for(std::chrono::microseconds(100));  // others are faster
        if (i >= 3) throw std::runtime_error(std::to_string(i));
      });
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_EQ(what, "3");
  }
}

TEST_P(Threads, NestedCallsRunSerially) {
  std::atomic<int> sum{0};
  parallel_for(5, [&](std::size_t, std::size_t) {
    parallel_for(7, [&](std::size_t, std::size_t worker) {
      EXPECT_EQ(worker, 0u);
      ++sum;
    });
  });
  EXPECT_EQ(sum, 35);
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, testing::Values(1, 2, 7));

}  // namespace
}  // namespace widenet
