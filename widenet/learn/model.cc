#include "widenet/learn/model.h"

#include <algorithm>
#include <cmath>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/targets.h"

namespace widenet {
namespace {

// Rows that are predicted at once: their kernel rows against all training rows are held in memory.
constexpr std::size_t rows_per_block = 256;
// Rows whose deviations are computed at once.
constexpr std::size_t rows_of_deviations = 4 * rows_per_block;

// Reports a part of the work as a part of all of it.
Progress part_of(const Progress& progress, std::size_t entries_before, std::size_t entries) {
  if (!progress) return {};
  return [=, &progress](const ProgressEvent& event) {
    progress({"kernel of the new rows", static_cast<double>(entries_before) + event.done, static_cast<double>(entries),
              event.unit});
  };
}

// scores = K(z, X) coefficients, n x m.
Matrix<double> scores(const Gram<double>& gram, MatrixView<const double> coefficients, const Progress& progress) {
  Matrix<double> out(gram.rows(), coefficients.cols());
  const std::size_t n = gram.rows(), m = gram.cols(), at_once = rows_per_block * thread_count();
  for (std::size_t begin = 0; begin < n; begin += at_once) {
    const Range group{begin, std::min(n, begin + at_once)};
    auto kernel = Matrix<double>::uninitialized(group.size(), m);
    materialize_rows(gram, group, kernel.view(), part_of(progress, begin * m, n * m));
    parallel_for((group.size() + rows_per_block - 1) / rows_per_block, [&](std::size_t block, std::size_t) {
      const Range rows{block * rows_per_block, std::min(group.size(), (block + 1) * rows_per_block)};
      const Range to{begin + rows.begin, begin + rows.end};
      blas::gemm(blas::Transpose::no, blas::Transpose::no, 1, kernel.view().rows(rows), coefficients, 0,
                 out.view().rows(to));
    });
  }
  return out;
}

// sqrt(k(z, z) - |L^-1 k(X, z)|^2 [+ ridge]), the same for all outputs. The difference is that of a positive definite
// matrix's Schur complement; rounding may take it below 0 by eps k(z, z), which counts as 0.
std::vector<double> deviations(const Model& model, MatrixView<const double> inputs, Deviation deviation,
                               const CholeskyFactor& factor, const Progress& progress) {
  const Shape shape = model.sample_shape();
  const std::size_t n = model.inputs.rows();
  std::vector<double> variance(inputs.rows());
  kernel_gram<double>(model.kernel, shape, inputs)->diagonal(variance);
  for (std::size_t begin = 0; begin < inputs.rows(); begin += rows_of_deviations) {
    const Range block{begin, std::min(inputs.rows(), begin + rows_of_deviations)};
    Matrix<double> kernel =
        materialize(*kernel_gram<double>(model.kernel, shape, model.inputs.view(), inputs.rows(block)),
                    part_of(progress, begin * n, inputs.rows() * n));
    factor.solve_lower_in_place(kernel);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < block.size(); ++j) variance[begin + j] -= kernel(i, j) * kernel(i, j);
  }
  for (double& v : variance) v = std::sqrt(std::max(v, 0.0) + (deviation == Deviation::observed ? model.ridge : 0));
  return variance;
}

Prediction predict_classes(const Model& model, MatrixView<const double> inputs, const Progress& progress) {
  Prediction out;
  const auto gram = kernel_gram<double>(model.kernel, model.sample_shape(), inputs, model.inputs.view());
  if (model.solver == Solver::svm) {
    out.labels = predict(*model.svm, materialize(*gram, progress).view()).labels;
    return out;
  }
  Matrix<double> f = scores(*gram, model.coefficients.view(), progress);
  exclude_classes(model.absent_classes, f);
  out.labels = largest_per_row(f.view());
  out.probabilities = softmax(f.view(), model.sharpness);
  return out;
}

}  // namespace

std::string to_string(Solver solver) { return solver == Solver::svm ? "svm" : "cholesky"; }

CholeskyFactor refactor(const Model& model, const Progress& progress) {
  const auto gram = kernel_gram<double>(model.kernel, model.sample_shape(), model.inputs.view());
  CholeskyResult result = cholesky(materialize_half(*gram, progress), model.ridge, progress);
  if (!result) fail_outside("{}", result.failure->message);
  return std::move(*result.factor);
}

Prediction predict(const Model& model, MatrixView<const double> raw_inputs, Deviation deviation,
                   const CholeskyFactor* factor, const Progress& progress) {
  const Matrix<double> inputs = scale_inputs(model.scaling, raw_inputs);
  if (model.task() == Task::classification) {
    if (deviation != Deviation::none)
      fail("a classifier has no standard deviation (its outputs are labels and probabilities) ask for probabilities");
    return predict_classes(model, inputs.view(), progress);
  }
  Prediction out;
  out.mean = scores(*kernel_gram<double>(model.kernel, model.sample_shape(), inputs.view(), model.inputs.view()),
                    model.coefficients.view(), progress);
  unscale_means(model.scaling, out.mean);
  if (deviation == Deviation::none) return out;
  std::optional<CholeskyFactor> own;
  if (!factor) factor = &own.emplace(refactor(model, progress));
  const std::vector<double> s = deviations(model, inputs.view(), deviation, *factor, progress);
  out.deviation = Matrix<double>(inputs.rows(), out.mean.cols());
  for (std::size_t i = 0; i < inputs.rows(); ++i) std::ranges::fill(out.deviation.row(i), s[i]);
  unscale_deviations(model.scaling, out.deviation);
  return out;
}

std::size_t predict_bytes(const Model& model, std::size_t rows, bool deviations) {
  constexpr std::size_t word = sizeof(double);
  const std::size_t n = model.inputs.rows(), d = model.inputs.cols();
  std::size_t kernel_rows = std::min(rows, rows_per_block * thread_count());
  if (model.solver == Solver::svm) kernel_rows = rows;
  if (deviations) kernel_rows = std::max(kernel_rows, std::min(rows, rows_of_deviations));
  return word * (n * kernel_rows + 2 * rows * d + n * d) + scaling_bytes(model.scaling.scale, d) +
         kernel_gram_bytes(model.kernel, rows, n, model.sample_shape(), word) + (deviations ? cholesky_bytes(n) : 0);
}

Metrics evaluate(const Model& model, const Dataset& data, const CholeskyFactor* factor, const Progress& progress) {
  if (!data.target) fail("the rows have no target (metrics compare with it) code the table with its target");
  const Target& target = *data.target;
  if (model.task() == Task::classification) {
    const Prediction p = predict(model, data.inputs.view(), Deviation::none, nullptr, progress);
    return classification_metrics(target.classes, p.labels, p.probabilities.view(), model.classes(),
                                  model.majority_class);
  }
  const Prediction p = predict(model, data.inputs.view(), Deviation::observed, factor, progress);
  return regression_metrics(target.values.view(), p.mean.view(), p.deviation.view(), model.training_mean);
}

}  // namespace widenet
