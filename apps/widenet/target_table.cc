#include "apps/widenet/target_table.h"

#include <algorithm>

#include "widenet/base/error.h"
#include "widenet/data/read.h"
#include "widenet/data/text.h"

namespace widenet::app {

TargetTable read_with_target(const std::string& path, const std::string& target) {
  TargetTable out{read_table(path), target};
  if (out.table.find(target) || !is_data_file(target)) return out;
  const Table values = read_table(target);
  out.target = "target";
  add_target(out.table, values, out.target);
  out.table.notes.insert(out.table.notes.end(), values.notes.begin(), values.notes.end());
  return out;
}

Table read_for_model(const std::string& path, const std::string& target, const std::string& option,
                     const Coding& coding) {
  Table table = read_table(path);
  if (!target.empty()) {
    const Table values = read_table(target);
    add_target(table, values, coding.target.name);
    table.notes.insert(table.notes.end(), values.notes.begin(), values.notes.end());
  } else if (!has_target(coding, table)) {
    fail_outside("{} has no column {} (the model's errors are measured against it) add it, or give {} FILE", path,
                 text::shown(coding.target.name), option);
  }
  return table;
}

}  // namespace widenet::app
