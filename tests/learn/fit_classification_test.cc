#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/base/threads.h"
#include "widenet/learn/targets.h"

namespace widenet {
namespace {

using namespace testing_learn;

// Labels "class 0", "class 1", ... as indices.
std::vector<std::size_t> indices(const std::vector<std::string>& labels) {
  std::vector<std::size_t> out;
  for (const std::string& label : labels) out.push_back(std::stoul(label.substr(6)));
  return out;
}

Matrix<double> one_hot(const std::vector<std::size_t>& labels, std::size_t classes) {
  Matrix<double> y(labels.size(), classes);
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t c = 0; c < classes; ++c)
      y(i, c) = (labels[i] == c ? 1.0 : 0.0) - 1.0 / static_cast<double>(classes);
  return y;
}

// Mean -log softmax(sharpness f) of the own class.
double plain_log_loss(const Matrix<double>& f, const std::vector<std::size_t>& labels, double sharpness) {
  double total = 0;
  for (std::size_t i = 0; i < f.rows(); ++i) {
    double sum = 0;
    for (const double x : f.row(i)) sum += std::exp(sharpness * (x - f(i, labels[i])));
    total += std::log(sum) / static_cast<double>(f.rows());
  }
  return total;
}

double plain_accuracy(const Matrix<double>& f, const std::vector<std::size_t>& labels) {
  double right = 0;
  for (std::size_t i = 0; i < f.rows(); ++i) {
    bool largest = true;
    for (std::size_t c = 0; c < f.cols(); ++c) largest = largest && (c == labels[i] || f(i, c) < f(i, labels[i]));
    right += largest ? 1 : 0;
  }
  return right / static_cast<double>(f.rows());
}

void compare(const Matrix<double>& x, std::size_t classes, double ridge, ScaleMode mode) {
  const std::vector<std::string> names = some_labels(x, classes);
  const std::vector<std::size_t> labels = indices(names);
  const Table table = with_labels(x, names);
  const FitResult result = fit(table, given("gaussian(length=1.2)", ridge, mode));
  ASSERT_FALSE(result.failure) << *result.failure;
  const Model& model = result.model;
  ASSERT_EQ(model.classes(), classes);

  const Matrix<double> z = plain_scale(mode, x, x), K = plain_gram(plain_gaussian(1.2), z, z);
  const Matrix<double> y = one_hot(labels, classes), alpha = plain_solve(K, ridge, y);
  const auto n = static_cast<double>(x.rows());
  const double relative = 64 * n * eps * condition(K, ridge);
  EXPECT_LE(testing_problems::distance(model.coefficients, alpha), relative * testing_problems::magnitude(alpha));

  const Matrix<double> loo = plain_leave_one_out(K, ridge, y).mean, train = product(K, alpha);
  // The sharpness is the best of a fine grid, to the grid.
  double best = std::numeric_limits<double>::infinity(), sharpest = 0;
  for (double log_sharpness = std::log(1e-2); log_sharpness <= std::log(1e3); log_sharpness += 1e-2) {
    const double loss = plain_log_loss(loo, labels, std::exp(log_sharpness));
    if (loss < best) best = loss, sharpest = std::exp(log_sharpness);
  }
  EXPECT_NEAR(std::log(model.sharpness), std::log(sharpest), 0.011);
  EXPECT_NEAR(model.metrics.at("loo").log_loss.value(), best, 1e-3 * best);
  EXPECT_EQ(model.metrics.at("loo").accuracy.value(), plain_accuracy(loo, labels));
  EXPECT_EQ(model.metrics.at("train").accuracy.value(), plain_accuracy(train, labels));
  EXPECT_NEAR(model.metrics.at("train").log_loss.value(), plain_log_loss(train, labels, model.sharpness),
              relative * model.sharpness * n);
  double quadratic = 0;
  for (std::size_t k = 0; k < y.size(); ++k) quadratic += y.data()[k] * alpha.data()[k];
  const double m = static_cast<double>(classes);
  EXPECT_NEAR(model.metrics.at("train").lml.value(),
              -0.5 * (quadratic + m * plain_log_determinant(K, ridge) + n * m * std::log(2 * std::numbers::pi)),
              relative * n * m * 10);

  const Matrix<double> fresh = some_inputs(33, x.cols(), 55);
  const Matrix<double> f = product(plain_gram(plain_gaussian(1.2), plain_scale(mode, x, fresh), z), alpha);
  const Prediction p = predict(model, fresh);
  for (std::size_t i = 0; i < fresh.rows(); ++i) {
    double sum = 0, total = 0;
    for (const double s : f.row(i)) sum += std::exp(model.sharpness * s);
    for (std::size_t c = 0; c < classes; ++c) {
      EXPECT_NEAR(p.probabilities(i, c), std::exp(model.sharpness * f(i, c)) / sum, relative * n * model.sharpness);
      EXPECT_LE(p.probabilities(i, c), p.probabilities(i, p.labels[i]));
      total += p.probabilities(i, c);
    }
    EXPECT_NEAR(total, 1, m * eps);
  }
  const Metrics again = evaluate(model, code_table(model.coding, table, WithTarget::yes).data);
  EXPECT_EQ(again.accuracy, model.metrics.at("train").accuracy);
  EXPECT_NEAR(*again.log_loss, *model.metrics.at("train").log_loss, relative * model.sharpness * n);
}

TEST(FitClassification, AgreesWithPlainLoops) {
  const Matrix<double> x = some_inputs(40, 2, 1);
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::none})
    for (const std::size_t classes : {2u, 3u}) {
      SCOPED_TRACE(fmt::format("{} {}", to_string(mode), classes));
      compare(x, classes, 0.05, mode);
    }
  const Matrix<double> wide = some_inputs(36, 4, 2);
  compare(wide, 3, 0.3, ScaleMode::normalise);
}

