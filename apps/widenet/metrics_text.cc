#include "apps/widenet/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "apps/widenet/report.h"

namespace widenet::app {
namespace {

constexpr std::pair<const char*, std::optional<double> Metrics::*> lines[] = {
    {"RMSE", &Metrics::rmse},
    {"  of the training mean", &Metrics::baseline_rmse},
    {"MAE", &Metrics::mae},
    {"  of the training mean", &Metrics::baseline_mae},
    {"R2", &Metrics::r2},
    {"NLPD", &Metrics::nlpd},
    {"within 95 % interval", &Metrics::coverage95},
    {"log marginal likelihood", &Metrics::lml},
    {"accuracy", &Metrics::accuracy},
    {"  of the largest class", &Metrics::baseline_accuracy},
    {"balanced accuracy", &Metrics::balanced_accuracy},
    {"log loss", &Metrics::log_loss},
};

}  // namespace

std::string metrics_table(const std::map<std::string, Metrics>& sets) {
  std::vector<std::pair<std::string, const Metrics*>> columns;
  for (const char* name : {"train", "loo", "test", "folds"})
    if (const auto found = sets.find(name); found != sets.end()) columns.emplace_back(name, &found->second);
  TextTable table;
  table.rows = {{""}, {"rows"}};
  for (const auto& [name, metrics] : columns) {
    table.rows[0].push_back(fmt::format("{:>8}", name));
    table.rows[1].push_back(fmt::format("{}", metrics->rows));
  }
  for (const auto& [label, member] : lines) {
    const auto value = member;
    if (std::none_of(columns.begin(), columns.end(), [&](const auto& c) { return (c.second->*value).has_value(); }))
      continue;
    std::vector<std::string> row = {label};
    for (const auto& [name, metrics] : columns)
      row.push_back((metrics->*value) ? fmt::format("{:#.4g}", *(metrics->*value)) : "-");
    table.rows.push_back(row);
  }
  return table.text();
}

}  // namespace widenet::app
