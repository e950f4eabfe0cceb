#include "apps/widenet/report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "widenet/base/error.h"

namespace widenet::app {
namespace {

constexpr std::size_t name_width = 10;

// Columns that a text takes: bytes of UTF-8 that do not continue a character.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string blanks(std::size_t count) { return std::string(count, ' '); }

}  // namespace

std::string wrapped(const std::string& text, std::size_t width, const std::string& indent) {
  std::istringstream words(text);
  std::string out, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && columns_of(line) + 1 + columns_of(word) > width) {
      out += line + "\n" + indent;
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return out + line;
}

std::string field(const std::string& name, const std::string& text) {
  const std::string label = name + blanks(name_width - std::min(name_width, columns_of(name)));
  return label + wrapped(text, page_width - name_width, blanks(name_width)) + "\n";
}

std::string note_fields(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += field("note", note);
  return out;
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], columns_of(row[c]));
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      const std::string padding = blanks(widths[c] - columns_of(row[c]));
      const bool last = c + 1 == row.size();
      if (last && wrap_last && c + 1 == widths.size()) {
        const std::size_t begin = columns_of(line);
        line += wrapped(row[c], page_width - std::min(page_width, begin), blanks(begin));
      } else if (c < left) {
        line += row[c] + (last ? "" : padding);
      } else {
        line += padding + row[c];
      }
    }
    out += line + "\n";
  }
  return out;
}

std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string rate_text(double per_second, const std::string& unit) {
  constexpr const char* letters[] = {" ", " k ", " M ", " G ", " T "};
  std::size_t k = 0;
  for (; k + 1 < std::size(letters) && per_second >= 999.5; ++k) per_second /= 1000;
  return fmt::format("{:.3g}{}{}/s", per_second, letters[k], unit);
}

std::string seconds_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.{}f} s", seconds, seconds < 1 ? 3 : seconds < 10 ? 2 : 1);
  const auto whole = static_cast<unsigned long long>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    fail_outside("cannot write to standard output ({}) check where it goes", std::generic_category().message(errno));
}

void print(const nlohmann::json& object) {
  print(object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void notice(const Settings& settings, const std::string& text) {
  if (!settings.quiet) std::fputs((wrapped(text, page_width, "") + "\n").c_str(), stderr);
}

std::size_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace widenet::app
