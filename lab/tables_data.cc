// Reading and splitting of the tables.
#include <algorithm>
#include <filesystem>

#include "lab/permutation.h"
#include "lab/report.h"
#include "lab/tables.h"
#include "widenet/base/error.h"
#include "widenet/data/read.h"

namespace widenet::lab {
namespace {

Table numeric_table(const Dataset& data) {
  Table table;
  table.named = true;
  for (std::size_t j = 0; j < data.inputs.cols(); ++j) {
    Column column = numeric_column(data.feature_names[j], {});
    for (std::size_t i = 0; i < data.inputs.rows(); ++i) column.numbers.push_back(data.inputs(i, j));
    table.columns.push_back(std::move(column));
  }
  table.provenance = data.provenance;
  return table;
}

// The first 80 % of the order for training.
Split eighty_twenty(std::size_t rows) {
  const std::vector<std::size_t> order = legacy_permutation(rows, 0);
  const auto cut = order.begin() + static_cast<std::ptrdiff_t>(rows * 4 / 5);
  return {{order.begin(), cut}, {cut, order.end()}};
}

LabTask split_table(const std::string& name, const std::filesystem::path& path, const std::string& target) {
  LabTask task{name, read_table(path.string()), {}};
  const auto column = task.table.find(target);
  if (!column)
    fail_outside("{}: no column '{}' (it is what the experiment predicts) get the file again", path.string(), target);
  std::rotate(task.table.columns.begin() + static_cast<std::ptrdiff_t>(*column),
              task.table.columns.begin() + static_cast<std::ptrdiff_t>(*column) + 1, task.table.columns.end());
  task.splits = {eighty_twenty(task.table.rows())};
  return task;
}

}  // namespace

LabTask classification_task(const Uci90Set& set) {
  LabTask task{std::filesystem::path(set.data.provenance.path).parent_path().filename().string(),
               numeric_table(set.data),
               {set.folds.begin(), set.folds.end()}};
  std::vector<std::string> classes;
  for (const std::size_t c : set.data.target->classes) classes.push_back(set.data.target->class_names[c]);
  task.table.columns.push_back(text_column("class", std::move(classes)));
  return task;
}

std::vector<std::string> regression_names() {
  const Table baselines = reference_table("baselines_regression.csv");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < baselines.rows(); ++i) names.push_back(baselines.columns.at(0).text(i));
  return names;
}

LabTask regression_task(const std::string& data_folder, const std::string& name) {
  const std::filesystem::path data(data_folder);
  if (name == "california_housing") return split_table(name, data / name / "housing.csv", "median_house_value");
  if (name == "574_house_16H") return split_table(name, data / "tables" / name / (name + ".tsv.gz"), "target");
  const UciRegressionSet set = read_uci_regression((data / "uci_regression" / name).string());
  LabTask task{name, numeric_table(set.data), {set.splits.at(0)}};
  Column target = numeric_column("target", {});
  for (std::size_t i = 0; i < set.data.inputs.rows(); ++i) target.numbers.push_back(set.data.target->values(i, 0));
  task.table.columns.push_back(std::move(target));
  return task;
}

Table rows_of(const Table& table, const std::vector<std::size_t>& rows) {
  Table out = table;
  out.lines.clear();
  for (std::size_t c = 0; c < out.columns.size(); ++c) {
    const Column& from = table.columns[c];
    Column& to = out.columns[c];
    to.numbers.clear();
    to.texts.clear();
    for (const std::size_t i : rows)
      if (from.kind == ColumnKind::numeric)
        to.numbers.push_back(from.numbers[i]);
      else
        to.texts.push_back(from.texts[i]);
  }
  for (const std::size_t i : rows)
    if (!table.lines.empty()) out.lines.push_back(table.lines[i]);
  return out;
}

}  // namespace widenet::lab
