#include "apps/widenet/model_memory.h"

#include <fmt/format.h>

#include "apps/widenet/report.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/memory.h"
#include "widenet/solve/cholesky.h"

namespace widenet::app {
namespace {

// Rows against all training rows that each thread, and the deviations, hold at once.
constexpr std::size_t rows_per_thread = 256, rows_of_deviations = 1024;

}  // namespace

void state_model_memory(const Model& model, std::size_t rows, bool deviations, const Settings& settings) {
  constexpr std::size_t word = sizeof(double);
  const std::size_t n = model.inputs.rows(), d = model.inputs.cols();
  std::size_t kernel_rows = std::min(rows, rows_per_thread * thread_count());
  if (model.solver == Solver::svm) kernel_rows = rows;
  if (deviations) kernel_rows = std::max(kernel_rows, std::min(rows, rows_of_deviations));
  const std::size_t bytes = word * (n * kernel_rows + 2 * rows * d + n * d) +
                            kernel_gram_bytes(model.kernel, rows, n, d, word) + (deviations ? cholesky_bytes(n) : 0);
  const std::string work = fmt::format("predicting {} rows from {}", rows, n);
  check_memory(bytes, settings.memory, work);
  notice(settings, fmt::format("memory: {} for {}", memory_text(bytes), work));
}

}  // namespace widenet::app
