// What `widenet info` prints, one function for each thing it knows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/widenet/command.h"

namespace widenet::app {

// A kernel or network expression: its layers and how its Gram matrix is computed. Extents of a sample, channels last;
// none: not given.
void print_plan(const std::string& expression, const std::vector<std::size_t>& extents, const Settings& settings);

void print_model(const std::string& path, const Settings& settings);

// A table or an array.
void print_table(const std::string& path, const Settings& settings);

}  // namespace widenet::app
