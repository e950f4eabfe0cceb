// Defects known from other implementations of these kernels (neural-tangents 0.6), each shown to be absent.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/support/golden.h"
#include "tests/support/hard_rows.h"
#include "widenet/base/error.h"
#include "widenet/infinite/dual_table.h"
#include "widenet/infinite/network_gram.h"
#include "widenet/infinite/quadrature.h"

namespace widenet {
namespace {

using namespace testing_support;

Matrix<double> square(const std::string& text, Limit limit, const Matrix<double>& x) {
  return materialize(*network_gram<double>({limit, parse_network(text)}, x.view()));
}
Matrix<double> across(const std::string& text, Limit limit, const Matrix<double>& x, const Matrix<double>& z) {
  return materialize(*network_gram<double>({limit, parse_network(text)}, x.view(), z.view()));
}
void expect_finite(const Matrix<double>& k, const std::string& label) {
  for (std::size_t i = 0; i < k.size(); ++i) ASSERT_TRUE(std::isfinite(k.data()[i])) << label;
}
std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// NaN on the diagonal at theta = 0, and from there in every layer above.
TEST(Pitfalls, RectifiedMonomialOfARowWithItself) {
  const Matrix<double> x = first_inputs(5, 7);
  for (int n = 0; n < 5; ++n)
    for (const Limit limit : {Limit::nngp, Limit::ntk}) {
      const std::string text = "dense rectified_monomial(" + std::to_string(n) + ") dense(bias_std=0.5) relu dense";
      expect_finite(square(text, limit, x), text);
      expect_finite(across(text, limit, x, x), text);
    }
  // E[max(u, 0)^4] = 3 q^2 / 2.
  const Matrix<double> k = square("dense rectified_monomial(2) dense", Limit::nngp, x),
                       q = square("dense", Limit::nngp, x);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(k(i, i), 1.5 * q(i, i) * q(i, i), 1e-15 * k(i, i));
}

// NaN from 0 / 0.
TEST(Pitfalls, ZeroRowsOfAnyActivation) {
  Matrix<double> x = first_inputs(4, 7);
  std::ranges::fill(x.row(1), 0.0);
  std::ranges::fill(x.row(2), 0.0);
  std::vector<std::string> all = bounded_activations();
  all.insert(all.end(), growing_activations().begin(), growing_activations().end());
  all.insert(all.end(), {"tanh", "sigmoid", "hard_tanh"});
  for (const std::string& activation : all)
    for (const Limit limit : {Limit::nngp, Limit::ntk}) {
      const std::string text = "dense(weight_std=0.5) " + activation + " dense(weight_std=0.5)";
      expect_finite(square(text, limit, x), text);
      expect_finite(across(text, limit, x, x), text);
    }
  EXPECT_EQ(square("dense exp_normalized(0.8, -1) dense", Limit::nngp, x)(1, 2), 0);
  EXPECT_EQ(square("dense exp_normalized(0.8, -1) dense", Limit::nngp, x)(0, 2), 0);
}

// A quadrature that takes its arguments in turn is not symmetric.
TEST(Pitfalls, ActivationsWithoutClosedFormAreSymmetric) {
  const Matrix<double> x = first_inputs(5, 7);
  for (const Limit limit : {Limit::nngp, Limit::ntk}) {
    const std::string text = "dense(weight_std=1.2, bias_std=0.1) tanh dense";
    const Matrix<double> k = across(text, limit, x, x);
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_NEAR(k(i, j), k(j, i), 4 * DualTable::error * std::sqrt(k(i, i) * k(j, j)));
  }
}

// Hermite polynomials of pre-activations whose variance is not 1.
TEST(Pitfalls, HermiteOfAnyVariance) {
  const Matrix<double> x = first_inputs(3, 7);
  const Matrix<double> q = square("dense(bias_std=0.5)", Limit::nngp, x);
  for (const int n : {0, 1, 2, 3, 5, 12, 15, 20, 63, 70}) {
    const DualQuadrature quadrature({"hermite", {static_cast<double>(n)}});
    const Matrix<double> k = square("dense(bias_std=0.5) hermite(" + std::to_string(n) + ") dense", Limit::nngp, x);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        const double rho = q(i, j) / std::sqrt(q(i, i) * q(j, j));
        const double s = i == j ? 0 : std::copysign(1 - std::abs(rho), rho);
        EXPECT_NEAR(k(i, j), quadrature.dual(q(i, i), q(j, j), s).value, 1e-11 * std::sqrt(k(i, i) * k(j, j))) << n;
      }
  }
}

// Widths matter to a concat, so they must be given; branches without weights of their own are not independent.
TEST(Pitfalls, BranchesThatAreNotIndependentAreRefused) {
  const Matrix<double> x = first_inputs(3, 7);
  EXPECT_NE(
      message([&] { square("dense concat[relu dense | erf dense] dense", Limit::ntk, x); }).find("has no known width"),
      std::string::npos);
  EXPECT_NE(message([&] { square("dense product[relu | erf] dense", Limit::ntk, x); }).find("they are not independent"),
            std::string::npos);
  // 3 : 5.
  const Matrix<double> joined = square("dense concat[relu dense(3) | erf dense(5)] dense", Limit::nngp, x);
  const Matrix<double> a = square("dense relu dense", Limit::nngp, x), b = square("dense erf dense", Limit::nngp, x);
  for (std::size_t k = 0; k < joined.size(); ++k)
    EXPECT_NEAR(joined.data()[k], (3 * a.data()[k] + 5 * b.data()[k]) / 8, 1e-15);
}

// The angle of a row with itself came out as 1e-8.
TEST(Pitfalls, RowsWithThemselves) {
  Random random(19);
  const Matrix<double> x = normal_rows<double>(random, 40, 13);
  const Matrix<double> q = square("dense(weight_std=sqrt(2))", Limit::nngp, x);
  const std::string text = "repeat(3)[dense(weight_std=sqrt(2)) relu] dense(weight_std=sqrt(2))";
  const Matrix<double> k = square(text, Limit::nngp, x), theta = square(text, Limit::ntk, x);
  const Matrix<double> kz = across(text, Limit::nngp, x, x), tz = across(text, Limit::ntk, x, x);
  const Matrix<double> sign = square("dense sign dense", Limit::nngp, x),
                       sz = across("dense sign dense", Limit::nngp, x, x);
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (const Matrix<double>* m : {&k, &kz}) EXPECT_NEAR((*m)(i, i) / q(i, i), 1, network_gram_error<double> * 4);
    for (const Matrix<double>* m : {&theta, &tz}) EXPECT_NEAR((*m)(i, i) / q(i, i), 4, network_gram_error<double> * 16);
    EXPECT_EQ(sign(i, i), 1);
    EXPECT_NEAR(sz(i, i), 1, network_gram_error<double>);
  }
}

