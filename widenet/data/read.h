// Any file of data, by its content.
#pragma once

#include <string>

#include "widenet/data/array.h"
#include "widenet/data/csv.h"
#include "widenet/data/table.h"

namespace widenet {

// Reads csv (separated by comma, semicolon or tab), npy, npz, libsvm, idx or cifar, each also gzipped. The first bytes
// tell the format, then the name's ending (.bin for cifar; .svm, .libsvm, .svmlight for libsvm), then the text itself.
// "file.npz:NAME" takes one array of an archive, "file.bin:coarse" the coarse labels of CIFAR-100. `header` concerns
// csv alone. Throws Error(Fault::environment) with one line: file, line, column, what was found, what to do.
Table read_table(const std::string& path, Header header = Header::detect);

// The same, for inputs alone: every number finite (or NaN, where that is kept), no text; the labels of libsvm and cifar
// are left out, and a note says so.
Array read_array(const std::string& path, Header header = Header::detect, Missing missing = Missing::refused);

// Whether `path` names a file there is, or a part of one ("file.npz:NAME").
bool is_data_file(const std::string& path);

}  // namespace widenet
