// A small set of the protocol from its files to the reference accuracies.
#include "lab/uci90.h"

#include <gtest/gtest.h>

#include "lab/report.h"
#include "tests/lab/data.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"

namespace widenet::lab {
namespace {

TEST(Uci90, SmallSetsEqualTheReferenceRun) {
  const std::string data = test_data();
  if (data.empty()) GTEST_SKIP() << "skipped: no data";
  const Table reference = reference_table("uci90_ntk_reference.csv");
  std::vector<Uci90Set> sets;
  const char* const names[] = {"trains", "lenses", "wine"};
  for (const char* name : names) sets.push_back(read_uci90(data + "/uci90/" + name));
  Uci90Seconds seconds;
  const auto scores = score_uci90(sets, seconds, {});
  ASSERT_EQ(scores.size(), 3u);
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const Uci90Scores& s = scores[k];
    EXPECT_EQ(s.name, names[k]);
    EXPECT_NEAR(s.svm.test(), reference_value(reference, s.name, "test_acc_svm"), 1e-4) << s.name;
    EXPECT_NEAR(s.ridge.test(), reference_value(reference, s.name, "test_acc_krr"), 1e-4) << s.name;
    EXPECT_EQ(static_cast<double>(s.svm.network.depth), reference_value(reference, s.name, "best_depth_index"))
        << s.name;
    EXPECT_EQ(static_cast<double>(s.svm.network.fixed), reference_value(reference, s.name, "best_fix")) << s.name;
    EXPECT_EQ(s.svm.parameter, reference_value(reference, s.name, "best_C")) << s.name;
    EXPECT_GT(s.own_ridge.test(), 60) << s.name;
    EXPECT_GT(s.own_svm.test(), 60) << s.name;
  }
  EXPECT_GT(seconds.svm, 0);
}

TEST(Uci90, SameScoresForAnyNumberOfThreads) {
  const std::string data = test_data();
  if (data.empty()) GTEST_SKIP() << "skipped: no data";
  const std::vector<Uci90Set> sets{read_uci90(data + "/uci90/lenses")};
  const std::size_t before = thread_count();
  std::vector<std::array<double, 4>> folds;
  for (const std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    Uci90Seconds seconds;
    const auto scores = score_uci90(sets, seconds, {});
    folds.push_back(scores[0].svm.folds);
    folds.push_back(scores[0].own_ridge.folds);
  }
  set_thread_count(before);
  for (std::size_t k = 2; k < folds.size(); ++k) EXPECT_EQ(folds[k], folds[k % 2]);
}

TEST(Uci90, NoSets) {
  try {
    uci90_folders(std::string(WIDENET_SOURCE_DIR) + "/no such folder");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::environment);
    EXPECT_NE(std::string(error.what()).find("no data sets there"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace widenet::lab
