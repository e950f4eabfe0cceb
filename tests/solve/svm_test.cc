#include "widenet/solve/svm.h"

#include <gtest/gtest.h>
#include <libsvm/svm.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "tests/solve/problems.h"
#include "widenet/base/threads.h"
#include "widenet/solve/smo.h"

namespace widenet {
namespace {

using namespace testing_problems;

// Points of overlapping classes on a grid of the plane (so that some coincide), class numbers by first appearance, and
// a Gaussian kernel rounded to float, as libsvm keeps it.
struct Problem {
  Matrix<double> K, K_test;
  std::vector<std::size_t> labels;
  std::size_t classes;

  Problem(std::size_t n, std::size_t class_count, std::uint64_t seed, double length = 0.7) : classes(class_count) {
    Numbers numbers(seed);
    const auto points = [&](std::size_t count) {
      Matrix<double> x(count, 2);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t d = 0; d < 2; ++d) x(i, d) = std::round(8 * numbers()) / 8;
      return x;
    };
    const Matrix<double> x = points(n), z = points(50);
    for (std::size_t i = 0; i < n; ++i) {
      const double angle = std::atan2(x(i, 1), x(i, 0)) / 6.2831853 + 0.5 + 0.1 * numbers();
      const auto k = static_cast<std::size_t>(std::clamp(angle, 0.0, 0.999) * static_cast<double>(classes));
      labels.push_back(i < classes ? i : k);  // every class has a sample, and they appear in order
    }
    K = to_float(gaussian_kernel(x, x, length));
    K_test = to_float(gaussian_kernel(z, x, length));
  }
  static Matrix<double> to_float(Matrix<double> m) {
    std::transform(m.data(), m.data() + m.size(), m.data(),
                   [](double x) { return static_cast<double>(static_cast<float>(x)); });
    return m;
  }
};

// libsvm on the same kernel.
class Oracle {
 public:
  Oracle(const Problem& p, double cost, double tolerance) : problem_(p) {
    svm_set_print_string_function([](const char*) {});
    const std::size_t n = p.labels.size();
    for (std::size_t i = 0; i < n; ++i) nodes_.push_back(to_nodes(p.K.row(i), i + 1));
    for (std::size_t i = 0; i < n; ++i) {
      rows_.push_back(nodes_[i].data());
      targets_.push_back(static_cast<double>(p.labels[i]));
    }
    const svm_problem problem{static_cast<int>(n), targets_.data(), rows_.data()};
    svm_parameter parameter{};
    parameter.svm_type = C_SVC;
    parameter.kernel_type = PRECOMPUTED;
    parameter.C = cost;
    parameter.eps = tolerance;
    parameter.cache_size = 50;
    model_ = svm_train(&problem, &parameter);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  ~Oracle() { svm_free_and_destroy_model(&model_); }

  // Label and decision values of one test row, libsvm's signs.
  std::size_t predict(std::span<const double> row, std::vector<double>& decisions) const {
    const auto nodes = to_nodes(row, 0);
    decisions.resize(problem_.classes * (problem_.classes - 1) / 2);
    return static_cast<std::size_t>(svm_predict_values(model_, nodes.data(), decisions.data()));
  }

 private:
  static std::vector<svm_node> to_nodes(std::span<const double> row, std::size_t serial) {
    std::vector<svm_node> nodes{{0, static_cast<double>(serial)}};
    for (std::size_t j = 0; j < row.size(); ++j) nodes.push_back({static_cast<int>(j + 1), row[j]});
    nodes.push_back({-1, 0});
    return nodes;
  }

  const Problem& problem_;
  std::vector<std::vector<svm_node>> nodes_;
  std::vector<svm_node*> rows_;
  std::vector<double> targets_;
  svm_model* model_;
};

// How far the decision values of two approximate solutions may lie apart: a violation v leaves a duality gap of at most
// v C n, and |w - w'|^2 <= 2 (gap + gap'), |k(z, .)| = 1; the bias differs by at most as much, plus the violation.
double decision_tolerance(double tolerance, double cost, std::size_t n) {
  const double gap = 2 * tolerance * cost * static_cast<double>(n);
  return 2 * std::sqrt(2 * gap) + 2 * tolerance;
}

// Decision values within `allowed` of libsvm's, and its labels wherever no vote hangs on that.
void expect_agreement(const Problem& p, double cost, double tolerance) {
  const SvmResult svm =
      train_svm(p.K, p.labels, p.classes, {.cost = cost, .tolerance = tolerance, .max_iterations = 10000000});
  ASSERT_EQ(svm.summary.pairs_not_converged, 0u);
  const SvmPrediction prediction = predict(svm, p.K_test);
  const Oracle oracle(p, cost, tolerance);
  const double allowed = decision_tolerance(tolerance, cost, p.labels.size());
  std::vector<double> decisions;
  for (std::size_t z = 0; z < p.K_test.rows(); ++z) {
    const std::size_t label = oracle.predict(p.K_test.row(z), decisions);
    bool near_tie = false;
    for (std::size_t pair = 0; pair < decisions.size(); ++pair) {
      EXPECT_NEAR(prediction.decisions(z, pair), decisions[pair], allowed) << "C = " << cost;
      near_tie |= std::abs(decisions[pair]) <= allowed;
    }
    if (!near_tie) {
      EXPECT_EQ(prediction.labels[z], label) << "C = " << cost;
    }
  }
}

TEST(Svm, AgreesWithLibsvm) {
  for (std::size_t classes : {2u, 3u, 5u})
    for (const double cost : {1e-2, 1.0, 30.0, 1e4})
      expect_agreement(Problem(classes == 5 ? 83 : 61, classes, classes, cost > 100 ? 0.2 : 0.7), cost, 1e-9);
}

TEST(Svm, AgreesWithLibsvmOnManySmallProblems) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Numbers numbers(1000 + seed);
    const std::size_t classes = 2 + numbers.below(4), n = classes + numbers.below(40);
    const double cost = std::pow(10.0, 3 * numbers() + 1);
    SCOPED_TRACE(seed);
    expect_agreement(Problem(n, classes, seed, 0.3 + 0.2 * numbers()), cost, 1e-8);
  }
}

