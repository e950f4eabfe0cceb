#include "apps/widenet/gram_facts.h"

#include <fmt/format.h>

#include "widenet/base/checksum.h"

namespace widenet::app {

Facts kernel_facts(const Kernel& kernel, const PositionOptions& beside) {
  Facts facts = {{"program", "widenet " WIDENET_VERSION}, {"kernel", to_text(kernel)}};
  const std::string whole = to_text(self_contained(kernel));
  if (whole != facts.back().value)
    facts.push_back(
        {"numbers from the kernel's files", fmt::format("hash {:016x}", hash_of(whole.data(), whole.size()))});
  if (beside.mask) facts.push_back({"mask", fmt::format("{}", *beside.mask)});
  const auto add_graphs = [&](const std::string& name, MatrixView<const double> graphs) {
    if (graphs.rows() > 0) facts.push_back({name, fmt::format("hash {:016x}", hash_of(graphs))});
  };
  add_graphs("graphs of X", beside.row_graphs);
  add_graphs("graphs of Z", beside.column_graphs);
  return facts;
}

template <class T>
Fact samples_fact(const std::string& name, const Shape& shape, MatrixView<const T> samples) {
  return {name, fmt::format("{} samples of {}, hash {:016x}", samples.rows(), to_text(shape), hash_of(samples))};
}

template Fact samples_fact(const std::string&, const Shape&, MatrixView<const double>);
template Fact samples_fact(const std::string&, const Shape&, MatrixView<const float>);

}  // namespace widenet::app
