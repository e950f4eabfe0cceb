// The target column of a coding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "widenet/data/coding.h"

namespace widenet {

// Decides the task of the column at `position` and collects its classes; see learn_coding for what is thrown.
TargetCoding learn_target(const Table& table, std::size_t position, std::optional<Task> task,
                          std::vector<std::string>& notes);

// The target of every row; see code_table for what is thrown.
Target code_target(const TargetCoding& coding, const Table& table, const Column& column);

}  // namespace widenet
