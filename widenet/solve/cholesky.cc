#include "widenet/solve/cholesky.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/cholesky_failure.h"
#include "widenet/solve/factorization.h"
#include "widenet/solve/ridge.h"

namespace widenet {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

double& diagonal(SymmetricTiles& A, std::size_t i) {
  const std::size_t tile = i / A.tile_size(), at = i % A.tile_size();
  return A.tile(tile, tile)(at, at);
}

// `trace` is the sum of |A_ii|.
CholeskyFailure describe_failure(const Factorization& work, SymmetricTiles& left, double ridge, double trace) {
  CholeskyFailure failure{
      .pivot = work.failed_pivot(), .value = work.failed_value(), .ridge = ridge, .sufficient_ridge = 0, .message = {}};
  const auto n = static_cast<double>(left.size());
  const auto rounding_at = [&](double shortage) { return 4 * (n + 1) * unit_roundoff * (trace + n * shortage); };
  const auto factorise = [](SymmetricTiles& A) -> std::optional<std::size_t> {
    const Progress silent;
    Factorization again(A, silent);
    return again.run() ? std::nullopt : std::optional(again.failed_column());
  };
  // Numbers so small that they round to a fixed step, not to a share of themselves.
  constexpr double tiny = 0x1p-900;
  const double least = std::max(rounding_at(0), tiny);
  const double shortage = -smallest_eigenvalue_bound(left, work.failed_column(), failure.value, least, factorise);
  const double rounding = rounding_at(shortage);
  failure.sufficient_ridge = ridge + shortage + std::max(rounding, tiny);
  if (std::isfinite(failure.value) && !std::isfinite(failure.sufficient_ridge)) {
    failure.sufficient_ridge = std::numeric_limits<double>::infinity();
    failure.message = fmt::format(
        "the kernel matrix cannot be factorised (some of its numbers are not finite, or overflow; pivot {} of {} is "
        "{:g}) mend the data or the kernel; no ridge will help",
        failure.pivot, left.size(), failure.value);
  } else if (!std::isfinite(failure.value)) {
    failure.sufficient_ridge = std::numeric_limits<double>::infinity();
    failure.message = fmt::format(
        "the kernel matrix cannot be factorised (row {} holds a number that is not finite, or overflows: its pivot is "
        "{}) "
        "mend the data or the kernel of this row; no ridge will help",
        failure.pivot, failure.value);
  } else if (trace == 0 && shortage == 0) {
    failure.sufficient_ridge = 1;
    failure.message =
        "the kernel matrix is zero and the ridge is 0 (their sum has no inverse) use another kernel; any ridge above 0 "
        "makes all predictions the mean";
  } else {
    failure.message = fmt::format(
        "the kernel matrix plus the ridge {:g} is not positive definite (pivot {} of {} is {:g}) use a ridge of {:g}, "
        "which "
        "certainly works, or try one in between",
        ridge, failure.pivot, left.size(), failure.value, failure.sufficient_ridge);
  }
  return failure;
}

CholeskySummary summarize(const SymmetricTiles& L, double ridge, double largest_diagonal, double seconds) {
  const auto n = static_cast<double>(L.size());
  CholeskySummary summary{.size = L.size(),
                          .ridge = ridge,
                          .seconds = seconds,
                          .flops = n * n * n / 3,
                          .largest_diagonal = largest_diagonal,
                          .smallest_pivot = 0,
                          .largest_pivot = 0,
                          .warning = {}};
  for (std::size_t i = 0; i < L.size(); ++i) {
    const double pivot = L(i, i) * L(i, i);
    summary.smallest_pivot = i == 0 ? pivot : std::min(summary.smallest_pivot, pivot);
    summary.largest_pivot = std::max(summary.largest_pivot, pivot);
  }
  const double rounding = n * std::numeric_limits<double>::epsilon() * largest_diagonal;
  if (ridge < rounding)
    summary.warning = fmt::format(
        "the ridge {:g} is below the rounding of the factorisation, n eps max A_ii = {:g} (the smallest eigenvalues of "
        "the "
        "kernel matrix may be rounding errors) trust the solution's residual, not its coefficients, or use a larger "
        "ridge",
        ridge, rounding);
  return summary;
}

}  // namespace

CholeskyResult cholesky(SymmetricTiles K, double ridge, const Progress& progress) {
  ridge = ridge::absolute(ridge);
  const auto start = std::chrono::steady_clock::now();
  double largest_diagonal = 0, trace = 0;
  for (std::size_t i = 0; i < K.size(); ++i) {
    const double d = diagonal(K, i) += ridge;
    largest_diagonal = std::max(largest_diagonal, d);
    trace += std::abs(d);
  }
  Factorization work(K, progress);
  if (!work.run()) return {.factor = std::nullopt, .failure = describe_failure(work, K, ridge, trace)};
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  CholeskySummary summary = summarize(K, ridge, largest_diagonal, seconds.count());
  return {.factor = CholeskyFactor(std::move(K), std::move(summary)), .failure = std::nullopt};
}

std::size_t cholesky_bytes(std::size_t n) { return SymmetricTiles::bytes(n) + Factorization::bytes(n); }

}  // namespace widenet
