// The waist of the library: a Gram is a source of tiles of k(x_i, z_j). Solvers see nothing else.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "widenet/base/matrix.h"
#include "widenet/base/progress.h"

namespace widenet {

// Entries G(i, j) = k(x_i, z_j), i < rows(), j < cols(). An entry's bits depend on x_i and z_j alone: never on the
// tile it is computed in, nor on the thread. All members may be called from many threads at once.
template <class T>
class Gram {
 public:
  virtual ~Gram() = default;
  virtual std::size_t rows() const = 0;
  virtual std::size_t cols() const = 0;
  // Whether rows and columns are the same samples, so that G(i, j) = G(j, i) bit by bit.
  virtual bool symmetric() const = 0;
  // out(i, j) = G(rows.begin + i, cols.begin + j); out has the ranges' sizes.
  virtual void tile(Range rows, Range cols, MatrixView<T> out) const = 0;
  // out[i] = G(i, i) for a symmetric Gram, the same bits as tile() gives.
  virtual void diagonal(std::span<T> out) const = 0;
  // Rows and columns of tiles that are worth a thread's while, where the usual ones are not.
  struct TileShape {
    std::size_t rows = 0, cols = 0;
  };
  virtual TileShape tile_shape() const { return {}; }
};

// The tiles that the Gram asks for, lower where `rows` of its rows would make too few of them to keep all threads busy
// to the end; no rows where it asks for none.
template <class T>
typename Gram<T>::TileShape wished_tiles(const Gram<T>& gram, std::size_t rows);

// The entries on and above the diagonal; those below are left as they are, but for a few that share a tile with it.
template <class T>
void materialize_upper(const Gram<T>& gram, MatrixView<T> out, const Progress& progress = {});

// All entries. A symmetric Gram is computed once and mirrored. Tiles run on all threads.
template <class T>
void materialize(const Gram<T>& gram, MatrixView<T> out, const Progress& progress = {});
template <class T>
Matrix<T> materialize(const Gram<T>& gram, const Progress& progress = {});

// The entries of some rows. Tiles run on all threads.
template <class T>
void materialize_rows(const Gram<T>& gram, Range rows, MatrixView<T> out, const Progress& progress = {});

}  // namespace widenet
