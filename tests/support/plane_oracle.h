// Networks on planes beside the plain interpreter.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/support/check_gram.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_gram.h"

namespace widenet::testing_support {

struct PlaneCase {
  std::string text;
  Shape shape;
};

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

}  // namespace widenet::testing_support
