// widenet kernel on samples with absent positions, on graphs, and with constants from files.
#include "tests/cli/run.h"
#include "widenet/data/npy.h"
#include "widenet/data/read.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet::testing {
namespace {

const Shape sequence{{4}, 2};

class CliKernelPositions : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k * k));
    for (std::size_t k = 0; k < z.size(); ++k) z.data()[k] = std::cos(static_cast<double>(k * k));
    for (std::size_t k = 0; k < a.size(); ++k) a.data()[k] = static_cast<double>(k % 3);
    for (std::size_t k = 0; k < b.size(); ++k) b.data()[k] = static_cast<double>(k % 5);
    folder.write("x.npy", npy_bytes({3, 4, 2}, x));
    folder.write("z.npy", npy_bytes({2, 4, 2}, z));
    folder.write("a.npy", npy_bytes({3, 4, 4}, a));
    folder.write("b.npy", npy_bytes({2, 4, 4}, b));
  }
  void expect_matrix(const std::string& name, const Matrix<double>& expected) const {
    const Array written = read_array(folder.path(name));
    ASSERT_EQ(written.values.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_EQ(written.values.data()[k], expected.data()[k]);
  }
  Matrix<double> x{3, 8}, z{2, 8}, a{3, 16}, b{2, 16};
};

const std::string cnn = "ntk[conv(3, padding=same) relu global_avg_pool dense]";
const std::string gnn = "ntk[dense relu aggregate dense relu global_avg_pool dense]";

TEST_F(CliKernelPositions, EveryPositionIsARowAndAColumn) {
  const std::string ends_in_four = "ntk[conv(3, padding=same) relu dense]";
  const Kernel kernel = parse_kernel(ends_in_four);
  const PositionOptions all{.mask = {}, .all_positions = true};
  ASSERT_EQ(run("kernel '" + ends_in_four + "' x.npy z.npy --positions --out k.npy").code, 0);
  const Matrix<double> across = materialize(*kernel_gram<double>(kernel, sequence, x.view(), z.view(), all));
  EXPECT_EQ(across.rows(), 12u);
  EXPECT_EQ(across.cols(), 8u);
  expect_matrix("k.npy", across);
  const Outcome own = run("kernel '" + ends_in_four + "' x.npy --positions --out k.npy");
  EXPECT_PRED2(contains, own.out, "12 x 12");
  const Matrix<double> square = materialize(*kernel_gram<double>(kernel, sequence, x.view(), all));
  expect_matrix("k.npy", square);
  ASSERT_EQ(run("kernel '" + ends_in_four + "' x.npy --positions --diagonal --out d.npy").code, 0);
  Matrix<double> diagonal(12, 1);
  for (std::size_t i = 0; i < 12; ++i) diagonal(i, 0) = square(i, i);
  expect_matrix("d.npy", diagonal);
  expect_failure("kernel '" + ends_in_four + "' x.npy --out k.npy", 2, "take the kernel of all positions");
}

TEST_F(CliKernelPositions, MaskedEntriesAreAbsent) {
  for (const double mask : {-99.5, std::nan("")}) {
    Matrix<double> padded = x;
    for (std::size_t k = 4; k < 8; ++k) padded(1, k) = mask;
    folder.write("padded.npy", npy_bytes({3, 4, 2}, padded));
    const std::string word = std::isnan(mask) ? "nan" : "-99.5";
    ASSERT_EQ(run("kernel '" + cnn + "' padded.npy --mask " + word + " --out k.npy").code, 0);
    expect_matrix("k.npy",
                  materialize(*kernel_gram<double>(parse_kernel(cnn), sequence, padded.view(), {.mask = mask})));
    ASSERT_EQ(run("kernel '" + cnn + "' padded.npy z.npy --mask " + word + " --out k.npy").code, 0);
    expect_matrix("k.npy", materialize(*kernel_gram<double>(parse_kernel(cnn), sequence, padded.view(), z.view(),
                                                            {.mask = mask})));
  }
  // padded.npy now holds NaN.
  expect_failure("kernel '" + cnn + "' padded.npy --out k.npy", 1, "found a missing value or NaN");
  expect_failure("kernel '" + cnn + "' padded.npy --mask 0 --out k.npy", 1, "found a missing value or NaN");
  expect_failure("kernel '" + cnn + "' x.npy --mask none --out k.npy", 2,
                 "--mask 'none' is no mask (a finite number is one, or nan)");
  expect_failure("kernel gaussian x.npy --mask 0 --out k.npy", 2, "a mask is given to gaussian");
}

