// fit, predict and evaluate on arrays of images and sequences.
#include "tests/cli/run.h"
#include "widenet/data/npy.h"

namespace widenet::testing {
namespace {

class CliImages : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (std::size_t k = 0; k < images.size(); ++k) images.data()[k] = std::sin(static_cast<double>(k * k));
    folder.write("images.npy", npy_bytes({18, 5, 4, 3}, images));
    folder.write("other.npy", npy_bytes({18, 4, 5, 3}, images));
    folder.write("sequences.npy", npy_bytes({18, 20, 3}, images));
    std::string labels;
    for (int i = 0; i < 18; ++i) labels += i % 3 == 0 ? "cat\n" : "dog\n";
    folder.write("labels.csv", labels);
  }
  Matrix<double> images{18, 60};
};

const std::string cnn = " --kernel 'ntk[conv(3x3, padding=same) relu flatten dense]' --ridge 0.1 --out m";

TEST_F(CliImages, AreFittedAndPredictedByAConvolutionalNetwork) {
  const auto object = json("fit images.npy --target labels.csv" + cnn);
  EXPECT_EQ(object.at("task"), "classification");
  EXPECT_PRED2(contains, run("info m").out, "18 of 60 inputs (5 x 4 x 3)");
  EXPECT_EQ(json("info m").at("sample_shape"), (std::vector<std::size_t>{5, 4, 3}));
  EXPECT_EQ(json("predict m images.npy --out p.csv --proba").at("rows"), 18);
  EXPECT_EQ(json("evaluate m images.npy --target labels.csv").at("test").at("accuracy"),
            object.at("train").at("accuracy"));
  expect_failure("predict m other.npy --out p.csv", 1,
                 "other.npy: samples of the shape 4x5x3 (the model was trained on samples of 5x4x3) give samples");
  expect_failure("fit images.npy --target labels.csv --kernel 'ntk[conv(3) relu dense]' --out m", 2,
                 "got the shape 5x4x3");
}

TEST_F(CliImages, SequencesHaveOneAxisOfPositions) {
  const std::string kernel = " --kernel 'ntk[conv(3) relu global_avg_pool dense]' --ridge 0.1 --out s";
  EXPECT_EQ(json("fit sequences.npy --target labels.csv --folds 3" + kernel).at("folds").at("rows"), 18);
  EXPECT_EQ(json("predict s sequences.npy --out p.csv").at("rows"), 18);
}

TEST_F(CliImages, TheShapeOfPlainRowsIsGiven) {
  write_npy(folder.path("rows.npy"), images.view());
  ASSERT_EQ(run("fit rows.npy --target labels.csv --input-shape 5x4x3" + cnn).code, 0);
  ASSERT_EQ(run("predict m rows.npy --out p.csv --proba").code, 0);
  ASSERT_EQ(run("fit images.npy --target labels.csv" + cnn).code, 0);
  ASSERT_EQ(run("predict m images.npy --out q.csv --proba").code, 0);
  EXPECT_EQ(bytes_of(folder.path("p.csv")), bytes_of(folder.path("q.csv")));
  expect_failure("fit rows.npy --target labels.csv --input-shape 5x4" + cnn, 2,
                 "--input-shape 5x4 is of 20 numbers, a sample of rows.npy has 60 (one for each) give another shape");
  expect_failure("fit rows.npy --target labels.csv --input-shape 5x0" + cnn, 2, "--input-shape '5x0' is no shape");
}

TEST_F(CliImages, AreScaledAndMirroredAsTold) {
  EXPECT_EQ(json("fit images.npy --target labels.csv" + cnn).at("scale"), "channels");
  const auto object = json("fit images.npy --target labels.csv --flip --scale zca:0.1" + cnn);
  EXPECT_EQ(object.at("scale"), "zca:0.1");
  EXPECT_EQ(object.at("rows"), 36);
  EXPECT_FALSE(object.contains("loo"));
  EXPECT_EQ(json("predict m images.npy --out p.csv").at("rows"), 18);
  EXPECT_PRED2(contains, run("info m").out, "zca:0.1");
  expect_failure("fit images.npy --target labels.csv --scale zca" + cnn, 2, "unknown scaling 'zca'");
  expect_failure("fit sequences.npy --target labels.csv --flip --kernel gaussian --out m", 2,
                 "mirror images are wanted");
}

TEST_F(CliImages, CifarFilesHoldTheirTarget) {
  std::string bytes;
  for (int i = 0; i < 12; ++i) {
    bytes += static_cast<char>(i % 2 == 0 ? 3 : 8);
    for (int k = 0; k < 3072; ++k) bytes += static_cast<char>((i * 37 + k * k) % 251);
  }
  folder.write("batch.bin", bytes);
  const std::string kernel = " --kernel 'ntk[cntk(2, pool=flatten)]' --ridge 0.1 --out c";
  EXPECT_EQ(json("fit batch.bin --target label" + kernel).at("task"), "classification");
  EXPECT_EQ(json("evaluate c batch.bin").at("test").at("rows"), 12);
  EXPECT_EQ(json("predict c batch.bin --out p.csv").at("rows"), 12);
  EXPECT_EQ(json("kernel 'ntk[cntk(2, pool=flatten)]' batch.bin --out k.npy").at("rows"), 12);
}

}  // namespace
}  // namespace widenet::testing
