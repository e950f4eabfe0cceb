// What `widenet fit` prints once it is done.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/widenet/command.h"
#include "widenet/learn/fit.h"

namespace widenet::app {

struct FitReport {
  const FitResult& result;
  std::vector<std::string> notes;
  std::string path;  // of the model
};

// What every object about a model says of it.
nlohmann::json model_summary(const Model& model);

void print_fit(const FitReport& report, const Settings& settings);

}  // namespace widenet::app
