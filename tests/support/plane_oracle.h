// Networks on planes beside the plain interpreter.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/check_gram.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_gram.h"

namespace widenet::testing_support {

// Positive pixels, as images have them; one twice, one with the background of another, one negated, one black, one
// black in part.
template <class T>
Matrix<T> plane_images(Random& random, std::size_t n, const Shape& shape) {
  const std::size_t size = position_count(shape.positions) * shape.channels;
  Matrix<T> x(n, size);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<T>(uniform(random, -0.3, 1));
  if (n > 2) std::copy_n(x.row(0).begin(), size, x.row(2).begin());
  if (n > 3) std::copy_n(x.row(1).begin(), size / 2, x.row(3).begin());
  if (n > 4) std::transform(x.row(1).begin(), x.row(1).end(), x.row(4).begin(), std::negate<>());
  if (n > 5) std::fill_n(x.row(5).begin(), size, T(0));
  if (n > 6) std::fill_n(x.row(6).begin() + static_cast<std::ptrdiff_t>(size / 3), size / 2, T(0));
  return x;
}

struct PlaneCase {
  std::string text;
  Shape shape;
};

// Roundings that planes may be off: a few per stage and per window of a pool, of a table its own error (the plain
// interpreter reads the larger variance first, planes the row).
template <class T>
double plane_roundings(const PlanePlan& plan) {
  double roundings = 40 * static_cast<double>(stage_count(plan) + 1);
  for (const PlaneLevel& level : plan.levels)
    for (const PlaneStage& stage : level.stages)
      if (stage.table) roundings += 4 * DualTable::error / static_cast<double>(std::numeric_limits<T>::epsilon());
  for (const PlanePool& pool : plan.pools) roundings += 4 * static_cast<double>(pool.window[0] * pool.window[1]);
  return roundings;
}

// Both limits between all samples: within so many roundings of sqrt(K(i,i) K(j,j)) of the plain interpreter, the same
// bits for (i, j) and (j, i), and in a Gram of two sets of samples (where dropout knows no sample from itself).
template <class T>
void expect_plain(const PlaneCase& network, const PlanePlan& plan, const Matrix<T>& x, double roundings) {
  const auto& [text, shape] = network;
  const Matrix<double> exact = copy<double>(x.view());
  const bool drops = text.find("dropout") != std::string::npos;
  for (const Limit limit : {Limit::nngp, Limit::ntk}) {
    const Matrix<T> k = materialize(*plane_gram<T>(plan, limit, x.view()));
    const Matrix<T> across = materialize(*plane_gram<T>(plan, limit, x.view(), x.view()));
    const Matrix<double> plain = materialize(*position_gram({limit, parse_network(text)}, shape, exact.view()));
    double largest = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) largest = std::max(largest, plain(i, i));
    // The plain one has rounded zeros beside samples that a network turns into nothing.
    const double zero = std::numeric_limits<double>::epsilon() * largest;
    for (std::size_t i = 0; i < x.rows(); ++i)
      for (std::size_t j = 0; j < x.rows(); ++j) {
        const double tolerance =
            roundings * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::sqrt(plain(i, i) * plain(j, j)) +
            zero;
        ASSERT_NEAR(static_cast<double>(k(i, j)), plain(i, j), tolerance) << text << " " << i << ", " << j;
        ASSERT_TRUE(same_bits(k(i, j), k(j, i))) << text;
        ASSERT_TRUE(j < i || (drops && j == i) || same_bits(k(i, j), across(i, j))) << text;
      }
  }
}

// The same of so many images.
template <class T>
void expect_plain(const PlaneCase& network, std::size_t count, Random& random) {
  const auto plan = plane_plan(parse_network(network.text), network.shape);
  ASSERT_TRUE(plan) << network.text << ": " << plane_obstacle(parse_network(network.text), network.shape);
  expect_plain<T>(network, *plan, plane_images<T>(random, count, network.shape), plane_roundings<T>(*plan));
}

// A sample and its copy are as alike, bit by bit, as it and itself, and as like to others; dropout knows them apart.
template <class T>
void expect_copies_alike(const PlaneCase& network, Random& random) {
  const auto& [text, shape] = network;
  if (text.find("dropout") != std::string::npos) return;
  const auto plan = plane_plan(parse_network(text), shape);
  ASSERT_TRUE(plan) << text;
  const Matrix<T> x = plane_images<T>(random, 6, shape);  // 2 is 0 again
  const Matrix<T> k = materialize(*plane_gram<T>(*plan, Limit::ntk, x.view()));
  EXPECT_TRUE(same_bits(k(0, 2), k(0, 0))) << text;
  EXPECT_TRUE(same_bits(k(2, 2), k(0, 0))) << text;
  const Matrix<T> across = materialize(*plane_gram<T>(*plan, Limit::ntk, x.view(), x.view()));
  EXPECT_TRUE(std::ranges::equal(across.row(0), across.row(2), same_bits<T>)) << text;
  for (std::size_t i = 0; i < x.rows(); ++i) EXPECT_TRUE(same_bits(across(i, 0), across(i, 2))) << text;
}

// The NTK of `count` images has the same bits in every tiling, on any number of threads and on its diagonal.
template <class T>
void expect_same_bits_everywhere(const PlaneCase& network, std::size_t count, Random& random) {
  const auto plan = plane_plan(parse_network(network.text), network.shape);
  ASSERT_TRUE(plan) << network.text;
  const Matrix<T> x = plane_images<T>(random, count, network.shape);
  const auto gram = plane_gram<T>(*plan, Limit::ntk, x.view());
  const Matrix<T> full = materialize(*gram);
  expect_tiling_invariant(*gram, full, random);
  expect_thread_invariant(*gram, full);
  std::vector<T> diagonal(x.rows());
  gram->diagonal(diagonal);
  for (std::size_t i = 0; i < x.rows(); ++i) EXPECT_TRUE(same_bits(diagonal[i], full(i, i))) << network.text;
}

// All of that of every network.
template <class T>
void expect_planes(const std::vector<PlaneCase>& networks) {
  Random random(5);
  for (const PlaneCase& network : networks) {
    expect_plain<T>(network, 8, random);
    expect_copies_alike<T>(network, random);
    expect_same_bits_everywhere<T>(network, 10, random);
  }
}

}  // namespace widenet::testing_support
