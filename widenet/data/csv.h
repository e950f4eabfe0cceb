// Comma-separated values, and their kin with ; or tab: in and out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "widenet/data/table.h"

namespace widenet {

enum class Header { detect, present, absent };

// The table in a text of records (csv_records.h says what those are), all of the same number of fields. A column is
// numeric when every field below the header is a number (text::parse_number) or missing (text::is_missing).
//
// Header::detect takes the first record for names when a field of it is text over a numeric column, or when all columns
// are text and no field of the first record occurs again below it. What was decided, and what else a reader should
// know, stands in Table::notes. Names must differ; an empty one becomes x1, x2, ... by position.
//
// Throws Error(Fault::environment) that names path, line and column: records of unequal length, broken quotes, names
// that repeat, bytes that are not UTF-8, no rows.
Table parse_csv(std::string_view text, const std::string& path, Header header = Header::detect);

// Writes columns of equal length below a header of their names, separated by commas, quoted where needed; numbers in
// the shortest form that reads back as the same double, missing values empty (in a single column NA). The file
// appears once it is complete.
void write_csv(const std::string& path, std::span<const Column> columns);

}  // namespace widenet
