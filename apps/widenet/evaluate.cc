// widenet evaluate: how good a model is on rows whose targets are known.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/widenet/kernel_text.h"
#include "apps/widenet/metrics_text.h"
#include "apps/widenet/model_memory.h"
#include "apps/widenet/options.h"
#include "apps/widenet/progress_line.h"
#include "apps/widenet/report.h"
#include "apps/widenet/target_table.h"
#include "widenet/learn/model_file.h"

namespace widenet::app {
namespace {

struct Options {
  std::string model, table, target;
};

void run(const Options& options, const Settings& settings) {
  Model model = load_model(options.model);
  const Table table = read_for_model(options.table, options.target, "--target", model.coding);
  const CodedTable coded = code_table(model.coding, table, WithTarget::yes);
  const bool deviations = model.task() == Task::regression;
  state_model_memory(model, coded.data.inputs.rows(), deviations, settings);
  const auto start = std::chrono::steady_clock::now();
  {
    ProgressLine line(settings);
    model.metrics["test"] = evaluate(model, coded.data, nullptr, line.callback());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<std::string> notes = table.notes;
  notes.insert(notes.end(), coded.notes.begin(), coded.notes.end());
  if (settings.json) {
    nlohmann::json out = {{"kernel", to_text(model.kernel)},
                          {"ridge", model.ridge},
                          {"solver", to_string(model.solver)},
                          {"task", to_string(model.task())},
                          {"seconds", seconds},
                          {"peak_memory", peak_memory()},
                          {"notes", notes}};
    for (const auto& [set, metrics] : model.metrics) out[set] = metrics;
    print(out);
    return;
  }
  print(note_fields(notes) + field("model", options.model) + field("kernel", short_text(model.kernel, longest_list)) +
        field("test", fmt::format("{}, {}", options.table, seconds_text(seconds))) + "\n" +
        metrics_table(model.metrics));
}

}  // namespace

Command evaluate_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(program, "evaluate", "Measure a model on a table; what fit measured stands beside it.",
                  "widenet evaluate price.model held_out.csv");
  command->add_option("MODEL", options->model, "A file that fit wrote")->required();
  command
      ->add_option("TABLE", options->table,
                   "Raw rows with the columns of the training table, or samples of its shape, and the target")
      ->required();
  command->add_option("--target", options->target, "File of the targets, where the table is an array of inputs alone")
      ->type_name("FILE");
  return {command, [options](const Settings& settings) { run(*options, settings); }};
}

}  // namespace widenet::app
