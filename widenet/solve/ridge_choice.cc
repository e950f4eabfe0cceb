// The criteria of the ridges of a path, and the choice of a ridge by one of them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "widenet/base/error.h"
#include "widenet/solve/ridge_path.h"
#include "widenet/solve/spectral_pass.h"

namespace widenet {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double square(double x) { return x * x; }

RidgePoint without_answer(double ridge) {
  return {.ridge = ridge,
          .positive_definite = false,
          .loo_mean_square = nan,
          .loo_log_predictive = nan,
          .log_marginal_likelihood = nan,
          .profiled_log_marginal_likelihood = nan,
          .signal_variance = nan,
          .gcv = nan,
          .effective_parameters = nan};
}

// What needs the eigenvalues and the squared projections w_k = sum_j (V Y)(k, j)^2 alone.
RidgePoint spectral_point(double ridge, std::span<const double> eigenvalues, MatrixView<const double> projections) {
  double quadratic = 0, coefficients_squared = 0, log_determinant = 0, trace = 0, parameters = 0;
  for (std::size_t k = 0; k < eigenvalues.size(); ++k) {
    double w = 0;
    for (const double z : projections.row(k)) w += z * z;
    const double a = eigenvalues[k] + ridge;
    quadratic += w / a;
    coefficients_squared += w / (a * a);
    log_determinant += std::log(a);
    trace += 1 / a;
    parameters += eigenvalues[k] / a;
  }
  const auto n = static_cast<double>(eigenvalues.size()), m = static_cast<double>(projections.cols());
  const double log_2_pi = std::log(2 * std::numbers::pi), v = quadratic / (n * m);
  return {.ridge = ridge,
          .positive_definite = true,
          .loo_mean_square = 0,
          .loo_log_predictive = 0,
          .log_marginal_likelihood = -0.5 * (quadratic + m * log_determinant + n * m * log_2_pi),
          .profiled_log_marginal_likelihood = -0.5 * (n * m * (1 + std::log(v) + log_2_pi) + m * log_determinant),
          .signal_variance = v,
          .gcv = n * coefficients_squared / (m * square(trace)),
          .effective_parameters = parameters};
}

void check(const RidgeSearch& search, double mean_diagonal) {
  if (!(search.lowest > 0) || !(search.highest >= search.lowest) || !std::isfinite(search.highest) ||
      search.points_per_decade == 0)
    fail(
        "a ridge search from {} to {} with {} points per decade (the ends must be positive, finite and in order, with "
        "at "
        "least one point per decade) change them",
        search.lowest, search.highest, search.points_per_decade);
  if (!(search.relative_accuracy >= 0))
    fail("a relative accuracy of {} (it is a share, 0 or more; 0 means the grid alone) change it",
         search.relative_accuracy);
  if (!(mean_diagonal > 0))
    fail(
        "the diagonal of the kernel matrix has mean {} (the ridge grid is counted in units of it) give a kernel that "
        "is not "
        "zero on the data, or ridges of your own",
        mean_diagonal);
}

// `count` points from high to low with equal ratios, ends included.
std::vector<double> geometric_grid(double high, double low, std::size_t count) {
  std::vector<double> grid(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double share = count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    grid[i] = std::exp(std::log(high) + share * std::log(low / high));
  }
  if (count > 1) grid.back() = low;
  grid.front() = high;
  return grid;
}

}  // namespace

double criterion_value(const RidgePoint& point, RidgeCriterion criterion) {
  if (!point.positive_definite) return infinity;
  switch (criterion) {
    case RidgeCriterion::loo_mean_square:
      return point.loo_mean_square;
    case RidgeCriterion::loo_log_predictive:
      return -point.loo_log_predictive;
    case RidgeCriterion::log_marginal_likelihood:
      return -point.log_marginal_likelihood;
    case RidgeCriterion::profiled_log_marginal_likelihood:
      return -point.profiled_log_marginal_likelihood;
    case RidgeCriterion::gcv:
      return point.gcv;
  }
  fail("ridge criterion {} (there is no such criterion) use one of RidgeCriterion", static_cast<int>(criterion));
}

