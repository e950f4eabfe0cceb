#include "widenet/data/uci.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>

#include "widenet/base/error.h"
#include "widenet/data/array.h"
#include "widenet/data/csv.h"
#include "widenet/data/file.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

std::string file_in(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

std::string set_name(const std::string& folder) {
  std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(text::trim(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "key= value" lines.
class Description {
 public:
  explicit Description(std::string path) : path_(std::move(path)) {
    const std::string text = read_file(path_);
    for (const std::string_view line : lines_of(text))
      if (const auto equals = line.find('='); equals != std::string_view::npos)
        values_[std::string(text::trim(line.substr(0, equals)))] = text::trim(line.substr(equals + 1));
  }
  const std::string& word(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end() || found->second.empty())
      fail_outside("{}: no line '{}= ...' (the four-file format has one) add it", path_, key);
    return found->second;
  }
  std::size_t count(const std::string& key) const {
    const auto value = text::parse_count(word(key));
    if (!value)
      fail_outside("{}: found {} for {} (a whole number is needed) mend it", path_, text::shown(word(key)), key);
    return *value;
  }

 private:
  std::string path_;
  std::map<std::string, std::string> values_;
};

std::vector<std::size_t> parse_indices(std::string_view line, std::size_t rows, const std::string& place) {
  std::vector<std::size_t> out;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line = text::trim(line.substr(word.size()));
    const auto index = text::parse_count(word);
    if (!index || *index >= rows)
      fail_outside("{}: found {} (row indices run from 0 to {}) mend the line", place, text::shown(word), rows - 1);
    out.push_back(*index);
  }
  if (out.empty()) fail_outside("{}: no indices (each line names rows) mend the line", place);
  return out;
}

// Pairs of lines: the rows of training, then those of test.
std::vector<Split> read_splits(const std::string& path, std::size_t wanted, std::size_t rows) {
  const std::string text = read_file(path);
  std::vector<std::string_view> lines = lines_of(text);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (lines.size() != 2 * wanted)
    fail_outside("{}: {} lines (training and test rows of {} splits make {}) get the file again", path, lines.size(),
                 wanted, 2 * wanted);
  std::vector<Split> splits(wanted);
  for (std::size_t k = 0; k < wanted; ++k) {
    const auto place = [&](std::size_t line) { return fmt::format("{}, line {}", path, line); };
    splits[k].train = parse_indices(lines[2 * k], rows, place(2 * k + 1));
    splits[k].test = parse_indices(lines[2 * k + 1], rows, place(2 * k + 2));
    std::vector<bool> seen(rows, false);
    for (const auto* part : {&splits[k].train, &splits[k].test})
      for (const std::size_t i : *part) {
        if (seen[i])
          fail_outside("{}: row {} stands twice (lines {} and {} are one split) mend the file", path, i, 2 * k + 1,
                       2 * k + 2);
        seen[i] = true;
      }
  }
  return splits;
}

Target class_target(const Table& table, const Column& column, std::size_t classes) {
  Target target;
  target.task = Task::classification;
  for (std::size_t c = 0; c < classes; ++c) target.class_names.push_back(fmt::format("{}", c));
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const auto index = column.missing(i) ? std::nullopt : text::parse_count(column.text(i));
    if (!index || *index >= classes)
      fail_outside("{}, column {}: found {} (classes run from 0 to {}) mend the line", table.place(i),
                   text::shown(column.name), text::shown(column.missing(i) ? "" : column.text(i)), classes - 1);
    target.classes.push_back(*index);
  }
  return target;
}

// Everything but the target, which is the last column.
Dataset inputs_of(Table table) {
  table.columns.pop_back();
  table.sample_shape = {table.columns.size()};
  Array array = array_of(table);
  Dataset data;
  data.inputs = std::move(array.values);
  data.feature_names = table.names();
  data.sample_shape = std::move(array.sample_shape);
  data.provenance = std::move(array.provenance);
  return data;
}

}  // namespace

Uci90Set read_uci90(const std::string& folder) {
  const Description description(file_in(folder, set_name(folder) + ".txt"));
  const std::size_t inputs = description.count("n_entradas"), classes = description.count("n_clases");
  const std::string path = file_in(folder, description.word("fich1"));
  Table table = parse_csv(read_file(path), path, Header::present);
  if (table.columns.size() != inputs + 2)
    fail_outside("{}: {} columns (a row number, n_entradas = {} inputs and the class make {}) get the file again", path,
                 table.columns.size(), inputs, inputs + 2);
  table.columns.erase(table.columns.begin());
  table.provenance.format = FileFormat::uci90;
  Target target = class_target(table, table.columns.back(), classes);

  Uci90Set set;
  set.tuning = read_splits(file_in(folder, "conxuntos.dat"), 1, table.rows()).front();
  const auto folds = read_splits(file_in(folder, "conxuntos_kfold.dat"), set.folds.size(), table.rows());
  std::copy(folds.begin(), folds.end(), set.folds.begin());
  set.data = inputs_of(std::move(table));
  set.data.target = std::move(target);
  return set;
}

UciRegressionSet read_uci_regression(const std::string& folder) {
  const std::string data_path = file_in(folder, "data.csv.gz"), mask_path = file_in(folder, "test_mask.csv.gz");
  Array all = array_of(parse_csv(read_file(data_path), data_path, Header::absent));
  const Array mask = array_of(parse_csv(read_file(mask_path), mask_path, Header::absent));
  const std::size_t rows = all.values.rows(), columns = all.values.cols();
  if (columns < 2)
    fail_outside("{}: one column (inputs and, last, the target are needed) get the file again", data_path);
  if (mask.values.rows() != rows)
    fail_outside("{}: {} rows ('{}' has {}, one mark each) get the files again", mask_path, mask.values.rows(),
                 data_path, rows);
  UciRegressionSet set;
  set.data.inputs = copy<double>(all.values.view().block({0, rows}, {0, columns - 1}));
  set.data.target =
      Target{Task::regression, copy<double>(all.values.view().block({0, rows}, {columns - 1, columns})), {}, {}};
  for (std::size_t j = 0; j + 1 < columns; ++j) set.data.feature_names.push_back(generated_name(j));
  set.data.sample_shape = {columns - 1};
  set.data.provenance = all.provenance;
  set.splits.resize(mask.values.cols());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < set.splits.size(); ++k) {
      const double mark = mask.values(i, k);
      if (mark != 0.0 && mark != 1.0)
        fail_outside("{}, line {}, column {}: found {} (a mark is 0 or 1) mend the line", mask_path, i + 1, k + 1,
                     mark);
      (mark == 1.0 ? set.splits[k].test : set.splits[k].train).push_back(i);
    }
  return set;
}

}  // namespace widenet
