// Two passes over the text: the first reads every field as a number and finds the columns that are text, the second
// keeps the text of those alone, so a table of numbers never exists as strings.
#include "widenet/data/csv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/data/csv_records.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

// First-seen spellings of the distinct values of a column, given up where there are too many to be classes.
class Spellings {
 public:
  void add(double value, std::string_view field) {
    value += 0.0;  // -0 and 0 are one value
    if (full_ || value == last_) return;
    last_ = value;
    first_.try_emplace(value, field);
    if (first_.size() <= limit) return;
    full_ = true;
    first_.clear();
  }
  std::map<double, std::string> unusual() const {
    std::map<double, std::string> out;
    for (const auto& [value, field] : first_)
      if (field != text::spell(value)) out.emplace(value, field);
    return out;
  }

 private:
  static constexpr std::size_t limit = 256;
  std::unordered_map<double, std::string_view> first_;
  double last_ = missing;
  bool full_ = false;
};

struct Draft {
  std::vector<double> numbers;  // of all records, the first one too
  Spellings spellings;
  std::size_t number_count = 0;          // below the first record
  std::size_t text_count = 0;            // below the first record
  std::size_t first_text_row = nowhere;  // a record, 0 the first
  std::string first_text;
  bool first_is_text = false;
  bool first_is_number = false;
};

// What the first pass finds.
struct Scan {
  std::vector<std::string> first;  // the first record's fields
  std::vector<Draft> drafts;
  std::vector<std::size_t> lines;
  std::size_t blank_lines = 0;
};

void take_field(Draft& draft, std::string_view field, std::size_t record) {
  double value = missing;
  if (!text::is_missing(field)) {
    const auto number = text::parse_number(field);
    if (number) {
      value = *number;
      draft.spellings.add(value, field);
    }
    if (record == 0) {
      (number ? draft.first_is_number : draft.first_is_text) = true;
    } else if (number) {
      ++draft.number_count;
    } else {
      if (draft.text_count++ == 0) {
        draft.first_text_row = record;
        draft.first_text = field;
      }
    }
  }
  draft.numbers.push_back(value);
}

Scan scan_records(std::string_view text, char separator, const std::string& path) {
  Scan scan;
  CsvRecords records(text, separator);
  while (records.next()) {
    const auto& fields = records.fields();
    const std::size_t record = scan.lines.size();
    if (record == 0) {
      scan.first.assign(fields.begin(), fields.end());
      scan.drafts.resize(fields.size());
    }
    if (fields.size() != scan.drafts.size())
      fail_outside("{}, line {}: {} fields (line {} has {}) mend the line, or put fields that hold a {} in quotes",
                   path, records.line(), fields.size(), scan.lines.front(), scan.drafts.size(),
                   separator == '\t' ? "tab" : text::shown({&separator, 1}));
    for (std::size_t j = 0; j < fields.size(); ++j) take_field(scan.drafts[j], fields[j], record);
    scan.lines.push_back(records.line());
  }
  if (!records.problem().empty()) fail_outside("{}, {}", path, records.problem());
  if (scan.lines.empty()) fail_outside("{}: no rows (the file is empty) name a file with data", path);
  scan.blank_lines = records.blank_lines();
  return scan;
}

bool is_text_below(const Draft& draft) { return draft.text_count > 0; }
bool is_numeric_below(const Draft& draft) { return draft.text_count == 0 && draft.number_count > 0; }

// Whether no field of the first record occurs again below it, in a table of text alone.
bool first_never_recurs(std::string_view text, char separator, const Scan& scan) {
  CsvRecords records(text, separator);
  records.next();
  while (records.next())
    for (std::size_t j = 0; j < scan.first.size(); ++j)
      if (!scan.first[j].empty() && records.fields()[j] == scan.first[j]) return false;
  return true;
}

struct HeaderDecision {
  bool present = false;
  std::string why;
};

HeaderDecision decide_header(std::string_view text, char separator, const Scan& scan, Header header) {
  if (header != Header::detect) return {header == Header::present, "as told"};
  for (std::size_t j = 0; j < scan.first.size(); ++j)
    if (scan.drafts[j].first_is_text && is_numeric_below(scan.drafts[j]))
      return {true, fmt::format("it holds {} above numbers", text::shown(scan.first[j]))};
  const auto any = [&](auto&& property) { return std::any_of(scan.drafts.begin(), scan.drafts.end(), property); };
  if (!any([](const Draft& d) { return d.first_is_text; })) return {false, "it holds no text"};
  if (any([](const Draft& d) { return d.first_is_number || is_numeric_below(d); }))
    return {false, "it holds no text above numbers"};
  if (first_never_recurs(text, separator, scan)) return {true, "all is text and none of it occurs again below"};
  return {false, "all is text and some of it occurs again below"};
}

