// A fitted model: everything that predicting needs, from raw rows to the target's own unit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"
#include "widenet/base/progress.h"
#include "widenet/data/coding.h"
#include "widenet/data/scaling.h"
#include "widenet/learn/metrics.h"
#include "widenet/solve/cholesky.h"
#include "widenet/solve/svm.h"

namespace widenet {

enum class Solver { cholesky, svm };
std::string to_string(Solver solver);

struct Model {
  Coding coding;
  Scaling scaling;
  Kernel kernel;     // self-contained: reads no other file
  double ridge = 0;  // absolute, in units of the scaled target; svm: 1 / C
  Solver solver = Solver::cholesky;
  Matrix<double> inputs;        // n x d, scaled training rows
  Matrix<double> coefficients;  // cholesky: n x m, (K + ridge I)^-1 Y; Y scaled targets, or one-hot minus 1 / classes
  std::optional<SvmResult> svm;
  double sharpness = 1;               // classification: p = softmax(sharpness f), fitted on leave-one-out predictions
  std::vector<double> training_mean;  // regression: of the raw targets
  std::size_t majority_class = 0;     // classification
  std::vector<std::size_t> absent_classes;  // classification: without a training row, increasing; never predicted
  std::map<std::string, Metrics> metrics;   // what fit measured: train, loo, test, folds
  std::vector<std::string> notes;           // what fit decided, one sentence each

  Task task() const { return coding.target.task; }
  // What the kernel reads a row of inputs as.
  Shape sample_shape() const { return shape_of(coding.sample_shape); }
  std::size_t classes() const { return coding.target.class_names.size(); }
};

enum class Deviation { none, latent, observed };  // of the function, or of a new observation: + ridge

struct Prediction {
  Matrix<double> mean;              // regression: n x m, in the target's own unit
  Matrix<double> deviation;         // regression, where asked: standard deviations, n x m
  std::vector<std::size_t> labels;  // classification: class indices
  Matrix<double> probabilities;     // classification by cholesky: n x classes
};

// Predicts from raw inputs as coded by model.coding (n x d). `deviation` for regression by cholesky: refactors the
// training Gram matrix, n^3/3 flops and n^2/2 numbers, unless `factor` (of FitResult) is given. Throws Error(usage)
// where the model has none.
Prediction predict(const Model& model, MatrixView<const double> raw_inputs, Deviation deviation = Deviation::none,
                   const CholeskyFactor* factor = nullptr, const Progress& progress = {});

// Bytes that predict() needs for so many rows, `deviations` without a factor at hand.
std::size_t predict_bytes(const Model& model, std::size_t rows, bool deviations);

// Metrics of the model on rows with known targets. Regression by cholesky includes nlpd and coverage95, so it needs the
// factor as above.
Metrics evaluate(const Model& model, const Dataset& data, const CholeskyFactor* factor = nullptr,
                 const Progress& progress = {});

// The factor of K + ridge I of the model's training rows. Throws Error(environment) where the memory of the model's
// matrix is not there or, as never for a model that fit() returned, the matrix is not positive definite.
CholeskyFactor refactor(const Model& model, const Progress& progress = {});

}  // namespace widenet
