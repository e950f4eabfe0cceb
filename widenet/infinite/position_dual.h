// Activations in closed form on K and Theta of all pairs of positions, a vector of columns at a time.
#pragma once

#include "widenet/base/matrix.h"
#include "widenet/infinite/closed_dual.h"

namespace widenet {

// Rows of numbers of a sample, one column per position: its variance before and behind the activation, the root of the
// latter, and from `parameters` on what own_moments writes (the root of the former first). Columns are filled up with
// zeros to a multiple of dual_lanes.
struct DualNumbers {
  enum Row : std::size_t { before, after, root_after, parameters };
};
inline constexpr std::size_t dual_lanes = 8;
inline std::size_t dual_number_count(const ClosedDual& dual) {
  return std::visit(
      [](const auto& d) { return DualNumbers::parameters + 1 + d.factors + (d.gives_covariance ? 1 : 0); }, dual);
}

// Of positions of these variances.
Matrix<double> dual_numbers(const ClosedDual& dual, std::span<const double> variances);

// K' and Theta' = Kdot Theta in the place of K and Theta (which may be empty: not asked for); `rows`, from first_row
// on, and `columns` are the numbers of their positions. Exchanging the two samples exchanges the results to the bit;
// the bits of an entry depend on its own numbers alone. Picks the best instruction set at run time.
void apply_dual(const ClosedDual& dual, const Matrix<double>& rows, std::size_t first_row,
                const Matrix<double>& columns, MatrixView<double> covariance, MatrixView<double> tangent);

}  // namespace widenet
