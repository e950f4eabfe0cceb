// numpy's npy files: in and out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "widenet/base/matrix.h"
#include "widenet/data/array.h"
#include "widenet/data/file.h"

namespace widenet {

// The array in the bytes of an npy file: bool, integers, float32, float64, either byte order, C or Fortran order. The
// first extent counts samples, the others are one sample, flattened in C order with sample_shape kept; a 1-D array is
// n samples of one number. A note says where integers beyond 2^53 were rounded.
// Throws Error(Fault::environment) naming `path`, before any memory is taken: a damaged header, a shape that does not
// match the length of the data, no numbers at all.
Array parse_npy(std::string_view bytes, const std::string& path);

// Writes rows x cols numbers as float64 or float32, version 1.0, little-endian, C order. The file appears once
// complete.
void write_npy(const std::string& path, MatrixView<const double> values);
void write_npy(const std::string& path, MatrixView<const float> values);
// A 1-D array.
void write_npy(const std::string& path, std::span<const double> values);
void write_npy(const std::string& path, std::span<const float> values);

// The same for a matrix that is never in memory as a whole: bands of rows, from the top.
class NpyWriter {
 public:
  // number_size: 8 for float64, 4 for float32, the type of all bands.
  NpyWriter(const std::string& path, std::size_t rows, std::size_t cols, std::size_t number_size);
  template <class T>
  void add(MatrixView<const T> band);
  // Throws Error(usage) where rows are missing or too many.
  void commit();

 private:
  OutputFile file_;
  std::size_t rows_left_;
};

}  // namespace widenet
