#include "widenet/data/npy.h"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/file.h"
#include "widenet/data/npy_header.h"

namespace widenet {
namespace {

static_assert(std::endian::native == std::endian::little, "files are written as the numbers lie in memory");

std::string shown_shape(const std::vector<std::size_t>& shape) {
  std::string out = "(";
  for (const std::size_t extent : shape) out += fmt::format("{}{}", out.size() > 1 ? ", " : "", extent);
  return out + ")";
}

// How many numbers a header promises, held against what the file has.
std::size_t checked_count(const NpyHeader& header, std::size_t bytes, const std::string& path) {
  if (header.shape.empty())
    fail_outside("'{}' holds a single number, shape () (samples come first) save an array of rows", path);
  const auto count = product(header.shape);
  if (count == std::size_t{0})
    fail_outside("'{}' holds no numbers (its shape is {}) name a file with data", path, shown_shape(header.shape));
  std::size_t wanted = 0;
  if (!count || __builtin_mul_overflow(*count, size_of(header.type), &wanted) || wanted > bytes)
    fail_outside(
        "'{}' is truncated or damaged (its shape {} needs {}, the file has {} bytes of data) get the file again", path,
        shown_shape(header.shape),
        count ? fmt::format("{} numbers of {} bytes", *count, size_of(header.type))
              : std::string("more than any file can hold"),
        bytes);
  if (wanted < bytes)
    fail_outside("'{}' is damaged ({} bytes follow the {} that its shape {} needs) get the file again", path,
                 bytes - wanted, wanted, shown_shape(header.shape));
  return *count;
}

// Offset in a Fortran-order array of the first number of each place within a sample, in C order.
std::vector<std::size_t> fortran_offsets(const std::vector<std::size_t>& shape, std::size_t per_sample) {
  std::vector<std::size_t> offsets(per_sample);
  std::vector<std::size_t> index(shape.size(), 0);
  for (std::size_t& offset : offsets) {
    offset = 0;
    for (std::size_t axis = shape.size(); axis-- > 1;) offset = offset * shape[axis] + index[axis];
    offset *= shape[0];
    for (std::size_t axis = shape.size(); axis-- > 1;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return offsets;
}

template <class T>
void convert(const char* data, const NpyHeader& header, MatrixView<double> out) {
  const std::vector<std::size_t> offsets =
      header.fortran_order ? fortran_offsets(header.shape, out.cols()) : std::vector<std::size_t>{};
  parallel_for(out.rows(), [&](std::size_t i, std::size_t) {
    for (std::size_t j = 0; j < out.cols(); ++j) {
      const std::size_t at = header.fortran_order ? offsets[j] + i : i * out.cols() + j;
      const T value = load<T>(data + at * sizeof(T), header.order);
      out(i, j) = header.type == NumberType::boolean ? (value != 0 ? 1.0 : 0.0) : static_cast<double>(value);
    }
  });
}

// Integers from 2^53 on may differ from the doubles they became.
std::size_t count_rounded(MatrixView<const double> values) {
  constexpr double exact_below = 9007199254740992.0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < values.rows(); ++i)
    for (const double x : values.row(i)) count += x >= exact_below || x <= -exact_below ? 1 : 0;
  return count;
}

std::string header_for(std::size_t number_size, std::span<const std::size_t> shape) {
  return format_npy_header(number_size == sizeof(double) ? "<f8" : "<f4", shape);
}

template <class T>
void write_matrix(const std::string& path, MatrixView<const T> values) {
  NpyWriter writer(path, values.rows(), values.cols(), sizeof(T));
  writer.add(values);
  writer.commit();
}

template <class T>
void write_vector(const std::string& path, std::span<const T> values) {
  const std::size_t shape[] = {values.size()};
  OutputFile file(path);
  file.write(header_for(sizeof(T), shape));
  file.write(values.data(), values.size_bytes());
  file.commit();
}

}  // namespace

Array parse_npy(std::string_view bytes, const std::string& path) {
  const NpyHeader header = parse_npy_header(bytes, path);
  const std::size_t count = checked_count(header, bytes.size() - header.data_begin, path);
  const std::size_t rows = header.shape.front();
  Array array;
  array.provenance = {path, FileFormat::npy, rows};
  array.sample_shape.assign(header.shape.begin() + 1, header.shape.end());
  if (array.sample_shape.empty()) array.sample_shape = {1};
  array.values = Matrix<double>::uninitialized(rows, count / rows);
  visit_type(header.type, [&](auto kind) {
    convert<decltype(kind)>(bytes.data() + header.data_begin, header, array.values.view());
  });
  if (header.type == NumberType::int64 || header.type == NumberType::uint64)
    if (const std::size_t rounded = count_rounded(array.values.view()))
      array.notes.push_back(fmt::format("{} integers from 2^53 on may have been rounded to double.", rounded));
  return array;
}

void write_npy(const std::string& path, MatrixView<const double> values) { write_matrix(path, values); }
void write_npy(const std::string& path, MatrixView<const float> values) { write_matrix(path, values); }
void write_npy(const std::string& path, std::span<const double> values) { write_vector(path, values); }
void write_npy(const std::string& path, std::span<const float> values) { write_vector(path, values); }

NpyWriter::NpyWriter(const std::string& path, std::size_t rows, std::size_t cols, std::size_t number_size)
    : file_(path), rows_left_(rows) {
  const std::size_t shape[] = {rows, cols};
  file_.write(header_for(number_size, shape));
}

template <class T>
void NpyWriter::add(MatrixView<const T> band) {
  if (band.rows() > rows_left_)
    fail("{} rows more than the file has (its header promised so many) add those it has", band.rows() - rows_left_);
  for (std::size_t i = 0; i < band.rows(); ++i) file_.write(band.row_data(i), band.cols() * sizeof(T));
  rows_left_ -= band.rows();
}

void NpyWriter::commit() {
  if (rows_left_ != 0) fail("{} rows are missing (the file's header promised them) add them first", rows_left_);
  file_.commit();
}

template void NpyWriter::add(MatrixView<const double>);
template void NpyWriter::add(MatrixView<const float>);

}  // namespace widenet
