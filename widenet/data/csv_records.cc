#include "widenet/data/csv_records.h"

#include <fmt/format.h>

#include "widenet/data/text.h"

namespace widenet {

bool CsvRecords::next() {
  fields_.clear();
  unescaped_.clear();
  if (!skip_blank_lines()) return false;
  record_line_ = line_;
  while (read_field()) {
    if (at_ == text_.size()) return true;
    if (at_line_end()) {
      end_line();
      return true;
    }
    ++at_;  // the separator
    if (at_ == text_.size()) {
      fields_.push_back({});
      return true;
    }
  }
  return false;
}

bool CsvRecords::skip_blank_lines() {
  while (at_ < text_.size()) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && at_blank()) ++at_;
    if (at_ == text_.size()) return false;
    if (!at_line_end()) {
      at_ = begin;
      return true;
    }
    end_line();
    ++blank_lines_;
  }
  return false;
}

bool CsvRecords::read_field() {
  while (at_ < text_.size() && at_blank()) ++at_;
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted_field();
  read_plain_field();
  return true;
}

void CsvRecords::read_plain_field() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != separator_ && !at_line_end()) ++at_;
  fields_.push_back(text::trim(text_.substr(begin, at_ - begin)));
}

bool CsvRecords::read_quoted_field() {
  const std::size_t opening_line = line_;
  const std::size_t begin = ++at_;
  bool doubled = false;
  for (;; ++at_) {
    if (at_ == text_.size()) {
      problem_ = fmt::format("line {}, column {}: a quote is opened and never closed (the file ends) close it",
                             opening_line, fields_.size() + 1);
      return false;
    }
    if (text_[at_] == '\n') ++line_;
    if (text_[at_] != '"') continue;
    if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
    doubled = true;
    ++at_;
  }
  std::string_view field = text_.substr(begin, at_ - begin);
  if (doubled) {
    std::string& plain = unescaped_.emplace_back();
    for (std::size_t i = 0; i < field.size(); ++i) {
      plain += field[i];
      if (field[i] == '"') ++i;
    }
    field = plain;
  }
  ++at_;
  while (at_ < text_.size() && at_blank()) ++at_;
  if (at_ < text_.size() && text_[at_] != separator_ && !at_line_end()) {
    problem_ = fmt::format(
        "line {}, column {}: found {} after a closing quote (a quote within quotes is written twice) "
        "double the quote or mend the separator",
        line_, fields_.size() + 1, text::shown(text_.substr(at_, 1)));
    return false;
  }
  fields_.push_back(field);
  return true;
}

void CsvRecords::end_line() {
  if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++line_;
}

char detect_separator(std::string_view text) {
  constexpr std::size_t looked_at = 20;
  char widest = ',';
  std::size_t most_fields = 1;
  for (const char separator : {'\t', ';', ','}) {
    CsvRecords records(text, separator);
    if (!records.next()) continue;
    const std::size_t fields = records.fields().size();
    bool same = true;
    for (std::size_t k = 1; k < looked_at && records.next(); ++k) same = same && records.fields().size() == fields;
    if (fields > 1 && same && records.problem().empty()) return separator;
    if (fields > most_fields) {
      most_fields = fields;
      widest = separator;
    }
  }
  return widest;
}

}  // namespace widenet
