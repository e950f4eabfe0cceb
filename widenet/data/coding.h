// From a table to numbers: learned on the training table, repeated on every later one.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "widenet/data/dataset.h"
#include "widenet/data/table.h"

namespace widenet {

// How one column of the training table becomes inputs.
struct ColumnCoding {
  // numeric: one input, the number, or `fill` where it is missing
  // text:    one input per category, 1 for the row's own and 0 else; all 0 for a missing text and for one never seen
  // unused:  no input, because the column had no value in any row
  enum class Kind { numeric, text, unused };
  std::string name;
  Kind kind = Kind::numeric;
  double fill = 0;                      // numeric: the training mean of the values that are there
  std::vector<std::string> categories;  // text: sorted
  std::size_t width() const;            // number of inputs
};

struct TargetCoding {
  std::string name;
  std::size_t position = 0;  // of the column in the training table
  Task task = Task::regression;
  std::vector<std::string> class_names;  // classification: as the file spelled them, sorted as numbers or as texts
  std::vector<double> class_values;      // classification of numbers: their values, else empty
};

struct Coding {
  std::vector<ColumnCoding> inputs;  // in the order of the training table
  bool named = false;                // the training table had names: columns are matched by name, else by position
  TargetCoding target;
  std::vector<std::size_t> sample_shape;  // extents of one sample, channels last; without positions {width()}

  std::size_t width() const;                       // d, the number of inputs of a sample
  std::vector<std::string> feature_names() const;  // d: "age", "city=Bern"
};

struct CodingOptions {
  std::string target;        // a column's name
  std::optional<Task> task;  // else classification for a target of text, of labels or of at most two values
};

struct LearnedCoding {
  Coding coding;
  std::vector<std::string> notes;  // what was decided, one sentence each
};

// Learns from every row of a table. Throws Error: usage where there is no such target or no column beside it, where
// text is to be regressed, or where there is one class alone; environment, with place and column, where a target is
// missing or not finite or an input infinite.
LearnedCoding learn_coding(const Table& table, const CodingOptions& options);

enum class WithTarget { no, yes };

struct CodedTable {
  Dataset data;                    // with a target where it was asked for
  std::vector<std::string> notes;  // what was filled, never seen, left out, in another order: one sentence each
};

// Whether the table has the column of the target; its values are not looked at.
bool has_target(const Coding& coding, const Table& table);

// Codes the rows of a table. Columns are matched by name where both tables have names, else by position (with or
// without the target among them); columns beside those are left out, and said. A sparse table's absent columns are
// zeros. Throws Error(Fault::environment): samples of another shape than in training; with place and column, a column
// that is not there, text where training had numbers, an infinite input, and of the target a value that is missing, not
// finite or of no known class.
CodedTable code_table(const Coding& coding, const Table& table, WithTarget with_target);

// Lossless: every double reads back as the same bits. from_json throws Error(Fault::environment) where the object is
// not what to_json writes.
void to_json(nlohmann::json& json, const Coding& coding);
void from_json(const nlohmann::json& json, Coding& coding);

}  // namespace widenet
