#include "widenet/learn/gram_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <mutex>
#include <optional>
#include <system_error>

#include "widenet/base/error.h"
#include "widenet/base/random.h"
#include "widenet/base/threads.h"
#include "widenet/data/npy_header.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet {
namespace {

struct Mismatch {
  std::size_t i, j;
  double found, expected;
};

// The first row in which what is computed differs from the file; T is the precision of the computation.
template <class T>
std::optional<Mismatch> mismatch(const FileGram& file, const Kernel& kernel, const Shape& shape,
                                 MatrixView<const T> inputs, const Progress& progress) {
  const auto gram = kernel_gram<T>(kernel, shape, inputs);
  const std::size_t n = gram->rows();
  std::optional<Mismatch> first;
  ProgressEvent event{"checking the stored matrix", 0, static_cast<double>(n), "rows"};
  std::mutex mutex;
  parallel_for(n, [&](std::size_t i, std::size_t) {
    std::size_t other = n > 1 ? static_cast<std::size_t>(random_below(n - 1, 0, i)) : i;
    if (n > 1 && other >= i) ++other;
    for (const std::size_t j : {i, other}) {
      double found = 0;
      T computed = 0;
      file.tile({i, i + 1}, {j, j + 1}, {&found, 1, 1});
      gram->tile({i, i + 1}, {j, j + 1}, {&computed, 1, 1});
      const double expected =
          file.file().single() ? static_cast<double>(static_cast<float>(computed)) : static_cast<double>(computed);
      const std::lock_guard lock(mutex);
      if (found != expected && (!first || i < first->i)) first = Mismatch{i, j, found, expected};
    }
    if (!progress) return;
    const std::lock_guard lock(mutex);
    event.done += 1;
    progress(event);
  });
  return first;
}

void check_symmetric(const FileGram& gram) {
  const std::size_t n = gram.rows();
  constexpr std::size_t block = 64;
  const std::size_t blocks = (n + block - 1) / block;
  const auto range = [&](std::size_t k) { return Range{k * block, std::min(n, (k + 1) * block)}; };
  parallel_for(blocks, [&](std::size_t a, std::size_t) {
    Matrix<double> lower(block, block), upper(block, block);
    for (std::size_t b = 0; b <= a; ++b) {
      const Range rows = range(a), cols = range(b);
      gram.tile(rows, cols, lower.view().block({0, rows.size()}, {0, cols.size()}));
      gram.tile(cols, rows, upper.view().block({0, cols.size()}, {0, rows.size()}));
      for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < cols.size(); ++j) {
          if (!std::isfinite(lower(i, j)))
            fail_outside("entry {}, {} of '{}' is {} (a kernel's entries are finite) compute the matrix again",
                         rows.begin + i, cols.begin + j, gram.file().path(), lower(i, j));
          if (lower(i, j) != upper(j, i))
            fail_outside(
                "'{}' is not symmetric (entry {}, {} is {}, entry {}, {} is {}) give the kernel matrix of the training "
                "rows with themselves",
                gram.file().path(), rows.begin + i, cols.begin + j, lower(i, j), cols.begin + j, rows.begin + i,
                upper(j, i));
        }
    }
  });
}

}  // namespace

GramFile::GramFile(const std::string& path) : path_(path) {
  const auto reason = [] { return std::generic_category().message(errno); };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_outside("cannot open '{}' ({}) check the path", path, reason());
  struct stat status {};
  const bool readable = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  if (readable) {
    bytes_ = static_cast<std::size_t>(status.st_size);
    mapped_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor, 0);
  }
  ::close(descriptor);
  if (!readable || mapped_ == MAP_FAILED) {
    mapped_ = nullptr;
    fail_outside("cannot read '{}' (it is empty, no file, or cannot be mapped) name an npy file", path);
  }
  try {
    const std::string_view content(static_cast<const char*>(mapped_), bytes_);
    const NpyHeader header = parse_npy_header(content, path);
    single_ = header.type == NumberType::float32;
    if ((!single_ && header.type != NumberType::float64) || header.order != std::endian::little ||
        header.fortran_order || header.shape.size() != 2 || header.shape[0] != header.shape[1])
      fail_outside(
          "'{}' is no kernel matrix (that is a square array of float64 or float32, little-endian, in C order) give one "
          "that widenet kernel wrote",
          path);
    size_ = header.shape[0];
    const std::size_t word = single_ ? sizeof(float) : sizeof(double);
    if (size_ > 0 && (bytes_ - header.data_begin) / word / size_ < size_)
      fail_outside("'{}' is truncated ({} x {} numbers do not fit its {} bytes) get the file again", path, size_, size_,
                   bytes_);
    numbers_ = content.data() + header.data_begin;
    if (header.data_begin % word != 0)
      fail_outside("'{}' begins its numbers at byte {} (numpy aligns them) write it anew", path, header.data_begin);
  } catch (const Error&) {
    ::munmap(mapped_, bytes_);
    throw;
  }
}

GramFile::~GramFile() { ::munmap(mapped_, bytes_); }

void FileGram::tile(Range rows, Range cols, MatrixView<double> out) const {
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < cols.size(); ++j)
      out(i, j) = factor_ * file_(rows_[rows.begin + i], rows_[cols.begin + j]);
}

void FileGram::diagonal(std::span<double> out) const {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = factor_ * file_(rows_[i], rows_[i]);
}

FileGram FileGram::part(std::span<const std::size_t> rows) const {
  std::vector<std::size_t> mine;
  mine.reserve(rows.size());
  for (const std::size_t i : rows) mine.push_back(rows_[i]);
  return {file_, std::move(mine), factor_};
}

void check_gram(const FileGram& gram, const Kernel& kernel, const Shape& shape, MatrixView<const double> inputs,
                const Progress& progress) {
  check_symmetric(gram);
  std::optional<Mismatch> wrong;
  if (gram.file().single()) {
    const Matrix<float> rounded = copy<float>(inputs);
    wrong = mismatch<float>(gram, kernel, shape, rounded.view(), progress);
    if (wrong && !mismatch<double>(gram, kernel, shape, inputs, progress)) wrong.reset();
  } else {
    wrong = mismatch<double>(gram, kernel, shape, inputs, progress);
  }
  if (wrong)
    fail_outside(
        "'{}' is not the kernel matrix of these rows (of training rows {} and {} it holds {}, the kernel of the rows "
        "as "
        "they are scaled is {}) compute it from the same rows, and give --scale none where they were taken as they are",
        gram.file().path(), wrong->i, wrong->j, wrong->found, wrong->expected);
}

}  // namespace widenet
