// widenet fit: from a table to a model file, with an honest estimate of its error.
#include "widenet/learn/fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
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
  std::string table, target, task, kernel, ridge = "auto", solver = "cholesky", scale, shape, gram, test, test_target,
                                           out;
  std::size_t folds = 0;  // 0: none
  std::optional<double> split;
  bool flip = false;
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
  if (!options.scale.empty()) out.scale = parse_scale(options.scale);
  out.flip = options.flip;
  out.gram = options.gram;
  if (!options.task.empty()) out.task = options.task == "regression" ? Task::regression : Task::classification;
  out.solver = options.solver == "svm" ? Solver::svm : Solver::cholesky;
  out.seed = settings.seed;
  out.memory = settings.memory;
  return out;
}

void append(std::vector<std::string>& notes, const std::string& prefix, const std::vector<std::string>& more) {
  for (const std::string& note : more) notes.push_back(prefix + note);
}

// The rows to fit with what their columns mean, and those to measure the fit on.
struct Rows {
  Table train;
  LearnedCoding learned;
  std::optional<Table> test;
};

// Task and classes are those of all rows: the training part may lack a class, or look like another task.
Rows split_table(const Table& table, double share, FitOptions& how) {
  const CodingOptions coding{how.target, how.task};
  LearnedCoding whole = learn_coding(table, coding);
  TableSplit split = split_rows(table, share, how.seed);
  if (!how.gram.empty()) how.gram_rows = std::move(split.train_rows);
  LearnedCoding learned = learn_coding(split.train, {how.target, whole.coding.target.task});
  // What was decided about the target was decided there.
  const auto about_target = [&](const std::string& note) {
    return note.starts_with(fmt::format("target {}", text::shown(whole.coding.target.name)));
  };
  std::erase_if(learned.notes, about_target);
  std::copy_if(whole.notes.begin(), whole.notes.end(), std::back_inserter(learned.notes), about_target);
  learned.coding.target = std::move(whole.coding.target);
  return {std::move(split.train), std::move(learned), std::move(split.test)};
}

// Of fewer rows the scaling may be another, and the matrix then is.
void check_gram_parts(const Options& options, const FitOptions& how) {
  if (how.gram.empty() || (!options.split && options.folds == 0)) return;
  if (how.scale && (how.scale->mode == ScaleMode::none || how.scale->mode == ScaleMode::normalise)) return;
  fail(
      "--gram with {} (the scaling is learned from the training rows of every part, so the matrix of all rows is not "
      "theirs) give --scale none or normalise, which scale every row by itself",
      options.split ? "--split" : "--folds");
}

Rows read_rows(const Options& options, FitOptions& how) {
  TargetTable read = read_with_target(options.table, options.target);
  if (!options.shape.empty())
    read.table.sample_shape = extents_of(options.shape, read.table.columns.size() - 1, options.table);
  how.target = read.target;
  check_gram_parts(options, how);
  if (options.split) return split_table(read.table, *options.split, how);
  if (options.folds > read.table.rows())
    fail("--folds {} of {} rows (every fold holds out at least one) give at most {}", options.folds, read.table.rows(),
         read.table.rows());
  LearnedCoding learned = learn_coding(read.table, {how.target, how.task});
  std::optional<Table> test;
  if (!options.test.empty()) test = read_for_model(options.test, options.test_target, "--test-target", learned.coding);
  return {std::move(read.table), std::move(learned), std::move(test)};
}

void state_memory(const Rows& rows, const FitOptions& how, const Settings& settings) {
  const Coding& coding = rows.learned.coding;
  const std::size_t outputs = coding.target.task == Task::classification ? coding.target.class_names.size() : 1;
  const std::size_t bytes = fit_bytes(how, rows.train.rows(), shape_of(coding.sample_shape), outputs);
  check_memory(bytes, how.memory, fmt::format("fitting {} rows", rows.train.rows()));
  notice(settings,
         fmt::format("memory: {} to fit {} rows of {} inputs", memory_text(bytes), rows.train.rows(), coding.width()));
}

void run(const Options& options, const Settings& settings) {
  FitOptions how = fit_options(options, settings);
  check_out(options.out);
  const Rows rows = read_rows(options, how);
  std::optional<CodedTable> test;
  if (rows.test) test = code_table(rows.learned.coding, *rows.test, WithTarget::yes);
  state_memory(rows, how, settings);

  FitResult result;
  {
    ProgressLine line(settings);
    how.progress = line.callback();
    result = fit(rows.train, rows.learned, how);
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
  CLI::App* command = add_command(program, "fit", "Fit a kernel model to a table or an array of samples and save it.",
                                  "widenet fit houses.csv --target price --folds 5 --out price.model");
  command
      ->add_option(
          "TABLE", options->table,
          "csv, npy, npz, libsvm, idx or cifar (.bin), also gzipped; of an array of images or sequences samples "
          "first, channels last")
      ->required();
  command
      ->add_option(
          "--target", options->target,
          "Column to predict (of cifar: label), or a file that holds it alone (y.npy, xy.npz:y, an idx file of "
          "labels) beside an array")
      ->type_name("COLUMN")
      ->required();
  add_out(*command, options->out, "The model");
  add_words(*command, "--task", options->task, {"regression", "classification"},
            "Unless given: classification for texts, labels and at most two distinct values");
  CLI::Option* kernel =
      command
          ->add_option(
              "--kernel", options->kernel,
              "Kernel expression, or @FILE that holds it; unless given, the best of a family by leave-one-out error")
          ->type_name("EXPR");
  command
      ->add_option("--gram", options->gram,
                   "The matrix of --kernel on the rows as they are scaled, as widenet kernel writes it; verified, and "
                   "used in place of computing it")
      ->type_name("FILE")
      ->needs(kernel);
  command
      ->add_option("--ridge", options->ridge,
                   "Number added to the kernel matrix's diagonal (svm: 1 / C), or auto, the default: by leave-one-out")
      ->type_name("R");
  add_words(*command, "--solver", options->solver, {"cholesky", "svm"}, "cholesky unless given; svm for classes only");
  command
      ->add_option(
          "--scale", options->scale,
          "standard: columns to mean 0 and variance 1; channels: the channels of images or sequences, over all "
          "positions; normalise: rows; zca:R: rows, then ZCA whitening with R mean eigenvalues added. Unless "
          "given: channels where the kernel reads positions, else standard, and without --kernel the better of "
          "standard and normalise")
      ->type_name("{standard|channels|normalise|zca:R|none}");
  command->add_flag("--flip", options->flip, "Images: fit the mirror image of every training row as well");
  command
      ->add_option("--input-shape", options->shape,
                   "Shape of one sample, channels last, e.g. 28x28x1; that of the file unless given")
      ->type_name("SHAPE");
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
