// Puts a finished tile into a large matrix, past the caches: what is written is not read soon, and fetching it first
// would double the traffic.
#pragma once

#include "widenet/base/matrix.h"

namespace widenet {

// out(i, j) = tile(i, j).
template <class T>
void place(MatrixView<const T> tile, MatrixView<T> out);
// out(j, i) = tile(i, j).
template <class T>
void place_transposed(MatrixView<const T> tile, MatrixView<T> out);

}  // namespace widenet
