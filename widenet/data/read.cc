#include "widenet/data/read.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "widenet/base/error.h"
#include "widenet/data/file.h"
#include "widenet/data/idx.h"
#include "widenet/data/libsvm.h"
#include "widenet/data/npy.h"
#include "widenet/data/npy_header.h"
#include "widenet/data/npz.h"

namespace widenet {
namespace {

// "file.npz:NAME" cut in two; a file that bears the whole name goes first.
struct Source {
  std::string path;
  std::string array;
};

Source split_array_name(const std::string& given) {
  std::error_code ignored;
  const auto at = given.rfind(".npz:");
  if (at == std::string::npos || std::filesystem::exists(given, ignored)) return {given, ""};
  return {given.substr(0, at + 4), given.substr(at + 5)};
}

bool has_ending(const std::string& path, std::string_view ending) {
  return path.ends_with(ending) || path.ends_with(std::string(ending) + ".gz");
}

FileFormat format_of(std::string_view bytes, const std::string& path) {
  if (bytes.empty()) fail_outside("{}: no rows (the file is empty) name a file with data", path);
  if (is_npy(bytes) || has_ending(path, ".npy")) return FileFormat::npy;
  if (is_zip(bytes) || has_ending(path, ".npz")) return FileFormat::npz;
  if (is_idx(bytes)) return FileFormat::idx;
  const bool named_libsvm = has_ending(path, ".svm") || has_ending(path, ".libsvm") || has_ending(path, ".svmlight");
  return named_libsvm || looks_like_libsvm(bytes) ? FileFormat::libsvm : FileFormat::csv;
}

Array parse_array(std::string_view bytes, FileFormat format, const Source& source) {
  if (format == FileFormat::npz) return parse_npz(bytes, source.path, source.array);
  return format == FileFormat::npy ? parse_npy(bytes, source.path) : parse_idx(bytes, source.path);
}

bool is_binary(FileFormat format) {
  return format == FileFormat::npy || format == FileFormat::npz || format == FileFormat::idx;
}

}  // namespace

Table read_table(const std::string& path, Header header) {
  const Source source = split_array_name(path);
  const std::string bytes = read_file(source.path);
  const FileFormat format = format_of(bytes, source.path);
  if (is_binary(format)) return table_of(parse_array(bytes, format, source));
  return format == FileFormat::libsvm ? parse_libsvm(bytes, source.path) : parse_csv(bytes, source.path, header);
}

Array read_array(const std::string& path, Header header) {
  const Source source = split_array_name(path);
  const std::string bytes = read_file(source.path);
  const FileFormat format = format_of(bytes, source.path);
  if (is_binary(format)) {
    Array array = parse_array(bytes, format, source);
    check_finite(array);
    return array;
  }
  if (format == FileFormat::csv) return array_of(parse_csv(bytes, source.path, header));
  Table table = parse_libsvm(bytes, source.path);
  if (table.columns.size() == 1)
    fail_outside("{}: no inputs (its lines hold labels alone) name a file with index:value pairs", path);
  table.columns.erase(table.columns.begin());
  table.notes.push_back("the labels were left out: inputs alone are wanted.");
  return array_of(table);
}

}  // namespace widenet
