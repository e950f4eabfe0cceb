// The memory of predicting, stated before the work.
#pragma once

#include <cstddef>

#include "apps/widenet/command.h"
#include "widenet/learn/model.h"

namespace widenet::app {

// States what the model needs to predict `rows` rows, with standard deviations or without, and throws
// Error(environment) where that is not there.
void state_model_memory(const Model& model, std::size_t rows, bool deviations, const Settings& settings);

}  // namespace widenet::app
