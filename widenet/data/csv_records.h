// Text with separators, cut into records and fields (RFC 4180 and what is met in practice).
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace widenet {

// Walks through the records of a text. Fields are separated by `separator`; a field may stand in double quotes, then it
// may hold separators, line ends, and quotes written twice. Records end with LF, CR LF or CR. Blanks around a field
// outside quotes are dropped; lines of blanks alone are skipped and counted.
class CsvRecords {
 public:
  CsvRecords(std::string_view text, char separator) : text_(text), separator_(separator) {}

  // Steps to the next record; false at the end of the text, or where problem() says what is wrong.
  bool next();
  // Views into the text or into this object, valid until the next step.
  const std::vector<std::string_view>& fields() const { return fields_; }
  // The line, from 1, on which the record begins.
  std::size_t line() const { return record_line_; }
  std::size_t blank_lines() const { return blank_lines_; }
  // "" or "line 3, column 2: ..." with what to do.
  const std::string& problem() const { return problem_; }

 private:
  bool skip_blank_lines();
  bool read_field();
  bool read_quoted_field();
  void read_plain_field();
  void end_line();
  bool at_line_end() const { return text_[at_] == '\n' || text_[at_] == '\r'; }
  bool at_blank() const { return text_[at_] == ' ' || (text_[at_] == '\t' && separator_ != '\t'); }

  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t record_line_ = 0;
  std::size_t blank_lines_ = 0;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unescaped_;  // fields that held doubled quotes
  std::string problem_;
};

// The separator of a text, among tab, semicolon and comma in this order: the first that cuts each of the first 20
// records into the same number of fields, more than one; where none does, the one that cuts the first record into most;
// comma where nothing is cut.
char detect_separator(std::string_view text);

}  // namespace widenet
