#include "widenet/learn/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

using namespace testing_learn;

TEST(Memory, IsWrittenInGibibytesOrMebibytes) {
  EXPECT_EQ(memory_text(0), "1 MiB");
  EXPECT_EQ(memory_text(320u << 20), "320 MiB");
  EXPECT_EQ(memory_text(std::size_t{3} << 29), "1.50 GiB");
}

TEST(Memory, IsRefusedInWords) {
  EXPECT_EQ(testing::message_of([] { check_memory(1u << 20, 1u << 20, "work"); }), "");
  EXPECT_MESSAGE(check_memory(std::size_t{3} << 30, std::size_t{1} << 30, "fitting 9 rows"),
                 "fitting 9 rows needs 3.00 GiB of memory (1.00 GiB is the limit given) use fewer rows, or a larger "
                 "--memory");
  EXPECT_MESSAGE(check_memory(std::size_t{1} << 60, 0, "fitting 9 rows"), " are free) use fewer rows");
  EXPECT_GT(available_memory(), 1u << 20);
}

TEST(Memory, IsNoMoreThanTheControlGroupsAllow) {
  const testing::Folder folder;
  const std::size_t unlimited = std::numeric_limits<std::size_t>::max();
  const auto left = [&](const std::string& membership) {
    folder.write("cgroup", membership);
    return cgroup_memory(folder.path("cgroup"), folder.path("root"));
  };
  const auto group = [&](const std::string& path, const std::string& limit, const std::string& used) {
    std::filesystem::create_directories(folder.path("root/" + path));
    folder.write("root/" + path + "/memory.max", limit + "\n");
    folder.write("root/" + path + "/memory.current", used + "\n");
  };
  EXPECT_EQ(cgroup_memory(folder.path("nothing"), folder.path("root")), unlimited);
  EXPECT_EQ(left("0::/a/b\n"), unlimited);
  group("a", "5000", "1000");
  group("a/b", "max", "500");
  EXPECT_EQ(left("0::/a/b\n"), 4000u);
  group("a/b", "3000", "500");
  EXPECT_EQ(left("0::/a/b\n"), 2500u);
  EXPECT_EQ(left("0::/a\n"), 4000u);
  EXPECT_EQ(left("0::/\n"), unlimited);
  EXPECT_EQ(left("12:memory:/a/b\n"), unlimited);
  EXPECT_EQ(left("12:cpu:/\n0::/a/b\n"), 2500u);
  // Cached files that may be dropped are free.
  folder.write("root/a/b/memory.stat", "anon 100\ninactive_file 300\nactive_file 50\n");
  EXPECT_EQ(left("0::/a/b\n"), 2800u);
  group("a/b", "3000", "3500");
  EXPECT_EQ(left("0::/a/b\n"), 0u);
  // The root of a container is a group of its own.
  group("", "2000", "1500");
  EXPECT_EQ(left("0::/\n"), 500u);
}

TEST(Memory, FitRefusesBeforeItWorks) {
  const Matrix<double> x = some_inputs(3000, 3, 1);
  FitOptions options = given("gaussian", 0.1);
  options.memory = 1u << 20;
  options.progress = [](const ProgressEvent&) { FAIL() << "work began"; };
  EXPECT_MESSAGE(fit(with_target(x, some_targets(x, 2)), options), "fitting 3000 rows needs ");
  EXPECT_MESSAGE(fit(with_target(x, some_targets(x, 2)), options), "(1 MiB is the limit given)");
}

// Resident bytes from /proc: now (VmRSS), or at their peak since the process was forked (VmHWM).
double resident(const std::string& what) {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;)
    if (double kibibytes = 0; word == what + ":" && in >> kibibytes) return kibibytes * 1024;
  return 0;
}

// What fit() adds to the resident memory of a fresh process, over what it said it would need.
double used_over_computed(const Table& table, const FitOptions& options) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  const pid_t child = fork();
  if (child == 0) {
    const double before = resident("VmRSS");
    const FitResult result = fit(table, options);
    const double share = (resident("VmHWM") - before) / static_cast<double>(result.memory_needed);
    _exit(write(ends[1], &share, sizeof share) == sizeof share ? 0 : 1);
  }
  double share = 0;
  const bool known = read(ends[0], &share, sizeof share) == sizeof share;
  int status = 0;
  waitpid(child, &status, 0);
  close(ends[0]);
  close(ends[1]);
  return known ? share : 0;
}

TEST(Memory, IsComputedToWithinAFactorOfTwo) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: a sanitizer takes memory of its own";
#endif
  const Matrix<double> x = some_inputs(3000, 4, 3);
  const Table numbers = with_target(x, some_targets(x, 4)), classes = with_labels(x, some_labels(x, 3));
  FitOptions cholesky = given("gaussian", 0.1), svm = cholesky, family, ridge = cholesky;
  svm.solver = Solver::svm;
  family.target = "y";
  ridge.ridge.reset();
  // The threads of the pool do not survive a fork, so that each child works alone.
  set_thread_count(1);
  for (const auto& [name, table, options] :
       {std::tuple("cholesky", &numbers, &cholesky), std::tuple("classes", &classes, &cholesky),
        std::tuple("ridge", &numbers, &ridge), std::tuple("svm", &classes, &svm)}) {
    const double share = used_over_computed(*table, *options);
    EXPECT_LE(share, 1) << name;
    EXPECT_GE(share, 0.5) << name;
  }
  set_thread_count(0);
}

TEST(Memory, OfPredicting) {
  const Matrix<double> x = some_inputs(3000, 4, 3);
  const Model model = fit(with_target(x, some_targets(x, 4)), given("gaussian", 0.1)).model;
  set_thread_count(1);
  // 256 rows at once against all training rows; the inputs raw and scaled; the training inputs once more.
  const std::size_t word = sizeof(double), least = word * (3000 * 256 + 2 * 5000 * 4 + 3000 * 4);
  EXPECT_GE(predict_bytes(model, 5000, false), least);
  EXPECT_LE(predict_bytes(model, 5000, false), 2 * least);
  EXPECT_GE(predict_bytes(model, 5000, true), least + cholesky_bytes(3000));
  EXPECT_LT(predict_bytes(model, 1, false), predict_bytes(model, 200, false));
  set_thread_count(0);
}

}  // namespace
}  // namespace widenet