TEST(FitClassification, ManyClasses) {
  const Matrix<double> x = some_inputs(60, 3, 3);
  compare(x, 23, 0.2, ScaleMode::standard);
}

TEST(FitClassification, EveryRowItsOwnClass) {
  const Matrix<double> x = some_inputs(9, 2, 4);
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < 9; ++i) labels.push_back("class " + std::to_string(i));
  const FitResult result = fit(with_labels(x, labels), given("gaussian", 1e-6));
  ASSERT_FALSE(result.failure);
  const Prediction p = predict(result.model, x);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(p.labels[i], i);
  EXPECT_EQ(result.model.metrics.at("loo").accuracy, 0.0);
}

TEST(FitClassification, TwoRowsOfTwoClasses) {
  const Matrix<double> x = some_inputs(2, 2, 5);
  const FitResult result = fit(with_labels(x, {"class 0", "class 1"}), given("gaussian", 0.1));
  ASSERT_FALSE(result.failure);
  EXPECT_EQ(predict(result.model, x).labels, (std::vector<std::size_t>{0, 1}));
  FitOptions options;
  options.target = "y";
  EXPECT_FALSE(fit(with_labels(x, {"class 0", "class 1"}), options).failure);
}

TEST(FitClassification, NumbersOfTwoValuesAreClasses) {
  const Matrix<double> x = some_inputs(30, 2, 6);
  std::vector<double> y;
  for (std::size_t i = 0; i < 30; ++i) y.push_back(x(i, 0) > 0.3 ? 4 : -1);
  const FitResult result = fit(with_target(x, y), given("gaussian", 0.1));
  ASSERT_EQ(result.model.task(), Task::classification);
  EXPECT_EQ(result.model.coding.target.class_names, (std::vector<std::string>{"-1", "4"}));
  EXPECT_GT(result.model.metrics.at("train").accuracy.value(), 0.9);
}

TEST(FitClassification, TheBaselineIsTheMostFrequentClass) {
  const Matrix<double> x = some_inputs(10, 2, 7);
  const std::vector<std::string> labels = {"b", "a", "c", "b", "b", "c", "b", "a", "c", "c"};
  const FitResult result = fit(with_labels(x, labels), given("gaussian", 0.1));
  EXPECT_EQ(result.model.majority_class, 1u) << "of equals the first";
  EXPECT_NEAR(result.model.metrics.at("train").baseline_accuracy.value(), 0.4, eps);
}

TEST(FitClassification, BitsDoNotDependOnThreads) {
  const Matrix<double> x = some_inputs(769, 2, 8);
  const Table table = with_labels(x, some_labels(x, 5));
  std::optional<Matrix<double>> coefficients, probabilities;
  double sharpness = 0;
  for (const std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    const FitResult result = fit(table, given("ntk[dense(bias_std=0.1) relu dense]", 0.05));
    const Prediction p = predict(result.model, x);
    if (!coefficients) {
      coefficients = copy<double>(result.model.coefficients.view());
      probabilities = copy<double>(p.probabilities.view());
      sharpness = result.model.sharpness;
    }
    EXPECT_TRUE(same_bits(*coefficients, result.model.coefficients)) << threads;
    EXPECT_TRUE(same_bits(*probabilities, p.probabilities)) << threads;
    EXPECT_EQ(sharpness, result.model.sharpness);
  }
  set_thread_count(0);
}