TEST(Svm, AtTheUsualToleranceItsObjectiveIsLibsvms) {
  for (const double cost : {1e-2, 1e-1, 1.0, 10.0, 1e2, 1e3, 1e4}) {
    const Problem p(150, 2, 11, 0.5);
    const SvmResult usual = train_svm(p.K, p.labels, 2, {.cost = cost, .max_iterations = 1000000});
    const SvmResult exact = train_svm(p.K, p.labels, 2, {.cost = cost, .tolerance = 1e-7, .max_iterations = 10000000});
    ASSERT_TRUE(usual.pairs[0].converged && exact.pairs[0].converged);
    EXPECT_LE(usual.pairs[0].violation, 1e-3);
    // The duality gap that a violation leaves.
    const double gap = 1e-3 * cost * 150;
    EXPECT_GE(usual.pairs[0].objective, exact.pairs[0].objective - 1e-7 * cost * 150);
    EXPECT_LE(usual.pairs[0].objective, exact.pairs[0].objective + gap);
    const Oracle oracle(p, cost, 1e-3);
    const SvmPrediction prediction = predict(usual, p.K_test);
    std::vector<double> decisions;
    for (std::size_t z = 0; z < p.K_test.rows(); ++z) {
      oracle.predict(p.K_test.row(z), decisions);
      EXPECT_NEAR(prediction.decisions(z, 0), decisions[0], decision_tolerance(1e-3, cost, 150));
    }
  }
}

// The conditions of optimality, from the definition.
TEST(Svm, TheDualSolutionIsFeasibleAndOptimal) {
  for (const double cost : {0.1, 10.0}) {
    const Problem p(97, 2, 3);
    const SvmResult svm = train_svm(p.K, p.labels, 2, {.cost = cost});
    double sum = 0, most = -1e300, least = 1e300, objective = 0;
    for (std::size_t i = 0; i < 97; ++i) {
      const double beta = svm.coefficients(i, 0), y = p.labels[i] == 0 ? 1 : -1;
      sum += beta;
      EXPECT_GE(y * beta, 0);
      EXPECT_LE(y * beta, cost);
      double residual = y;
      for (std::size_t j = 0; j < 97; ++j) residual -= p.K(i, j) * svm.coefficients(j, 0);
      objective += 0.5 * beta * (y - residual) - std::abs(beta);
      if (y > 0 ? beta < cost : beta < 0) most = std::max(most, residual);
      if (y > 0 ? beta > 0 : beta > -cost) least = std::min(least, residual);
    }
    const double rounding = 1e4 * eps * cost * 97;
    EXPECT_NEAR(sum, 0, rounding);
    EXPECT_LE(most - least, 1e-3 + rounding);
    EXPECT_NEAR(svm.pairs[0].violation, most - least, rounding);
    EXPECT_NEAR(svm.pairs[0].objective, objective, 97 * rounding);
    EXPECT_GE(svm.pairs[0].bias, least - 1e-3 - rounding);
    EXPECT_LE(svm.pairs[0].bias, most + 1e-3 + rounding);
  }
}

