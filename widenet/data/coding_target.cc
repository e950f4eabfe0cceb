#include "widenet/data/coding_target.h"

#include <cmath>
#include <map>
#include <set>

#include "widenet/base/error.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

void check_present(const Table& table, const Column& column) {
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column.missing(i))
      fail_outside("{}, column {}: the target is missing (each row needs one) fill it in or drop the row",
                   table.place(i), text::shown(column.name));
    if (column.kind == ColumnKind::numeric && !std::isfinite(column.numbers[i]))
      fail_outside("{}, column {}: the target is {} (it must be finite) mend or drop the row", table.place(i),
                   text::shown(column.name), column.numbers[i]);
  }
}

// The first row whose text is no number.
std::size_t first_word(const Column& column) {
  std::size_t row = 0;
  while (row + 1 < column.size() && text::parse_number(*column.texts[row])) ++row;
  return row;
}

// Sorted as numbers, or as texts.
void collect_classes(const Column& column, TargetCoding& target) {
  if (column.kind == ColumnKind::text) {
    std::set<std::string> names;
    for (const auto& text : column.texts) names.insert(*text);
    target.class_names.assign(names.begin(), names.end());
    return;
  }
  std::map<double, std::string> classes;
  for (std::size_t i = 0; i < column.size(); ++i)
    if (!classes.contains(column.numbers[i])) classes.emplace(column.numbers[i], column.text(i));
  for (const auto& [value, name] : classes) {
    target.class_values.push_back(value);
    target.class_names.push_back(name);
  }
}

bool at_most_two_values(const Column& column) {
  std::set<double> seen;
  for (const double x : column.numbers) {
    seen.insert(x);
    if (seen.size() > 2) return false;
  }
  return true;
}

struct Decision {
  Task task;
  std::string why;
};

Decision decide_task(const Column& column, std::optional<Task> told) {
  if (told) return {*told, "as told"};
  if (column.kind == ColumnKind::text) return {Task::classification, "because it holds text"};
  if (column.classes) return {Task::classification, "because the file holds labels"};
  if (at_most_two_values(column)) return {Task::classification, "because it holds at most two distinct values"};
  return {Task::regression, "because it holds more than two distinct numbers"};
}

[[noreturn]] void fail_unknown_class(const TargetCoding& coding, const Table& table, const Column& column,
                                     std::size_t row) {
  fail_outside("{}, column {}: found the class {} (training knew {}) drop the row or train with it", table.place(row),
               text::shown(column.name), text::shown(column.text(row)), text::listed(coding.class_names));
}

}  // namespace

TargetCoding learn_target(const Table& table, std::size_t position, std::optional<Task> task,
                          std::vector<std::string>& notes) {
  const Column& column = table.columns[position];
  if (column.size() == 0)
    fail_outside("{}, column {}: no rows (what the target is, is learned from them) give a table with at least one",
                 table.provenance.path, text::shown(column.name));
  check_present(table, column);
  TargetCoding target;
  target.name = column.name;
  target.position = position;
  const Decision decision = decide_task(column, task);
  target.task = decision.task;
  const std::string note =
      fmt::format("target {}: {}, {}", text::shown(column.name), to_string(target.task), decision.why);
  if (target.task == Task::regression) {
    if (column.kind == ColumnKind::text) {
      const std::size_t row = first_word(column);
      fail("{}, column {}: found {} (regression needs numbers) mend the value, or classify", table.place(row),
           text::shown(column.name), text::shown(*column.texts[row]));
    }
    notes.push_back(note + ".");
    return target;
  }
  collect_classes(column, target);
  if (target.class_names.size() < 2)
    fail("{}, column {}: every target is {} (classes to tell apart are needed) add rows of another",
         table.provenance.path, text::shown(column.name), text::shown(target.class_names.front()));
  notes.push_back(
      fmt::format("{}; {} classes: {}.", note, target.class_names.size(), text::listed(target.class_names)));
  return target;
}

Target code_target(const TargetCoding& coding, const Table& table, const Column& column) {
  check_present(table, column);
  Target target;
  target.task = coding.task;
  target.class_names = coding.class_names;
  if (coding.task == Task::regression) {
    if (column.kind == ColumnKind::text) {
      const std::size_t row = first_word(column);
      fail_outside("{}, column {}: found {} (the target is a number) mend or drop the row", table.place(row),
                   text::shown(column.name), text::shown(*column.texts[row]));
    }
    target.values = Matrix<double>::uninitialized(column.size(), 1);
    std::copy(column.numbers.begin(), column.numbers.end(), target.values.data());
    return target;
  }
  std::map<double, std::size_t> by_value;
  std::map<std::string, std::size_t> by_name;
  for (std::size_t c = 0; c < coding.class_values.size(); ++c) by_value.emplace(coding.class_values[c], c);
  for (std::size_t c = 0; c < coding.class_names.size(); ++c) by_name.emplace(coding.class_names[c], c);
  target.classes.resize(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (by_value.empty()) {
      const auto found = by_name.find(column.text(i));
      if (found == by_name.end()) fail_unknown_class(coding, table, column, i);
      target.classes[i] = found->second;
    } else {
      const auto value = column.kind == ColumnKind::numeric ? column.numbers[i] : text::parse_number(column.text(i));
      const auto found = value ? by_value.find(*value) : by_value.end();
      if (found == by_value.end()) fail_unknown_class(coding, table, column, i);
      target.classes[i] = found->second;
    }
  }
  return target;
}

}  // namespace widenet
