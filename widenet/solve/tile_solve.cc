#include "widenet/solve/tile_solve.h"

#include <algorithm>

#include "widenet/base/blas.h"

namespace widenet {

// A few columns after the other: what those before take from them is a product.
void solve_and_pack(MatrixView<const double> L, const PackedTile& packed_L, MatrixView<double> C,
                    const PackedTile& done) {
  constexpr std::size_t step = 96;
  for (std::size_t c = 0; c < C.cols(); c += step) {
    const Range cols{c, std::min(C.cols(), c + step)};
    const MatrixView<double> X = C.block({0, C.rows()}, cols);
    subtract_product(done, packed_L.rows_from(c, cols.size()), {0, c}, Part::all, X);
    blas::trsm_right_transposed(L.block(cols, cols), X);
    pack_tile(C, cols, done);
  }
}

}  // namespace widenet
