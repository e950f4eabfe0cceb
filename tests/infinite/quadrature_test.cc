#include "widenet/infinite/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "widenet/base/error.h"

namespace widenet {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double infinity = std::numeric_limits<double>::infinity();

DualQuadrature quadrature(std::string name, std::vector<double> parameters = {}) {
  return DualQuadrature({std::move(name), std::move(parameters)});
}

std::string message(const Activation& activation) {
  try {
    DualQuadrature q(activation);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// |dual - expected| within the declared bound of the geometric mean of the own moments.
void expect_dual(const DualQuadrature& q, double a, double b, double s, DualValue expected) {
  const DualValue got = q.dual(a, b, s), ma = q.moments(a), mb = q.moments(b);
  EXPECT_NEAR(got.value, expected.value, DualQuadrature::dual_error * std::sqrt(ma.value) * std::sqrt(mb.value))
      << a << " " << b << " " << s;
  EXPECT_NEAR(got.slope, expected.slope, DualQuadrature::dual_error * std::sqrt(ma.slope) * std::sqrt(mb.slope))
      << a << " " << b << " " << s;
}

// The Gauss-Legendre rule integrates x^k exactly up to degree 2 n - 1.
TEST(GaussLegendre, ExactForPolynomials) {
  for (const std::size_t n : {1u, 2u, 5u, 20u, 48u}) {
    std::vector<double> x(n), w(n);
    GaussLegendre(x, w);
    for (std::size_t degree = 0; degree < 2 * n; ++degree) {
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += w[k] * std::pow(x[k], static_cast<double>(degree));
      EXPECT_NEAR(sum, degree % 2 == 1 ? 0 : 2 / (static_cast<double>(degree) + 1), 1e-14) << n << " " << degree;
    }
  }
}

// The usual closed forms at a = 1.3, b = 0.8, c = 0.6.
TEST(DualQuadrature, ClosedForms) {
  const double a = 1.3, b = 0.8, c = 0.6, s = 1 - c / std::sqrt(a * b);
  expect_dual(quadrature("relu"), a, b, s, {.341309017291917, .350110815084177});
  expect_dual(quadrature("erf", {1, 1, 0}), a, b, s, {.256594102997760, .452425971716380});
  expect_dual(quadrature("gelu"), a, b, s, {.263434450287094, .359275943591650});
  expect_dual(quadrature("sin", {1, 1, 0}), a, b, s, {.222789121500510, .414839030121264});
  expect_dual(quadrature("cos", {1, 1, 0}), a, b, s, {.414839030121264, .222789121500510});
  expect_dual(quadrature("exp", {1, 1}), a, b, s, {5.206979827179849, 5.206979827179849});
  const double det = (1 + 2 * a) * (1 + 2 * b) - 4 * c * c;
  expect_dual(quadrature("gaussian", {1, -1}), a, b, s, {.355334527259351, 4 * c / std::pow(det, 1.5)});
  EXPECT_NEAR(quadrature("tanh").dual(a, b, s).value, .22098887241, 1e-11);
  const DualValue leaky = quadrature("leaky_relu", {0.2}).dual(a, b, s);
  EXPECT_NEAR(leaky.value, .338438, 4e-7);
  EXPECT_NEAR(leaky.slope, .424071, 4e-7);
  // Where E[phi^2] is finite but the peak of the integrand lies far out.
  expect_dual(quadrature("exp", {1, 1}), 100, 90, 0.5,
              {std::exp(95 + 0.5 * std::sqrt(9000)), std::exp(95 + 0.5 * std::sqrt(9000))});
  const double q = 2, r = 0.25;
  expect_dual(quadrature("monomial", {3}), q, q, 1 - r,
              {6 * std::pow(q * r, 3) + 9 * q * r * q * q, 9 * (2 * q * r * q * r + q * q)});
  expect_dual(quadrature("hermite", {3}), 1, 1, 1 - r, {r * r * r, 3 * r * r});
}

// From nearly equal to nearly opposite rows, where 1 - rho^2 has no digits left.
TEST(DualQuadrature, ReluAndSignNearParallel) {
  const auto relu = quadrature("relu"), sign = quadrature("sign");
  for (const double q : {1e-300, 1e-10, 1.0, 1e300})
    for (const double size : {0.0, 1e-30, 1e-18, 1e-9, 1e-4, 0.3, 1.0})
      for (const double s : {size, -size}) {
        const double part = 2 * std::asin(std::sqrt(0.5 * size));  // the angle to the nearer of parallel and opposite
        const double theta = std::signbit(s) ? pi - part : part, b = 0.5 * q;
        const double rest = std::signbit(s) ? part : pi - part;
        expect_dual(
            relu, q, b, s,
            {std::sqrt(q) * std::sqrt(b) * (std::sin(part) + rest * std::cos(theta)) / (2 * pi), rest / (2 * pi)});
        EXPECT_NEAR(sign.dual(q, b, s).value, 1 - 2 * theta / pi, DualQuadrature::dual_error);
        EXPECT_EQ(sign.dual(q, b, s).slope, 0);
      }
}

// {activation, a, s, E[phi phi], E[phi' phi']} with b = 0.75 a. From mpmath with 34 digits: the conditional expectation
// of the second factor in closed form (erfc, exp), the outer integral by quad, split at the kinks, at their images kink
// / (rho sqrt(b)) and around these at multiples of sqrt(1 - rho^2) / rho.
struct Reference {
  const char* name;
  double a, s, value, slope;
};
constexpr Reference references[] = {
    {"hard_tanh", 0.1, -0.01, -0.08558494966310624306, 0.9984345748894416712},
    {"hard_tanh", 0.1, 1, -1.759752647106093771e-78, 0.9981742762558981335},
    {"hard_tanh", 0.1, 0.5, 0.04322243843956930231, 0.9981953127151068892},
    {"hard_tanh", 0.1, 0.01, 0.08558494966310624306, 0.9984345748894416712},
    {"hard_tanh", 0.1, 1e-7, 0.0864496107398703039, 0.9984345977419974503},
    {"hard_tanh", 1, -0.01, -0.4787751864319350595, 0.6783043757960960581},
    {"hard_tanh", 1, 1, -1.934330525784976744e-77, 0.5132370312996725802},
    {"hard_tanh", 1, 0.5, 0.2265467106796503819, 0.5439412928773222018},
    {"hard_tanh", 1, 0.01, 0.4787751864319350595, 0.6783043757960960581},
    {"hard_tanh", 1, 1e-7, 0.4846742412263148625, 0.6826894921370858972},
    {"hard_tanh", 10, -0.01, -0.7997929057847776452, 0.2215651623027638636},
    {"hard_tanh", 10, 1, 8.429071740328356807e-77, 0.07072839182275027434},
    {"hard_tanh", 10, 0.5, 0.3194920029612594718, 0.08066295026456478903},
    {"hard_tanh", 10, 0.01, 0.7997929057847776452, 0.2215651623027638636},
    {"hard_tanh", 10, 1e-7, 0.8200454769855574825, 0.2481703659541507175},
    {"hard_tanh", 100, -0.01, -0.8937404116117347429, 0.04387106754468418634},
    {"hard_tanh", 100, 1, 0.0, 0.007322542621116192117},
    {"hard_tanh", 100, 0.5, 0.3319086002265069042, 0.008444438319846967139},
    {"hard_tanh", 100, 0.01, 0.8937404116117347429, 0.04387106754468418634},
    {"hard_tanh", 100, 1e-7, 0.9424853222325664255, 0.07965567455405796293},
    {"relu6", 0.1, -0.01, 0.00001300145462717907844, 0.02252670682220605193},
    {"relu6", 0.1, 1, 0.01378322238554480124, 0.25},
    {"relu6", 0.1, 0.5, 0.0263703774616327943, 0.3333333333333333333},
    {"relu6", 0.1, 0.01, 0.04288125894195689209, 0.4774732931777939481},
    {"relu6", 0.1, 1e-7, 0.04330126585950584971, 0.4999288237450651468},
    {"relu6", 1, -0.01, 0.0001300145462717907844, 0.02252670682220605193},
    {"relu6", 1, 1, 0.1378322238013253441, 0.2499999995056406296},
    {"relu6", 1, 0.5, 0.2637037741881961187, 0.3333333323448141589},
    {"relu6", 1, 0.01, 0.4288125885721652918, 0.477473292191206303},
    {"relu6", 1, 1e-7, 0.4330126577391108538, 0.4999288227584775018},
    {"relu6", 10, -0.01, 0.001300145462717907844, 0.02252670682220605193},
    {"relu6", 10, 1, 1.32302441529820125, 0.2288512708383517531},
    {"relu6", 10, 0.5, 2.453879018365743912, 0.2974895031199152061},
    {"relu6", 10, 0.01, 3.958028517221849386, 0.4485354934106494191},
    {"relu6", 10, 1e-7, 3.997526448442199587, 0.471039038183266525},
    {"relu6", 100, -0.01, 0.01300144520270433142, 0.02252657372807824511},
    {"relu6", 100, 1, 5.071583652391577013, 0.05774353352554475433},
    {"relu6", 100, 0.5, 7.730336200747892037, 0.06810306474503605066},
    {"relu6", 100, 0.01, 11.85555648309837766, 0.1961759648550443166},
    {"relu6", 100, 1e-7, 12.03533380137065407, 0.2256757059949915665},
    {"elu", 0.1, -0.01, -0.06878355112471759156, 0.8022792580936214987},
    {"elu", 0.1, 1, 0.0003486325876860929439, 0.8120060192997419613},
    {"elu", 0.1, 0.5, 0.03567307482266934497, 0.8198716713143080249},
    {"elu", 0.1, 0.01, 0.07066774350532625546, 0.8300787397522590608},
    {"elu", 0.1, 1e-7, 0.0713867229356436256, 0.8303522100981953213},
    {"elu", 1, -0.01, -0.4653243174683721448, 0.5428532582219956501},
    {"elu", 1, 1, 0.02033056426645809241, 0.5949143452918425718},
    {"elu", 1, 0.5, 0.2852173906344982482, 0.6296077197639804579},
    {"elu", 1, 0.01, 0.561325303555390054, 0.6754955799420998684},
    {"elu", 1, 1e-7, 0.5671812186581784313, 0.6769066507995335443},
    {"elu", 10, -0.01, -2.120561350655179606, 0.2482400444532750554},
    {"elu", 10, 1, 0.6352336873043804393, 0.3889070193332037764},
    {"elu", 10, 0.5, 2.466502310430063935, 0.4586185524606802995},
    {"elu", 10, 0.01, 4.599808692438756665, 0.5611898550198938805},
    {"elu", 10, 1e-7, 4.648600657397532574, 0.5658126161878114454},
    {"elu", 100, -0.01, -7.28410582374357747, 0.08969510711805988946},
    {"elu", 100, 1, 10.58825736498450903, 0.2942872748672289533},
    {"elu", 100, 0.5, 25.05529732061780285, 0.3758343839857180162},
    {"elu", 100, 0.01, 43.291192871048061, 0.5107241306079762219},
    {"elu", 100, 1e-7, 43.73760261365558443, 0.5213181912474758619},
    {"selu", 0.1, -0.01, -0.1270536121580016764, 1.491855993098112785},
    {"selu", 0.1, 1, 0.002511929233025783902, 1.51422483118919078},
    {"selu", 0.1, 0.5, 0.06819128189598697958, 1.521045235400017946},
    {"selu", 0.1, 0.01, 0.1332570643487800565, 1.562390305651849921},
    {"selu", 0.1, 1e-7, 0.1346131221289347952, 1.573040716899140874},
    {"selu", 1, -0.01, -0.8595175668539363369, 1.009871952243102363},
    {"selu", 1, 1, 2.611054721969335646e-34, 1.004598149788435189},
    {"selu", 1, 0.5, 0.438900196820436789, 1.025406146886612434},
    {"selu", 1, 0.01, 0.8832870647241200207, 1.087477650588073343},
    {"selu", 1, 1e-7, 0.8927374810294044867, 1.098753829664172029},
    {"selu", 10, -0.01, -3.917023957059468284, 0.459028521160504489},
    {"selu", 10, 1, 0.3250348800348589815, 0.5515381161197057072},
    {"selu", 10, 0.5, 2.858962003692508939, 0.6214085558187425274},
    {"selu", 10, 0.01, 5.700054773527762733, 0.7417695954936522945},
    {"selu", 10, 1e-7, 5.764716693916086463, 0.7553719013919732224},
    {"selu", 100, -0.01, -13.4592689342390394, 0.1562860474885052301},
    {"selu", 100, 1, 9.57475145420939946, 0.3600365568001334341},
    {"selu", 100, 0.5, 27.04463592343218486, 0.4490804716871403984},
    {"selu", 100, 0.01, 48.62646463874080444, 0.6003979696679345402},
    {"selu", 100, 1e-7, 49.15208860563028014, 0.6178438075149061767},
};

TEST(DualQuadrature, KinkedActivationsAgainstMpmath) {
  for (const Reference& r : references) {
    SCOPED_TRACE(r.name);
    const bool elu = std::string_view(r.name) == "elu";
    expect_dual(quadrature(r.name, elu ? std::vector<double>{1} : std::vector<double>{}), r.a, 0.75 * r.a, r.s,
                {r.value, r.slope});
  }
}

TEST(DualQuadrature, MomentsClosedForms) {
  const double tolerance = DualQuadrature::moment_error;
  const auto relu = quadrature("relu"), erf = quadrature("erf", {1, 1, 0}), exp = quadrature("exp", {1, 1});
  for (const double q : {1e-300, 1e-12, 0.3, 1.0, 50.0, 1e6, 1e300}) {
    EXPECT_NEAR(relu.moments(q).value / (q / 2), 1, tolerance);
    EXPECT_NEAR(relu.moments(q).slope, 0.5, tolerance);
    EXPECT_NEAR(relu.mean(q).value / std::sqrt(q / (2 * pi)), 1, tolerance);
    // acos(1 / (1 + 2 q)) without its cancellation: asin(2 q / (1 + 2 q)) = atan(2 q / sqrt(1 + 4 q)).
    const double second = 2 / pi * std::atan(2 * q / std::sqrt(1 + 4 * q));
    EXPECT_NEAR(erf.moments(q).value / second, 1, tolerance) << q;
    EXPECT_NEAR(erf.moments(q).slope / (4 / pi / std::sqrt(1 + 4 * q)), 1, tolerance) << q;
  }
  for (const double q : {0.01, 1.0, 20.0}) EXPECT_NEAR(exp.moments(q).value / std::exp(2 * q), 1, 4 * tolerance);
}

// dense(weight_std=1.2, bias_std=0.1) tanh dense at x1 = F1(5, 7), x2 = F2(4, 7), arrays of the exact kernels.
TEST(DualQuadrature, NetworkGolden) {
  const double nngp12[] = {0.21768130357884452, -0.0213256965835306,  -0.16707455002448912, -0.09320127117671148,
                           0.23777400367367002, -0.13389669055681175, -0.17043269626730798, -0.02316341280598383,
                           0.1938177607493543,  -0.21326299859868342, -0.15541114159471697, 0.08059977134149379,
                           0.1128955788953634,  -0.22376996194082993, -0.13210537284940166, 0.1741235283774687,
                           0.03063936493045783, -0.16453933612394273, -0.11342708284480592, 0.2235788619561258};
  const double ntk12[] = {0.4452812064186405,  -0.042660232224848736, -0.338452750023532,   -0.18714748660332978,
                          0.48866254422495353, -0.270037226262559,    -0.3454434653795264,  -0.04633813800478054,
                          0.39452685623900724, -0.43595625149016903,  -0.31426405479856984, 0.16167928851449845,
                          0.227105269208851,   -0.458500786651544,    -0.2663040207428101,  0.35324759380559945,
                          0.06130468506379174, -0.3333052843746983,   -0.22817653832535853, 0.458116248433549};
  const double nngp11[] = {
      0.3885269175688029,    0.31350405585876284,   0.1436881072001009,  -0.036266594834413135, -0.1692634074547758,
      0.31350405585876284,   0.3864020654829083,    0.31619908739043157, 0.1586060062515292,    -0.015112171266826895,
      0.1436881072001009,    0.31619908739043157,   0.3934724258786999,  0.3292724632528237,    0.17323092921114597,
      -0.036266594834413135, 0.1586060062515292,    0.32927246325282367, 0.39703389680887946,   0.32585763143874824,
      -0.1692634074547758,   -0.015112171266826891, 0.17323092921114597, 0.3258576314387483,    0.38065163729489526};
  const double ntk11[] = {
      0.8439128900590886,   0.6589053720875332,   0.2901016902558593, -0.07257585961055314, -0.3430468790691529,
      0.6589053720875332,   0.8384958378685784,   0.665158445686184,  0.32089901375325214,  -0.03022743893270838,
      0.2901016902558593,   0.665158445686184,    0.8565828199365497, 0.6959203902203672,   0.3513101947909906,
      -0.07257585961055314, 0.3208990137532522,   0.6959203902203672, 0.8657616909800632,   0.6879841190094644,
      -0.3430468790691529,  -0.03022743893270838, 0.3513101947909906, 0.6879841190094645,   0.8239142506111136};
  double x[2][5][7] = {};
  for (int t = 0; t < 35; ++t) x[0][t / 7][t % 7] = std::sin(1.7 * t + 0.3) + 0.5 * std::cos(0.9 * t);
  for (int t = 0; t < 28; ++t) x[1][t / 7][t % 7] = std::cos(1.1 * t + 0.2) - 0.4 * std::sin(2.3 * t);
  const auto covariance = [](const double* u, const double* v) {
    double dot = 0;
    for (int k = 0; k < 7; ++k) dot += u[k] * v[k];
    return 0.1 * 0.1 + 1.2 * 1.2 * dot / 7;
  };
  const auto tanh = quadrature("tanh");
  for (int other = 0; other < 2; ++other)
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < (other ? 4 : 5); ++j) {
        const double a = covariance(x[0][i], x[0][i]), b = covariance(x[other][j], x[other][j]);
        const double c = covariance(x[0][i], x[other][j]), rho = c / std::sqrt(a * b);
        const double s = !other && i == j ? 0 : rho >= 0 ? 1 - rho : -(1 + rho);
        const DualValue v = tanh.dual(a, b, s);
        const int at = other ? i * 4 + j : i * 5 + j;
        EXPECT_NEAR(v.value, other ? nngp12[at] : nngp11[at], 1e-12);
        EXPECT_NEAR(v.value + v.slope * c, other ? ntk12[at] : ntk11[at], 1e-12);
      }
}

TEST(DualQuadrature, SymmetricInItsArguments) {
  for (const auto& q : {quadrature("tanh"), quadrature("relu6")})
    for (const double s : {0.0, 1e-7, 0.4, -0.2, -0.0}) {
      const DualValue x = q.dual(2.5, 0.3, s), y = q.dual(0.3, 2.5, s);
      EXPECT_EQ(x.value, y.value);
      EXPECT_EQ(x.slope, y.slope);
    }
}

TEST(DualQuadrature, ParallelRowsAndZeroRows) {
  const auto tanh = quadrature("tanh"), sigmoid = quadrature("sigmoid"), relu = quadrature("relu");
  for (const double q : {1e-300, 0.7, 1e4, 1e300}) {
    const DualValue m = tanh.moments(q);
    EXPECT_EQ(tanh.dual(q, q, 0).value, m.value);
    EXPECT_EQ(tanh.dual(q, q, 0).slope, m.slope);
    EXPECT_EQ(tanh.dual(q, q, -0.0).value, -m.value);
    EXPECT_EQ(tanh.dual(q, q, -0.0).slope, m.slope);
    EXPECT_NEAR(sigmoid.dual(0, q, 1).value, 0.25, DualQuadrature::dual_error);
    EXPECT_EQ(tanh.dual(0, q, 1).value, 0);
    EXPECT_NEAR(relu.dual(q, 0, 1).slope, 0.25, DualQuadrature::dual_error);
  }
  EXPECT_EQ(sigmoid.dual(0, 0, 0).value, 0.25);
  EXPECT_NEAR(relu.moments(0).slope, 0.5, DualQuadrature::moment_error);
  EXPECT_EQ(relu.moments(0).value, 0);
}

// tanh tends to sign; at q = 1e300 the bend has a width of 1e-150.
TEST(DualQuadrature, SteepFunctionsTendToTheirLimits) {
  const auto tanh = quadrature("tanh");
  EXPECT_NEAR(tanh.dual(1e300, 1e299, 0.5).value, 1 - 2 * std::acos(0.5) / pi, DualQuadrature::dual_error);
  // E[phi'^2] -> int sech^4 / sqrt(2 pi q) = 4 / (3 sqrt(2 pi q)).
  EXPECT_NEAR(tanh.moments(1e300).slope / (4 / (3 * std::sqrt(2 * pi) * 1e150)), 1, DualQuadrature::moment_error);
  EXPECT_NEAR(tanh.moments(1e300).value, 1, DualQuadrature::moment_error);
}

TEST(DualQuadrature, WhatIsNotFinite) {
  const auto tanh = quadrature("tanh");
  EXPECT_TRUE(std::isnan(tanh.dual(std::nan(""), 1, 0.5).value));
  EXPECT_TRUE(std::isnan(tanh.dual(1, 1, std::nan("")).slope));
  EXPECT_TRUE(std::isnan(tanh.moments(std::nan("")).value));
  const auto growing = quadrature("gaussian", {1, 0.5});
  EXPECT_EQ(growing.moments(1).value, infinity);
  EXPECT_EQ(growing.dual(1, 1, 0.5).value, infinity);
  EXPECT_TRUE(std::isfinite(growing.moments(0.4).value));
}

TEST(DualQuadrature, Errors) {
  EXPECT_EQ(message({"rleu", {}}), "there is no activation 'rleu' (the table of activations lacks it) check its name");
  EXPECT_EQ(message({"exp_normalized", {1, -1}}),
            "'exp_normalized' has no quadrature (it is defined by its kernel, not by a function) use its closed form");
  EXPECT_EQ(message({"elu", {}}), "'elu' got 0 parameters (it takes 1) fill in all of them");
  EXPECT_EQ(message({"polynomial", {}}), "'polynomial' got 0 parameters (it takes at least one) fill in all of them");
  const auto tanh = quadrature("tanh");
  const auto refusal = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal([&] { tanh.dual(-1, 1, 0.5); }),
            "no dual of variance -1 (variances are finite and >= 0) check the covariances");
  EXPECT_EQ(refusal([&] { tanh.dual(1, infinity, 0.5); }),
            "no dual of variance inf (variances are finite and >= 0) check the covariances");
  EXPECT_EQ(refusal([&] { tanh.moments(-1); }),
            "no dual of variance -1 (variances are finite and >= 0) check the covariances");
  EXPECT_EQ(refusal([&] { tanh.mean(infinity); }),
            "no dual of variance inf (variances are finite and >= 0) check the covariances");
  EXPECT_EQ(refusal([&] { tanh.dual(1, 1, 1.5); }),
            "no dual at complement 1.5 (it lies within [-1, 1]) check the correlations");
}

}  // namespace
}  // namespace widenet
