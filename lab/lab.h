// The experiments of the literature: what is claimed, what is run, when it passes.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "widenet/base/progress.h"

namespace widenet::lab {

// What experiments on images can be told: they take hours.
struct ImageOptions {
  std::optional<std::size_t> train, test;  // fewer images than the experiment's
  std::string only;                        // the networks whose text holds this
  std::string store;                       // folder that keeps finished parts of kernel matrices; empty: none
  bool given() const { return train || test || !only.empty() || !store.empty(); }
};

struct Context {
  std::string data;  // folder that holds uci90, uci_regression, tables, california_housing, mnist and cifar10
  std::string out;   // folder for the CSV files of an experiment, made if absent; empty: none are written
  Progress progress;
  ImageOptions images = {};
};

// One number that decides whether the claim holds: `found` within `tolerance` of `expected`, or on the good side of it.
enum class Wanted { near, at_least, at_most };
struct Check {
  std::string what;
  double found = 0, expected = 0, tolerance = 0;  // tolerance: of near
  Wanted wanted = Wanted::near;
  bool passed() const;  // false for a number that is not one
};

struct Outcome {
  std::string text;  // the tables, 80 columns wide
  std::vector<Check> checks;
  nlohmann::json json;             // the same numbers
  std::vector<std::string> files;  // written to Context::out
  bool passed() const;             // all checks
};

struct Experiment {
  std::string name;
  std::string claim;   // what is shown, and when it passes
  std::string source;  // of the claim
  std::string cost;    // time and memory on two cores
  Outcome (*run)(const Context& context);
  bool of_images = false;  // reads Context::images
};

// All of them, in the order of `widenet lab list`.
const std::vector<Experiment>& experiments();

// Throws Error(usage) with the names there are.
const Experiment& find_experiment(const std::string& name);

// `given`, else the environment's WIDENET_DATA. Throws Error: usage where neither is there, environment where it is no
// folder.
std::string data_folder(const std::optional<std::string>& given);

// Runs one experiment: the data folder as above, the output folder made first. Throws Error(usage) where options for
// images are given to another one.
Outcome run_experiment(const std::string& name, const std::optional<std::string>& data, const std::string& out,
                       const Progress& progress = {}, const ImageOptions& images = {});

// The list, and an outcome with its checks and verdict, as text of 80 columns; and as one object each.
std::string list_text();
nlohmann::json list_json();
std::string outcome_text(const Experiment& experiment, const Outcome& outcome);
nlohmann::json outcome_json(const Experiment& experiment, const Outcome& outcome);

}  // namespace widenet::lab