// A rule without nodes at the kinks is off by percents.
TEST(Pitfalls, KinkedActivationsWithoutClosedForm) {
  const Matrix<double> x = first_inputs(3, 7);
  const Matrix<double> q = square("dense(weight_std=2)", Limit::nngp, x);
  for (const char* name : {"hard_tanh", "relu6"}) {
    const DualQuadrature quadrature({name, {}});
    const Matrix<double> k = square("dense(weight_std=2) " + std::string(name) + " dense", Limit::nngp, x);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        const double rho = q(i, j) / std::sqrt(q(i, i) * q(j, j));
        const double s = i == j ? 0 : std::copysign(1 - std::abs(rho), rho);
        EXPECT_NEAR(k(i, j), quadrature.dual(q(i, i), q(j, j), s).value, 1e-11) << name;
      }
  }
}

// No bias and a bias of 0 are one network; dropout's factor belongs to a sample with itself in the square Gram alone.
TEST(Pitfalls, StandardParametrisationAndDropout) {
  const Matrix<double> x = first_inputs(3, 7);
  const auto standard = [](const std::string& bias) {
    const std::string dense = "dense(16, parametrization=standard" + bias + ")";
    return dense + " relu " + dense;
  };
  const Matrix<double> none = square(standard(""), Limit::ntk, x),
                       zero = square(standard(", bias_std=0"), Limit::ntk, x);
  for (std::size_t k = 0; k < none.size(); ++k) EXPECT_EQ(none.data()[k], zero.data()[k]);

  const std::string text = "dense relu dropout(0.5) dense";
  const Matrix<double> plain = square("dense relu dense", Limit::nngp, x), dropped = square(text, Limit::nngp, x);
  const Matrix<double> elsewhere = across(text, Limit::nngp, x, x);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(dropped(i, j), plain(i, j) * (i == j ? 2 : 1), 1e-15);
      EXPECT_NEAR(elsewhere(i, j), plain(i, j), 1e-15);
    }
}

