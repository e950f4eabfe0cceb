// Text for a person at a terminal of 80 columns, and JSON for a program.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/widenet/command.h"

namespace widenet::app {

inline constexpr std::size_t page_width = 80;

// The text broken at blanks into lines of at most `width` columns, joined by a line end and `indent`. A word longer
// than a line stands on its own.
std::string wrapped(const std::string& text, std::size_t width, const std::string& indent);

// "name      text", the text in a column of its own, wrapped.
std::string field(const std::string& name, const std::string& text);

// "note      ..." for every sentence; nothing where there are none.
std::string note_fields(const std::vector<std::string>& notes);

// Columns aligned, separated by two blanks; the first `left` columns to the left, the others to the right, and the last
// one wrapped where `wrap_last`. Rows of unequal length end early.
struct TextTable {
  std::vector<std::vector<std::string>> rows;
  std::size_t left = 1;
  bool wrap_last = false;
  std::string text() const;
};

// "1.234", "1.2e-05": four significant digits.
std::string number(double value);
// "12.3 M entries/s": with a letter for powers of 1000.
std::string rate_text(double per_second, const std::string& unit);
std::string seconds_text(double seconds);

// To stdout and stderr. print() throws Error(environment) where stdout takes no more; notice() is silent when quiet.
void print(const std::string& text);
void print(const nlohmann::json& object);
void notice(const Settings& settings, const std::string& text);

// Bytes of memory the process held at its peak.
std::size_t peak_memory();

}  // namespace widenet::app
