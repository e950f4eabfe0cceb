#include "widenet/data/uci.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "tests/data/fixture.h"

namespace widenet {
namespace {

using testing::Folder;

// A set of six rows, two inputs, two classes; each part can be replaced by a bad one.
struct Parts {
  std::string description = "n_entradas= 2\nn_clases= 2\nn_arquivos= 1\nfich1= toy_R.dat\n";
  std::string rows = "\tf1\tf2\tclase\n1\t0.5\t-1\t0\n2\t1\t2\t1\n3\t1\t2\t1\n4\t1\t3\t0\n5\t1\t2\t1\n6\t1\t2\t0\n";
  std::string tuning = "0 1 2 \n3 4 5 \n";
  std::string folds = "0 1 2 3\n4 5\n0 1\n2 3\n2 3\n4 0\n4 5\n1 2\n";
};

Uci90Set read(const Folder& folder, const Parts& parts) {
  folder.write("toy/toy.txt", parts.description);
  folder.write("toy/toy_R.dat", parts.rows);
  folder.write("toy/conxuntos.dat", parts.tuning);
  folder.write("toy/conxuntos_kfold.dat", parts.folds);
  return read_uci90(folder.path("toy"));
}

TEST(Uci90, ReadsTheFourFiles) {
  const Folder folder;
  const Uci90Set set = read(folder, {});
  EXPECT_EQ(set.data.inputs.rows(), 6u);
  EXPECT_EQ(set.data.inputs.cols(), 2u);
  EXPECT_EQ(set.data.inputs(0, 0), 0.5);
  EXPECT_EQ(set.data.inputs(3, 1), 3.0);
  EXPECT_EQ(set.data.feature_names, (std::vector<std::string>{"f1", "f2"}));
  EXPECT_EQ(set.data.target->class_names, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(set.data.target->classes, (std::vector<std::size_t>{0, 1, 1, 0, 1, 0}));
  EXPECT_EQ(set.tuning.train, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(set.folds[2].test, (std::vector<std::size_t>{4, 0}));
  EXPECT_EQ(read_uci90(folder.path("toy") + "/").data.inputs.rows(), 6u);
}

TEST(Uci90, RefusesBadFiles) {
  const Folder folder;
  const auto message = [&](auto&& change) {
    Parts parts;
    change(parts);
    return testing::message_of([&] { read(folder, parts); });
  };
  const auto expect = [&](auto&& change, const std::string& part) {
    const std::string found = message(change);
    EXPECT_NE(found.find(part), std::string::npos) << found;
  };
  expect([](Parts& p) { p.description = "n_clases= 2\n"; }, "toy.txt: no line 'n_entradas= ...'");
  expect([](Parts& p) { p.description = "n_entradas= two\n"; }, "toy.txt: found 'two' for n_entradas (a whole number");
  expect([](Parts& p) { p.description = "n_entradas= 3\nn_clases= 2\nfich1= toy_R.dat\n"; },
         "toy_R.dat: 4 columns (a row number, n_entradas = 3 inputs and the class make 5)");
  expect([](Parts& p) { p.description = "n_entradas= 2\nn_clases= 1\nfich1= toy_R.dat\n"; },
         "toy_R.dat, line 3, column 'clase': found '1' (classes run from 0 to 0)");
  expect([](Parts& p) { p.description = "n_entradas= 2\nn_clases= 2\nfich1= none.dat\n"; },
         "No such file or directory");
  expect([](Parts& p) { p.rows += "7\t\t1\t0\n"; }, "toy_R.dat, line 8, column 'f1': found a missing value or NaN");
  expect([](Parts& p) { p.rows += "7\t1\t1\t\n"; }, "toy_R.dat, line 8, column 'clase': found ''");
  expect([](Parts& p) { p.tuning = "0 1\n"; }, "conxuntos.dat: 1 lines (training and test rows of 1 splits make 2)");
  expect([](Parts& p) { p.tuning = "0 1\n6\n"; }, "conxuntos.dat, line 2: found '6' (row indices run from 0 to 5)");
  expect([](Parts& p) { p.tuning = "0 -1\n5\n"; }, "conxuntos.dat, line 1: found '-1'");
  expect([](Parts& p) { p.tuning = "\n5\n"; }, "conxuntos.dat, line 1: no indices");
  expect([](Parts& p) { p.tuning = "0 1 2\n3 2\n"; },
         "conxuntos.dat: row 2 stands twice (lines 1 and 2 are one split)");
  expect([](Parts& p) { p.folds = "0\n1\n"; },
         "conxuntos_kfold.dat: 2 lines (training and test rows of 4 splits make 8)");
}

TEST(Uci90, ReadsAllNinetySets) {
  const std::string root = testing::data_folder("uci90");
  if (root.empty()) GTEST_SKIP() << "skipped: no data";
  std::size_t sets = 0, rows = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    const Uci90Set set = read_uci90(entry.path().string());
    ++sets;
    rows += set.data.inputs.rows();
    for (const Split& fold : set.folds)
      EXPECT_EQ(fold.train.size() + fold.test.size(), set.data.inputs.rows()) << entry.path();
    EXPECT_EQ(set.tuning.train.size() + set.tuning.test.size(), set.data.inputs.rows()) << entry.path();
  }
  EXPECT_EQ(sets, 90u);
  EXPECT_GT(rows, 50000u);
}

std::string gzipped(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

TEST(UciRegression, ReadsDataAndMasks) {
  const Folder folder;
  const auto read = [&](const std::string& data, const std::string& mask) {
    gzipped(folder.path("toy/data.csv.gz"), data);
    gzipped(folder.path("toy/test_mask.csv.gz"), mask);
    return read_uci_regression(folder.path("toy"));
  };
  const UciRegressionSet set = read("1,2,3\n4,5,6\n", "0,1\n1,0\n");
  EXPECT_EQ(set.data.inputs(1, 1), 5.0);
  EXPECT_EQ(set.data.target->values(1, 0), 6.0);
  ASSERT_EQ(set.splits.size(), 2u);
  EXPECT_EQ(set.splits[0].test, (std::vector<std::size_t>{1}));
  EXPECT_EQ(set.splits[1].train, (std::vector<std::size_t>{1}));
  EXPECT_MESSAGE(read("1\n2\n", "0\n1\n"), "data.csv.gz: one column (inputs and, last, the target are needed)");
  EXPECT_MESSAGE(read("1,2\n2,3\n", "0\n"), "test_mask.csv.gz: 1 rows ('");
  EXPECT_MESSAGE(read("1,2\n2,3\n", "0,0\n0,2\n"), "test_mask.csv.gz, line 2, column 2: found 2 (a mark is 0 or 1)");
  EXPECT_MESSAGE(read("1,2\n2,x\n", "0,0\n0,1\n"), "data.csv.gz, line 2, column 'x2': found 'x'");
}

TEST(UciRegression, ReadsRealSets) {
  const std::string root = testing::data_folder("uci_regression");
  if (root.empty()) GTEST_SKIP() << "skipped: no data";
  const UciRegressionSet pol = read_uci_regression(root + "/pol");
  EXPECT_EQ(pol.data.inputs.rows(), 15000u);
  EXPECT_EQ(pol.data.inputs.cols(), 26u);
  EXPECT_EQ(pol.data.inputs(0, 0), -2.8792);
  EXPECT_EQ(pol.data.target->values(0, 0), 71.055);
  ASSERT_EQ(pol.splits.size(), 10u);
  for (const Split& split : pol.splits) EXPECT_EQ(split.train.size() + split.test.size(), 15000u);
  EXPECT_EQ(pol.splits[3].test[0], 0u);
}

}  // namespace
}  // namespace widenet
