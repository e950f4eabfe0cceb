#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/widenet/info.h"
#include "apps/widenet/report.h"
#include "widenet/base/error.h"
#include "widenet/data/read.h"

namespace widenet::app {
namespace {

using nlohmann::json;

// Columns a person is shown; an image's hundreds say nothing.
constexpr std::size_t shown_columns = 24;

struct ColumnFacts {
  std::string name, kind;
  std::size_t missing = 0, distinct = 0;
  double smallest = std::nan(""), mean = std::nan(""), largest = std::nan("");  // numeric, of the values that are there
};

ColumnFacts facts_of(const Column& column) {
  ColumnFacts facts{.name = column.name, .kind = column.kind == ColumnKind::numeric ? "number" : "text"};
  for (std::size_t i = 0; i < column.size(); ++i)
    if (column.missing(i)) ++facts.missing;
  if (column.kind == ColumnKind::text) {
    std::set<std::string> texts;
    for (const auto& value : column.texts)
      if (value) texts.insert(*value);
    facts.distinct = texts.size();
    return facts;
  }
  std::vector<double> values;
  std::copy_if(column.numbers.begin(), column.numbers.end(), std::back_inserter(values),
               [](double x) { return !std::isnan(x); });
  std::sort(values.begin(), values.end());
  if (values.empty()) return facts;
  facts.smallest = values.front();
  facts.largest = values.back();
  facts.mean = 0;
  for (const double x : values) facts.mean += x / static_cast<double>(values.size());
  facts.distinct = static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin());
  return facts;
}

std::string shape_text(const std::vector<std::size_t>& shape) { return fmt::format("{}", fmt::join(shape, " x ")); }

std::string columns_text(const std::vector<ColumnFacts>& columns) {
  TextTable table;
  table.left = 2;
  table.rows = {{"column", "kind", "missing", "distinct", "smallest", "mean", "largest"}};
  for (std::size_t c = 0; c < std::min(columns.size(), shown_columns); ++c) {
    const ColumnFacts& f = columns[c];
    std::vector<std::string> row = {f.name, f.kind, fmt::format("{}", f.missing), fmt::format("{}", f.distinct)};
    for (const double x : {f.smallest, f.mean, f.largest})
      if (!std::isnan(x)) row.push_back(number(x));
    table.rows.push_back(row);
  }
  std::string out = table.text();
  if (columns.size() > shown_columns)
    out += fmt::format("... and {} more columns (all of them with --json)\n", columns.size() - shown_columns);
  return out;
}

json columns_json(const std::vector<ColumnFacts>& columns) {
  json list = json::array();
  for (const ColumnFacts& f : columns) {
    json column = {{"name", f.name}, {"kind", f.kind}, {"missing", f.missing}, {"distinct", f.distinct}};
    if (!std::isnan(f.mean)) column.update({{"smallest", f.smallest}, {"mean", f.mean}, {"largest", f.largest}});
    list.push_back(column);
  }
  return list;
}

}  // namespace

void print_table(const std::string& path, const Settings& settings) {
  const Table table = read_table(path);
  std::vector<ColumnFacts> columns;
  for (const Column& column : table.columns) columns.push_back(facts_of(column));
  std::size_t missing = 0;
  for (const ColumnFacts& f : columns) missing += f.missing;
  const std::string format = to_string(table.provenance.format);
  if (settings.json) {
    print(json{{"kind", "table"},
               {"path", path},
               {"format", format},
               {"rows", table.rows()},
               {"sample_shape", table.sample_shape},
               {"missing", missing},
               {"columns", columns_json(columns)},
               {"notes", table.notes}});
    return;
  }
  std::string shape = fmt::format("{} rows, {} columns", table.rows(), columns.size());
  if (table.sample_shape.size() > 1) shape += fmt::format(" ({} in each row)", shape_text(table.sample_shape));
  print(field("file", path) + field("format", format) + field("shape", shape) +
        field("missing", fmt::format("{} values", missing)) + note_fields(table.notes) + "\n" + columns_text(columns));
}

}  // namespace widenet::app
