// The step that all tiled factorisations and inverses end with: C L^-T for a triangular tile L.
#pragma once

#include "widenet/base/packed_tile.h"

namespace widenet {

// C = C L^-T for the lower triangle of L (n x n, as rows and packed in all its columns) and C (m x n). The result is
// also packed, into `done`. m n^2 flops, all but a few columns of them products.
void solve_and_pack(MatrixView<const double> L, const PackedTile& packed_L, MatrixView<double> C,
                    const PackedTile& done);

}  // namespace widenet
