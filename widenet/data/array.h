// An array of numbers as a file holds it: samples first.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "widenet/base/matrix.h"
#include "widenet/data/table.h"

namespace widenet {

// values is n x d, d the product of sample_shape (row-major: a 28 x 28 image is 784 numbers, row by row).
struct Array {
  Matrix<double> values;
  std::vector<std::size_t> sample_shape;
  bool classes = false;  // labels of classes, one per sample
  Provenance provenance;
  std::vector<std::string> notes;
};

// Product of the extents, or nothing where it does not fit std::size_t.
std::optional<std::size_t> product(std::span<const std::size_t> extents);

// Throws Error(Fault::environment), `what` first, where rows x cols doubles would take more than half of the machine's
// memory: one wild number in a file must not take it all.
void check_fits_memory(std::size_t rows, std::size_t cols, const std::string& what);

// The same numbers as a table of numeric columns x1, x2, ...; NaN is a missing value.
Table table_of(const Array& array);

// Whether an array may hold NaN, as what is missing.
enum class Missing { refused, kept };

// The same numbers as an array. Throws Error(Fault::environment) naming the place of a text or of a value that is
// missing, unless it may be, or infinite.
Array array_of(const Table& table, Missing missing = Missing::refused);

// Throws as array_of does for such values.
void check_finite(const Array& array, Missing missing = Missing::refused);

}  // namespace widenet
