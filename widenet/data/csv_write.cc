#include <cmath>

#include "widenet/base/error.h"
#include "widenet/data/csv.h"
#include "widenet/data/file.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

// Quoted where reading would otherwise change it: separators, quotes, line ends, blanks at the ends, an empty text.
std::string csv_field(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of(",;\t\"\r\n") == std::string::npos && text::trim(text) == text;
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    out += c;
    if (c == '"') out += c;
  }
  out += '"';
  return out;
}

std::string csv_field(const Column& column, std::size_t row) {
  if (column.missing(row)) return "";
  return column.kind == ColumnKind::text ? csv_field(*column.texts[row]) : text::spell(column.numbers[row]);
}

}  // namespace

void write_csv(const std::string& path, std::span<const Column> columns) {
  if (columns.empty()) fail("cannot write '{}' (there are no columns) give at least one", path);
  const std::size_t rows = columns.front().size();
  for (const Column& column : columns)
    if (column.size() != rows)
      fail("cannot write '{}' (column {} has {} rows, column {} has {}) give columns of one length", path,
           text::shown(columns.front().name), rows, text::shown(column.name), column.size());
  OutputFile file(path);
  std::string text;
  constexpr std::size_t flush_at = std::size_t{1} << 20;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (j) text += ',';
    text += csv_field(columns[j].name);
  }
  text += '\n';
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      if (j) text += ',';
      text += columns.size() == 1 && columns[j].missing(i) ? "NA" : csv_field(columns[j], i);
    }
    text += '\n';
    if (text.size() < flush_at) continue;
    file.write(text);
    text.clear();
  }
  file.write(text);
  file.commit();
}

}  // namespace widenet
