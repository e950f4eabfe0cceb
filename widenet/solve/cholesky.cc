#include "widenet/solve/cholesky.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/cholesky_failure.h"
#include "widenet/solve/ready_flags.h"
#include "widenet/solve/ridge.h"

namespace widenet {
namespace {

using blas::Transpose;
constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

double& diagonal(SymmetricTiles& A, std::size_t i) {
  const std::size_t tile = i / A.tile_size(), at = i % A.tile_size();
  return A.tile(tile, tile)(at, at);
}

class Factorization {
 public:
  Factorization(SymmetricTiles& A, const Progress& progress)
      : A_(A), progress_(progress), ready_(A.tiles() * (A.tiles() + 1) / 2), before_(thread_count()) {
    // Column by column, so that a tile's predecessors in its row and in its column's row come before it.
    for (std::size_t j = 0; j < A.tiles(); ++j)
      for (std::size_t i = j; i < A.tiles(); ++i) order_.push_back({i, j});
    event_ = {.what = "Cholesky factor", .done = 0, .total = 0, .unit = "flops"};
    for (const TileIndex& at : order_) event_.total += flops(at);
  }

  // Whether all pivots were positive.
  bool run() {
    parallel_for(order_.size(), [this](std::size_t index, std::size_t worker) {
      RaiseAllOnException guard(ready_);
      factor_tile(order_[index], worker);
      report(order_[index]);
      guard.finished();
    });
    return failed_column_ == none;
  }

  std::size_t failed_pivot() const { return failed_pivot_; }
  double failed_value() const { return failed_value_; }

  std::size_t failed_column() const { return failed_column_; }

 private:
  static std::size_t flag(TileIndex at) { return at.row * (at.row + 1) / 2 + at.col; }

  // Waits for tile (i, k) of L; false when it never comes because column k or one before it failed.
  bool wait(std::size_t i, std::size_t k) {
    ready_.wait(flag({i, k}));
    return k < failed_column_.load();
  }

  // A_ij -= sum_k L_ik L_jk^T for k < j in this order, then L_jj by an unblocked step or L_ij = A_ij L_jj^-T. After a
  // failure in column f the tiles right of it take all updates k < f and stop there: what they then hold is S.
  void factor_tile(TileIndex at, std::size_t worker) {
    const auto [i, j] = at;
    const MatrixView<double> C = A_.tile(i, j);
    for (std::size_t k = 0; k < j; ++k) {
      if (!wait(j, k) || !wait(i, k)) return;
      if (i == j)
        blas::syrk(-1, A_.tile(j, k), 1, C);
      else
        blas::gemm(Transpose::no, Transpose::yes, -1, A_.tile(i, k), A_.tile(j, k), 1, C);
    }
    if (i == j) {
      if (!factor_diagonal_tile(j, C, worker)) return;
    } else {
      if (!wait(j, j)) return;
      blas::trsm_right_transposed(A_.tile(j, j), C);
    }
    ready_.raise(flag(at));
  }

  bool factor_diagonal_tile(std::size_t j, MatrixView<double> C, std::size_t worker) {
    Matrix<double>& before = before_[worker];
    before = copy<double>(C);
    const std::size_t info = blas::potrf(C);
    std::size_t bad = info == 0 ? C.rows() : info - 1;
    // LAPACK compares a pivot with 0 alone, which lets infinities and not-a-numbers through.
    for (std::size_t r = 0; r < bad; ++r)
      if (!std::isfinite(C(r, r))) bad = r;
    if (bad == C.rows()) return true;
    failed_pivot_ = A_.range(j).begin + bad;
    failed_value_ = C(bad, bad);
    for (std::size_t r = 0; r < C.rows(); ++r) std::copy_n(before.row(r).begin(), C.cols(), C.row(r).begin());
    failed_column_ = j;
    for (const TileIndex& later : order_)
      if (later.col >= j) ready_.raise(flag(later));
    return false;
  }

  double flops(TileIndex at) const {
    const auto h = static_cast<double>(A_.range(at.row).size()), w = static_cast<double>(A_.range(at.col).size());
    const double products = h * w * static_cast<double>(A_.range(at.col).begin);
    return at.row == at.col ? products + h * h * h / 3 : 2 * products + h * w * w;
  }

  void report(TileIndex at) {
    if (!progress_) return;
    const std::lock_guard lock(reporting_);
    event_.done += flops(at);
    progress_(event_);
  }

  SymmetricTiles& A_;
  const Progress& progress_;
  ReadyFlags ready_;
  std::vector<Matrix<double>> before_;  // of every worker: a diagonal tile before its factorisation
  std::vector<TileIndex> order_;
  std::atomic<std::size_t> failed_column_ = none;
  std::size_t failed_pivot_ = 0;
  double failed_value_ = 0;
  std::mutex reporting_;
  ProgressEvent event_;
};

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

std::size_t cholesky_bytes(std::size_t n) {
  const std::size_t b = SymmetricTiles::default_tile_size, tiles = (n + b - 1) / b, side = std::min(n, b);
  const std::size_t workers = std::min(thread_count(), tiles);
  return SymmetricTiles::bytes(n) + workers * side * side * sizeof(double) +
         tiles * (tiles + 1) / 2 * (sizeof(int) + sizeof(TileIndex));
}

}  // namespace widenet
