// Updates of tiles by products of other tiles, C -= A B^T, at the rate of a core's multiply-adds.
//
// Why not BLAS: a factorisation multiplies every tile many times. Packed once, in its own memory, it needs no packing
// in any product, and the loop is that of tile_product. OpenBLAS 0.3.21 takes half as long again, and on processors
// that are newer than it twice as long.
#pragma once

#include <cstddef>

#include "widenet/base/matrix.h"

namespace widenet {

// rows x depth numbers, kept as panels of a few rows (as many as the instruction set likes), the last with those that
// remain; number (r, k) of a panel of w rows is [k w + r]. The panels follow each other: rows * depth numbers in all.
struct PackedTile {
  double* data = nullptr;
  std::size_t rows = 0, depth = 0;
  // Rows from a multiple of 24 on, as a tile of their own.
  PackedTile rows_from(std::size_t begin, std::size_t count) const { return {data + begin * depth, count, depth}; }
};

// The columns `depths` of the tile's rows, to their places in `to` (which must not overlap them); and all of them back.
void pack_tile(MatrixView<const double> rows, Range depths, const PackedTile& to);
void unpack_tile(const PackedTile& from, MatrixView<double> rows);

enum class Part { all, lower };
// C(i, j) -= sum_k A(i, k) B(j, k) over k in `depths`, where C is A.rows x B.rows; with Part::lower (A and B the same
// rows) at least the entries on and below the diagonal. An entry takes its sum in blocks of 128 terms, in increasing
// order: its bits do not depend on its place in the tile. 2 rows cols depth flops.
void subtract_product(const PackedTile& A, const PackedTile& B, Range depths, Part part, MatrixView<double> C);

}  // namespace widenet