TEST(Svm, APathReachesWhatEveryCostReachesAlone) {
  const Problem p(120, 3, 5);
  const std::vector<double> costs{1e-2, 1e-1, 1, 10, 100, 1000};
  const SvmOptions options{.tolerance = 1e-6, .max_iterations = 1000000};
  const auto path = train_svm_path(p.K, p.labels, 3, costs, options);
  ASSERT_EQ(path.size(), costs.size());
  std::size_t path_iterations = 0, cold_iterations = 0;
  for (std::size_t c = 0; c < costs.size(); ++c) {
    SvmOptions alone = options;
    alone.cost = costs[c];
    const SvmResult cold = train_svm(p.K, p.labels, 3, alone);
    EXPECT_EQ(path[c].summary.cost, costs[c]);
    path_iterations += path[c].summary.iterations, cold_iterations += cold.summary.iterations;
    const SvmPrediction a = predict(path[c], p.K_test), b = predict(cold, p.K_test);
    EXPECT_LE(distance(a.decisions, b.decisions), decision_tolerance(1e-6, costs[c], 120));
    for (std::size_t pair = 0; pair < 3; ++pair) {
      EXPECT_TRUE(path[c].pairs[pair].converged);
      EXPECT_NEAR(path[c].pairs[pair].objective, cold.pairs[pair].objective, 1e-6 * costs[c] * 120);
    }
  }
  EXPECT_LT(path_iterations, cold_iterations);
}

TEST(Svm, ACostMayFallAlongAPath) {
  const Problem p(80, 2, 6);
  const SvmOptions options{.tolerance = 1e-6, .max_iterations = 1000000};
  const auto path = train_svm_path(p.K, p.labels, 2, std::vector<double>{100, 0.1}, options);
  const SvmResult cold = train_svm(p.K, p.labels, 2, {.cost = 0.1, .tolerance = 1e-6});
  EXPECT_NEAR(path[1].pairs[0].objective, cold.pairs[0].objective, 1e-6 * 0.1 * 80);
  for (std::size_t i = 0; i < 80; ++i) EXPECT_LE(std::abs(path[1].coefficients(i, 0)), 0.1);
}

TEST(Svm, FloatAndDoubleKernelsOfTheSameNumbersGiveTheSameBits) {
  for (std::size_t classes : {2u, 4u}) {
    const Problem p(101, classes, 8);
    const SvmOptions options{.cost = 10};
    const Matrix<float> K = copy<float>(p.K.view()), K_test = copy<float>(p.K_test.view());
    const SvmResult a = train_svm(p.K, p.labels, classes, options), b = train_svm(K, p.labels, classes, options);
    EXPECT_EQ(distance(a.coefficients, b.coefficients), 0);
    EXPECT_EQ(distance(predict(a, p.K_test).decisions, predict(b, K_test).decisions), 0);
  }
}

TEST(Svm, BitsDoNotDependOnTheThreads) {
  const Problem p(131, 5, 9);
  const auto run = [&](std::size_t threads) {
    set_thread_count(threads);
    const SvmResult svm = train_svm(p.K, p.labels, 5, {.cost = 3});
    std::vector<double> numbers(svm.coefficients.data(), svm.coefficients.data() + svm.coefficients.size());
    const SvmPrediction prediction = predict(svm, p.K_test);
    numbers.insert(numbers.end(), prediction.decisions.data(),
                   prediction.decisions.data() + prediction.decisions.size());
    set_thread_count(0);
    return numbers;
  };
  const auto one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(7));
}

TEST(Svm, TwoSamplesHaveTheirClosedForm) {
  // beta = (1, -1) / (K_00 + K_11 - 2 K_01) * 2 unless the cost is smaller.
  Matrix<double> K(2, 2);
  K(0, 0) = 3, K(1, 1) = 2, K(0, 1) = K(1, 0) = 0.5;
  const std::vector<std::size_t> labels{1, 0};
  EXPECT_EQ(train_svm(K, labels, 2, {.cost = 10}).coefficients(1, 0), 0.5);
  const SvmResult bounded = train_svm(K, labels, 2, {.cost = 0.25});
  EXPECT_EQ(bounded.coefficients(0, 0), -0.25);
  EXPECT_EQ(bounded.coefficients(1, 0), 0.25);
  // Both at an end: the bias lies in the middle of -1 + 0.25 * 2.5 and 1 - 0.25 * 1.5.
  EXPECT_NEAR(bounded.pairs[0].bias, (-0.375 + 0.625) / 2, 4 * eps);
}

