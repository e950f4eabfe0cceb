// widenet lab: the experiments of the literature.
#include "lab/lab.h"

#include <memory>

#include "apps/widenet/options.h"
#include "apps/widenet/progress_line.h"
#include "apps/widenet/report.h"
#include "widenet/base/error.h"

namespace widenet::app {
namespace {

struct Options {
  CLI::App* list = nullptr;
  std::string name, data, out;
  lab::ImageOptions images;
};

void run(const Options& options, const Settings& settings) {
  if (options.list->parsed()) {
    if (settings.json)
      print(lab::list_json());
    else
      print(lab::list_text());
    return;
  }
  const lab::Experiment& experiment = lab::find_experiment(options.name);
  const auto data = options.data.empty() ? std::optional<std::string>() : options.data;
  const lab::Outcome outcome = [&] {
    ProgressLine line(settings);
    return lab::run_experiment(options.name, data, options.out, line.callback(), options.images);
  }();
  if (settings.json)
    print(lab::outcome_json(experiment, outcome));
  else
    print(lab::outcome_text(experiment, outcome));
  if (!outcome.passed())
    fail_outside("experiment {} failed (a number is not what the claim says) see the checks above", options.name);
}

}  // namespace

Command lab_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(program, "lab", "List or run the experiments of the literature on real data.",
                                  "widenet lab run mnist-nngp --data ../data --out results");
  command->require_subcommand(1);
  options->list = command->add_subcommand("list", "What each experiment claims, from where, and what it costs");
  CLI::App* runs = command->add_subcommand("run", "Run one experiment and say whether its claim holds");
  runs->add_option("NAME", options->name, "Name of the experiment, from widenet lab list")->required();
  runs->add_option("--data", options->data, "Folder of the data sets; else the environment's WIDENET_DATA")
      ->type_name("DIR");
  runs->add_option("--out", options->out, "Folder for results as CSV, made if absent; else none are written")
      ->type_name("DIR");
  runs->add_option("--train", options->images.train, "Experiments on images: fewer for training")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000));
  runs->add_option("--test", options->images.test, "Experiments on images: fewer for testing")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000));
  runs->add_option("--only", options->images.only,
                   "Experiments on images: only networks whose text holds this, e.g. flatten")
      ->type_name("TEXT");
  runs->add_option(
          "--store", options->images.store,
          "Experiments on images: folder for finished parts of the kernel matrices; a run that was stopped goes "
          "on from there")
      ->type_name("DIR");
  for (CLI::App* sub : {options->list, runs}) sub->fallthrough();
  return {command, [options](const Settings& settings) { run(*options, settings); }};
}

}  // namespace widenet::app
