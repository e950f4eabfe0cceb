#include "apps/widenet/model_memory.h"

#include <fmt/format.h>

#include "apps/widenet/report.h"
#include "widenet/learn/memory.h"

namespace widenet::app {

void state_model_memory(const Model& model, std::size_t rows, bool deviations, const Settings& settings) {
  const std::size_t bytes = predict_bytes(model, rows, deviations);
  const std::string work = fmt::format("predicting {} rows from {}", rows, model.inputs.rows());
  check_memory(bytes, settings.memory, work);
  notice(settings, fmt::format("memory: {} for {}", memory_text(bytes), work));
}

}  // namespace widenet::app
