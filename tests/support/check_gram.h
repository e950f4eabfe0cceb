// What every Gram must hold, whatever it computes.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "tests/support/hard_rows.h"
#include "widenet/base/blas.h"
#include "widenet/base/threads.h"
#include "widenet/gram/gram.h"

namespace widenet::testing_support {

template <class T>
bool same_bits(T a, T b) {
  return a == b && std::signbit(a) == std::signbit(b);
}

template <class T>
Matrix<T> tile_of(const Gram<T>& gram, Range rows, Range cols) {
  Matrix<T> out(rows.size(), cols.size(), std::numeric_limits<T>::quiet_NaN());
  gram.tile(rows, cols, out);
  return out;
}

inline Range random_range(Random& random, std::size_t n) {
  const std::size_t a = below(random, n + 1), b = below(random, n + 1);
  return {std::min(a, b), std::max(a, b)};
}

// Entries computed in tiles of any kind have the bits of `full`.
template <class T>
void expect_tiling_invariant(const Gram<T>& gram, const Matrix<T>& full, Random& random) {
  std::vector<std::pair<Range, Range>> tiles;
  for (int k = 0; k < 8; ++k) tiles.push_back({random_range(random, gram.rows()), random_range(random, gram.cols())});
  for (int k = 0; k < 8 && gram.rows() > 0 && gram.cols() > 0; ++k) {
    const std::size_t i = below(random, gram.rows()), j = below(random, gram.cols());
    tiles.push_back({{i, i + 1}, {j, j + 1}});
  }
  tiles.push_back({{0, gram.rows()}, {0, gram.cols()}});
  for (const auto& [rows, cols] : tiles) {
    const Matrix<T> part = tile_of(gram, rows, cols);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < cols.size(); ++j)
        ASSERT_TRUE(same_bits(part(i, j), full(rows.begin + i, cols.begin + j)))
            << "entry " << rows.begin + i << ", " << cols.begin + j << " of tile [" << rows.begin << ", " << rows.end
            << ") x [" << cols.begin << ", " << cols.end << "): " << part(i, j) << " against "
            << full(rows.begin + i, cols.begin + j);
  }
}

template <class T>
void expect_thread_invariant(const Gram<T>& gram, const Matrix<T>& full) {
  for (const std::size_t threads : Sizes{1, 2, 7}) {
    set_thread_count(threads);
    const Matrix<T> again = materialize(gram);
    ASSERT_TRUE(std::equal(full.data(), full.data() + full.size(), again.data(), same_bits<T>))
        << threads << " threads";
  }
  set_thread_count(0);
}

// K scaled to a unit diagonal (rows of variance 0 left out) has no eigenvalue below -tolerance n.
template <class T>
void expect_positive_semidefinite(const Matrix<T>& k, double tolerance) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < k.rows(); ++i)
    if (k(i, i) > 0) kept.push_back(i);
  const std::size_t n = kept.size();
  Matrix<double> scaled(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      scaled(i, j) = static_cast<double>(k(kept[i], kept[j])) / std::sqrt(static_cast<double>(k(kept[i], kept[i]))) /
                     std::sqrt(static_cast<double>(k(kept[j], kept[j])));
  std::vector<double> values(n);
  ASSERT_EQ(blas::syevd(scaled, values.data()), 0);
  if (n == 0) return;
  ASSERT_GE(values[0], -tolerance * static_cast<double>(n));
}

// `relative`: the error of an entry against sqrt(G(i,i) G(j,j)).
template <class T>
void check_symmetric_gram(const Gram<T>& gram, double relative, Random& random) {
  ASSERT_TRUE(gram.symmetric());
  ASSERT_EQ(gram.rows(), gram.cols());
  const std::size_t n = gram.rows();
  const Matrix<T> full = materialize(gram);
  std::vector<T> diagonal(n);
  gram.diagonal(diagonal);
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_TRUE(same_bits(diagonal[i], full(i, i))) << i << ": " << diagonal[i] << " against " << full(i, i);
    ASSERT_GE(diagonal[i], T(0));
    for (std::size_t j = 0; j < n; ++j) {
      ASSERT_TRUE(std::isfinite(full(i, j))) << i << ", " << j;
      ASSERT_TRUE(same_bits(full(i, j), full(j, i)));
      const double bound = std::sqrt(static_cast<double>(diagonal[i])) * std::sqrt(static_cast<double>(full(j, j)));
      ASSERT_LE(std::abs(static_cast<double>(full(i, j))), bound * (1 + relative)) << i << ", " << j;
    }
  }
  expect_positive_semidefinite(full, relative);
  expect_tiling_invariant(gram, full, random);
  expect_thread_invariant(gram, full);
}

// The Gram of permuted rows, made by `make(rows)`, is the permuted Gram.
template <class T, class Make>
void expect_permutes(const Make& make, const Matrix<T>& x, Random& random) {
  std::vector<std::size_t> order(x.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  const Matrix<T> permuted = take_rows(x, order);
  const Matrix<T> a = materialize(*make(x)), b = materialize(*make(permuted));
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < x.rows(); ++j)
      ASSERT_TRUE(same_bits(b(i, j), a(order[i], order[j])))
          << order[i] << ", " << order[j] << ": " << b(i, j) << " against " << a(order[i], order[j]);
}

// G(x, z) computed from any split of x and of z, and G(x, x) off the diagonal, have the bits of the whole.
template <class T, class Make>
void expect_splits(const Make& make, const Matrix<T>& x, Random& random) {
  const std::size_t n = x.rows(), cut = below(random, n + 1);
  const Matrix<T> whole = materialize(*make(x.view(), x.view()));
  const MatrixView<const T> all = x.view();
  for (const Range rows : {Range{0, cut}, Range{cut, n}})
    for (const Range cols : {Range{0, cut}, Range{cut, n}}) {
      const Matrix<T> part = materialize(*make(all.rows(rows), all.rows(cols)));
      for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < cols.size(); ++j)
          ASSERT_TRUE(same_bits(part(i, j), whole(rows.begin + i, cols.begin + j))) << i << ", " << j;
    }
}

}  // namespace widenet::testing_support
