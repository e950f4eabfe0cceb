#include "widenet/infinite/position_gram.h"

#include "tests/architecture/message.h"
#include "tests/support/check_gram.h"
#include "tests/support/position_samples.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet {
namespace {

using namespace testing_support;

const Shape image{{5, 4}, 3};
const std::string cnn = "conv(3x3, padding=same, bias_std=0.1) relu avg_pool(2x2) conv(2x2) erf global_avg_pool dense";

Matrix<double> images(std::size_t n, std::uint64_t seed = 1) {
  Random random(seed);
  return normal_rows<double>(random, n, 60);
}
NetworkKernel kernel_of(const std::string& text, Limit limit = Limit::ntk) { return {limit, parse_network(text)}; }

TEST(PositionGram, HoldsWhatAGramMust) {
  Random random(4);
  for (const Limit limit : {Limit::nngp, Limit::ntk}) {
    Matrix<double> x = images(9);
    std::ranges::copy(x.row(2), x.row(7).begin());
    check_symmetric_gram(*position_gram(kernel_of(cnn, limit), image, x), 1e-13, random);
  }
}

TEST(PositionGram, EntriesArePairs) {
  const Matrix<double> x = images(3), z = images(5, 2);
  const PositionNetwork network = network_of(cnn, image);
  const Matrix<double> theta = materialize(*position_gram(kernel_of(cnn), image, x, z));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 5; ++j)
      EXPECT_EQ(theta(i, j), network.pair(network.own({x.row(i)}), network.own({z.row(j)})).tangent(0, 0));
  Random random(8);
  expect_thread_invariant(*position_gram(kernel_of(cnn), image, x, z), theta);
  EXPECT_EQ(position_gram(kernel_of(cnn), image, images(0), z)->rows(), 0U);
}

TEST(PositionGram, MasksAndGraphs) {
  Matrix<double> x = images(4);
  for (std::size_t k = 30; k < 60; ++k) x(1, k) = 5;
  const std::string gnn = "dense(bias_std=0.1) relu aggregate dense relu global_avg_pool dense";
  const Matrix<double> graphs = [] {
    Random random(3);
    return normal_rows<double>(random, 4, 400);
  }();
  const PositionOptions options{.mask = 5, .row_graphs = graphs.view()};
  const Matrix<double> k = materialize(*position_gram(kernel_of(gnn), image, x, options));
  const PositionNetwork network = network_of(gnn, image, 5);
  const OwnState first = network.own({x.row(1), graphs.row(1)}), second = network.own({x.row(3), graphs.row(3)});
  EXPECT_EQ(k(1, 3), network.pair(first, second).tangent(0, 0));
  EXPECT_EQ(k(1, 1), first.kernel.tangent(0, 0));
  EXPECT_EQ(materialize(*kernel_gram<double>({kernel_of(gnn)}, image, x.view(), options))(1, 3), k(1, 3));
}

// Every position of every sample is a row and a column: the kernel of pairs, block by block.
TEST(PositionGram, OfAllPositions) {
  const std::string text = "conv(3x3, padding=same, bias_std=0.1) relu avg_pool(2x2) conv(2x1)";  // 1 x 2 positions
  const Matrix<double> x = images(5), z = images(3, 2);
  const PositionNetwork network = network_of(text, image);
  const PositionOptions all{.mask = {}, .all_positions = true};
  for (const Limit limit : {Limit::nngp, Limit::ntk}) {
    const Matrix<double> k = materialize(*position_gram(kernel_of(text, limit), image, x, z, all));
    ASSERT_EQ(k.rows(), 10u);
    ASSERT_EQ(k.cols(), 6u);
    for (std::size_t i = 0; i < 10; ++i)
      for (std::size_t j = 0; j < 6; ++j) {
        const PairKernel pair = network.pair(network.own({x.row(i / 2)}), network.own({z.row(j / 2)}));
        EXPECT_EQ(k(i, j), (limit == Limit::ntk ? pair.tangent : pair.covariance)(i % 2, j % 2));
      }
    Random random(5);
    check_symmetric_gram(*position_gram(kernel_of(text, limit), image, x, all), 1e-13, random);
  }
}

TEST(PositionGram, OfAllPositionsInExpressions) {
  const Matrix<double> x = images(3);
  const std::string text = "conv(3x2, bias_std=0.1)";  // 3 x 3 positions
  const PositionOptions all{.mask = {}, .all_positions = true};
  const Kernel sum = parse_kernel("2*ntk[" + text + "] + 0.5");
  EXPECT_EQ(end_positions(sum, image), 9u);
  const Matrix<double> k = materialize(*kernel_gram<double>(sum, image, x.view(), all));
  const Matrix<double> part = materialize(*position_gram(kernel_of(text), image, x, all));
  ASSERT_EQ(k.rows(), 27u);
  for (std::size_t e = 0; e < k.size(); ++e) EXPECT_EQ(k.data()[e], 2 * part.data()[e] + 0.5);
  EXPECT_EQ(
      message_of([&] { kernel_gram<double>(parse_kernel("ntk[" + text + "] + gaussian"), image, x.view(), all); }),
      "the parts of ntk[conv(3x2, bias_std=0.1)] + gaussian end in 9 and 1 positions (only what ends in as many "
      "can be put together) change them");
}

