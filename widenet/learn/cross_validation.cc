// Tables in parts: folds, and a split for testing.
#include <algorithm>
#include <cmath>

#include "widenet/base/error.h"
#include "widenet/learn/fit.h"
#include "widenet/learn/targets.h"

namespace widenet {
namespace {

Table rows_of(const Table& table, std::span<const std::size_t> rows) {
  Table out = table;
  for (Column& column : out.columns) {
    const Column from = std::move(column);
    column = Column{from.name, from.kind, {}, {}, from.spellings};
    for (const std::size_t i : rows)
      if (from.kind == ColumnKind::numeric)
        column.numbers.push_back(from.numbers[i]);
      else
        column.texts.push_back(from.texts[i]);
  }
  out.provenance.rows = rows.size();
  out.lines.clear();
  for (const std::size_t i : rows)
    if (!table.lines.empty()) out.lines.push_back(table.lines[i]);
  return out;
}

// Fits on `train` with the task and the classes of the whole table: a part may lack a class, or look like another task.
FitResult fit_part(const Table& train, const TargetCoding& target, const FitOptions& options) {
  LearnedCoding learned = learn_coding(train, {options.target, target.task});
  learned.coding.target = target;
  FitResult part = fit(train, std::move(learned), options);
  if (part.failure) fail_outside("{}", *part.failure);
  return part;
}

}  // namespace

Metrics cross_validate(const Table& table, const FitOptions& options, std::size_t folds) {
  const std::size_t n = table.rows();
  if (folds < 2 || folds > n)
    fail("{} folds of {} rows (each fold holds out at least one row and keeps some) give a number from 2 to {}", folds,
         n, n);
  const TargetCoding target = learn_coding(table, {options.target, options.task}).coding.target;
  const std::vector<std::size_t> order = permutation(n, options.seed);
  std::vector<Metrics> parts;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    std::vector<std::size_t> train, test;
    for (std::size_t k = 0; k < n; ++k) (k % folds == fold ? test : train).push_back(order[k]);
    std::sort(train.begin(), train.end());
    std::sort(test.begin(), test.end());
    try {
      FitOptions how = options;
      if (!options.gram.empty()) {
        how.gram_rows = train;
        for (std::size_t& row : how.gram_rows)
          if (!options.gram_rows.empty()) row = options.gram_rows[row];
      }
      const FitResult part = fit_part(rows_of(table, train), target, how);
      const CodedTable held_out = code_table(part.model.coding, rows_of(table, test), WithTarget::yes);
      parts.push_back(evaluate(part.model, held_out.data, part.factor ? &*part.factor : nullptr));
    } catch (const Error& error) {
      throw Error(error.fault(), fmt::format("fold {} of {}: {}", fold + 1, folds, error.what()));
    }
  }
  return pooled(parts);
}

TableSplit split_rows(const Table& table, double test_share, std::uint64_t seed) {
  const std::size_t n = table.rows();
  const bool is_share = test_share > 0 && test_share < 1;
  const auto count = static_cast<std::size_t>(is_share ? std::round(test_share * static_cast<double>(n)) : 0);
  if (count == 0 || count == n)
    fail("a test share of {} of {} rows (both parts need rows) give a share between 0 and 1", test_share, n);
  const std::vector<std::size_t> order = permutation(n, seed);
  std::vector<std::size_t> test(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<std::size_t> train(order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
  std::sort(test.begin(), test.end());
  std::sort(train.begin(), train.end());
  return {rows_of(table, train), rows_of(table, test), std::move(train)};
}

}  // namespace widenet