// NaN from 1e80 on, correlations lost from 1e-80 down.
TEST(Pitfalls, RowsOfExtremeSize) {
  const Matrix<double> x = first_inputs(4, 7);
  const std::string text = "dense relu dense relu dense";
  const Matrix<double> plain = square(text, Limit::ntk, x);
  for (const double scale : {0x1p-480, 0x1p-300, 0x1p300, 0x1p480}) {
    Matrix<double> y = x;
    for (std::size_t k = 0; k < y.size(); ++k) y.data()[k] *= scale;
    const Matrix<double> k = square(text, Limit::ntk, y);
    for (std::size_t e = 0; e < k.size(); ++e)
      EXPECT_NEAR(k.data()[e] / scale / scale / plain.data()[e], 1, 1e-13) << scale;
  }
  Matrix<double> huge = x;
  for (double& v : huge.row(2)) v *= 1e160;
  EXPECT_NE(message([&] { square(text, Limit::ntk, huge); }).find("sample 2 lies outside [1e-150, 1e+150]"),
            std::string::npos);
  huge(2, 0) = std::nan("");
  EXPECT_EQ(message([&] { square(text, Limit::ntk, huge); }),
            "sample 2 holds a NaN (no kernel is defined for it) remove or fill it");
  EXPECT_NE(message([&] { square("dense(weight_std=3) gaussian(1, 1) dense", Limit::nngp, x); }).find("is not finite"),
            std::string::npos);
  EXPECT_NE(message([&] { square("dense(weight_std=100) exp dense", Limit::nngp, x); }).find("is not finite"),
            std::string::npos);
}

// What float cannot hold is refused, not returned as infinity.
TEST(Pitfalls, FloatOverflow) {
  Matrix<float> x(3, 2, 1.0F);
  x(1, 0) = 1e13F;
  for (const char* text :
       {"dense monomial(2) dense", "dense(weight_std=1e10) relu dense", "dense(weight_std=1e10) sin dense",
        "dense(weight_std=20) exp(1, 1) dense", "dense sum[identity | monomial(2) dense] gaussian(1, -1) dense"}) {
    const NetworkKernel kernel{Limit::ntk, parse_network(text)};
    EXPECT_NE(message([&] { network_gram<float>(kernel, x.view()); }).find("is not finite"), std::string::npos) << text;
  }
}

// Dropout as first layer, monomials of any degree.
TEST(Pitfalls, NothingIsRefusedWithoutNeed) {
  const Matrix<double> x = first_inputs(3, 7);
  const Matrix<double> k = square("dropout(0.5) dense relu dense", Limit::ntk, x);
  const Matrix<double> plain = square("dense relu dense", Limit::ntk, x);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(k(i, i), 2 * plain(i, i), 1e-14 * k(i, i));
  // E[u^12] = 11!! q^6.
  const Matrix<double> m = square("dense monomial(6) dense", Limit::nngp, x), q = square("dense", Limit::nngp, x);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(m(i, i) / (10395 * std::pow(q(i, i), 6)), 1, 1e-14);
}

// Nearly opposite rows, through odd activations: exactly opposite stays exactly opposite.
TEST(Pitfalls, OppositeRowsThroughOddActivations) {
  Matrix<double> x = first_inputs(2, 7);
  for (std::size_t k = 0; k < 7; ++k) x(1, k) = -x(0, k);
  for (const char* activation :
       {"erf", "sin", "gabor", "monomial(3)", "hermite(3)", "polynomial(0, 1, 0, 0.5)", "tanh"}) {
    const Matrix<double> k = square("dense " + std::string(activation) + " dense relu dense", Limit::ntk, x);
    EXPECT_NEAR(k(0, 1) / k(0, 0), 0, 1e-14) << activation;
  }
}

}  // namespace
}  // namespace widenet
