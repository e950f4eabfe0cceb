#include "widenet/data/libsvm.h"

#include <algorithm>
#include <optional>

#include "widenet/base/error.h"
#include "widenet/data/array.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

struct Entry {
  std::size_t row, column;
  double value;
};

// Takes the next word, up to a blank, off the front of the line.
std::string_view take_word(std::string_view& line) {
  line = text::trim(line);
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

// Takes the next line off the front of the text, without its end and without a comment.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  line = line.substr(0, line.find('#'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return text::trim(line);
}

struct Pair {
  std::size_t index;
  double value;
};

std::optional<Pair> parse_pair(std::string_view word) {
  const auto colon = word.find(':');
  if (colon == std::string_view::npos) return {};
  const auto index = text::parse_count(word.substr(0, colon));
  const auto value = text::parse_number(word.substr(colon + 1));
  if (!index || !value) return {};
  return Pair{*index, *value};
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  void read(std::string_view text) {
    for (std::size_t line = 1; !text.empty(); ++line) {
      std::string_view rest = take_line(text);
      if (!rest.empty()) read_row(rest, line);
    }
    if (labels_.empty()) fail_outside("{}: no rows (the file is empty) name a file with data", path_);
  }

  Table table() {
    check_fits_memory(labels_.size(), width_,
                      fmt::format("{}, line {}: found the index {}", path_, widest_line_, width_));
    Table table;
    table.provenance = {path_, FileFormat::libsvm, labels_.size()};
    table.named = true;
    table.sparse = true;
    table.sample_shape = {width_};
    table.lines = std::move(lines_);
    const std::size_t rows = labels_.size();
    table.columns.push_back(numeric_column("target", std::move(labels_)));
    for (std::size_t j = 0; j < width_; ++j)
      table.columns.push_back(numeric_column(generated_name(j), std::vector<double>(rows, 0.0)));
    for (const Entry& entry : entries_) table.columns[entry.column + 1].numbers[entry.row] = entry.value;
    return table;
  }

 private:
  void read_row(std::string_view rest, std::size_t line) {
    const std::string_view first = take_word(rest);
    const auto label = text::parse_number(first);
    if (!label)
      fail_outside(
          "{}, line {}: found {} for the label (a number comes first in libsvm's format) write label index:value "
          "...",
          path_, line, text::shown(first));
    std::size_t last = 0;
    for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
      const auto pair = parse_pair(word);
      if (!pair)
        fail_outside("{}, line {}: found {} (a pair index:value is needed) write e.g. 3:0.5", path_, line,
                     text::shown(word));
      if (pair->index == 0)
        fail_outside("{}, line {}: found the index 0 (indices count from 1) add 1 to every index", path_, line);
      if (pair->index <= last)
        fail_outside("{}, line {}: found the index {} after {} (indices rise within a line) sort the pairs", path_,
                     line, pair->index, last);
      last = pair->index;
      entries_.push_back({labels_.size(), pair->index - 1, pair->value});
    }
    if (last > width_) {
      width_ = last;
      widest_line_ = line;
    }
    labels_.push_back(*label);
    lines_.push_back(line);
  }

  const std::string& path_;
  std::vector<double> labels_;
  std::vector<std::size_t> lines_;
  std::vector<Entry> entries_;
  std::size_t width_ = 0;
  std::size_t widest_line_ = 1;
};

}  // namespace

bool looks_like_libsvm(std::string_view text) {
  bool pair_seen = false;
  for (std::size_t looked_at = 0; looked_at < 5 && !text.empty();) {
    std::string_view rest = take_line(text);
    if (rest.empty()) continue;
    ++looked_at;
    if (!text::parse_number(take_word(rest))) return false;
    const std::string_view word = take_word(rest);
    if (!word.empty() && !parse_pair(word)) return false;
    pair_seen = pair_seen || !word.empty();
  }
  return pair_seen;
}

Table parse_libsvm(std::string_view text, const std::string& path) {
  Reader reader(path);
  reader.read(text);
  return reader.table();
}

}  // namespace widenet
