#include "widenet/kernels/closed_form.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/check_gram.h"
#include "tests/support/hard_rows.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

using namespace testing_support;
using Extended = long double;

template <class T>
constexpr double unit = sizeof(T) == 8 ? 0x1p-53 : 0x1p-24;

// The definition, in long double. `spread` gets the change of the value for a relative error of one in r (isotropic
// kernels: of r by |x| + |z|) or of the inner product.
struct Plain {
  Extended value, spread;
};
template <class T>
Plain plain(const ClosedKernel& kernel, std::span<const T> x, std::span<const T> z) {
  Extended dot = 0, size = 0, r2 = 0, r1 = 0, product = 1, xx = 0, zz = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const Extended length = kernel.lengths.empty() ? 1 : kernel.lengths[kernel.lengths.size() == 1 ? 0 : k];
    const Extended u = x[k] / length, v = z[k] / length, d = u - v;
    dot += u * v;
    size += std::abs(u * v);
    r2 += d * d;
    r1 += std::abs(d);
    product *= 1 + d * d;
    xx += u * u;
    zz += v * v;
  }
  const Extended r = std::sqrt(r2), extent = std::sqrt(xx) + std::sqrt(zz), alpha = kernel.alpha;
  const Extended t3 = std::sqrt(3.0L) * r, t5 = std::sqrt(5.0L) * r;
  switch (kernel.kind) {
    case Closed::linear:
      return {dot + kernel.offset, size};
    case Closed::polynomial: {
      const Extended base = kernel.scale * dot + kernel.offset;
      return {std::pow(base, static_cast<Extended>(kernel.degree)),
              kernel.degree * std::pow(std::abs(kernel.scale) * size + std::abs(kernel.offset) + std::abs(base),
                                       static_cast<Extended>(kernel.degree))};
    }
    case Closed::gaussian:
      return {std::exp(-r2 / 2), extent * 0.61L};
    case Closed::laplacian:
    case Closed::matern12:
      return {std::exp(-r), extent};
    case Closed::laplacian1:
      return {std::exp(-r1), extent * std::sqrt(static_cast<Extended>(x.size()))};
    case Closed::cauchy:
      return {1 / product, extent * std::sqrt(static_cast<Extended>(x.size()))};
    case Closed::matern32:
      return {(1 + t3) * std::exp(-t3), extent};
    case Closed::matern52:
      return {(1 + t5 + t5 * t5 / 3) * std::exp(-t5), extent};
    case Closed::rational_quadratic:
      return {std::pow(1 + r2 / (2 * alpha), -alpha), extent};
    default:
      return {};
  }
}

// Kernels with no lengths, one, and one per feature.
std::vector<ClosedKernel> kernels(std::size_t features) {
  std::vector<ClosedKernel> all{{Closed::linear, {}, "", 0},
                                {Closed::linear, {}, "", 0.5},
                                {Closed::polynomial, {}, "", 1, 0.5, 3},
                                {Closed::polynomial, {}, "", -0.5, 2, 7}};
  std::vector<double> each(features);
  for (std::size_t k = 0; k < features; ++k) each[k] = 0.5 + 0.3 * static_cast<double>(k % 5);
  for (const Closed kind : {Closed::gaussian, Closed::laplacian, Closed::laplacian1, Closed::cauchy, Closed::matern12,
                            Closed::matern32, Closed::matern52, Closed::rational_quadratic})
    for (const std::vector<double>& lengths : {std::vector<double>{}, std::vector<double>{1.7}, each})
      all.push_back({kind, lengths, "", 0, 1, 1, 0.7});
  return all;
}

ClosedKernel with_lengths(Closed kind, std::vector<double> lengths) {
  ClosedKernel kernel;
  kernel.kind = kind;
  kernel.lengths = std::move(lengths);
  return kernel;
}

template <class T>
struct ClosedForm : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(ClosedForm, Numbers);

TYPED_TEST(ClosedForm, PlainFormulas) {
  using T = TypeParam;
  Random random(9);
  for (const std::size_t features : Sizes{1, 2, 7, 100})
    for (const std::size_t n : Sizes{0, 1, 2, 23, 24, 25, 97}) {
      const Matrix<T> x = hard_rows<T>(random, n, features, 0), z = hard_rows<T>(random, n / 2 + 1, features, 0);
      for (const ClosedKernel& kernel : kernels(features)) {
        SCOPED_TRACE(to_text(Kernel{kernel}));
        const auto square = closed_form_gram<T>(kernel, x.view());
        const auto rectangular = closed_form_gram<T>(kernel, x.view(), z.view());
        ASSERT_TRUE(square->symmetric());
        ASSERT_FALSE(rectangular->symmetric());
        const Matrix<T> a = materialize(*square), b = materialize(*rectangular);
        const auto expect = [&](T got, const Plain& exact) {
          const double tolerance = closed_form_distance_error<T> * static_cast<double>(exact.spread) +
                                   closed_form_map_error<T> * std::max(1.0, std::abs(static_cast<double>(exact.value)));
          ASSERT_LE(std::abs(static_cast<double>(static_cast<Extended>(got) - exact.value)), tolerance)
              << features << " features, " << n << " rows";
        };
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < n; ++j) expect(a(i, j), plain<T>(kernel, x.row(i), x.row(j)));
          for (std::size_t j = 0; j < z.rows(); ++j) expect(b(i, j), plain<T>(kernel, x.row(i), z.row(j)));
          if (kernel.kind >= Closed::gaussian) {
            ASSERT_EQ(a(i, i), T(1));
          }
        }
      }
    }
}

