// The family, the judging of one kernel, and what selection does with them.
#include "widenet/learn/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/learn/plain.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/judge.h"
#include "widenet/learn/targets.h"

namespace widenet {
namespace {

using testing_learn::some_inputs;

Target regression_target(const std::vector<double>& y) {
  Target target;
  target.values = Matrix<double>(y.size(), 1);
  std::copy(y.begin(), y.end(), target.values.data());
  return target;
}

Target class_target(std::vector<std::size_t> classes, std::size_t count) {
  Target target;
  target.task = Task::classification;
  target.classes = std::move(classes);
  for (std::size_t c = 0; c < count; ++c) target.class_names.push_back(std::to_string(c));
  return target;
}

Target wave(const Matrix<double>& x, std::size_t feature) {
  std::vector<double> y;
  for (std::size_t i = 0; i < x.rows(); ++i) y.push_back(std::sin(3 * x(i, feature)));
  return regression_target(y);
}

FamilyMember member(const std::string& kernel, ScaleMode scale = ScaleMode::standard) {
  return {parse_kernel(kernel), scale};
}

const ClosedKernel& closed(const Candidate& candidate) {
  return std::get<ClosedKernel>(std::get<KernelProduct>(candidate.kernel.node).factors.at(0).node);
}

TEST(Family, HoldsWhatIsPromised) {
  const auto family = default_family(4);
  std::set<std::string> texts;
  for (const FamilyMember& m : family) {
    validate(m.kernel, 4);
    EXPECT_TRUE(texts.insert(to_string(m.scale) + " " + to_text(m.kernel)).second) << to_text(m.kernel);
  }
  for (const char* text : {"standard linear(1)", "normalise linear(1)", "standard gaussian(2)", "standard laplacian(2)",
                           "standard laplacian1(2)", "standard matern32(2)", "standard matern52",
                           "normalise gaussian(2)", "normalise laplacian(4)", "normalise matern32(2)"})
    EXPECT_TRUE(texts.contains(text)) << text;
  for (const char* scale : {"standard ", "normalise "})
    for (const char* limit : {"nngp", "ntk"})
      for (const int depth : {1, 2, 3, 4})
        for (const char* bias : {"", ", bias_std=0.5"}) {
          const std::string text =
              fmt::format("{}[repeat({})[dense(weight_std=sqrt(2){}) relu] dense]", limit, depth, bias);
          EXPECT_TRUE(texts.contains(scale + to_text(parse_kernel(text)))) << scale << text;
        }
  EXPECT_EQ(default_family(0).size(), family.size());
}

TEST(Family, LengthsOfThreeDigits) {
  EXPECT_EQ(to_text(stationary(Closed::gaussian, {1.23456, 0.000987654})), "gaussian([1.23, 0.000988])");
}

// At a given ridge: the losses of leaving rows out there, of the kernel as it is.
TEST(Judge, AGivenRidgeIsTheOneJudgedAt) {
  const std::size_t n = 23;
  const Matrix<double> x = some_inputs(n, 2, 3);
  const std::vector<FamilyMember> family{member("gaussian(length=2)")};
  const Target target = wave(x, 0);
  const JudgedRows rows(family, x.view(), target, n, {});
  const Matrix<double> K =
      testing_learn::plain_gram(testing_learn::plain_gaussian(2), copy<double>(rows.inputs(ScaleMode::standard)),
                                copy<double>(rows.inputs(ScaleMode::standard)));
  const Matrix<double> y = copy<double>(rows.numbers(ScaleMode::standard));
  for (const double ridge : {1e-3, 0.7, 40.0}) {
    const Judgement judgement = judge(family[0], rows, Lengths::given, ridge);
    const auto loo = testing_learn::plain_leave_one_out(K, ridge, y);
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += std::pow(y(i, 0) - loo.mean(i, 0), 2) / static_cast<double>(n);
    const double tolerance = 64 * static_cast<double>(n) * testing_learn::eps * testing_learn::condition(K, ridge);
    EXPECT_NEAR(judgement.candidate.loo_rmse, std::sqrt(squares), tolerance);
    EXPECT_EQ(judgement.candidate.ridge, ridge);
    EXPECT_EQ(judgement.bare_ridge, ridge);
    EXPECT_EQ(to_text(judgement.candidate.kernel), "gaussian(2)");
  }
}

TEST(Select, AGivenRidgeDecidesWhichKernelIsBest) {
  const Matrix<double> x = some_inputs(60, 2, 3);
  const Target target = wave(x, 0);
  const auto family = default_family(2);
  for (const double ridge : {1e-6, 30.0}) {
    SelectionOptions options;
    options.ridge = ridge;
    const Selection selection = select(family, x.view(), target, options);
    const Candidate& best = selection.tried[selection.best];
    for (const Candidate& c : selection.tried) {
      EXPECT_EQ(c.ridge, std::isfinite(c.loo_loss) ? ridge : 0);
      EXPECT_FALSE(c.loo_loss < best.loo_loss);
    }
    // What is fitted afterwards has the loss that was judged.
    FitOptions fitted;
    fitted.target = "y";
    fitted.ridge = ridge;
    std::vector<double> numbers(target.values.data(), target.values.data() + 60);
    const FitResult result = fit(testing_learn::with_target(x, numbers), fitted);
    ASSERT_FALSE(result.failure);
    EXPECT_EQ(to_text(result.model.kernel), to_text(best.kernel));
    EXPECT_EQ(result.model.ridge, ridge);
    const double scale = result.model.scaling.target_scales[0];
    EXPECT_NEAR(*result.model.metrics.at("loo").rmse, best.loo_rmse * scale, 1e-6 * best.loo_rmse * scale);
  }
}

// Leaving rows out one by one, with the choice's ridge.
TEST(Judge, LossesAreThoseOfLeavingRowsOut) {
  const std::size_t n = 23;
  const Matrix<double> x = some_inputs(n, 2, 3);
  const std::vector<FamilyMember> family{member("laplacian(length=2)")};
  for (const Task task : {Task::regression, Task::classification}) {
    std::vector<std::size_t> classes;
    for (std::size_t i = 0; i < n; ++i) classes.push_back(i < 3 ? i : static_cast<std::size_t>(i * i % 3));
    const Target target = task == Task::regression ? wave(x, 0) : class_target(classes, 3);
    const JudgedRows rows(family, x.view(), target, n, {});
    const Judgement judged = judge(family[0], rows);
    const Matrix<double> K = materialize(*kernel_gram<double>(judged.member.kernel, rows.inputs(ScaleMode::standard)));
    const auto loo =
        testing_learn::plain_leave_one_out(K, judged.bare_ridge, copy<double>(rows.numbers(ScaleMode::standard)));
    double squares = 0;
    for (std::size_t k = 0; k < loo.mean.size(); ++k)
      squares += std::pow(rows.numbers(ScaleMode::standard).data()[k] - loo.mean.data()[k], 2);
    const double mean_square = squares / static_cast<double>(loo.mean.size());
    EXPECT_NEAR(judged.candidate.loo_rmse, std::sqrt(mean_square), 1e-9);
    EXPECT_EQ(judged.candidate.departures, 1u);
    const double factor = 1 + handicap / static_cast<double>(n);
    if (task == Task::regression) {
      EXPECT_NEAR(judged.candidate.loo_loss, factor * mean_square, 1e-9);
      continue;
    }
    const Matrix<double> p = softmax(loo.mean.view(), fit_sharpness(loo.mean.view(), classes));
    double loss = 0;
    for (std::size_t i = 0; i < n; ++i) loss -= std::log(p(i, classes[i])) / static_cast<double>(n);
    EXPECT_NEAR(judged.candidate.loo_loss, factor * loss, 1e-6);
    EXPECT_NEAR(judged.candidate.loo_error, misclassified(largest_per_row(loo.mean.view()), classes), 1e-15);
  }
}

TEST(Judge, DeparturesFromThePlainKernel) {
  const Matrix<double> x = some_inputs(12, 3, 4);
  const std::vector<FamilyMember> family{member("laplacian1(length=3)"), member("gaussian(length=3)"),
                                         member("laplacian1(length=3)", ScaleMode::normalise)};
  const JudgedRows rows(family, x.view(), wave(x, 0), 12, {});
  const Judgement plain = judge(family[0], rows), learned = judge(family[0], rows, Lengths::learned);
  EXPECT_EQ(plain.candidate.departures, 0u);
  EXPECT_EQ(judge(family[1], rows).candidate.departures, 1u);
  EXPECT_EQ(judge(family[2], rows).candidate.departures, 2u);
  EXPECT_EQ(learned.candidate.departures, 2u);
  EXPECT_DOUBLE_EQ(learned.candidate.loo_loss, plain.candidate.loo_loss * (1 + 2 * handicap / 12));
}

TEST(Selection, LearnsWhichFeatureMatters) {
  for (const std::size_t feature : {0u, 3u}) {
    Matrix<double> x = testing_problems::random_matrix(150, 5, 5);
    const Selection selection = select(default_family(5), x.view(), wave(x, feature), {});
    const Candidate& best = selection.tried[selection.best];
    ASSERT_EQ(closed(best).lengths.size(), 5u) << to_text(best.kernel);
    for (std::size_t j = 0; j < 5; ++j)
      if (j != feature) {
        EXPECT_GT(closed(best).lengths[j], 3 * closed(best).lengths[feature]) << j;
      }
    double fixed = std::numeric_limits<double>::infinity();
    for (const Candidate& c : selection.tried)
      if (c.departures < 2) fixed = std::min(fixed, c.loo_rmse);
    EXPECT_LT(best.loo_rmse, 0.5 * fixed);
  }
}

TEST(Selection, OneKernelStaysAsItIs) {
  const Matrix<double> x = some_inputs(30, 3, 6);
  const Selection selection = select({member("laplacian1(length=2)")}, x.view(), wave(x, 0), {});
  ASSERT_EQ(selection.tried.size(), 1u);
  EXPECT_EQ(closed(selection.tried[0]).lengths, (std::vector<double>{2}));
}

TEST(Selection, ManyRowsAreJudgedInTwoSteps) {
  const Matrix<double> x = some_inputs(520, 2, 7);
  SelectionOptions options;
  options.max_rows = 450;
  std::vector<FamilyMember> family;
  for (const char* kernel : {"linear(offset=1)", "gaussian(length=0.1)", "gaussian(length=0.2)", "gaussian",
                             "laplacian", "matern32", "matern52", "laplacian1", "matern12", "gaussian(length=9)"})
    family.push_back(member(kernel));
  const Selection selection = select(family, x.view(), wave(x, 0), options);
  EXPECT_EQ(selection.rows, 450u);
  EXPECT_TRUE(selection.subsampled);
  EXPECT_EQ(selection.tried[selection.best].rows, 450u);
  for (std::size_t k = 0; k < family.size(); ++k) EXPECT_EQ(selection.tried[k].rows, 400u);
  for (std::size_t k = family.size(); k < selection.tried.size(); ++k) EXPECT_EQ(selection.tried[k].rows, 450u);
  EXPECT_GE(selection.tried.size(), family.size() + 6);
  for (const Candidate& c : selection.tried)
    if (c.rows == 450) {
      EXPECT_GE(c.loo_loss, selection.tried[selection.best].loo_loss);
    }
}

TEST(Selection, SameForAnyNumberOfThreads) {
  const Matrix<double> x = some_inputs(60, 3, 8);
  const Target target = wave(x, 1);
  std::vector<std::string> kept;
  for (const std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    const Selection selection = select(default_family(3), x.view(), target, {});
    std::string all;
    for (const Candidate& c : selection.tried) all += fmt::format("{} {} {}\n", to_text(c.kernel), c.ridge, c.loo_loss);
    kept.push_back(all);
  }
  set_thread_count(0);
  EXPECT_EQ(kept[0], kept[1]);
  EXPECT_EQ(kept[0], kept[2]);
}

TEST(Selection, FewEqualAndConstantRows) {
  for (const std::size_t n : {1u, 2u, 3u, 5u}) {
    const Matrix<double> x = some_inputs(n, 2, 9);
    const Selection selection = select(default_family(2), x.view(), wave(x, 0), {});
    EXPECT_LT(selection.best, selection.tried.size());
  }
  Matrix<double> same(20, 3, 0.5);
  for (const Target& target : {wave(some_inputs(20, 3, 10), 0),
                               class_target({0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, 2)}) {
    const Selection selection = select(default_family(3), same.view(), target, {});
    EXPECT_TRUE(std::isfinite(selection.tried[selection.best].loo_loss));
  }
}

TEST(Selection, RandomRowsAreNested) {
  const auto few = random_rows(1000, 30, 7), more = random_rows(1000, 200, 7), all = random_rows(5, 9, 7);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  EXPECT_TRUE(std::is_sorted(few.begin(), few.end()));
  EXPECT_EQ(all, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace widenet
