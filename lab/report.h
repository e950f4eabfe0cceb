// Tables for a terminal and for files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lab/lab.h"
#include "widenet/data/table.h"

namespace widenet::lab {

// Text broken at blanks into lines of at most 80 columns, each after `indent`.
std::string wrapped(const std::string& text, const std::string& indent);

// Columns as wide as their widest cell, two blanks between; the first left, the others right aligned.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// A name cut to `width` columns, the cut marked.
std::string shortened(const std::string& name, std::size_t width);

// Writes <context.out>/<name> and notes it in `outcome`; nothing where there is no output folder.
void write_result(const Context& context, const std::string& name, std::span<const Column> columns, Outcome& outcome);

// A table of lab/reference.
Table reference_table(const std::string& name);
// The cell of the row whose column "dataset" holds `set`; NaN where the cell is empty. Throws Error(environment) where
// there is no such row or column.
double reference_value(const Table& table, const std::string& set, const std::string& column);

double mean(std::span<const double> numbers);
// Of an even count the mean of the middle two; NaN of none.
double median(std::span<const double> numbers);

}  // namespace widenet::lab