TEST_F(CliKernelPositions, GraphsStandInFilesOfTheirOwn) {
  ASSERT_EQ(run("kernel '" + gnn + "' x.npy --graph a.npy --out k.npy").code, 0);
  expect_matrix("k.npy", materialize(*kernel_gram<double>(parse_kernel(gnn), sequence, x.view(),
                                                          {.mask = {}, .row_graphs = a.view()})));
  ASSERT_EQ(run("kernel '" + gnn + "' x.npy z.npy --graph a.npy b.npy --out k.npy").code, 0);
  const Matrix<double> across =
      materialize(*kernel_gram<double>(parse_kernel(gnn), sequence, x.view(), z.view(),
                                       {.mask = {}, .row_graphs = a.view(), .column_graphs = b.view()}));
  expect_matrix("k.npy", across);
  std::string edges = "sample,from,to,weight\n";
  for (std::size_t k = 0; k < b.size(); ++k)
    if (b.data()[k] != 0) edges += fmt::format("{},{},{},{}\n", k / 16, k % 16 / 4, k % 4, b.data()[k]);
  folder.write("b.csv", edges);
  ASSERT_EQ(run("kernel '" + gnn + "' x.npy z.npy --graph a.npy b.csv --out k.npy").code, 0);
  expect_matrix("k.npy", across);
}

TEST_F(CliKernelPositions, GraphsThatAreMissingOrNotReadAreRefused) {
  expect_failure("kernel '" + gnn + "' x.npy --out k.npy", 2,
                 "0 graph files for 1 files of samples (aggregate reads a graph of 4 nodes beside every sample) give "
                 "--graph A.npy");
  expect_failure("kernel '" + gnn + "' x.npy z.npy --graph a.npy --out k.npy", 2, "give --graph A.npy B.npy");
  expect_failure("kernel '" + gnn + "' x.npy --graph a.npy b.npy --out k.npy", 2, "2 graph files for 1 files");
  expect_failure("kernel '" + cnn + "' x.npy --graph a.npy --out k.npy", 2,
                 "--graph is given, but no layer of " + cnn + " is aggregate");
  expect_failure("kernel '" + gnn + "' x.npy --graph b.npy --out k.npy", 1,
                 "b.npy holds 2 graphs of 4 x 4 (there are 3 samples of 4 nodes)");
  expect_failure("kernel '" + gnn + "' x.npy --graph none.npy --out k.npy", 1, "cannot open 'none.npy'");
}

TEST_F(CliKernelPositions, TheShapeOfPlainRowsIsGiven) {
  write_npy(folder.path("rows.npy"), x.view());
  ASSERT_EQ(run("kernel '" + cnn + "' rows.npy z.npy --input-shape 4x2 --out k.npy").code, 0);
  expect_matrix("k.npy", materialize(*kernel_gram<double>(parse_kernel(cnn), sequence, x.view(), z.view())));
  expect_failure("kernel '" + cnn + "' rows.npy --input-shape 4x3 --out k.npy", 2,
                 "--input-shape 4x3 is of 12 numbers, a sample of rows.npy has 8 (one for each) give another shape");
}

// Relative paths count from where the program runs, in a file of the expression from its folder.
TEST_F(CliKernelPositions, ConstantsAreReadFromFiles) {
  Matrix<double> constant(2, 4);
  for (std::size_t k = 0; k < 8; ++k) constant.data()[k] = static_cast<double>(k) - 3;
  folder.write("sub/c.npy", npy_bytes({2, 4}, constant));
  folder.write("sub/net.txt",
               "ntk[conv(3, padding=same) relu  # a comment\n dot_general(constant=@c.npy, contract=1) "
               "dense relu flatten dense]\n");
  const std::string numbers = "[[-3, -2, -1, 0], [1, 2, 3, 4]]";
  const auto text = [](const std::string& c) {
    return "ntk[conv(3, padding=same) relu dot_general(constant=" + c + ", contract=1) dense relu flatten dense]";
  };
  const Matrix<double> expected = materialize(*kernel_gram<double>(parse_kernel(text(numbers)), sequence, x.view()));
  for (const std::string& expression : {text("@sub/c.npy"), std::string("@sub/net.txt"), text(numbers)}) {
    ASSERT_EQ(run("kernel '" + expression + "' x.npy --out k.npy").code, 0)
        << run("kernel '" + expression + "' x.npy --out k.npy").err;
    expect_matrix("k.npy", expected);
  }
  expect_failure("kernel '" + text("@c.npy") + "' x.npy --out k.npy", 1, "c.npy cannot be read");
}

}  // namespace
}  // namespace widenet::testing
