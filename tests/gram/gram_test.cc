#include "widenet/gram/gram.h"

#include <gtest/gtest.h>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

// materialize() cuts at 192 rows and 768 columns.
TEST(Materialize, SizesAroundTheTiles) {
  Random random(8);
  for (const char* text : {"gaussian", "ntk[repeat(2)[dense(bias_std=0.5) relu] dense]", "nngp[dense relu dense]"}) {
    const Kernel kernel = parse_kernel(text);
    for (const std::size_t n : Sizes{0, 1, 2, 191, 193, 383, 767, 769}) {
      const Matrix<double> x = normal_rows<double>(random, n, 2);
      const auto gram = kernel_gram<double>(kernel, x.view());
      const Matrix<double> k = materialize(*gram);
      ASSERT_EQ(k.rows(), n);
      ASSERT_EQ(k.cols(), n);
      std::vector<double> diagonal(n);
      gram->diagonal(diagonal);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(k(i, i), diagonal[i]);
        for (std::size_t j = 0; j < i; ++j) ASSERT_EQ(k(i, j), k(j, i));
      }
      expect_tiling_invariant(*gram, k, random);
    }
    for (const auto& [n, m] :
         {std::pair<std::size_t, std::size_t>{0, 5}, {5, 0}, {1, 769}, {193, 767}, {769, 1}, {384, 2}}) {
      const Matrix<double> x = normal_rows<double>(random, n, 2), z = normal_rows<double>(random, m, 2);
      const auto gram = kernel_gram<double>(kernel, x.view(), z.view());
      expect_tiling_invariant(*gram, materialize(*gram), random);
    }
  }
}

TEST(Materialize, TilesThatAGramAsksForAreLowerWhereTheyAreFew) {
  struct Wishes final : Gram<double> {
    std::size_t n, wish;
    Wishes(std::size_t rows, std::size_t height) : n(rows), wish(height) {}
    std::size_t rows() const override { return n; }
    std::size_t cols() const override { return n; }
    bool symmetric() const override { return true; }
    void tile(Range, Range, MatrixView<double>) const override {}
    void diagonal(std::span<double>) const override {}
    TileShape tile_shape() const override { return {wish, 128}; }
  };
  const auto height = [](std::size_t n, std::size_t wish, std::size_t rows) {
    return wished_tiles<double>(Wishes(n, wish), rows).rows;
  };
  set_thread_count(2);  // 32 tiles
  EXPECT_EQ(height(1024, 128, 1024), 128u);
  EXPECT_EQ(height(512, 128, 512), 64u);
  EXPECT_EQ(height(512, 128, 100), 8u);
  EXPECT_EQ(height(3, 128, 3), 1u);
  EXPECT_EQ(height(0, 128, 0), 1u);
  EXPECT_EQ(height(512, 0, 512), 0u);
  set_thread_count(0);
}

TEST(Materialize, SomeRowsAreThoseOfTheWhole) {
  Matrix<double> x(211, 3);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k));
  const auto gram = kernel_gram<double>(parse_kernel("ntk[dense relu dense]"), x.view());
  const Matrix<double> whole = materialize(*gram);
  for (const Range rows : {Range{0, 0}, {0, 211}, {100, 101}, {7, 200}}) {
    Matrix<double> part(rows.size(), 211);
    materialize_rows(*gram, rows, part.view());
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < 211; ++j) ASSERT_EQ(part(i, j), whole(rows.begin + i, j));
  }
  Matrix<double> small(2, 3);
  EXPECT_THROW(materialize_rows(*gram, {0, 2}, small.view()), Error);
}

TEST(Materialize, ReportsItsProgress) {
  const Matrix<double> x(800, 1, 1.0);
  const Kernel kernel = parse_kernel("gaussian");
  double done = 0, total = 1;
  materialize(*kernel_gram<double>(kernel, x.view()), [&](const ProgressEvent& report) {
    EXPECT_GT(report.done, done);
    done = report.done;
    total = report.total;
  });
  EXPECT_EQ(done, total);
}

TEST(Materialize, RefusesAnOutputOfAnotherSize) {
  const Matrix<double> x(3, 1, 1.0);
  const Kernel kernel = parse_kernel("gaussian");
  const auto gram = kernel_gram<double>(kernel, x.view());
  Matrix<double> out(2, 3);
  try {
    materialize(*gram, out.view());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "the output is 2 x 3, the Gram matrix 3 x 3 (every entry needs its place) give an output of that size");
  }
}

}  // namespace
}  // namespace widenet
