// The vector code against the scalar oracle, on every instruction set.
#include "widenet/infinite/execute.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/hard_rows.h"
#include "tests/support/targets.h"
#include "widenet/infinite/network_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

template <class T>
constexpr double unit = sizeof(T) == 8 ? 0x1p-53 : 0x1p-24;

// Steps of a program, each layer of a chain counted.
double steps(const Program& program) {
  double count = 1;
  for (const Step& step : program.steps) {
    const auto* chain = std::get_if<ChainStep>(&step);
    count += chain ? 2 * static_cast<double>(chain->layers.size()) : 1;
  }
  return count;
}

// K and Theta of one pair of every lane from execute(), against long double on the same parameters and complement.
// `slack` units in the last place per step, of sqrt(G(i,i) G(j,j)) and of the sensitivity to the complement.
template <class T>
void compare(const Program& program, double slack, Random& random, const std::string& label) {
  constexpr std::size_t lanes = chunk_lanes<T>;
  const std::size_t count = parameter_count(program);
  const auto variance = [&] { return program.divisor * std::pow(10, uniform(random, -2, 1)); };
  std::vector<double> row(count), column(count), row_rounded(count);
  std::vector<std::vector<double>> columns(lanes, std::vector<double>(count));
  std::vector<T> row_t(count), columns_t(count * lanes);
  std::vector<OwnKernel> own(lanes);
  const double row_variance = variance();
  const OwnKernel row_own = run_sample(program, row_variance, 0, row.data(), nullptr);
  for (std::size_t k = 0; k < count; ++k) row_rounded[k] = static_cast<double>(row_t[k] = static_cast<T>(row[k]));
  std::vector<T> s(lanes);
  const bool nonnegative = below(random, 2) == 0;
  for (std::size_t j = 0; j < lanes; ++j) {
    own[j] = run_sample(program, j % 5 == 0 ? row_variance : variance(), j, column.data(), nullptr);
    for (std::size_t k = 0; k < count; ++k)
      columns[j][k] = static_cast<double>(columns_t[k * lanes + j] = static_cast<T>(column[k]));
    const double size = j % 3 == 0 ? uniform(random, 0, 1) : std::pow(10, uniform(random, -4, 0));
    s[j] = static_cast<T>(nonnegative ? size : std::copysign(size, uniform(random, -1, 1)));
  }
  for_each_target([&](std::int64_t target) {
    std::vector<T> out(lanes), state(state_size<T>(program));
    Matrix<T> together(rows_at_once, lanes);
    for (const Output output : {Output::nngp, Output::ntk}) {
      const auto run = [&](std::size_t rows, T* const* to, bool told) {
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t j = 0; j < lanes; ++j) {
            T* at = state.data() + r * numbers_per_pair * lanes + j;
            at[0] = s[j];
            at[lanes] = std::copysign(1 - std::abs(s[j]), s[j]);
          }
        execute<T>({.program = &program,
                    .output = output,
                    .rows = rows,
                    .row = row_t.data(),
                    .row_stride = 0,
                    .columns = columns_t.data(),
                    .row_sides = nullptr,
                    .column_sides = nullptr,
                    .row_sample = 0,
                    .column_samples = {0, lanes},
                    .state = state.data(),
                    .out = to,
                    .nonnegative = told});
      };
      T* single[] = {out.data()};
      T* several[rows_at_once];
      for (std::size_t r = 0; r < rows_at_once; ++r) several[r] = together.row(r).data();
      run(1, single, false);
      run(rows_at_once, several, nonnegative);
      for (std::size_t r = 0; r < rows_at_once; ++r)
        for (std::size_t j = 0; j < lanes; ++j) ASSERT_EQ(together(r, j), out[j]) << label << " row " << r;
      for (std::size_t j = 0; j < lanes; ++j) {
        const auto [nngp, ntk] =
            execute_pair<long double>(program, row_rounded.data(), columns[j].data(), static_cast<long double>(s[j]));
        const long double exact = output == Output::nngp ? nngp : ntk;
        const double scale = output == Output::nngp ? std::sqrt(row_own.nngp) * std::sqrt(own[j].nngp)
                                                    : std::sqrt(row_own.ntk) * std::sqrt(own[j].ntk);
        ASSERT_LE(std::abs(static_cast<double>(static_cast<long double>(out[j]) - exact)),
                  slack * unit<T> * steps(program) * scale)
            << label << " target " << target << " s " << s[j] << " " << static_cast<double>(out[j]) << " "
            << static_cast<double>(exact);
      }
    }
  });
}

template <class T>
struct Execute : testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(Execute, Numbers);

TYPED_TEST(Execute, EveryActivation) {
  Random random(3);
  std::vector<std::string> all = bounded_activations();
  all.insert(all.end(), growing_activations().begin(), growing_activations().end());
  for (const std::string& activation : all)
    for (const char* bias : {"0", "0.25"}) {
      const std::string text = "dense(weight_std=0.75, bias_std=" + std::string(bias) + ") " + activation +
                               " dense(weight_std=0.75, bias_std=0.125)";
      for (int repeat = 0; repeat < 3; ++repeat) compare<TypeParam>(compile(parse_network(text), 7), 64, random, text);
    }
}

TYPED_TEST(Execute, RandomNetworks) {
  // Not mixed: behind a smooth activation a kinked one turns a rounding of rho into its root.
  const std::vector<std::string> kinked = {"relu", "leaky_relu(0.1)", "abs", "abrelu(0.25, -0.5)"};
  const std::vector<std::string> smooth = {"erf", "gelu", "gaussian(1, -0.5)", "sin", "cos(1, 1.5, 0.2)", "rbf(0.3)"};
  Random random(17);
  for (int repeat = 0; repeat < 40; ++repeat)
    for (const auto& activations : {kinked, smooth}) {
      const std::string text = random_network(random, activations);
      compare<TypeParam>(compile(parse_network(text), 7), 256, random, text);
    }
}

// The whole Gram has the same bits on every instruction set where no quotient of rounding enters: linear layers.
TYPED_TEST(Execute, GramOnEveryInstructionSet) {
  using T = TypeParam;
  Random random(23);
  const Matrix<T> x = hard_rows<T>(random, 50, 6, 3);
  for (const char* text : {"dense(bias_std=0.5)", "repeat(3)[dense(bias_std=0.25) relu] dense",
                           "dense erf dense gelu dense", "dense sum[identity | sin dense] rbf dense"}) {
    const NetworkKernel kernel{Limit::ntk, parse_network(text)};
    std::vector<Matrix<T>> all;
    for_each_target([&](std::int64_t) { all.push_back(materialize(*network_gram<T>(kernel, x.view()))); });
    for (const Matrix<T>& other : all)
      EXPECT_TRUE(std::equal(other.data(), other.data() + other.size(), all[0].data())) << text;
  }
}

}  // namespace
}  // namespace widenet
