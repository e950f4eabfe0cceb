#include "widenet/data/read.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "widenet/base/error.h"
#include "widenet/data/cifar.h"
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
  std::string part;
};

Source split_part_name(const std::string& given) {
  std::error_code ignored;
  if (std::filesystem::exists(given, ignored)) return {given, ""};
  for (const std::string_view ending : {".npz:", ".bin:", ".bin.gz:"})
    if (const auto at = given.rfind(ending); at != std::string::npos)
      return {given.substr(0, at + ending.size() - 1), given.substr(at + ending.size())};
  return {given, ""};
}

bool has_ending(const std::string& path, std::string_view ending) {
  return path.ends_with(ending) || path.ends_with(std::string(ending) + ".gz");
}

FileFormat format_of(std::string_view bytes, const std::string& path) {
  if (bytes.empty()) fail_outside("{}: no rows (the file is empty) name a file with data", path);
  if (is_npy(bytes) || has_ending(path, ".npy")) return FileFormat::npy;
  if (is_zip(bytes) || has_ending(path, ".npz")) return FileFormat::npz;
  if (is_idx(bytes)) return FileFormat::idx;
  if (has_ending(path, ".bin")) return FileFormat::cifar;
  const bool named_libsvm = has_ending(path, ".svm") || has_ending(path, ".libsvm") || has_ending(path, ".svmlight");
  return named_libsvm || looks_like_libsvm(bytes) ? FileFormat::libsvm : FileFormat::csv;
}

Array parse_array(std::string_view bytes, FileFormat format, const Source& source) {
  if (format == FileFormat::npz) return parse_npz(bytes, source.path, source.part);
  return format == FileFormat::npy ? parse_npy(bytes, source.path) : parse_idx(bytes, source.path);
}

bool is_binary(FileFormat format) {
  return format == FileFormat::npy || format == FileFormat::npz || format == FileFormat::idx;
}

// The label first, as the file has it.
Table table_of(LabelledImages&& read) {
  Table table = table_of(read.images);
  table.columns.insert(table.columns.begin(), std::move(read.labels));
  return table;
}

const char* const labels_left_out = "the labels were left out: inputs alone are wanted.";

}  // namespace

bool is_data_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(split_part_name(path).path, ignored);
}

Table read_table(const std::string& path, Header header) {
  const Source source = split_part_name(path);
  const std::string bytes = read_file(source.path);
  const FileFormat format = format_of(bytes, source.path);
  if (is_binary(format)) return table_of(parse_array(bytes, format, source));
  if (format == FileFormat::cifar) return table_of(parse_cifar(bytes, source.path, source.part));
  return format == FileFormat::libsvm ? parse_libsvm(bytes, source.path) : parse_csv(bytes, source.path, header);
}

Array read_array(const std::string& path, Header header, Missing missing) {
  const Source source = split_part_name(path);
  const std::string bytes = read_file(source.path);
  const FileFormat format = format_of(bytes, source.path);
  if (is_binary(format)) {
    Array array = parse_array(bytes, format, source);
    check_finite(array, missing);
    return array;
  }
  if (format == FileFormat::cifar) {
    Array array = parse_cifar(bytes, source.path, source.part).images;
    array.notes = {labels_left_out};
    return array;
  }
  if (format == FileFormat::csv) return array_of(parse_csv(bytes, source.path, header), missing);
  Table table = parse_libsvm(bytes, source.path);
  if (table.columns.size() == 1)
    fail_outside("{}: no inputs (its lines hold labels alone) name a file with index:value pairs", path);
  table.columns.erase(table.columns.begin());
  table.notes.emplace_back(labels_left_out);
  return array_of(table, missing);
}

}  // namespace widenet