void check_utf8(const std::string& field, const std::string& path, std::size_t line, std::size_t column) {
  if (const auto at = text::invalid_utf8(field))
    fail_outside(
        "{}, line {}, column {}: found the byte 0x{:02X} (not UTF-8) convert the file, e.g. by iconv -f latin1 "
        "-t utf-8",
        path, line, column + 1, static_cast<unsigned>(static_cast<unsigned char>(field[*at])));
}

void name_columns(Table& table, const Scan& scan, bool named) {
  table.named = named;
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t j = 0; j < scan.first.size(); ++j) {
    std::string& name = table.columns[j].name;
    name = named && !scan.first[j].empty() ? scan.first[j] : generated_name(j);
    check_utf8(name, table.provenance.path, scan.lines.front(), j);
    const auto [earlier, fresh] = seen.emplace(name, j);
    if (!fresh)
      fail_outside(
          "{}, line {}, column {}: the name {} is that of column {} too (columns are matched by name) rename one",
          table.provenance.path, scan.lines.front(), j + 1, text::shown(name), earlier->second + 1);
  }
}

// Second pass, for the columns of text alone.
void keep_texts(Table& table, std::string_view text, char separator, bool named) {
  std::vector<std::size_t> kept;
  for (std::size_t j = 0; j < table.columns.size(); ++j)
    if (table.columns[j].kind == ColumnKind::text) kept.push_back(j);
  if (kept.empty()) return;
  CsvRecords records(text, separator);
  if (named) records.next();
  while (records.next())
    for (const std::size_t j : kept) {
      const std::string_view field = records.fields()[j];
      auto& texts = table.columns[j].texts;
      texts.emplace_back();
      if (text::is_missing(field)) continue;
      check_utf8(texts.back().emplace(field), table.provenance.path, records.line(), j);
    }
}

// A column of numbers with a few words in it is text; that is seldom what was meant, so it is said.
void note_mixed_column(Table& table, const Draft& draft, const Column& column, std::size_t line) {
  if (draft.number_count <= draft.text_count) return;
  const auto comma = draft.first_text.find(',');
  const bool decimal_comma = comma != std::string::npos && comma + 1 < draft.first_text.size() &&
                             text::parse_number(std::string(draft.first_text).replace(comma, 1, 1, '.')).has_value();
  table.notes.push_back(
      fmt::format("column {} is taken as text, because line {} holds {}{}; {} of its fields are numbers.",
                  text::shown(column.name), line, text::shown(draft.first_text),
                  decimal_comma ? " (a decimal comma? write a point)" : "", draft.number_count));
}

void note_blank_lines(Table& table, const Scan& scan) {
  if (scan.blank_lines > 0 && (table.columns.size() == 1 || scan.blank_lines > 1))
    table.notes.push_back(fmt::format("blank lines that were skipped: {}.", scan.blank_lines));
}

}  // namespace

Table parse_csv(std::string_view text, const std::string& path, Header header) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const auto zero = text.substr(0, 4096).find('\0'); zero != std::string_view::npos)
    fail_outside("{}: found a zero byte at byte {} (text has none; is it UTF-16, or no table?) save it as UTF-8 text",
                 path, zero + 1);
  const char separator = detect_separator(text);
  Scan scan = scan_records(text, separator, path);
  const HeaderDecision decision = decide_header(text, separator, scan, header);
  const std::size_t rows = scan.lines.size() - (decision.present ? 1 : 0);
  if (rows == 0) fail_outside("{}: no rows (one line, taken for names: {}) add rows", path, decision.why);

  Table table;
  table.provenance = {path, FileFormat::csv, rows};
  table.columns.resize(scan.drafts.size());
  table.sample_shape = {scan.drafts.size()};
  name_columns(table, scan, decision.present);
  table.notes.push_back(fmt::format("the first line was taken for {}: {}.",
                                    decision.present ? "the names of the columns" : "data", decision.why));
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    Draft& draft = scan.drafts[j];
    Column& column = table.columns[j];
    if (is_text_below(draft) || (!decision.present && draft.first_is_text)) {
      column.kind = ColumnKind::text;
      if (!is_text_below(draft)) {
        draft.first_text = scan.first[j];
        draft.first_text_row = 0;
        draft.text_count = 1;
      }
      note_mixed_column(table, draft, column, scan.lines[draft.first_text_row]);
    } else {
      column.numbers = std::move(draft.numbers);
      if (decision.present) column.numbers.erase(column.numbers.begin());
      column.spellings = draft.spellings.unusual();
    }
  }
  keep_texts(table, text, separator, decision.present);
  table.lines = std::move(scan.lines);
  if (decision.present) table.lines.erase(table.lines.begin());
  note_blank_lines(table, scan);
  return table;
}

}  // namespace widenet
