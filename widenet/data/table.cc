#include "widenet/data/table.h"

#include <cmath>
#include <utility>

#include "widenet/base/error.h"
#include "widenet/data/text.h"

namespace widenet {

bool Column::missing(std::size_t row) const {
  return kind == ColumnKind::numeric ? std::isnan(numbers[row]) : !texts[row].has_value();
}

std::string Column::text(std::size_t row) const {
  if (kind == ColumnKind::text) return *texts[row];
  const auto spelled = spellings.find(numbers[row]);
  return spelled == spellings.end() ? text::spell(numbers[row]) : spelled->second;
}

Column numeric_column(std::string name, std::vector<double> numbers) {
  Column column;
  column.name = std::move(name);
  column.numbers = std::move(numbers);
  return column;
}

Column text_column(std::string name, std::vector<std::string> texts) {
  Column column;
  column.name = std::move(name);
  column.kind = ColumnKind::text;
  column.texts.assign(std::make_move_iterator(texts.begin()), std::make_move_iterator(texts.end()));
  return column;
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> out;
  out.reserve(columns.size());
  for (const Column& column : columns) out.push_back(column.name);
  return out;
}

std::optional<std::size_t> Table::find(const std::string& name) const {
  for (std::size_t j = 0; j < columns.size(); ++j)
    if (columns[j].name == name) return j;
  return {};
}

std::string Table::place(std::size_t row) const {
  if (row < lines.size()) return fmt::format("{}, line {}", provenance.path, lines[row]);
  return fmt::format("{}, row {}", provenance.path, row + 1);
}

std::string generated_name(std::size_t position) { return fmt::format("x{}", position + 1); }

void add_target(Table& inputs, const Table& target, const std::string& name) {
  if (target.columns.size() != 1)
    fail("'{}' has {} columns (a target is one column) name a file with one", target.provenance.path,
         target.columns.size());
  if (target.rows() != inputs.rows())
    fail("'{}' has {} rows, '{}' has {} (each sample has one target) give files of the same samples",
         target.provenance.path, target.rows(), inputs.provenance.path, inputs.rows());
  if (inputs.find(name))
    fail("'{}' already has a column '{}' (the target would have the same name) rename that column",
         inputs.provenance.path, name);
  inputs.columns.push_back(target.columns.front());
  inputs.columns.back().name = name;
  for (const std::string& note : target.notes) inputs.notes.push_back(note);
}

}  // namespace widenet
