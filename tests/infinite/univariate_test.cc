// The collapse of homogeneous networks to one polynomial, against the steps it replaces.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/hard_rows.h"
#include "widenet/infinite/network_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

template <class T>
struct Univariate : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(Univariate, Numbers);

TYPED_TEST(Univariate, SameAsTheSteps) {
  using T = TypeParam;
  Random random(2);
  const Matrix<T> x = hard_rows<T>(random, 60, 5, sizeof(T) == 8 ? 100 : 10);
  for (const char* activation : {"relu", "leaky_relu(0.2)", "abs", "abrelu(0.25, -0.5)"})
    for (const int depth : {1, 2, 3, 5, 10, 20, 50})
      for (const char* dense : {"dense(weight_std=sqrt(2))", "dense(16, weight_std=sqrt(2), parametrization=standard)"})
        for (const Output output : {Output::nngp, Output::ntk}) {
          const std::string text = "repeat(" + std::to_string(depth) + ")[" + dense + " " + activation + "] " + dense;
          Program program = compile(parse_network(text), 5), plain = program;
          ASSERT_TRUE(program.homogeneous);
          plain.homogeneous = false;
          const auto gram = program_gram<T>(program, output, x.view());
          const Matrix<T> a = materialize(*gram), b = materialize(*program_gram<T>(plain, output, x.view()));
          for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.rows(); ++j) {
              const double size = std::sqrt(static_cast<double>(a(i, i))) * std::sqrt(static_cast<double>(a(j, j)));
              ASSERT_LE(std::abs(static_cast<double>(a(i, j)) - static_cast<double>(b(i, j))),
                        2 * network_gram_error<T> * (depth + 1) * size)
                  << text << " " << i << ", " << j;
            }
        }
}

TYPED_TEST(Univariate, ShallowNetworksCollapse) {
  for (const char* text :
       {"dense relu dense", "repeat(3)[dense relu] dense", "repeat(10)[dense(weight_std=sqrt(2)) relu] dense"})
    for (const Output output : {Output::nngp, Output::ntk})
      EXPECT_FALSE(univariate_polynomial<TypeParam>(compile(parse_network(text), 5), output).empty()) << text;
  for (const char* text : {"dense(bias_std=0.1) relu dense", "dense erf dense", "dense layer_norm relu dense"})
    EXPECT_TRUE(univariate_polynomial<TypeParam>(compile(parse_network(text), 5), Output::ntk).empty()) << text;
}

}  // namespace
}  // namespace widenet
