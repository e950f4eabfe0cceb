// The application of a coding: match the columns, say what was done, fill the matrix.
#include "widenet/data/coding.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/array.h"
#include "widenet/data/coding_target.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

using Kind = ColumnCoding::Kind;

struct Match {
  std::vector<const Column*> inputs;  // null: unused, or zeros in a sparse table
  const Column* target = nullptr;     // null: not in the table
};

[[noreturn]] void fail_no_column(const std::string& name, const Table& table) {
  const auto names = table.names();
  fail_outside("{}: no column {} (the model was trained with it; the columns are {}{}) add or rename it",
               table.provenance.path, text::shown(name), text::listed(names), text::did_you_mean(name, names, "; "));
}

Match match_by_name(const Coding& coding, const Table& table, std::vector<std::string>& notes) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t j = 0; j < table.columns.size(); ++j) index.emplace(table.columns[j].name, j);
  Match match;
  std::vector<bool> used(table.columns.size(), false);
  bool in_order = true;
  std::size_t last = 0;
  for (const ColumnCoding& input : coding.inputs) {
    match.inputs.push_back(nullptr);
    const auto found = index.find(input.name);
    if (found == index.end()) {
      if (input.kind != Kind::unused && !table.sparse) fail_no_column(input.name, table);
      continue;
    }
    in_order = in_order && (match.inputs.size() == 1 || found->second >= last);
    last = found->second;
    used[found->second] = true;
    match.inputs.back() = &table.columns[found->second];
  }
  if (const auto found = index.find(coding.target.name); found != index.end()) {
    used[found->second] = true;
    match.target = &table.columns[found->second];
  }
  if (!in_order) notes.push_back("the columns stand in another order than in training: matched by name.");
  std::vector<std::string> left_out;
  for (std::size_t j = 0; j < used.size(); ++j)
    if (!used[j]) left_out.push_back(table.columns[j].name);
  if (!left_out.empty())
    notes.push_back(fmt::format("columns that training did not have were left out: {}.", text::listed(left_out)));
  return match;
}

bool has_target_by_position(const Coding& coding, const Table& table) {
  return table.columns.size() == coding.inputs.size() + 1;
}

Match match_by_position(const Coding& coding, const Table& table, std::vector<std::string>& notes) {
  const bool with_target = has_target_by_position(coding, table);
  if (!with_target && table.columns.size() != coding.inputs.size())
    fail_outside("{}: {} columns (training had {} inputs, and the target as column {}) give the same columns",
                 table.provenance.path, table.columns.size(), coding.inputs.size(), coding.target.position + 1);
  Match match;
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    if (with_target && j == coding.target.position)
      match.target = &table.columns[j];
    else
      match.inputs.push_back(&table.columns[j]);
  }
  if (coding.named != table.named)
    notes.push_back(fmt::format("the columns were matched by position: {} has no names.",
                                coding.named ? "this table" : "the training table"));
  return match;
}

Match match_columns(const Coding& coding, const Table& table, std::vector<std::string>& notes) {
  return coding.named && table.named ? match_by_name(coding, table, notes) : match_by_position(coding, table, notes);
}

// Without a last axis of one channel, which a file of grey images may leave out.
std::vector<std::size_t> essential(std::vector<std::size_t> extents) {
  while (extents.size() > 1 && extents.back() == 1) extents.pop_back();
  return extents;
}

// Rows of numbers go with any model of as many inputs: they say nothing about positions.
void check_sample_shape(const Coding& coding, const Table& table) {
  const auto model = essential(coding.sample_shape), given = essential(table.sample_shape);
  if (model.size() > 1 && given.size() > 1 && model != given)
    fail_outside("{}: samples of the shape {} (the model was trained on samples of {}) give samples of that shape",
                 table.provenance.path, fmt::join(table.sample_shape, "x"), fmt::join(coding.sample_shape, "x"));
}

// Counts what a sentence will be said about, and refuses what cannot be coded.
struct Filled {
  std::string column;
  std::size_t missing = 0;
  double mean = 0;
};

Filled check_numeric(const ColumnCoding& coding, const Table& table, const Column& column) {
  Filled filled{coding.name, 0, coding.fill};
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column.missing(i)) {
      ++filled.missing;
    } else if (column.kind == ColumnKind::text) {
      if (!text::parse_number(*column.texts[i]))
        fail_outside("{}, column {}: found {} (training had numbers there) mend or drop the row", table.place(i),
                     text::shown(column.name), text::shown(*column.texts[i]));
    } else if (std::isinf(column.numbers[i])) {
      fail_outside("{}, column {}: found {} (inputs are finite) mend or drop the row", table.place(i),
                   text::shown(column.name), column.numbers[i]);
    }
  }
  return filled;
}

