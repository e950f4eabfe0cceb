// Small problems and the plain versions of what the solvers do, for their tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/matrix.h"
#include "widenet/gram/symmetric_tiles.h"

namespace widenet::testing_problems {

inline constexpr double eps = std::numeric_limits<double>::epsilon();

// Numbers in [-1, 1), the same on every machine (splitmix64).
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  double operator()() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1.0;
  }
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(((*this)() + 1.0) / 2.0 * static_cast<double>(count));
  }

 private:
  std::uint64_t state_;
};

inline Matrix<double> random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Matrix<double> m(rows, cols);
  Numbers numbers(seed);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) m(i, j) = numbers();
  return m;
}

// exp(-|x - z|^2 / (2 length^2)).
inline Matrix<double> gaussian_kernel(const Matrix<double>& x, const Matrix<double>& z, double length) {
  Matrix<double> k(x.rows(), z.rows());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < z.rows(); ++j) {
      double square = 0;
      for (std::size_t d = 0; d < x.cols(); ++d) square += (x(i, d) - z(j, d)) * (x(i, d) - z(j, d));
      k(i, j) = std::exp(-square / (2 * length * length));
    }
  return k;
}

inline SymmetricTiles to_tiles(const Matrix<double>& K, std::size_t tile_size) {
  SymmetricTiles tiles(K.rows(), tile_size);
  for (std::size_t i = 0; i < tiles.tiles(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const auto out = tiles.tile(i, j);
      for (std::size_t r = 0; r < out.rows(); ++r)
        for (std::size_t c = 0; c < out.cols(); ++c) out(r, c) = K(tiles.range(i).begin + r, tiles.range(j).begin + c);
    }
  return tiles;
}

// The lower factor of K + ridge I by the textbook loop.
inline Matrix<double> plain_cholesky(const Matrix<double>& K, double ridge) {
  const std::size_t n = K.rows();
  Matrix<double> L(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = K(i, j) + (i == j ? ridge : 0);
      for (std::size_t k = 0; k < j; ++k) sum -= L(i, k) * L(j, k);
      L(i, j) = i == j ? std::sqrt(sum) : sum / L(j, j);
    }
  return L;
}

// (K + ridge I)^-1 B from the textbook factor.
inline Matrix<double> plain_solve(const Matrix<double>& K, double ridge, const Matrix<double>& B) {
  const Matrix<double> L = plain_cholesky(K, ridge);
  const std::size_t n = K.rows();
  Matrix<double> X = B;
  for (std::size_t c = 0; c < B.cols(); ++c) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < i; ++k) X(i, c) -= L(i, k) * X(k, c);
      X(i, c) /= L(i, i);
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t k = i + 1; k < n; ++k) X(i, c) -= L(k, i) * X(k, c);
      X(i, c) /= L(i, i);
    }
  }
  return X;
}

inline Matrix<double> identity(std::size_t n) {
  Matrix<double> I(n, n);
  for (std::size_t i = 0; i < n; ++i) I(i, i) = 1;
  return I;
}

// The largest |a - b|, and the largest |a|.
inline double distance(const Matrix<double>& a, const Matrix<double>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a.data()[i] - b.data()[i]));
  return most;
}
inline double magnitude(const Matrix<double>& a) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a.data()[i]));
  return most;
}

// What the usage error thrown by `act` says; empty when nothing is thrown.
inline std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.fault() == Fault::usage ? error.what() : std::string("not a usage error: ") + error.what();
  }
  return "";
}

}  // namespace widenet::testing_problems
