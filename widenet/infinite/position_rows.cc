// Steps that change every pair of positions by itself, on a few rows.
#include "widenet/infinite/position_dual.h"
#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

struct Change {
  const StateRows& rows;
  const SampleStep &row, &column;

  // f(p, K, Theta) of every row, p counting all positions; Theta is null where it is not asked for.
  template <class F>
  void for_each(const F& f) const {
    for (std::size_t r = 0; r < rows.covariance.rows(); ++r)
      f(rows.first + r, rows.covariance.row_data(r), rows.tangent.rows() > 0 ? rows.tangent.row_data(r) : nullptr);
  }

  void operator()(const DenseAt& step) const {
    for_each([&](std::size_t, double* k, double* theta) {
      const std::size_t count = rows.covariance.cols();
      if (theta)
        for (std::size_t q = 0; q < count; ++q) theta[q] = tangent_after(step.layer, k[q], theta[q]);
      for (std::size_t q = 0; q < count; ++q) k[q] = covariance_after(step.layer, k[q]);
    });
  }
  void operator()(const NormAt&) const {
    for_each([&](std::size_t p, double* k, double* theta) {
      const std::size_t count = rows.covariance.cols();
      const double* other = column.root_mean_squares.data();
      const double mine = row.root_mean_squares[p];
      for (std::size_t q = 0; q < count; ++q) k[q] /= mine * other[q];
      if (theta)
        for (std::size_t q = 0; q < count; ++q) theta[q] /= mine * other[q];
    });
  }
  void operator()(const DualAt& step) const {
    apply_dual(*step.closed, row.dual, rows.first, column.dual, rows.covariance, rows.tangent);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

}  // namespace

bool changes_rows(const PositionLeaf& leaf) {
  const auto* dual = std::get_if<DualAt>(&leaf);
  return std::holds_alternative<DenseAt>(leaf) || std::holds_alternative<NormAt>(leaf) || (dual && dual->closed);
}

void change_rows(const PositionLeaf& leaf, const StateRows& rows, const SampleStep& row, const SampleStep& column) {
  std::visit(Change{rows, row, column}, leaf);
}

}  // namespace widenet