void note_filled(const std::vector<Filled>& filled, std::size_t rows, std::vector<std::string>& notes) {
  constexpr std::size_t said_singly = 8;
  std::size_t others = 0, values = 0, columns = 0;
  for (const Filled& f : filled) {
    if (f.missing == 0) continue;
    if (++columns <= said_singly) {
      notes.push_back(fmt::format("column {}: {} of {} values missing, filled with the training mean {:.6g}.",
                                  text::shown(f.column), f.missing, rows, f.mean));
    } else {
      ++others;
      values += f.missing;
    }
  }
  if (others > 0)
    notes.push_back(
        fmt::format("{} values missing in {} other columns, filled with each one's training mean.", values, others));
}

void fill_numeric(const ColumnCoding& coding, const Column& column, Range rows, MatrixView<double> out) {
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    if (column.missing(i))
      out(i, 0) = coding.fill;
    else
      out(i, 0) = column.kind == ColumnKind::numeric ? column.numbers[i] : *text::parse_number(*column.texts[i]);
  }
}

// One-hot into columns that are zero; says what was missing or never seen.
void fill_text(const ColumnCoding& coding, const Column& column, MatrixView<double> out,
               std::vector<std::string>& notes) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t k = 0; k < coding.categories.size(); ++k) index.emplace(coding.categories[k], k);
  std::map<std::string, std::size_t> unseen;
  std::size_t missing = 0, unseen_rows = 0;
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column.missing(i)) {
      ++missing;
      continue;
    }
    const std::string text = column.text(i);
    if (const auto found = index.find(text); found != index.end()) {
      out(i, found->second) = 1;
    } else {
      ++unseen_rows;
      ++unseen[text];
    }
  }
  if (missing > 0)
    notes.push_back(fmt::format("column {}: {} of {} texts missing, coded as zeros.", text::shown(coding.name), missing,
                                column.size()));
  if (unseen.empty()) return;
  std::vector<std::string> words;
  words.reserve(unseen.size());
  for (const auto& [word, count] : unseen) words.push_back(word);
  notes.push_back(fmt::format("column {}: {} rows hold {}, never seen in training: coded as zeros.",
                              text::shown(coding.name), unseen_rows, text::listed(words, 3)));
}

}  // namespace

std::size_t ColumnCoding::width() const {
  return kind == Kind::numeric ? 1 : kind == Kind::text ? categories.size() : 0;
}

std::size_t Coding::width() const {
  std::size_t sum = 0;
  for (const ColumnCoding& input : inputs) sum += input.width();
  return sum;
}

std::vector<std::string> Coding::feature_names() const {
  std::vector<std::string> names;
  for (const ColumnCoding& input : inputs) {
    if (input.kind == Kind::numeric) names.push_back(input.name);
    for (const std::string& category : input.categories) names.push_back(input.name + "=" + category);
  }
  return names;
}

bool has_target(const Coding& coding, const Table& table) {
  return coding.named && table.named ? table.find(coding.target.name).has_value()
                                     : has_target_by_position(coding, table);
}

CodedTable code_table(const Coding& coding, const Table& table, WithTarget with_target) {
  check_sample_shape(coding, table);
  CodedTable coded;
  const Match match = match_columns(coding, table, coded.notes);
  const std::size_t rows = table.rows(), width = coding.width();
  check_fits_memory(rows, width, fmt::format("{} is too large", table.provenance.path));
  Matrix<double> inputs(rows, width);

  // Text is coded column by column; numbers in blocks of rows, so that the matrix is written once through the cache.
  std::vector<std::size_t> first_input(coding.inputs.size());
  std::vector<Filled> filled;
  for (std::size_t k = 0, at = 0; k < coding.inputs.size(); at += coding.inputs[k++].width()) {
    first_input[k] = at;
    const Column* column = match.inputs[k];
    if (column == nullptr) continue;
    const ColumnCoding& input = coding.inputs[k];
    if (input.kind == Kind::numeric) filled.push_back(check_numeric(input, table, *column));
    if (input.kind == Kind::text)
      fill_text(input, *column, inputs.view().block({0, rows}, {at, at + input.width()}), coded.notes);
  }
  note_filled(filled, rows, coded.notes);
  constexpr std::size_t block_rows = 64;
  parallel_for((rows + block_rows - 1) / block_rows, [&](std::size_t block, std::size_t) {
    const Range range{block * block_rows, std::min(rows, (block + 1) * block_rows)};
    for (std::size_t k = 0; k < coding.inputs.size(); ++k)
      if (coding.inputs[k].kind == Kind::numeric && match.inputs[k] != nullptr)
        fill_numeric(coding.inputs[k], *match.inputs[k], range,
                     inputs.view().block({0, rows}, {first_input[k], first_input[k] + 1}));
  });

  coded.data.inputs = std::move(inputs);
  coded.data.feature_names = coding.feature_names();
  coded.data.sample_shape = coding.sample_shape;
  coded.data.provenance = table.provenance;
  if (with_target == WithTarget::no) return coded;
  if (match.target == nullptr) fail_no_column(coding.target.name, table);
  coded.data.target = code_target(coding.target, table, *match.target);
  return coded;
}

}  // namespace widenet
