// What a failed factorisation still tells about its matrix.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "widenet/gram/symmetric_tiles.h"

namespace widenet {

// Matrices up to this size are small enough for an eigendecomposition: 0.1 s.
inline constexpr std::size_t eigenvalue_rows = 512;

// Factorises a matrix in place; the tile column in which that failed, or nothing.
using Factorise = std::function<std::optional<std::size_t>(SymmetricTiles&)>;

// A lower bound of the smallest eigenvalue of A, not above 0, to rounding; not a number where A is not finite. `left`
// is what a factorisation leaves that failed in tile column f: L in the columns before f, in the others the matrix S =
// A - L L^T. As L L^T is positive semidefinite, lambda_min(A) >= min(0, lambda_min(S)); but a tiny pivot makes parts of
// S huge, so A itself is restored in `left` as well. Of both: the eigenvalue where there are at most eigenvalue_rows,
// else Gershgorin's min_i (A_ii - sum_{j != i} |A_ij|); the better of the two. Where that is far below -least (least >
// 0), A + r I is factorised for r, 8 r, 64 r ... until that goes well: then it is -r. The first r is what the failed
// pivot lacks, or `least` where a pivot is no measure. n^3 / 3 flops to restore A and for each r, 9 eigenvalue_rows^3
// for an eigenvalue.
double smallest_eigenvalue_bound(SymmetricTiles& left, std::size_t failed_column, double failed_pivot, double least,
                                 const Factorise& factorise);

}  // namespace widenet
