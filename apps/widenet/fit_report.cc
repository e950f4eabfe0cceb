#include "apps/widenet/fit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <tuple>

#include "apps/widenet/kernel_text.h"
#include "apps/widenet/metrics_text.h"
#include "apps/widenet/report.h"
#include "widenet/learn/memory.h"

namespace widenet::app {
namespace {

using nlohmann::json;

// The kernel without its factor: in a comparison the factor, like the ridge, only follows from the data.
std::string shape_of(const Kernel& kernel) {
  constexpr std::size_t longest_here = 3;
  const auto* product = std::get_if<KernelProduct>(&kernel.node);
  if (product == nullptr) return short_text(kernel, longest_here);
  if (product->factors.size() == 1) return short_text(product->factors.front(), longest_here);
  return short_text(Kernel{KernelProduct{1, product->factors}}, longest_here);
}

// Indices of the candidates: the kept one first, then those judged on the most rows, then by what decides.
std::vector<std::size_t> ranking(const Selection& selection) {
  std::vector<std::size_t> order(selection.tried.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto before = [&](std::size_t a, std::size_t b) {
    const Candidate &x = selection.tried[a], &y = selection.tried[b];
    return std::tuple(a != selection.best, y.rows, x.loo_loss) < std::tuple(b != selection.best, x.rows, y.loo_loss);
  };
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

std::string lead_over_second(const Selection& selection, const std::vector<std::size_t>& order) {
  const Candidate &best = selection.tried[order[0]], &second = selection.tried[order[1]];
  if (second.rows != best.rows) return fmt::format("the only one judged on {} rows", best.rows);
  const double lead = (second.loo_loss - best.loo_loss) / second.loo_loss;
  if (!std::isfinite(lead))
    return fmt::format("loss {}; the second has {}", number(best.loo_loss), number(second.loo_loss));
  return fmt::format("loss {} against {} of the second: {:.1f} % less", number(best.loo_loss), number(second.loo_loss),
                     100 * lead);
}

TextTable candidates_table(const Selection& selection, std::span<const std::size_t> order, bool regression) {
  TextTable table;
  table.left = 0;
  table.wrap_last = true;
  table.rows = {{"loss", regression ? "RMSE" : "error", "ridge", "scale", "kernel"}};
  for (const std::size_t k : order) {
    const Candidate& c = selection.tried[k];
    table.rows.push_back({fmt::format("{}{:.4f}", k == selection.best ? "*" : "", c.loo_loss),
                          fmt::format("{:.4f}", c.loo_error), fmt::format("{:.2g}", c.ridge), to_string(c.scale),
                          shape_of(c.kernel)});
  }
  return table;
}

std::string family_table(const FitResult& result) {
  const Selection& selection = result.selection;
  const bool regression = result.model.task() == Task::regression;
  const std::vector<std::size_t> order = ranking(selection);
  const std::string title = fmt::format(
      "{} kernels by leave-one-out; the least loss is kept (*). {} Factors are left out.", order.size(),
      regression
          ? "Loss: mean square, of the scaled target, more for kernels that are likelier to be lucky."
          : "Loss: log loss in nats, more for kernels that are likelier to be lucky; error: share of wrong labels.");
  std::string out = wrapped(title, page_width, "") + "\n";
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t rows = selection.tried[order[begin]].rows;
    std::size_t end = begin;
    while (end < order.size() && selection.tried[order[end]].rows == rows) ++end;
    out += fmt::format("\nOn {} rows:\n", rows) +
           candidates_table(selection, {order.data() + begin, end - begin}, regression).text();
    begin = end;
  }
  return out + "\n" + field("choice", lead_over_second(selection, order)) + "\n";
}

json tried_json(const Selection& selection) {
  json tried = json::array();
  for (const Candidate& c : selection.tried)
    tried.push_back({{"kernel", to_text(c.kernel)},
                     {"scale", to_string(c.scale)},
                     {"ridge", c.ridge},
                     {"rows", c.rows},
                     {"departures", c.departures},
                     {"loo_loss", c.loo_loss},
                     {"loo_error", c.loo_error},
                     {"loo_rmse", c.loo_rmse},
                     {"lml_per_row", c.lml}});
  return tried;
}

json fit_json(const FitReport& report) {
  const Model& model = report.result.model;
  json out = model_summary(model);
  out.update({{"seconds", report.result.seconds},
              {"memory_needed", report.result.memory_needed},
              {"peak_memory", peak_memory()},
              {"notes", report.notes},
              {"tried", tried_json(report.result.selection)},
              {"model", report.path}});
  for (const auto& [set, metrics] : model.metrics) out[set] = metrics;
  return out;
}

std::string ridge_text(const Model& model) {
  if (model.solver == Solver::svm) return fmt::format("{} (C = {})", number(model.ridge), number(1 / model.ridge));
  const bool scaled = model.task() == Task::regression && model.scaling.scale.mode != ScaleMode::none;
  return number(model.ridge) + (scaled ? ", in units of the scaled target" : "");
}

}  // namespace

nlohmann::json model_summary(const Model& model) {
  return {{"kernel", to_text(model.kernel)},   {"ridge", model.ridge},
          {"solver", to_string(model.solver)}, {"scale", to_string(model.scaling.scale)},
          {"task", to_string(model.task())},   {"target", model.coding.target.name},
          {"rows", model.inputs.rows()},       {"inputs", model.inputs.cols()}};
}

void print_fit(const FitReport& report, const Settings& settings) {
  if (settings.json) return print(fit_json(report));
  const Model& model = report.result.model;
  std::string out = note_fields(report.notes);
  if (!report.notes.empty()) out += "\n";
  if (report.result.selection.tried.size() > 1) out += family_table(report.result);
  out += field("kernel", short_text(model.kernel, longest_list)) + field("ridge", ridge_text(model)) +
         field("scale", to_string(model.scaling.scale)) + field("solver", to_string(model.solver)) +
         field("rows", fmt::format("{} of {} inputs", model.inputs.rows(), model.inputs.cols())) +
         field("time", seconds_text(report.result.seconds)) +
         field("memory", memory_text(peak_memory()) + " at the peak") + field("model", report.path) + "\n" +
         metrics_table(model.metrics);
  print(out);
}

}  // namespace widenet::app
