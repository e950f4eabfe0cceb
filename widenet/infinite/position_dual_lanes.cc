#include "widenet/infinite/position_dual.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include "widenet/infinite/execute.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/infinite/position_dual_lanes.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include "widenet/base/vector-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {

#define WIDENET_INLINE HWY_INLINE
#include "widenet/infinite/closed_dual-inl.h"
#include "widenet/infinite/position_dual-inl.h"
#undef WIDENET_INLINE

using N = Vector<double>;
constexpr std::size_t width = Number<N>::lanes;
static_assert(dual_lanes % width == 0);

// The numbers of positions in lanes: of one in all of them, or of neighbours.
template <class D, class Lanes>
HWY_INLINE void read(const Lanes& number, Variances<N>& variances, Side<N, D::factors>& side) {
  side.root = number(DualNumbers::parameters);
#pragma GCC unroll 16
  for (std::size_t k = 0; k < D::factors; ++k) side.f[k] = number(DualNumbers::parameters + 1 + k);
  variances = {number(DualNumbers::before), side.root, number(DualNumbers::after), number(DualNumbers::root_after)};
}
struct OnePosition {
  const Matrix<double>& numbers;
  std::size_t position;
  HWY_INLINE N operator()(std::size_t row) const { return constant<N>(numbers(row, position)); }
};
struct Neighbours {
  const Matrix<double>& numbers;
  std::size_t first;
  HWY_INLINE N operator()(std::size_t row) const { return load<N>(numbers.data() + row * numbers.cols() + first); }
};

// One row of pairs.
template <class D>
class Row {
 public:
  HWY_INLINE Row(const D& dual, const Matrix<double>& rows, std::size_t p, const Matrix<double>& columns)
      : dual_(dual), columns_(columns) {
    read<D>(OnePosition{rows, p}, variances_, side_);
  }

  // Count vectors of columns from q on; theta may be null.
  template <std::size_t Count>
  HWY_INLINE void run(std::size_t q, double* k, double* theta) const {
    Variances<N> variances[Count];
    Side<N, D::factors> sides[Count];
    Correlation<N> c[Count];
    Dual<N> next[Count];
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) {
      read<D>(Neighbours{columns_, q + u * width}, variances[u], sides[u]);
      c[u] = correlation_of(load<N>(k + u * width), variances_, variances[u]);
    }
    pairs<Count>(dual_, c, side_, sides, next);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) {
      const N after = D::gives_covariance ? next[u].out.rho : covariance_of(next[u].out, variances_, variances[u]);
      store(after, k + u * width);
      if (theta) store(tangent_of(load<N>(theta + u * width), next[u].slope), theta + u * width);
    }
  }
  // The last `count` columns, fewer than a vector has.
  void rest(std::size_t q, std::size_t count, double* k, double* theta) const {
    double last_k[width] = {}, last_theta[width] = {};
    std::copy_n(k, count, last_k);
    if (theta) std::copy_n(theta, count, last_theta);
    run<1>(q, last_k, last_theta);
    std::copy_n(last_k, count, k);
    if (theta) std::copy_n(last_theta, count, theta);
  }
  void all(std::size_t count, double* k, double* theta) const {
    // Polynomials of several vectors hide each other's latency.
    constexpr std::size_t group = std::is_same_v<D, ReluDual> ? 4 : 1;
    const auto at = [theta](std::size_t q) { return theta ? theta + q : nullptr; };
    std::size_t q = 0;
    for (; q + group * width <= count; q += group * width) run<group>(q, k + q, at(q));
    for (; q + width <= count; q += width) run<1>(q, k + q, at(q));
    if (q < count) rest(q, count - q, k + q, at(q));
  }

 private:
  const D& dual_;
  const Matrix<double>& columns_;
  Variances<N> variances_;
  Side<N, D::factors> side_;
};

template <class D>
void apply_formula(const D& dual, const Matrix<double>& rows, std::size_t first_row, const Matrix<double>& columns,
                   MatrixView<double> covariance, MatrixView<double> tangent) {
  for (std::size_t p = 0; p < covariance.rows(); ++p) {
    const Row<D> row(dual, rows, first_row + p, columns);
    row.all(covariance.cols(), covariance.row_data(p), tangent.rows() > 0 ? tangent.row_data(p) : nullptr);
  }
}

void apply_any(const ClosedDual& dual, const Matrix<double>& rows, std::size_t first_row, const Matrix<double>& columns,
               MatrixView<double> covariance, MatrixView<double> tangent) {
  std::visit([&](const auto& d) { apply_formula(d, rows, first_row, columns, covariance, tangent); }, dual);
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(apply_any);

Matrix<double> dual_numbers(const ClosedDual& dual, std::span<const double> variances) {
  const std::size_t columns = (variances.size() + dual_lanes - 1) / dual_lanes * dual_lanes;
  Matrix<double> numbers(dual_number_count(dual), columns);
  double own[most_dual_numbers];
  for (std::size_t p = 0; p < variances.size(); ++p) {
    const double after = own_moments(dual, variances[p], own).variance;
    numbers(DualNumbers::before, p) = variances[p];
    numbers(DualNumbers::after, p) = after;
    numbers(DualNumbers::root_after, p) = std::sqrt(after);
    for (std::size_t k = DualNumbers::parameters; k < numbers.rows(); ++k)
      numbers(k, p) = own[k - DualNumbers::parameters];
  }
  return numbers;
}

void apply_dual(const ClosedDual& dual, const Matrix<double>& rows, std::size_t first_row,
                const Matrix<double>& columns, MatrixView<double> covariance, MatrixView<double> tangent) {
  HWY_DYNAMIC_DISPATCH(apply_any)(dual, rows, first_row, columns, covariance, tangent);
}

}  // namespace widenet
#endif