TYPED_TEST(ClosedForm, KeepsWhatAGramKeeps) {
  using T = TypeParam;
  Random random(10);
  const Matrix<T> x = hard_rows<T>(random, 60, 3, 0);
  for (const ClosedKernel& kernel : kernels(3)) {
    if (kernel.kind == Closed::polynomial && kernel.offset < 0) continue;  // not positive semidefinite
    SCOPED_TRACE(to_text(Kernel{kernel}));
    check_symmetric_gram(*closed_form_gram<T>(kernel, x.view()), 256 * unit<T>, random);
    expect_permutes<T>([&](MatrixView<const T> a) { return closed_form_gram<T>(kernel, a); }, x, random);
    expect_splits<T>([&](MatrixView<const T> a, MatrixView<const T> b) { return closed_form_gram<T>(kernel, a, b); }, x,
                     random);
  }
}

// Nearly equal rows far from the origin: r comes from the difference of the rows, to the last digit where dividing by
// the length is exact.
TYPED_TEST(ClosedForm, NearlyEqualRowsFarAway) {
  using T = TypeParam;
  const ClosedKernel kernel = with_lengths(Closed::laplacian, {0x1p-10});
  for (const double distance : {1e-3, 1e-4, 1e-5, 1e-6}) {
    Matrix<T> x(2, 7, T(1));
    x(1, 3) = static_cast<T>(1 + distance);
    const Plain exact = plain<T>(kernel, x.row(0), x.row(1));
    const T got = materialize(*closed_form_gram<T>(kernel, x.view()))(0, 1);
    EXPECT_NEAR(static_cast<double>(got), static_cast<double>(exact.value), 16 * unit<T>) << distance;
  }
}

// Equal rows have r = 0 however large they are: either right or refused.
TEST(ClosedFormKernel, HugeRows) {
  for (const double size : {1e150, 0.9e154, 1.2e154}) {
    Matrix<double> x(2, 1, size);
    try {
      const Matrix<double> k = materialize(*closed_form_gram<double>({}, x.view()));
      EXPECT_EQ(k(0, 0), 1) << size;
      EXPECT_EQ(k(0, 1), 1) << size;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("the square of sample 0 is not finite"), 0u) << error.what();
    }
  }
}

template <class Call>
std::string message(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ClosedFormKernel, Refusals) {
  Matrix<double> x(3, 2, 1.0), z(3, 4, 1.0);
  EXPECT_EQ(message([&] { closed_form_gram<double>({}, x.view(), z.view()); }),
            "the samples have 2 and 4 features (a kernel compares vectors of one length) give both the same columns");
  EXPECT_EQ(message([&] {
              closed_form_gram<double>(with_lengths(Closed::gaussian, {1, 2, 3}), x.view());
            }),
            "the kernel has 3 lengths for 2 features (each feature is divided by its own) give one length or 2");
  for (const double length : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(message([&] { closed_form_gram<double>(with_lengths(Closed::gaussian, {length}), x.view()); }),
              "a length of the kernel is not positive and finite (features are divided by it) give positive lengths");
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 1e200}) {
    Matrix<double> y = x;
    y(2, 1) = bad;
    const std::string expected =
        "the square of sample 2 is not finite (it holds a NaN, an infinity or numbers too large to square) mend or "
        "scale "
        "the row";
    for (const Closed kind : {Closed::gaussian, Closed::laplacian1, Closed::linear, Closed::cauchy}) {
      EXPECT_EQ(message([&] { closed_form_gram<double>(with_lengths(kind, {}), y.view()); }), expected);
      EXPECT_EQ(message([&] { closed_form_gram<double>(with_lengths(kind, {}), y.view(), x.view()); }), expected);
      EXPECT_EQ(message([&] { closed_form_gram<double>(with_lengths(kind, {}), x.view(), y.view()); }), expected);
    }
  }
}

}  // namespace
}  // namespace widenet
