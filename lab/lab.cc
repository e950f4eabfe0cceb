#include "lab/lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "lab/experiments.h"
#include "lab/report.h"
#include "widenet/base/error.h"

namespace widenet::lab {
namespace {

std::string wanted_text(const Check& check) {
  switch (check.wanted) {
    case Wanted::near:
      return fmt::format("{:.6g} +- {:.3g}", check.expected, check.tolerance);
    case Wanted::at_least:
      return fmt::format("at least {:.6g}", check.expected);
    case Wanted::at_most:
      return fmt::format("at most {:.6g}", check.expected);
  }
  return {};
}

}  // namespace

bool Check::passed() const {
  switch (wanted) {
    case Wanted::near:
      return std::abs(found - expected) <= tolerance;
    case Wanted::at_least:
      return found >= expected;
    case Wanted::at_most:
      return found <= expected;
  }
  return false;
}

bool Outcome::passed() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.passed(); });
}

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all{uci90(), tables(), mnist_nngp(), cifar10_cntk(), mnist_myrtle()};
  return all;
}

const Experiment& find_experiment(const std::string& name) {
  std::string names;
  for (const Experiment& experiment : experiments()) {
    if (experiment.name == name) return experiment;
    if (!names.empty()) names += ", ";
    names += experiment.name;
  }
  fail("no experiment is called '{}' (the lab has {}) give one of these names", name, names);
}

std::string data_folder(const std::optional<std::string>& given) {
  const char* set = std::getenv("WIDENET_DATA");
  if (!given && (set == nullptr || *set == '\0'))
    fail(
        "no data folder (the experiments run on real data that does not come with the program) give --data DIR or set "
        "WIDENET_DATA");
  const std::string folder = given ? *given : set;
  if (!std::filesystem::is_directory(folder))
    fail_outside("{}: no such folder (it should hold the data, from {}) give another with --data", folder,
                 given ? "--data" : "WIDENET_DATA");
  return folder;
}

Outcome run_experiment(const std::string& name, const std::optional<std::string>& data, const std::string& out,
                       const Progress& progress, const ImageOptions& images) {
  const Experiment& experiment = find_experiment(name);
  if (images.given() && !experiment.of_images)
    fail("{} takes no --train, --test, --only or --store (they belong to experiments on images) leave them out", name);
  const Context context{data_folder(data), out, progress, images};
  if (!out.empty()) {
    std::error_code error;
    std::filesystem::create_directories(out, error);
    if (error || !std::filesystem::is_directory(out))
      fail_outside("{}: cannot be made a folder ({}) give another with --out", out, error.message());
  }
  return experiment.run(context);
}

std::string list_text() {
  std::string text;
  for (const Experiment& experiment : experiments())
    text += fmt::format("{}\n{}{}{}", experiment.name, wrapped("claim:  " + experiment.claim, "  "),
                        wrapped("source: " + experiment.source, "  "), wrapped("cost:   " + experiment.cost, "  "));
  return text;
}

nlohmann::json list_json() {
  nlohmann::json list = nlohmann::json::array();
  for (const Experiment& e : experiments())
    list.push_back({{"name", e.name}, {"claim", e.claim}, {"source", e.source}, {"cost", e.cost}});
  return {{"experiments", list}};
}

std::string outcome_text(const Experiment& experiment, const Outcome& outcome) {
  TextTable checks({"check", "found", "wanted", ""});
  for (const Check& check : outcome.checks)
    checks.add({check.what, fmt::format("{:.6g}", check.found), wanted_text(check), check.passed() ? "pass" : "FAIL"});
  std::string text =
      fmt::format("{}\n{}\n{}\n{}", experiment.name, wrapped(experiment.claim, "  "), outcome.text, checks.text());
  for (const std::string& file : outcome.files) text += "wrote " + file + "\n";
  return text + fmt::format("{}: {}\n", experiment.name, outcome.passed() ? "passed" : "FAILED");
}

nlohmann::json outcome_json(const Experiment& experiment, const Outcome& outcome) {
  nlohmann::json checks = nlohmann::json::array();
  for (const Check& check : outcome.checks)
    checks.push_back(
        {{"what", check.what}, {"found", check.found}, {"wanted", wanted_text(check)}, {"passed", check.passed()}});
  return {{"name", experiment.name}, {"claim", experiment.claim}, {"passed", outcome.passed()},
          {"checks", checks},        {"files", outcome.files},    {"result", outcome.json}};
}

}  // namespace widenet::lab
