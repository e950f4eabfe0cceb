#include "widenet/gram/symmetric_tiles.h"

#include <cmath>
#include <mutex>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"

namespace widenet {
namespace {

// Numbers in the tiles of an n x n matrix: full tile rows, then the last one.
std::size_t numbers(std::size_t n, std::size_t b) {
  if (b == 0) fail("a tile size of 0 (tiles of no rows never cover the matrix) give at least 1");
  const std::size_t full = n / b, rest = n % b;
  return full * (full + 1) / 2 * b * b + (rest == 0 ? 0 : (full + 1) * rest * b);
}

}  // namespace

SymmetricTiles::SymmetricTiles(std::size_t n, std::size_t tile_size)
    : n_(n), tile_size_(tile_size), data_(numbers(n, tile_size)) {}

std::size_t SymmetricTiles::bytes(std::size_t n, std::size_t tile_size) {
  return numbers(n, tile_size) * sizeof(double);
}

double SymmetricTiles::operator()(std::size_t i, std::size_t j) const {
  if (i < j) std::swap(i, j);
  return tile(i / tile_size_, j / tile_size_)(i % tile_size_, j % tile_size_);
}

TileIndex tile_index(std::size_t index) {
  // The root of row (row + 1) / 2 <= index, corrected for the rounding of large numbers.
  auto row = static_cast<std::size_t>((std::sqrt(8.0 * static_cast<double>(index) + 1.0) - 1.0) / 2.0);
  while (row * (row + 1) / 2 > index) --row;
  while ((row + 1) * (row + 2) / 2 <= index) ++row;
  return {row, index - row * (row + 1) / 2};
}

SymmetricTiles materialize_half(const Gram<double>& gram, const Progress& progress, std::size_t tile_size) {
  if (!gram.symmetric())
    fail(
        "half of a {} x {} Gram matrix was asked for (its rows and columns are different samples, so the halves "
        "differ) "
        "materialise it in full",
        gram.rows(), gram.cols());
  SymmetricTiles half(gram.rows(), tile_size);
  const std::size_t count = half.tiles() * (half.tiles() + 1) / 2;
  ProgressEvent event{.what = "kernel matrix", .done = 0, .total = 0, .unit = "entries"};
  for (std::size_t i = 0; i < half.tiles(); ++i)
    event.total += static_cast<double>(half.range(i).size()) * static_cast<double>(half.range(i).end);
  std::mutex reporting;
  // Row by row the full tiles come first and the low last row at the end, which evens out who finishes when.
  parallel_for(count, [&](std::size_t index, std::size_t) {
    const auto [i, j] = tile_index(index);
    gram.tile(half.range(i), half.range(j), half.tile(i, j));
    if (!progress) return;
    const std::lock_guard lock(reporting);
    event.done += static_cast<double>(half.range(i).size()) * static_cast<double>(half.range(j).size());
    progress(event);
  });
  return half;
}

}  // namespace widenet
