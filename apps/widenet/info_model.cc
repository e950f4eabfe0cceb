#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/widenet/fit_report.h"
#include "apps/widenet/info.h"
#include "apps/widenet/kernel_text.h"
#include "apps/widenet/metrics_text.h"
#include "apps/widenet/report.h"
#include "widenet/data/text.h"
#include "widenet/learn/model_file.h"

namespace widenet::app {
namespace {

using nlohmann::json;

constexpr std::size_t shown_columns = 24;

std::string kind_of(const ColumnCoding& column) {
  if (column.kind == ColumnCoding::Kind::unused) return "unused (no value in training)";
  if (column.kind == ColumnCoding::Kind::numeric) return fmt::format("number, {} where missing", number(column.fill));
  return "text: " + text::listed(column.categories);
}

TextTable columns_of(const Coding& coding) {
  TextTable table;
  table.left = 2;
  table.wrap_last = true;
  table.rows = {{"column", "read as"}};
  for (std::size_t c = 0; c < std::min(coding.inputs.size(), shown_columns); ++c)
    table.rows.push_back({coding.inputs[c].name, kind_of(coding.inputs[c])});
  return table;
}

std::string target_text(const Model& model) {
  std::string out = text::shown(model.coding.target.name) + ", " + to_string(model.task());
  if (model.task() == Task::classification)
    out += fmt::format(" of {} classes: {}", model.classes(), text::listed(model.coding.target.class_names));
  return out;
}

std::string rows_text(const Model& model) {
  std::string out = fmt::format("{} of {} inputs", model.inputs.rows(), model.inputs.cols());
  const std::vector<std::size_t>& shape = model.coding.sample_shape;
  if (shape.size() > 1) out += fmt::format(" ({})", fmt::join(shape, " x "));
  return out;
}

json model_json(const Model& model, const std::string& path, std::uint32_t version) {
  json columns = json::array();
  for (const ColumnCoding& column : model.coding.inputs) {
    json entry = {{"name", column.name}, {"width", column.width()}};
    if (column.kind == ColumnCoding::Kind::numeric) entry.update({{"kind", "number"}, {"fill", column.fill}});
    if (column.kind == ColumnCoding::Kind::text) entry.update({{"kind", "text"}, {"categories", column.categories}});
    if (column.kind == ColumnCoding::Kind::unused) entry["kind"] = "unused";
    columns.push_back(entry);
  }
  json out = model_summary(model);
  out.update({{"kind", "model"},
              {"path", path},
              {"format_version", version},
              {"sample_shape", model.coding.sample_shape},
              {"columns", columns},
              {"metrics", model.metrics},
              {"notes", model.notes}});
  if (model.task() == Task::classification) out["classes"] = model.coding.target.class_names;
  return out;
}

}  // namespace

void print_model(const std::string& path, const Settings& settings) {
  const Model model = load_model(path);
  const std::uint32_t version = model_format_version(path);
  if (settings.json) return print(model_json(model, path, version));
  std::string out = field("model", path) + field("format", fmt::format("version {}", version)) +
                    field("kernel", short_text(model.kernel, longest_list)) + field("ridge", number(model.ridge)) +
                    field("solver", to_string(model.solver)) + field("scale", to_string(model.scaling.scale)) +
                    field("target", target_text(model)) + field("rows", rows_text(model)) + note_fields(model.notes) +
                    "\n" + metrics_table(model.metrics) + "\n" + columns_of(model.coding).text();
  if (model.coding.inputs.size() > shown_columns)
    out +=
        fmt::format("... and {} more columns (all of them with --json)\n", model.coding.inputs.size() - shown_columns);
  print(out);
}

}  // namespace widenet::app