TEST(PositionGram, KernelExpressions) {
  const Matrix<double> x = images(3), z = images(2, 2);
  const Kernel mixed = parse_kernel("2*gaussian(length=9) + ntk[" + cnn + "] + nngp[dense relu dense]");
  const Matrix<double> all = materialize(*kernel_gram<double>(mixed, image, x.view(), z.view()));
  const Matrix<double> of_image = materialize(*position_gram(kernel_of(cnn), image, x, z));
  const Matrix<double> of_vectors = materialize(
      *kernel_gram<double>(parse_kernel("2*gaussian(length=9) + nngp[dense relu dense]"), x.view(), z.view()));
  for (std::size_t k = 0; k < all.size(); ++k)
    EXPECT_NEAR(all.data()[k], of_image.data()[k] + of_vectors.data()[k], 4e-16 * all.data()[k]);
  const Matrix<float> single =
      materialize(*kernel_gram<float>(mixed, image, copy<float>(x.view()).view(), copy<float>(z.view()).view()));
  for (std::size_t k = 0; k < all.size(); ++k) EXPECT_NEAR(single.data()[k], all.data()[k], 1e-6 * all.data()[k]);
}

// A network that flattens first sees vectors.
TEST(PositionGram, FlattenFirst) {
  const Matrix<double> x = images(4);
  const Matrix<double> flat =
      materialize(*kernel_gram<double>(parse_kernel("ntk[flatten dense erf dense]"), image, x.view()));
  const Matrix<double> vectors = materialize(*kernel_gram<double>(parse_kernel("ntk[dense erf dense]"), x.view()));
  const Matrix<double> plain = materialize(*position_gram(kernel_of("flatten dense erf dense"), image, x));
  for (std::size_t k = 0; k < flat.size(); ++k) {
    EXPECT_EQ(flat.data()[k], vectors.data()[k]);
    EXPECT_NEAR(plain.data()[k], vectors.data()[k], 1e-14);
  }
}

TEST(PositionGram, BytesGrowWithTheSamples) {
  const Kernel kernel = parse_kernel("ntk[dense index(\"[:, ::-1]\") " + cnn + "] + gaussian");
  const std::size_t one = kernel_gram_bytes(kernel, 0, 1, image, 8), nine = kernel_gram_bytes(kernel, 0, 9, image, 8);
  EXPECT_GT(nine - one, 8 * 60 * 3 * sizeof(double));
  EXPECT_GT(one, 2 * 400 * sizeof(double));
}

TEST(PositionGramErrors, SayWhatIsWrong) {
  const Matrix<double> x = images(3);
  const auto message = [&](const std::string& text, const Matrix<double>& samples,
                           const PositionOptions& options = {}) {
    return message_of([&] { position_gram(kernel_of(text), image, samples, options); });
  };
  EXPECT_EQ(message("conv(3x3)", x),
            "the network ends in the shape 3x2xany (a Gram matrix has one number per pair of samples) end it with "
            "flatten or global_avg_pool, and a dense, or take the kernel of all positions");
  EXPECT_EQ(message("dense relu aggregate flatten dense", x),
            "there are 0 graphs for 3 samples (aggregate reads one per sample) give as many");
  const Matrix<double> graphs(3, 9);
  EXPECT_EQ(message("dense relu aggregate flatten dense", x, {.mask = {}, .row_graphs = graphs.view()}),
            "the graph of sample 0 has 9 numbers (aggregate needs an adjacency matrix of 20 x 20 positions) give one");
  EXPECT_EQ(message("dense aggregate index(\"[:, 1]\") aggregate flatten dense", x),
            "aggregate reads 20 positions in one layer and 4 in another (a sample has one graph) change their number "
            "before the first, or behind the last");
  EXPECT_EQ(message(cnn, Matrix<double>(1, 59)),
            "sample 0 has 59 numbers (a sample of the shape 5x4x3 has 60) give samples of that shape");
  Matrix<double> wrong = images(3);
  wrong(2, 7) = std::nan("");
  EXPECT_EQ(message(cnn, wrong), "sample 2 holds a NaN (no kernel is defined for it) remove or fill it");
  wrong(2, 7) = 1e200;
  EXPECT_EQ(message(cnn, wrong),
            "the largest number 1e+200 of position 2 of sample 2 lies outside [1e-150, 1e150] (its square is not a "
            "float64 number of full precision) scale the inputs");
  wrong(2, 7) = 1e4;
  EXPECT_EQ(message("dense exp global_avg_pool dense", wrong).substr(0, 87),
            "the kernel of sample 2 is not finite (on the way a mean square is inf, its tangent kern");
  EXPECT_EQ(message_of([&] { kernel_gram<double>({kernel_of(cnn)}, image, Matrix<double>(2, 7).view()); }),
            "the samples have 7 numbers (a sample of the shape 5x4x3 has 60) give samples of that shape");
  EXPECT_EQ(message_of([] {
              PositionNetwork(parse_network("dense"), {{3}, 0});
            }),
            "the samples have no channels (a covariance is a mean over them) give samples of at least one channel");
}

}  // namespace
}  // namespace widenet
