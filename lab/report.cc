#include "lab/report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <sstream>

#include "widenet/base/error.h"
#include "widenet/data/csv.h"
#include "widenet/data/read.h"

namespace widenet::lab {

std::string wrapped(const std::string& text, const std::string& indent) {
  constexpr std::size_t width = 80;
  std::istringstream words(text);
  std::string out, line = indent, word;
  while (words >> word) {
    if (line.size() + word.size() + 1 > width && line != indent) {
      out += line + "\n";
      line = indent;
    }
    line += (line == indent ? "" : " ") + word;
  }
  return out + line + "\n";
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t j = 0; j < row.size(); ++j) widths[j] = std::max(widths[j], row[j].size());
  std::string out;
  for (const auto& row : rows_) {
    std::string line = fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t j = 1; j < row.size(); ++j) line += fmt::format("  {:>{}}", row[j], widths[j]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string shortened(const std::string& name, std::size_t width) {
  return name.size() <= width ? name : name.substr(0, width - 2) + "..";
}

void write_result(const Context& context, const std::string& name, std::span<const Column> columns, Outcome& outcome) {
  if (context.out.empty()) return;
  const std::string path = (std::filesystem::path(context.out) / name).string();
  write_csv(path, columns);
  outcome.files.push_back(path);
}

Table reference_table(const std::string& name) {
  return read_table((std::filesystem::path(WIDENET_LAB_REFERENCE) / name).string(), Header::present);
}

double reference_value(const Table& table, const std::string& set, const std::string& column) {
  const auto sets = table.find("dataset"), wanted = table.find(column);
  if (!sets || !wanted)
    fail_outside("{}: no column '{}' (the lab compares with it) get the file again", table.provenance.path,
                 sets ? column : "dataset");
  for (std::size_t i = 0; i < table.rows(); ++i)
    if (table.columns[*sets].text(i) == set) {
      const Column& cells = table.columns[*wanted];
      return cells.kind == ColumnKind::numeric ? cells.numbers[i] : std::numeric_limits<double>::quiet_NaN();
    }
  fail_outside("{}: no row '{}' (the lab compares with it) get the file again", table.provenance.path, set);
}

double mean(std::span<const double> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

double median(std::span<const double> numbers) {
  if (numbers.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(numbers.begin(), numbers.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

}  // namespace widenet::lab
