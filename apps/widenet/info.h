// What `widenet info` prints, one function for each thing it knows.
#pragma once

#include <string>

#include "apps/widenet/command.h"

namespace widenet::app {

// A kernel or network expression: its layers and how its Gram matrix is computed. features = 0: not given.
void print_plan(const std::string& expression, std::size_t features, const Settings& settings);

void print_model(const std::string& path, const Settings& settings);

// A table or an array.
void print_table(const std::string& path, const Settings& settings);

}  // namespace widenet::app