std::vector<RidgePoint> RidgePath::evaluate(std::span<const double> ridges) const {
  std::vector<RidgePoint> points;
  std::vector<std::size_t> where;
  const std::size_t most = std::max<std::size_t>(1, SpectralPass::most_columns / targets_.cols());
  for (const double ridge : ridges) {
    const bool answer = std::isfinite(ridge) && positive_definite(ridge);
    points.push_back(answer ? spectral_point(ridge, eigenvalues_, projections_) : without_answer(ridge));
    if (!answer) continue;
    where.push_back(points.size() - 1);
    if (where.size() == most) {
      add_leave_one_out(where, points);
      where.clear();
    }
  }
  if (!where.empty()) add_leave_one_out(where, points);
  return points;
}

// Sums of squares and of log densities of one ridge over one block of samples.
void RidgePath::add_leave_one_out(std::span<const std::size_t> where, std::vector<RidgePoint>& points) const {
  struct Sums {
    double squares = 0, log_predictive = 0;
  };
  std::vector<double> ridges;
  for (const std::size_t p : where) ridges.push_back(points[p].ridge);
  const std::size_t m = targets_.cols();
  const SpectralPass pass(vectors_, eigenvalues_, projections_, ridges);
  Matrix<Sums> sums(pass.blocks(), ridges.size(), Sums{});
  pass.for_each_block(
      [&](std::size_t index, Range rows, MatrixView<const double> alpha, MatrixView<const double> inverse) {
        for (std::size_t i = 0; i < rows.size(); ++i)
          for (std::size_t r = 0; r < ridges.size(); ++r)
            for (std::size_t j = 0; j < m; ++j) {
              const double residual = alpha(i, r * m + j) / inverse(i, r);
              sums(index, r).squares += square(residual);
              sums(index, r).log_predictive +=
                  0.5 * (std::log(inverse(i, r) / (2 * std::numbers::pi)) - square(residual) * inverse(i, r));
            }
      });
  const double count = static_cast<double>(targets_.size());
  for (std::size_t r = 0; r < ridges.size(); ++r)
    for (std::size_t b = 0; b < pass.blocks(); ++b) {
      points[where[r]].loo_mean_square += sums(b, r).squares / count;
      points[where[r]].loo_log_predictive += sums(b, r).log_predictive;
    }
}

RidgeChoice RidgePath::choose(const RidgeSearch& search) const {
  check(search, summary_.mean_diagonal);
  const double decades = std::log10(search.highest / search.lowest);
  const auto steps = static_cast<std::size_t>(std::ceil(decades * static_cast<double>(search.points_per_decade)));
  std::vector<double> grid =
      geometric_grid(search.highest * summary_.mean_diagonal, search.lowest * summary_.mean_diagonal, steps + 1);
  RidgeChoice choice{.best = {}, .points = evaluate(grid), .at_lowest = false, .at_highest = false};
  const auto value = [&](const RidgePoint& p) { return criterion_value(p, search.criterion); };
  const auto best = [&] {
    // The first of the least: of equal ones the largest ridge.
    return std::min_element(choice.points.begin(), choice.points.end(),
                            [&](const RidgePoint& a, const RidgePoint& b) { return value(a) < value(b); });
  };
  // As the points of one pass are nearly free next to reading the eigenvectors, both sides of the best are divided by
  // several at once, in place of golden section's one.
  for (constexpr std::size_t inner = 4;;) {
    const auto at = best();
    choice.best = *at;
    choice.at_highest = at == choice.points.begin();
    choice.at_lowest = at + 1 == choice.points.end();
    if (search.relative_accuracy <= 0 || !at->positive_definite) return choice;
    const double high = choice.at_highest ? at->ridge : (at - 1)->ridge,
                 low = choice.at_lowest ? at->ridge : (at + 1)->ridge;
    if (std::max(high / at->ridge, at->ridge / low) <= 1 + search.relative_accuracy) return choice;
    std::vector<double> finer;
    for (const auto& [upper, lower] : {std::pair{high, at->ridge}, std::pair{at->ridge, low}}) {
      if (upper == lower) continue;
      const std::vector<double> between = geometric_grid(upper, lower, inner + 2);
      finer.insert(finer.end(), between.begin() + 1, between.end() - 1);
    }
    const std::vector<RidgePoint> more = evaluate(finer);
    choice.points.insert(choice.points.end(), more.begin(), more.end());
    std::sort(choice.points.begin(), choice.points.end(),
              [](const RidgePoint& a, const RidgePoint& b) { return a.ridge > b.ridge; });
  }
}

}  // namespace widenet
