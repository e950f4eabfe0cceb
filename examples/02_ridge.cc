// Kernel ridge regression from a table to predictions, and a model file.
#include <cstdio>
#include <filesystem>

#include "widenet/data/read.h"
#include "widenet/learn/fit.h"
#include "widenet/learn/model_file.h"

int main(int argc, char** argv) {
  // 442 patients: ten measurements and the progression of their disease a year later. A fifth is kept for the test.
  const widenet::Table table = widenet::read_table(argc > 1 ? argv[1] : "data/diabetes.csv");
  const auto [train, test, kept] = widenet::split_rows(table, 0.2, /*seed=*/0);

  // The kernel of a wide network with two hidden layers. The ridge is left out: it is chosen by leave-one-out errors.
  // Features and target are standardised; the model remembers how.
  widenet::FitOptions options;
  options.target = "progression";
  options.kernel = widenet::parse_kernel("ntk[repeat(2)[dense(weight_std=sqrt(2), bias_std=0.5) relu] dense]");
  const widenet::FitResult result = widenet::fit(train, options);
  if (result.failure) {  // numerical failure is a value, not an exception
    std::puts(result.failure->c_str());
    return 1;
  }
  const widenet::Model& model = result.model;
  for (const std::string& note : model.notes) std::printf("note: %s\n", note.c_str());

  // Errors are in the target's own unit, beside those of always predicting the training mean.
  const widenet::Metrics& loo = model.metrics.at("loo");
  std::printf("ridge %g, leave-one-out rmse %.2f (the mean: %.2f)\n", model.ridge, *loo.rmse, *loo.baseline_rmse);

  // Test rows are coded as the training rows were, then scaled and predicted.
  const widenet::CodedTable coded = widenet::code_table(model.coding, test, widenet::WithTarget::yes);
  const widenet::Metrics m = widenet::evaluate(model, coded.data, &*result.factor);
  std::printf("test rmse %.2f, R2 %.3f on %zu rows\n", *m.rmse, *m.r2, m.rows);

  // A model file holds all that predicting needs.
  const std::string path = (std::filesystem::temp_directory_path() / "widenet_example_ridge.model").string();
  widenet::save_model(model, path);
  const widenet::Model loaded = widenet::load_model(path);
  std::filesystem::remove(path);
  const auto before = widenet::predict(model, coded.data.inputs), after = widenet::predict(loaded, coded.data.inputs);
  for (std::size_t i = 0; i < 3; ++i)
    std::printf("patient %zu: predicted %.1f, was %.1f\n", i, after.mean(i, 0), coded.data.target->values(i, 0));

  for (std::size_t i = 0; i < before.mean.rows(); ++i)
    if (before.mean(i, 0) != after.mean(i, 0)) return 1;  // the same to the last bit
  return *m.rmse < 0.85 * *m.baseline_rmse ? 0 : 1;
}
