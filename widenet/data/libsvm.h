// The sparse text format of libsvm and svmlight.
#pragma once

#include <string>
#include <string_view>

#include "widenet/data/table.h"

namespace widenet {

// Whether the first lines read as libsvm's: a number, then index:value pairs, at least one pair among them.
bool looks_like_libsvm(std::string_view text);

// Lines "label index:value index:value ...", indices from 1 upward, what follows # ignored. Columns: "target", then x1
// to the largest index; what is not mentioned is 0. The table is sparse: a column it does not reach counts as zeros.
// Throws Error(Fault::environment) that names path, line and what was found: a label that is no number, a pair that is
// none, indices that do not rise or are below 1, a table whose zeros would not fit the memory, no rows.
Table parse_libsvm(std::string_view text, const std::string& path);

}  // namespace widenet
