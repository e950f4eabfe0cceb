// A kernel matrix that was computed before, in place of the one that a fit would compute.
#pragma once

#include <string>
#include <vector>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"

namespace widenet {

// A square npy file of float64 or float32, little-endian, C order, as `widenet kernel` writes it. Mapped, not read: it
// takes no memory that the system cannot have back. Throws Error(environment) naming it for any other file.
class GramFile {
 public:
  explicit GramFile(const std::string& path);
  ~GramFile();
  GramFile(const GramFile&) = delete;
  GramFile& operator=(const GramFile&) = delete;

  const std::string& path() const { return path_; }
  std::size_t size() const { return size_; }
  bool single() const { return single_; }
  double operator()(std::size_t i, std::size_t j) const {
    const std::size_t at = i * size_ + j;
    return single_ ? static_cast<double>(reinterpret_cast<const float*>(numbers_)[at])
                   : reinterpret_cast<const double*>(numbers_)[at];
  }

 private:
  std::string path_;
  void* mapped_ = nullptr;
  std::size_t bytes_ = 0;
  const char* numbers_ = nullptr;
  std::size_t size_ = 0;
  bool single_ = false;
};

// The rows and columns `rows` of a file, times a factor. The file must outlive it.
class FileGram final : public Gram<double> {
 public:
  FileGram(const GramFile& file, std::vector<std::size_t> rows, double factor = 1)
      : file_(file), rows_(std::move(rows)), factor_(factor) {}
  std::size_t rows() const override { return rows_.size(); }
  std::size_t cols() const override { return rows_.size(); }
  bool symmetric() const override { return true; }
  void tile(Range rows, Range cols, MatrixView<double> out) const override;
  void diagonal(std::span<double> out) const override;
  const GramFile& file() const { return file_; }
  // Of some of its rows.
  FileGram part(std::span<const std::size_t> rows) const;
  FileGram times(double factor) const { return {file_, rows_, factor_ * factor}; }

 private:
  const GramFile& file_;
  std::vector<std::size_t> rows_;
  double factor_;
};

// Makes sure that a matrix is the kernel's on these rows of inputs: all of it is finite and symmetric, and the diagonal
// and one other entry of every row (in a column drawn by random_below) are those that are computed now. They must be
// the same bits; of a float32 file those of the kernel in float32, or else in float64, rounded. Throws
// Error(environment) that names an entry, the number found and the one expected. Cost: reading the matrix, and 2 n
// entries one by one.
void check_gram(const FileGram& gram, const Kernel& kernel, const Shape& shape, MatrixView<const double> inputs,
                const Progress& progress = {});

}  // namespace widenet