TEST(Svm, DuplicatesWithOppositeLabelsAndConstantKernelsEnd) {
  const Matrix<double> K(6, 6, 1.0);
  const std::vector<std::size_t> labels{0, 1, 0, 1, 1, 1};
  const SvmResult svm = train_svm(K, labels, 2, {.cost = 2});
  EXPECT_TRUE(svm.pairs[0].converged);
  EXPECT_EQ(predict(svm, K).labels, std::vector<std::size_t>(6, 1));  // all it can do is the majority
}

TEST(Svm, ClassesWithoutSamplesTakeNoPart) {
  const Problem p(60, 3, 12);
  std::vector<std::size_t> spread;
  for (const std::size_t label : p.labels) spread.push_back(2 * label + 1);
  const SvmResult svm = train_svm(p.K, spread, 9);
  EXPECT_EQ(svm.present, (std::vector<std::size_t>{1, 3, 5}));
  EXPECT_EQ(svm.pairs[2].first, 3u);
  EXPECT_EQ(svm.pairs[2].second, 5u);
  const SvmResult dense = train_svm(p.K, p.labels, 3);
  EXPECT_EQ(distance(svm.coefficients, dense.coefficients), 0);
  const auto a = predict(svm, p.K_test).labels, b = predict(dense, p.K_test).labels;
  for (std::size_t z = 0; z < a.size(); ++z) EXPECT_EQ(a[z], 2 * b[z] + 1);
}

TEST(Svm, OneClassIsAlwaysPredicted) {
  const SvmResult svm = train_svm(identity(3), std::vector<std::size_t>{4, 4, 4}, 5);
  EXPECT_TRUE(svm.pairs.empty());
  EXPECT_EQ(predict(svm, Matrix<double>(2, 3)).labels, (std::vector<std::size_t>{4, 4}));
  EXPECT_TRUE(predict(svm, Matrix<double>(0, 3)).labels.empty());
}

TEST(Svm, SaysWhenTheIterationCapWasReached) {
  const Problem p(100, 2, 13);
  const SvmResult svm = train_svm(p.K, p.labels, 2, {.cost = 1e4, .max_iterations = 7});
  EXPECT_EQ(svm.summary.iterations, 7u);
  EXPECT_FALSE(svm.pairs[0].converged);
  EXPECT_EQ(svm.summary.pairs_not_converged, 1u);
  EXPECT_EQ(svm.summary.warning,
            fmt::format("1 of 1 binary problems at C = 10000 stopped at the iteration cap (largest violation of the "
                        "optimality conditions {:g}) raise the cap or lower C if the digits matter",
                        svm.pairs[0].violation));
  EXPECT_EQ(train_svm(p.K, p.labels, 2).summary.warning, "");
  EXPECT_GT(svm.summary.support_vectors, 1u);
  EXPECT_LE(svm.summary.support_vectors, 14u);
}

TEST(Svm, RefusesMisuse) {
  const Matrix<double> K = identity(3);
  const std::vector<std::size_t> labels{0, 1, 1};
  EXPECT_EQ(message_of([&] {
              train_svm(K, std::vector<std::size_t>{0, 1}, 2);
            }),
            "a kernel matrix of 3 x 3 with 2 labels (it must be square, with one label per row and at least one) give "
            "matching shapes");
  EXPECT_NE(message_of([&] { train_svm(Matrix<double>(), {}, 2); }).find("0 labels"), std::string::npos);
  EXPECT_EQ(message_of([&] { train_svm(K, labels, 1); }),
            "label 1 of sample 1 (there are 1 classes, counted from 0) number the classes below that");
  EXPECT_EQ(message_of([&] { train_svm(K, labels, 2, {.cost = 0}); }),
            "a cost of 0 (C is a positive finite number) change it");
  EXPECT_EQ(message_of([&] { train_svm(K, labels, 2, {.tolerance = 0}); }),
            "a tolerance of 0 (it is a positive finite number) change it");
  EXPECT_EQ(message_of([&] { train_svm(K, labels, 2, {.max_iterations = 0}); }),
            "an iteration cap of 0 (nothing would be trained) give at least 1");
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Matrix<double> poisoned = K;
    poisoned(1, 2) = bad;
    EXPECT_EQ(
        message_of([&] { train_svm(poisoned, labels, 2); }),
        fmt::format("entry (1, 2) of the kernel matrix is {} (a support vector machine needs finite numbers) mend the "
                    "data or the kernel",
                    bad));
  }
  EXPECT_EQ(
      message_of([&] { predict(train_svm(K, labels, 2), Matrix<double>(1, 4)); }),
      "a kernel matrix of 4 columns (the classifier was trained on 3 samples) give k(test, training) with one column "
      "per training sample");
}

}  // namespace
}  // namespace widenet