TEST(FitClassification, ASingularMatrixIsAFailure) {
  const Matrix<double> x = some_inputs(12, 2, 9);
  const FitResult result = fit(with_labels(x, some_labels(x, 3)), given("linear", 0));
  ASSERT_TRUE(result.failure);
  EXPECT_PRED2(testing::contains, *result.failure,
               "the kernel matrix plus the ridge 0 is not positive definite (pivot ");
  EXPECT_TRUE(result.model.metrics.empty());
}

TEST(Targets, SharpnessIsWithinItsLimits) {
  // All wrong: the less the better. All right by little: the sharper the better.
  Matrix<double> scores(2, 2);
  scores(0, 0) = scores(1, 1) = 0.01;
  EXPECT_NEAR(fit_sharpness(scores, std::vector<std::size_t>{1, 0}), 1e-2, 2e-5);
  EXPECT_NEAR(fit_sharpness(scores, std::vector<std::size_t>{0, 1}), 1e3, 2);
  // Right by so much that the loss vanishes in double precision from some sharpness on: that one.
  scores(0, 0) = scores(1, 1) = 1;
  EXPECT_NEAR(fit_sharpness(scores, std::vector<std::size_t>{0, 1}), -std::log(eps / 2), 1);
  EXPECT_NEAR(fit_sharpness(Matrix<double>(2, 2), std::vector<std::size_t>{0, 1}), 1e-2, 2e-5);
}

TEST(Targets, SoftmaxOfFarScoresIsFinite) {
  Matrix<double> scores(1, 3);
  scores(0, 0) = 1e300, scores(0, 1) = -1e300, scores(0, 2) = 1e300;
  const Matrix<double> p = softmax(scores, 1e3);
  EXPECT_EQ(p(0, 0), 0.5);
  EXPECT_EQ(p(0, 1), 0.0);
  EXPECT_EQ(largest_per_row(scores), (std::vector<std::size_t>{0}));
}

TEST(Targets, APermutationHasEveryIndexOnce) {
  for (const std::size_t n : {0u, 1u, 2u, 3u, 769u}) {
    std::vector<std::size_t> order = permutation(n, 5);
    EXPECT_EQ(order, permutation(n, 5));
    if (n > 3) {
      EXPECT_NE(order, permutation(n, 6));
    }
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(order[i], i);
  }
}

// A share of 1/6 of 6000 for each order of three: within 5 standard deviations.
TEST(Targets, EveryOrderIsAsLikely) {
  std::map<std::vector<std::size_t>, double> seen;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) seen[permutation(3, seed)] += 1;
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 5 * std::sqrt(6000 * (1.0 / 6) * (5.0 / 6)));
}

// A class that is known but has no training row is never predicted, not even where all scores are equal.
TEST(FitClassification, AClassWithoutATrainingRowIsNeverPredicted) {
  const Matrix<double> x = some_inputs(40, 2, 6);
  const std::vector<std::string> names = some_labels(x, 3);
  for (const std::size_t absent : {0u, 1u, 2u}) {
    LearnedCoding learned = learn_coding(with_labels(x, names), {"y", {}});
    learned.notes.clear();
    std::vector<std::string> labels = names;
    const std::string gone = fmt::format("class {:02}", absent), other = fmt::format("class {:02}", (absent + 1) % 3);
    std::replace(labels.begin(), labels.end(), gone, other);
    for (const Solver solver : {Solver::cholesky, Solver::svm}) {
      FitOptions options = given("gaussian", 0.1);
      options.solver = solver;
      const FitResult result = fit(with_labels(x, labels), learned, options);
      ASSERT_FALSE(result.failure);
      const auto& notes = result.model.notes;
      EXPECT_EQ(std::count(notes.begin(), notes.end(),
                           "no training row is of class '" + gone + "': the model never predicts it."),
                1);
      // Far away all kernel values are 0, and so are the scores.
      Matrix<double> rows(41, 2);
      for (std::size_t i = 0; i < 40; ++i) std::copy_n(x.row(i).begin(), 2, rows.row(i).begin());
      rows(40, 0) = rows(40, 1) = 1e6;
      const Prediction p = predict(result.model, rows);
      EXPECT_EQ(std::count(p.labels.begin(), p.labels.end(), absent), 0);
      for (std::size_t i = 0; i < p.probabilities.rows(); ++i) {
        double sum = 0;
        for (const double q : p.probabilities.row(i)) sum += q;
        EXPECT_EQ(p.probabilities(i, absent), 0);
        EXPECT_NEAR(sum, 1, 8 * eps);
      }
      const auto loss = result.model.metrics.at("train").log_loss;
      EXPECT_LT(loss.value_or(0), std::log(3));
    }
  }
}

}  // namespace
}  // namespace widenet
