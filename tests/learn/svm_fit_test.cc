#include "widenet/learn/svm_fit.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet {
namespace {

using namespace testing_learn;

FitOptions svm_options(std::optional<double> ridge) {
  FitOptions options = given("gaussian(length=0.8)", 1);
  options.solver = Solver::svm;
  options.ridge = ridge;
  return options;
}

TEST(SvmFit, IsTheSolverOnTheScaledRows) {
  const Matrix<double> x = some_inputs(90, 2, 1), fresh = some_inputs(300, 2, 2);
  for (const std::size_t classes : {2u, 4u}) {
    const std::vector<std::string> names = some_labels(x, classes);
    const FitResult result = fit(with_labels(x, names), svm_options(0.25));
    ASSERT_FALSE(result.failure);
    EXPECT_FALSE(result.factor);
    const Model& model = result.model;
    EXPECT_EQ(model.ridge, 0.25);
    EXPECT_EQ(model.svm->summary.cost, 4.0);
    const Matrix<double> z = scale_inputs(model.scaling, x), zf = scale_inputs(model.scaling, fresh);
    std::vector<std::size_t> labels;
    for (const std::string& name : names) labels.push_back(std::stoul(name.substr(6)));
    const SvmResult plain = train_svm(materialize(*kernel_gram<double>(*svm_options({}).kernel, z.view())).view(),
                                      labels, classes, {.cost = 4});
    EXPECT_TRUE(same_bits(plain.coefficients, model.svm->coefficients));
    const auto cross = materialize(*kernel_gram<double>(*svm_options({}).kernel, zf.view(), z.view()));
    const Prediction p = predict(model, fresh);
    EXPECT_EQ(p.labels, predict(plain, cross.view()).labels);
    EXPECT_EQ(p.probabilities.size(), 0u);
    EXPECT_EQ(p.mean.size(), 0u);
    EXPECT_FALSE(model.metrics.contains("loo"));
    EXPECT_FALSE(model.metrics.at("train").log_loss);
    const Metrics again = evaluate(model, code_table(model.coding, with_labels(x, names), WithTarget::yes).data);
    EXPECT_EQ(again.accuracy, model.metrics.at("train").accuracy);
    EXPECT_GT(*again.accuracy, 0.5);
  }
}

TEST(SvmFit, SaysHowItChoseC) {
  const Matrix<double> x = some_inputs(80, 2, 3);
  const Table table = with_labels(x, some_labels(x, 3));
  const FitResult result = fit(table, svm_options({}));
  const std::string note = result.model.notes.back();
  EXPECT_PRED2(testing::contains, note, "chose C = ");
  EXPECT_PRED2(testing::contains, note, " by 5-fold cross-validation on 80 rows");
  EXPECT_NEAR(std::stod(note.substr(10)), 1 / result.model.ridge, 1e-12 / result.model.ridge);
  EXPECT_EQ(result.model.svm->summary.cost, 1 / result.model.ridge);
  for (const std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    const FitResult again = fit(table, svm_options({}));
    EXPECT_EQ(again.model.ridge, result.model.ridge);
    EXPECT_TRUE(same_bits(again.model.svm->coefficients, result.model.svm->coefficients));
  }
  set_thread_count(0);
}

TEST(SvmFit, ChoosesTheKernelToo) {
  const Matrix<double> x = some_inputs(60, 2, 4);
  FitOptions options;
  options.target = "y";
  options.solver = Solver::svm;
  const FitResult result = fit(with_labels(x, some_labels(x, 2)), options);
  EXPECT_GE(result.selection.tried.size(), default_family(2).size());
  EXPECT_GT(result.model.metrics.at("train").accuracy.value(), 0.8);
}

TEST(SvmFit, FewRows) {
  for (const std::size_t n : {2u, 3u, 5u}) {
    const Matrix<double> x = some_inputs(n, 2, 5);
    const FitResult result = fit(with_labels(x, some_labels(x, 2)), svm_options({}));
    EXPECT_EQ(predict(result.model, x).labels.size(), n);
  }
}

TEST(SvmFit, RefusesWhatItCannotDo) {
  const Matrix<double> x = some_inputs(12, 2, 6);
  EXPECT_MESSAGE(fit(with_target(x, some_targets(x, 1)), svm_options(1)),
                 "the svm solver is for classification (it separates classes) leave --solver out, or give --task "
                 "classification");
  const Table table = with_labels(x, some_labels(x, 2));
  EXPECT_MESSAGE(fit(table, svm_options(0)),
                 "the svm solver needs a ridge above 0 (its C is 1 / ridge) give a positive ridge, or auto");
  const Model model = fit(table, svm_options(1)).model;
  EXPECT_MESSAGE(predict(model, x, Deviation::latent), "a classifier has no standard deviation");
}

}  // namespace
}  // namespace widenet
