#include "widenet/data/dataset.h"

namespace widenet {

std::string to_string(Task task) { return task == Task::regression ? "regression" : "classification"; }

Target take_rows(const Target& from, std::span<const std::size_t> indices) {
  Target out;
  out.task = from.task;
  out.class_names = from.class_names;
  if (from.task == Task::regression) {
    out.values = take_rows(from.values, indices);
    return out;
  }
  out.classes.reserve(indices.size());
  for (const std::size_t i : indices) out.classes.push_back(from.classes[i]);
  return out;
}

Dataset take_rows(const Dataset& from, std::span<const std::size_t> indices) {
  Dataset out;
  out.inputs = take_rows(from.inputs, indices);
  out.feature_names = from.feature_names;
  out.sample_shape = from.sample_shape;
  if (from.target) out.target = take_rows(*from.target, indices);
  out.provenance = from.provenance;
  out.provenance.rows = indices.size();
  return out;
}

}  // namespace widenet
