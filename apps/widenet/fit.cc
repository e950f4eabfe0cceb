// widenet fit: from a table to a model file, with an honest estimate of its error.
#include "widenet/learn/fit.h"

#include <cmath>
#include <memory>

#include "apps/widenet/fit_report.h"
#include "apps/widenet/options.h"
#include "apps/widenet/progress_line.h"
#include "apps/widenet/report.h"
#include "apps/widenet/target_table.h"
#include "widenet/base/error.h"
#include "widenet/data/text.h"
#include "widenet/learn/memory.h"
#include "widenet/learn/model_file.h"

namespace widenet::app {
namespace {

struct Options {
  std::string table, target, task, kernel, ridge = "auto", solver = "cholesky", scale, test, test_target, out;
  std::size_t folds = 0;  // 0: none
  std::optional<double> split;
};

std::optional<double> parse_ridge(const std::string& word) {
  if (word == "auto") return std::nullopt;
  const auto value = text::parse_number(word);
  if (!value || !(*value >= 0) || std::isinf(*value))
    fail("--ridge {} is no ridge (a finite number >= 0 or auto is one) give one of these", text::shown(word));
  return value;
}

FitOptions fit_options(const Options& options, const Settings& settings) {
  FitOptions out;
  if (!options.kernel.empty()) out.kernel = parse_kernel(options.kernel);
  out.ridge = parse_ridge(options.ridge);
  if (!options.scale.empty()) out.scale = parse_scale_mode(options.scale);
  if (!options.task.empty()) out.task = options.task == "regression" ? Task::regression : Task::classification;
  out.solver = options.solver == "svm" ? Solver::svm : Solver::cholesky;
  out.seed = settings.seed;
  out.memory = settings.memory;
  return out;
}

void append(std::vector<std::string>& notes, const std::string& prefix, const std::vector<std::string>& more) {
  for (const std::string& note : more) notes.push_back(prefix + note);
}

// The rows to fit, and those to measure the fit on.
struct Rows {
  Table train;
  std::optional<Table> test;
};

Rows read_rows(const Options& options, FitOptions& how) {
  TargetTable read = read_with_target(options.table, options.target);
  how.target = read.target;
  if (options.split) {
    auto split = split_rows(read.table, *options.split, how.seed);
    return {std::move(split.train), std::move(split.test)};
  }
  if (options.folds > read.table.rows())
    fail("--folds {} of {} rows (every fold holds out at least one) give at most {}", options.folds, read.table.rows(),
         read.table.rows());
  return {std::move(read.table), std::nullopt};
}

// What fit() itself decides first: it is needed here to state the memory and to read the test rows before the work.
LearnedCoding state_memory(const Table& train, const FitOptions& how, const Settings& settings) {
  LearnedCoding learned = learn_coding(train, {how.target, how.task});
  const TargetCoding& target = learned.coding.target;
  const std::size_t outputs = target.task == Task::classification ? target.class_names.size() : 1;
  const std::size_t bytes = fit_bytes(how, train.rows(), learned.coding.width(), outputs);
  check_memory(bytes, how.memory, fmt::format("fitting {} rows", train.rows()));
  notice(settings, fmt::format("memory: {} to fit {} rows of {} inputs", memory_text(bytes), train.rows(),
                               learned.coding.width()));
  return learned;
}

void run(const Options& options, const Settings& settings) {
  FitOptions how = fit_options(options, settings);
  check_out(options.out);
  Rows rows = read_rows(options, how);
  const LearnedCoding learned = state_memory(rows.train, how, settings);
  if (!options.test.empty())
    rows.test = read_for_model(options.test, options.test_target, "--test-target", learned.coding);
  std::optional<CodedTable> test;
  if (rows.test) test = code_table(learned.coding, *rows.test, WithTarget::yes);

  FitResult result;
  {
    ProgressLine line(settings);
    how.progress = line.callback();
    result = fit(rows.train, how);
    if (result.failure) fail_outside("{}", *result.failure);
    if (test)
      result.model.metrics["test"] =
          evaluate(result.model, test->data, result.factor ? &*result.factor : nullptr, how.progress);
    result.factor.reset();
    if (options.folds > 0) result.model.metrics["folds"] = cross_validate(rows.train, how, options.folds);
    how.progress = {};
  }
  save_model(result.model, options.out);
  FitReport report{result, {}, options.out};
  append(report.notes, "", rows.train.notes);
  append(report.notes, "", result.model.notes);
  if (!options.test.empty()) append(report.notes, "test: ", rows.test->notes);
  if (test) append(report.notes, "test: ", test->notes);
  print_fit(report, settings);
}

}  // namespace

Command fit_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(program, "fit", "Fit a kernel model to a table and save it.",
                                  "widenet fit houses.csv --target price --folds 5 --out price.model");
  command->add_option("TABLE", options->table, "csv, npy, npz, libsvm or idx, also gzipped")->required();
  command
      ->add_option("--target", options->target,
                   "Column to predict, or a file that holds it alone (y.npy) beside an array")
      ->type_name("COLUMN")
      ->required();
  add_out(*command, options->out, "The model");
  add_words(*command, "--task", options->task, {"regression", "classification"},
            "Unless given: classification for texts and for at most two distinct values");
  command
      ->add_option(
          "--kernel", options->kernel,
          "Kernel expression, or @FILE that holds it; unless given, the best of a family by leave-one-out error")
      ->type_name("EXPR");
  command
      ->add_option("--ridge", options->ridge,
                   "Number added to the kernel matrix's diagonal (svm: 1 / C), or auto, the default: by leave-one-out")
      ->type_name("R");
  add_words(*command, "--solver", options->solver, {"cholesky", "svm"}, "cholesky unless given; svm for classes only");
  add_words(*command, "--scale", options->scale, {"standard", "normalise", "none"},
            "Of inputs: columns to mean 0 and variance 1 (the default), rows likewise, or nothing");
  CLI::Option* test = command->add_option("--test", options->test, "Table to measure the model on")->type_name("FILE");
  command->add_option("--test-target", options->test_target, "File of the test table's targets, where it is an array")
      ->type_name("FILE")
      ->needs(test);
  CLI::Option* folds = command->add_option("--folds", options->folds, "Cross-validate on K parts as well")
                           ->type_name("K")
                           ->check(whole_number(2, 1'000'000))
                           ->excludes(test);
  command->add_option("--split", options->split, "Keep a random share F of the rows for testing, e.g. 0.2")
      ->type_name("F")
      ->excludes(test)
      ->excludes(folds);
  return {command, [options](const Settings& settings) { run(*options, settings); }};
}

}  // namespace widenet::app
