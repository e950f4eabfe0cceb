// Any file of data, by its content.
#pragma once

#include <string>

#include "widenet/data/array.h"
#include "widenet/data/csv.h"
#include "widenet/data/table.h"

namespace widenet {

// Reads csv (separated by comma, semicolon or tab), npy, npz, libsvm or idx, each also gzipped. The first bytes tell
// the format, then the name's ending (.svm, .libsvm, .svmlight for libsvm), then the text itself. "file.npz:NAME" takes
// one array of an archive. `header` concerns csv alone.
// Throws Error(Fault::environment) with one line: file, line, column, what was found, what to do.
Table read_table(const std::string& path, Header header = Header::detect);

// The same, for inputs alone: every number finite, no text; libsvm's labels are left out (and a note says so).
Array read_array(const std::string& path, Header header = Header::detect);

}  // namespace widenet
