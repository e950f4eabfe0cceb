// widenet predict: a model's answers for new rows, as a table.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/widenet/model_memory.h"
#include "apps/widenet/options.h"
#include "apps/widenet/progress_line.h"
#include "apps/widenet/report.h"
#include "widenet/base/error.h"
#include "widenet/data/csv.h"
#include "widenet/data/read.h"
#include "widenet/learn/model_file.h"

namespace widenet::app {
namespace {

struct Options {
  std::string model, table, out;
  bool std = false, latent = false, proba = false;
};

void check_asked(const Options& options, const Model& model) {
  if (options.std && model.task() == Task::classification)
    fail("--std is asked of a classifier (its outputs are labels) ask for --proba instead");
  if (options.proba && model.task() == Task::regression)
    fail("--proba is asked of a regression (its outputs are numbers) ask for --std instead");
  if (options.proba && model.solver == Solver::svm)
    fail("--proba is asked of a support vector machine (it gives labels alone) fit with --solver cholesky");
}

std::vector<double> column_of(const Matrix<double>& m, std::size_t j) {
  std::vector<double> out(m.rows());
  for (std::size_t i = 0; i < m.rows(); ++i) out[i] = m(i, j);
  return out;
}

std::vector<Column> columns_of(const Model& model, const Prediction& prediction, bool proba) {
  std::vector<Column> columns;
  if (model.task() == Task::classification) {
    const std::vector<std::string>& names = model.coding.target.class_names;
    std::vector<std::string> labels;
    for (const std::size_t c : prediction.labels) labels.push_back(names[c]);
    columns.push_back(text_column("label", std::move(labels)));
    for (std::size_t c = 0; proba && c < names.size(); ++c)
      columns.push_back(numeric_column(fmt::format("p({})", names[c]), column_of(prediction.probabilities, c)));
    return columns;
  }
  const std::size_t outputs = prediction.mean.cols();
  for (std::size_t j = 0; j < outputs; ++j) {
    const std::string suffix = outputs == 1 ? "" : fmt::format("_{}", j + 1);
    columns.push_back(numeric_column("mean" + suffix, column_of(prediction.mean, j)));
    if (prediction.deviation.rows() > 0)
      columns.push_back(numeric_column("std" + suffix, column_of(prediction.deviation, j)));
  }
  return columns;
}

void run(const Options& options, const Settings& settings) {
  check_out(options.out);
  const Model model = load_model(options.model);
  check_asked(options, model);
  const Table table = read_table(options.table);
  const CodedTable coded = code_table(model.coding, table, WithTarget::no);
  state_model_memory(model, coded.data.inputs.rows(), options.std, settings);
  const auto start = std::chrono::steady_clock::now();
  Prediction prediction;
  {
    ProgressLine line(settings);
    const Deviation deviation = !options.std     ? Deviation::none
                                : options.latent ? Deviation::latent
                                                 : Deviation::observed;
    prediction = predict(model, coded.data.inputs.view(), deviation, nullptr, line.callback());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::vector<Column> columns = columns_of(model, prediction, options.proba);
  write_csv(options.out, columns);

  std::vector<std::string> notes = table.notes, names;
  notes.insert(notes.end(), coded.notes.begin(), coded.notes.end());
  for (const Column& column : columns) names.push_back(column.name);
  const std::size_t rows = coded.data.inputs.rows();
  if (settings.json) {
    print(nlohmann::json{{"rows", rows},
                         {"columns", names},
                         {"seconds", seconds},
                         {"peak_memory", peak_memory()},
                         {"out", options.out},
                         {"notes", notes}});
    return;
  }
  print(note_fields(notes) + field("rows", fmt::format("{}, {}", rows, seconds_text(seconds))) +
        field("columns", fmt::format("{}", fmt::join(names, ", "))) + field("written", options.out));
}

}  // namespace

Command predict_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(program, "predict", "Predict the rows of a table with a model.",
                                  "widenet predict price.model new.csv --std --out prices.csv");
  command->add_option("MODEL", options->model, "A file that fit wrote")->required();
  command
      ->add_option("TABLE", options->table, "Raw rows with the columns of the training table, or samples of its shape")
      ->required();
  add_out(*command, options->out, "The predictions as csv: mean and std, or label and p(CLASS)");
  CLI::Option* deviation =
      command->add_flag("--std", options->std, "Regression: also the standard deviation of a new observation");
  command->add_flag("--latent", options->latent, "With --std: of the function, without noise")->needs(deviation);
  command->add_flag("--proba", options->proba, "Classification: also the probability of every class")
      ->excludes(deviation);
  return {command, [options](const Settings& settings) { run(*options, settings); }};
}

}  // namespace widenet::app
