// Tables whose target is a column, or a file of its own beside an array.
#pragma once

#include <string>

#include "widenet/data/coding.h"
#include "widenet/data/table.h"

namespace widenet::app {

struct TargetTable {
  Table table;
  std::string target;  // the column's name
};

// Reads `path`. `target` names a column of it or else, where there is no such column but such a file, a file of one
// column, which is appended.
TargetTable read_with_target(const std::string& path, const std::string& target);

// Reads `path` for a model; its target is a column of it, or stands in the file `target` where that is not empty, given
// by `option`.
Table read_for_model(const std::string& path, const std::string& target, const std::string& option,
                     const Coding& coding);

}  // namespace widenet::app
