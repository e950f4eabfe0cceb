#include "lab/stored_gram.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/npy.h"
#include "widenet/data/read.h"

namespace widenet::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t blocks = 40, most_rows = 50;

std::uint64_t fnv(const void* data, std::size_t size, std::uint64_t hash) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t k = 0; k < size; ++k) hash = (hash ^ bytes[k]) * 0x100000001b3;
  return hash;
}

std::string folder_of(const Gram<float>& gram, const std::string& kernel, std::uint64_t data, std::size_t height) {
  const std::string text =
      fmt::format("1 float32 {} {} {} {} {:x} {}", gram.rows(), gram.cols(), gram.symmetric(), height, data, kernel);
  return fmt::format("{:016x}", fnv(text.data(), text.size(), 0xcbf29ce484222325));
}

// Rows `rows` from the first column on, on all threads.
void compute(const Gram<float>& gram, Range rows, MatrixView<float> out, const std::function<void(std::size_t)>& done) {
  const auto wish = gram.tile_shape();
  const std::size_t height = wish.rows > 0 ? wish.rows : rows.size(), width = wish.cols > 0 ? wish.cols : 768;
  const std::size_t down = (rows.size() + height - 1) / height, across = (out.cols() + width - 1) / width;
  std::mutex reporting;
  parallel_for(down * across, [&](std::size_t k, std::size_t) {
    const std::size_t r = k / across * height, c = k % across * width;
    const Range here{r, std::min(rows.size(), r + height)}, cols{c, std::min(out.cols(), c + width)};
    gram.tile({rows.begin + here.begin, rows.begin + here.end}, cols, out.block(here, cols));
    const std::lock_guard lock(reporting);
    done(here.size() * cols.size());
  });
}

void read_block(const std::string& path, MatrixView<float> out) {
  const Array array = read_array(path);
  if (array.values.rows() != out.rows() || array.values.cols() != out.cols())
    fail_outside("{} holds {} x {} numbers, not the {} x {} that were written (the file was altered) delete it", path,
                 array.values.rows(), array.values.cols(), out.rows(), out.cols());
  for (std::size_t i = 0; i < out.rows(); ++i)
    for (std::size_t j = 0; j < out.cols(); ++j) out(i, j) = static_cast<float>(array.values(i, j));
}

}  // namespace

std::uint64_t data_hash(MatrixView<const float> numbers, std::uint64_t before) {
  for (std::size_t i = 0; i < numbers.rows(); ++i)
    before = fnv(numbers.row_data(i), numbers.cols() * sizeof(float), before);
  return before;
}

Matrix<float> stored_gram(const Gram<float>& gram, const std::string& kernel, std::uint64_t data,
                          const std::string& folder, const Progress& progress) {
  const std::size_t n = gram.rows(), height = std::clamp<std::size_t>(n / blocks, 1, most_rows);
  const bool stores = !folder.empty();
  const fs::path place = fs::path(folder) / (stores ? folder_of(gram, kernel, data, height) : "");
  std::error_code error;
  if (stores) fs::create_directories(place, error);
  if (error)
    fail_outside("{}: cannot be made a folder ({}) give another with --store", place.string(), error.message());
  auto out = Matrix<float>::uninitialized(n, gram.cols());
  const auto width = [&](Range rows) { return gram.symmetric() ? rows.end : gram.cols(); };
  // Progress of what is left to compute: the time left is that of the entries that have to be computed.
  std::vector<Range> missing;
  ProgressEvent event{.what = kernel, .done = 0, .total = 0, .unit = "entries"};
  const auto path_of = [&](Range rows) { return (place / fmt::format("rows-{:06}.npy", rows.begin)).string(); };
  for (std::size_t begin = 0; begin < n; begin += height) {
    const Range rows{begin, std::min(n, begin + height)};
    if (stores && fs::exists(path_of(rows), error)) {
      read_block(path_of(rows), out.view().block(rows, {0, width(rows)}));
    } else {
      missing.push_back(rows);
      event.total += static_cast<double>(rows.size() * width(rows));
    }
  }
  for (const Range rows : missing) {
    const MatrixView<float> block = out.view().block(rows, {0, width(rows)});
    compute(gram, rows, block, [&](std::size_t entries) {
      event.done += static_cast<double>(entries);
      if (progress) progress(event);
    });
    if (stores) write_npy(path_of(rows), MatrixView<const float>(block));
  }
  for (std::size_t i = 0; gram.symmetric() && i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) out(i, j) = out(j, i);
  return out;
}

}  // namespace widenet::lab
