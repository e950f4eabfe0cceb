#include <algorithm>
#include <cmath>
#include <set>

#include "widenet/base/error.h"
#include "widenet/data/array.h"
#include "widenet/data/coding.h"
#include "widenet/data/coding_target.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

// Mean of the values that are there, corrected by a second pass; in smaller units where the sum would overflow.
double mean_of_present(const std::vector<double>& numbers, std::size_t present) {
  const auto count = static_cast<double>(present);
  const auto sum_of = [&](double unit, double centre) {
    double sum = 0;
    for (const double x : numbers)
      if (!std::isnan(x)) sum += x / unit - centre;
    return sum;
  };
  const double unit = std::isfinite(sum_of(1, 0)) ? 1.0 : 0x1p64;
  const double mean = sum_of(unit, 0) / count;
  return (mean + sum_of(unit, mean) / count) * unit;
}

std::vector<std::string> categories_of(const Column& column) {
  std::set<std::string> seen;
  for (const auto& text : column.texts)
    if (text) seen.insert(*text);
  return {seen.begin(), seen.end()};
}

ColumnCoding learn_column(const Table& table, const Column& column) {
  ColumnCoding coding;
  coding.name = column.name;
  if (column.kind == ColumnKind::text) {
    coding.categories = categories_of(column);
    coding.kind = coding.categories.empty() ? ColumnCoding::Kind::unused : ColumnCoding::Kind::text;
    return coding;
  }
  std::size_t present = 0;
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (std::isinf(column.numbers[i]))
      fail_outside("{}, column {}: found {} (inputs are finite) mend or drop the row", table.place(i),
                   text::shown(column.name), column.numbers[i]);
    if (!column.missing(i)) ++present;
  }
  if (present == 0)
    coding.kind = ColumnCoding::Kind::unused;
  else
    coding.fill = mean_of_present(column.numbers, present);
  return coding;
}

void note_column(const ColumnCoding& coding, std::size_t rows, std::vector<std::string>& notes) {
  if (coding.kind == ColumnCoding::Kind::unused)
    notes.push_back(fmt::format("column {} has no value in any row: left out.", text::shown(coding.name)));
  if (coding.kind != ColumnCoding::Kind::text) return;
  const bool like_names = coding.categories.size() > 20 && 2 * coding.categories.size() > rows;
  notes.push_back(fmt::format("column {} is text: {} categories, one-hot{}.", text::shown(coding.name),
                              coding.categories.size(),
                              like_names ? " (nearly one per row: leave out a column that only names the rows)" : ""));
}

// The extents of an array's samples hold as long as each number is one input.
std::vector<std::size_t> sample_shape_of(const Table& table, const Coding& coding) {
  const bool kept = !table.sample_shape.empty() && product(table.sample_shape) == coding.width() &&
                    coding.inputs.size() == coding.width();
  return kept ? table.sample_shape : std::vector<std::size_t>{coding.width()};
}

}  // namespace

LearnedCoding learn_coding(const Table& table, const CodingOptions& options) {
  const auto position = table.find(options.target);
  if (!position) {
    const auto names = table.names();
    fail("no column {} in {} (its columns are {}{}) name one of these as target", text::shown(options.target),
         table.provenance.path, text::listed(names), text::did_you_mean(options.target, names, "; "));
  }
  LearnedCoding learned;
  Coding& coding = learned.coding;
  coding.named = table.named;
  coding.target = learn_target(table, *position, options.task, learned.notes);
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    if (j == *position) continue;
    coding.inputs.push_back(learn_column(table, table.columns[j]));
    note_column(coding.inputs.back(), table.rows(), learned.notes);
  }
  if (coding.width() == 0)
    fail("no inputs in {} (beside the target {} no column has values) add columns", table.provenance.path,
         text::shown(options.target));
  coding.sample_shape = sample_shape_of(table, coding);
  return learned;
}

}  // namespace widenet
