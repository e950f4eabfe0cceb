// A table as a file holds it, before any coding: named columns of numbers or of text.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "widenet/data/provenance.h"

namespace widenet {

enum class ColumnKind { numeric, text };

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::numeric;
  std::vector<double> numbers;                    // numeric: one per row, NaN = missing
  std::vector<std::optional<std::string>> texts;  // text: one per row, nothing = missing
  // Numeric columns of few distinct values: those that the file spells otherwise than text::spell does, e.g. 1 ->
  // "1.0".
  std::map<double, std::string> spellings;
  bool classes = false;  // the format says that these numbers are labels of classes (cifar, idx)

  std::size_t size() const { return kind == ColumnKind::numeric ? numbers.size() : texts.size(); }
  bool missing(std::size_t row) const;
  // The value as text, as the file spells it where that is known; the value must not be missing.
  std::string text(std::size_t row) const;
};

Column numeric_column(std::string name, std::vector<double> numbers);
Column text_column(std::string name, std::vector<std::string> texts);

// n rows; columns.size() columns, all of n values.
struct Table {
  std::vector<Column> columns;
  bool named = false;                     // names come from the file; else they are generated: x1, x2, ...
  bool sparse = false;                    // a column that the file does not mention is all zeros (libsvm)
  std::vector<std::size_t> sample_shape;  // of one row of an array (28 x 28 x 1), else the number of columns
  Provenance provenance;
  std::vector<std::size_t> lines;  // text formats: the line, from 1, on which each row begins
  std::vector<std::string> notes;  // what the reader decided, one sentence each

  std::size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }
  std::vector<std::string> names() const;
  // Index of the column of that name, or nothing.
  std::optional<std::size_t> find(const std::string& name) const;
  // "data.csv, line 18" or "x.npy, row 17" (rows count from 1): the place of a row for messages.
  std::string place(std::size_t row) const;
};

// "x1" for position 0: the name of a column that has none.
std::string generated_name(std::size_t position);

// Appends the one column of `target` to `inputs` under `name`.
// Throws Error(Fault::usage): target has several columns, another number of rows, or the name is taken.
void add_target(Table& inputs, const Table& target, const std::string& name = "target");

}  // namespace widenet
