#include "widenet/gram/symmetric_tiles.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

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

// A part of a tile, in rows and columns of the tile.
struct Piece {
  TileIndex tile;
  Range rows, cols;
};

// The tiles row by row, in pieces of the shape that the Gram asks for; those above the diagonal are left out. Row by
// row the full tiles come first and the low last row at the end, which evens out who finishes when.
std::vector<Piece> pieces_of(const SymmetricTiles& half, Gram<double>::TileShape shape) {
  std::vector<Piece> pieces;
  for (std::size_t index = 0; index < half.tiles() * (half.tiles() + 1) / 2; ++index) {
    const TileIndex at = tile_index(index);
    const std::size_t rows = half.range(at.row).size(), cols = half.range(at.col).size();
    const std::size_t height = shape.rows > 0 ? shape.rows : rows, width = shape.cols > 0 ? shape.cols : cols;
    for (std::size_t r = 0; r < rows; r += height)
      for (std::size_t c = 0; c < cols; c += width) {
        const Piece piece{at, {r, std::min(rows, r + height)}, {c, std::min(cols, c + width)}};
        if (at.row != at.col || piece.cols.begin < piece.rows.end) pieces.push_back(piece);
      }
  }
  return pieces;
}

Range within(Range outer, Range inner) { return {outer.begin + inner.begin, outer.begin + inner.end}; }

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
  const std::vector<Piece> pieces = pieces_of(half, wished_tiles(gram, gram.rows()));
  ProgressEvent event{.what = "kernel matrix", .done = 0, .total = 0, .unit = "entries"};
  const auto entries = [](const Piece& p) {
    return static_cast<double>(p.rows.size()) * static_cast<double>(p.cols.size());
  };
  for (const Piece& piece : pieces) event.total += entries(piece);
  std::mutex reporting;
  parallel_for(pieces.size(), [&](std::size_t index, std::size_t) {
    const Piece& piece = pieces[index];
    const auto [i, j] = piece.tile;
    gram.tile(within(half.range(i), piece.rows), within(half.range(j), piece.cols),
              half.tile(i, j).block(piece.rows, piece.cols));
    if (!progress) return;
    const std::lock_guard lock(reporting);
    event.done += entries(piece);
    progress(event);
  });
  for (std::size_t i = 0; i < half.tiles(); ++i) {
    const MatrixView<double> tile = half.tile(i, i);
    for (std::size_t r = 0; r < tile.rows(); ++r)
      for (std::size_t c = r + 1; c < tile.cols(); ++c) tile(r, c) = tile(c, r);
  }
  return half;
}

}  // namespace widenet
