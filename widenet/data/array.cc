#include "widenet/data/array.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

constexpr std::size_t block_rows = 64;  // of a transposition: 64 doubles of a column are 8 cache lines

template <class RowBlock>
void for_row_blocks(std::size_t rows, const RowBlock& work) {
  parallel_for((rows + block_rows - 1) / block_rows, [&](std::size_t block, std::size_t) {
    work(Range{block * block_rows, std::min(rows, (block + 1) * block_rows)});
  });
}

bool acceptable(double value, Missing missing) {
  return std::isfinite(value) || (missing == Missing::kept && std::isnan(value));
}

[[noreturn]] void fail_not_finite(const std::string& place, const std::string& column, double value) {
  fail_outside("{}, column {}: found {} (an array holds finite numbers alone) mend or drop the row", place, column,
               std::isnan(value) ? std::string("a missing value or NaN") : text::spell(value));
}

}  // namespace

std::optional<std::size_t> product(std::span<const std::size_t> extents) {
  std::size_t out = 1;
  for (const std::size_t extent : extents)
    if (__builtin_mul_overflow(out, extent, &out)) return {};
  return out;
}

void check_fits_memory(std::size_t rows, std::size_t cols, const std::string& what) {
  const std::size_t memory =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t extents[] = {rows, cols, sizeof(double)};
  const auto bytes = product(extents);
  if (!bytes || *bytes > memory / 2)
    fail_outside("{} ({} rows of {} numbers do not fit half of this machine's {:.1f} GiB) drop columns or rows", what,
                 rows, cols, static_cast<double>(memory) / static_cast<double>(std::size_t{1} << 30));
}

Table table_of(const Array& array) {
  Table table;
  table.provenance = array.provenance;
  table.sample_shape = array.sample_shape;
  table.notes = array.notes;
  const std::size_t rows = array.values.rows(), cols = array.values.cols();
  table.columns.resize(cols);
  for (std::size_t j = 0; j < cols; ++j) {
    table.columns[j].name = generated_name(j);
    table.columns[j].numbers.resize(rows);
    table.columns[j].classes = array.classes;
  }
  for_row_blocks(rows, [&](Range block) {
    for (std::size_t j = 0; j < cols; ++j)
      for (std::size_t i = block.begin; i < block.end; ++i) table.columns[j].numbers[i] = array.values(i, j);
  });
  return table;
}

Array array_of(const Table& table, Missing missing) {
  const std::size_t rows = table.rows(), cols = table.columns.size();
  for (const Column& column : table.columns) {
    if (column.kind == ColumnKind::text) {
      std::size_t row = 0;
      while (row + 1 < rows && (!column.texts[row] || text::parse_number(*column.texts[row]))) ++row;
      fail_outside("{}, column {}: found {} (an array holds numbers alone) drop the column, or code it as numbers",
                   table.place(row), text::shown(column.name), text::shown(column.texts[row].value_or("")));
    }
    const auto bad =
        std::find_if(column.numbers.begin(), column.numbers.end(), [&](double x) { return !acceptable(x, missing); });
    if (bad != column.numbers.end())
      fail_not_finite(table.place(static_cast<std::size_t>(bad - column.numbers.begin())), text::shown(column.name),
                      *bad);
  }
  Array array;
  array.provenance = table.provenance;
  array.sample_shape = table.sample_shape;
  array.notes = table.notes;
  array.values = Matrix<double>::uninitialized(rows, cols);
  for_row_blocks(rows, [&](Range block) {
    for (std::size_t j = 0; j < cols; ++j)
      for (std::size_t i = block.begin; i < block.end; ++i) array.values(i, j) = table.columns[j].numbers[i];
  });
  return array;
}

void check_finite(const Array& array, Missing missing) {
  for (std::size_t i = 0; i < array.values.rows(); ++i)
    for (std::size_t j = 0; j < array.values.cols(); ++j)
      if (!acceptable(array.values(i, j), missing))
        fail_not_finite(fmt::format("{}, row {}", array.provenance.path, i + 1), fmt::format("{}", j + 1),
                        array.values(i, j));
}

}  // namespace widenet
