// widenet kernel: the matrix in a file, its size stated and refused.
#include "tests/cli/run.h"
#include "widenet/data/npy.h"
#include "widenet/data/read.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet::testing {
namespace {

class CliKernel : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k));
    for (std::size_t k = 0; k < z.size(); ++k) z.data()[k] = std::cos(static_cast<double>(k));
    write_npy(folder.path("x.npy"), x.view());
    write_npy(folder.path("z.npy"), z.view());
  }
  Array read(const std::string& name) const { return read_array(folder.path(name)); }

  const std::string expression = "ntk[repeat(2)[dense(bias_std=0.1) relu] dense]";
  Matrix<double> x{7, 3}, z{4, 3};
};

TEST_F(CliKernel, WritesTheMatrixOfTheLibrary) {
  const auto object = json("kernel '" + expression + "' x.npy z.npy --out k.npy");
  EXPECT_EQ(object.at("rows"), 7);
  EXPECT_EQ(object.at("cols"), 4);
  EXPECT_GT(object.at("seconds").get<double>(), 0);
  EXPECT_NEAR(object.at("entries_per_second").get<double>() * object.at("seconds").get<double>(), 28, 1e-12 * 28);
  const auto gram = kernel_gram<double>(parse_kernel(expression), x.view(), z.view());
  const Matrix<double> expected = materialize(*gram);
  const Array written = read("k.npy");
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(written.values(i, j), expected(i, j));
}

// Arrays of more than two dimensions: samples first, channels last.
TEST_F(CliKernel, ImagesAndSequences) {
  Matrix<double> images(2, 60);
  for (std::size_t k = 0; k < images.size(); ++k) images.data()[k] = std::sin(static_cast<double>(k * k));
  folder.write("images.npy", npy_bytes({2, 5, 4, 3}, images));
  const std::string cnn = "ntk[conv(3x3, padding=same) relu global_avg_pool dense]";
  ASSERT_EQ(json("kernel '" + cnn + "' images.npy --out k.npy").at("rows"), 2);
  const Matrix<double> expected = materialize(*kernel_gram<double>(parse_kernel(cnn), Shape{{5, 4}, 3}, images.view()));
  const Array written = read("k.npy");
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(written.values.data()[k], expected.data()[k]);
  ASSERT_EQ(json("kernel '" + cnn + "' images.npy --float32 --diagonal --out d.npy").at("cols"), 1);
  const Matrix<float> rounded = copy<float>(images.view());
  float own[2];
  kernel_gram<float>(parse_kernel(cnn), Shape{{5, 4}, 3}, rounded.view())->diagonal(own);
  EXPECT_EQ(read("d.npy").values(1, 0), static_cast<double>(own[1]));
  expect_failure("kernel 'ntk[conv(3) dense]' images.npy --out k.npy", 2, "got the shape 5x4x3");
}

TEST_F(CliKernel, SinglePrecisionAndDiagonal) {
  ASSERT_EQ(run("kernel '" + expression + "' x.npy --out double.npy").code, 0);
  EXPECT_EQ(json("kernel '" + expression + "' x.npy --float32 --out single.npy").at("dtype"), "float32");
  EXPECT_EQ(json("kernel '" + expression + "' x.npy --diagonal --out diagonal.npy").at("cols"), 1);
  const Array full = read("double.npy"), single = read("single.npy"), diagonal = read("diagonal.npy");
  EXPECT_LT(std::filesystem::file_size(folder.path("single.npy")),
            std::filesystem::file_size(folder.path("double.npy")));
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(diagonal.values(i, 0), full.values(i, i));
    EXPECT_NEAR(single.values(i, i), full.values(i, i), 64 * 0x1p-24 * full.values(i, i));
  }
}

TEST_F(CliKernel, StatesItsMemoryAndRefuses) {
  EXPECT_PRED2(contains, run("kernel linear x.npy --out k.npy").err, "memory: ");
  expect_failure("kernel linear x.npy --memory 100 --out small.npy", 1, "is the limit given");
  EXPECT_FALSE(exists("small.npy"));
}

TEST_F(CliKernel, RefusesWhatDoesNotFit) {
  write_npy(folder.path("wide.npy"), Matrix<double>(2, 5, 1.0).view());
  expect_failure("kernel linear x.npy wide.npy --out k.npy", 2, "x.npy has rows of 3 numbers, wide.npy of 5");
  expect_failure("kernel 'gaussian([1, 2])' x.npy --out k.npy", 2, "");
  expect_failure("kernel 'ntk[dense relu dense(parametrization=standard)]' x.npy --out k.npy", 2, "width");
  expect_failure("kernel linear houses.csv --out k.npy", 1, "houses.csv");
  expect_failure("kernel linear nothing.npy --out k.npy", 1, "cannot open 'nothing.npy'");
  expect_failure("kernel @nothing.txt x.npy --out k.npy", 1, "nothing.txt cannot be read");
  expect_failure("kernel linear x.npy --out missing/k.npy", 1, "cannot create 'missing/k.npy'");
}

TEST_F(CliKernel, AFullDiskIsSaid) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "skipped: no device that is full";
  expect_failure("kernel linear x.npy --out /dev/full", 1, "cannot write '/dev/full'");
}

TEST_F(CliKernel, ReadsAnExpressionFromAFile) {
  folder.write("kernel.txt", "0.5*gaussian  # a comment\n");
  EXPECT_EQ(json("kernel @kernel.txt x.npy --out k.npy").at("kernel"), "0.5*gaussian");
  folder.write("wrong.txt", "# a net\nntk[dense\n  relo dense]\n");
  expect_failure("kernel @wrong.txt x.npy --out k.npy", 2, "wrong.txt:3:3: there is no layer relo");
  expect_failure("fit houses.csv --target price --kernel @wrong.txt --out m.model", 2,
                 "wrong.txt:3:3: there is no layer");
  expect_failure("kernel 'ntk[conv(3) dense]' x.npy --out k.npy", 2, "got the shape 3");
}

}  // namespace
}  // namespace widenet::testing
