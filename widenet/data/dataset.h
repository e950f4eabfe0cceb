// Samples ready to be learned from: numbers alone.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"
#include "widenet/data/provenance.h"

namespace widenet {

enum class Task { regression, classification };

// "regression", "classification"
std::string to_string(Task task);

// What is to be predicted of n samples.
struct Target {
  Task task = Task::regression;
  Matrix<double> values;                 // regression: n x m
  std::vector<std::size_t> classes;      // classification: n indices into class_names
  std::vector<std::string> class_names;  // as the file spells them

  std::size_t rows() const { return task == Task::regression ? values.rows() : classes.size(); }
};

struct Dataset {
  Matrix<double> inputs;                   // n x d
  std::vector<std::string> feature_names;  // d
  std::vector<std::size_t> sample_shape;   // extents whose product is d, channels last
  std::optional<Target> target;
  Provenance provenance;
};

// The samples of those indices, in their order.
Target take_rows(const Target& from, std::span<const std::size_t> indices);
Dataset take_rows(const Dataset& from, std::span<const std::size_t> indices);

}  // namespace widenet
