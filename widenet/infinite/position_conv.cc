// Convolutions on all pairs of positions: K'(p, p') is the mean of K(p + t, p' + t) over the taps t of the window. The
// sum is taken axis by axis, along contiguous rows, a few rows of the result at a time so that what lies between the
// axes stays in the cache.
#include <algorithm>

#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

// to = from[0] + from[1] + ..., in this order.
void sum_rows(const double* const* from, std::size_t rows, double* __restrict to, std::size_t count) {
  const double *a = from[0], *b = from[1], *c = from[2];
  if (rows == 0) {
    std::fill_n(to, count, 0.0);
  } else if (rows == 1) {
    std::copy_n(a, count, to);
  } else if (rows == 2) {
    for (std::size_t k = 0; k < count; ++k) to[k] = a[k] + b[k];
  } else {
    for (std::size_t k = 0; k < count; ++k) to[k] = a[k] + b[k] + c[k];
    for (std::size_t r = 3; r < rows; ++r)
      for (std::size_t k = 0; k < count; ++k) to[k] += from[r][k];
  }
}

// Positions on either side of an axis: rows and columns of a block are numbered (before, axis, behind).
struct Around {
  std::size_t rows, columns, behind;
};

// Sums over the taps of one axis, in their order, from positions of the axis to `outputs` of it in the rows and all of
// them in the columns.
void sum_axis(const WindowAxis& axis, const Around& around, Range outputs, const double* from, double* to) {
  const std::size_t behind = around.behind, all = axis.taps.outputs;
  const std::size_t step = axis.inputs * behind, step_after = all * behind;
  std::vector<const double*> rows(std::max<std::size_t>(axis.taps.taps, 3));
  // The first run, the longest, goes on over the others, which then put their places right, if its steps are the same.
  const bool goes_on = axis.inputs == all;
  for (std::size_t before = 0; before < around.rows; ++before)
    for (std::size_t o = outputs.begin; o < outputs.end; ++o)
      for (std::size_t i = 0; i < behind; ++i, to += around.columns * step_after)
        for (const Run& run : axis.runs) {
          std::size_t count = 0;
          for (const auto& [tap, input] : run.reads) {
            const std::size_t p = axis.taps.at(o, tap);
            if (p == no_position) continue;
            rows[count++] = from + ((before * axis.inputs + p) * behind + i) * around.columns * step + input * behind;
          }
          const bool once = goes_on && &run == &axis.runs.front();
          double* out = to + run.output * behind;
          for (std::size_t c = 0; c < (once ? 1 : around.columns); ++c, out += step_after) {
            sum_rows(rows.data(), count, out, run.count * behind + (once ? (around.columns - 1) * step_after : 0));
            for (std::size_t r = 0; r < count; ++r) rows[r] += step;
          }
        }
}

// Rows of the sums over all axes, for one output of the first axis after the other.
class WindowSums {
 public:
  WindowSums(const std::vector<WindowAxis>& axes, Workspace& work) : axes_(axes), work_(work) {
    std::size_t columns = 1, most = 1;
    for (const WindowAxis& axis : axes) columns *= axis.inputs;
    const std::size_t behind = columns / axes[0].inputs;
    std::size_t rows = behind;
    for (std::size_t a = 0; a < axes.size(); ++a) {
      columns = columns / axes[a].inputs * axes[a].taps.outputs;
      if (a > 0) rows = rows / axes[a].inputs * axes[a].taps.outputs;
      most = std::max(most, rows * columns);
    }
    rows_ = rows;
    behind_ = behind;
    for (Matrix<double>& block : blocks_) block = work.take(1, most);
  }
  WindowSums(const WindowSums&) = delete;
  WindowSums& operator=(const WindowSums&) = delete;
  ~WindowSums() {
    for (Matrix<double>& block : blocks_) work_.give(std::move(block));
  }

  // Rows per output of the first axis.
  std::size_t rows() const { return rows_; }

  // Those of the first axis' output `o`, valid until the next call.
  const double* of(const Matrix<double>& from, std::size_t o) {
    Around around{1, 1, behind_};
    const double* now = from.data();
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      double* next = blocks_[a % 2].data();
      const std::size_t outputs = axes_[a].taps.outputs;
      sum_axis(axes_[a], around, a == 0 ? Range{o, o + 1} : Range{0, outputs}, now, next);
      if (a > 0) around.rows *= outputs;
      around.columns *= outputs;
      if (a + 1 < axes_.size()) around.behind /= axes_[a + 1].inputs;
      now = next;
    }
    return now;
  }

 private:
  const std::vector<WindowAxis>& axes_;
  Workspace& work_;
  std::size_t rows_, behind_;
  Matrix<double> blocks_[2];
};

// What the sums of a row become, times 1 / taps: a quotient would take as long as the sum.
struct Means {
  const AffineLayer& layer;
  double per_tap;
  std::size_t count;

  void covariance(const double* k, double* to) const {
    for (std::size_t q = 0; q < count; ++q) to[q] = covariance_after(layer, k[q] * per_tap);
  }
  void tangent(const double* k, const double* theta, double* to) const {
    for (std::size_t q = 0; q < count; ++q) to[q] = tangent_after(layer, k[q] * per_tap, theta[q] * per_tap);
  }
};

// Weights of their own are independent of those of any other position.
void leave_diagonal(const StateRows& row) {
  for (const MatrixView<double>& numbers : {row.covariance, row.tangent}) {
    if (numbers.rows() == 0) continue;
    const double own = numbers(0, row.first);
    std::fill_n(numbers.data(), numbers.cols(), 0.0);
    numbers(0, row.first) = own;
  }
}

}  // namespace

void apply_conv(const ConvAt& step, PairState& state, Workspace& work, const Finish& finish) {
  const std::size_t outputs = step.taps.outputs;
  const bool has_tangent = state.has_tangent();
  Matrix<double> covariance = work.take(outputs, outputs), tangent = work.take_tangent(state, outputs, outputs);
  {
    const Means means{step.layer, 1 / static_cast<double>(step.taps.taps), outputs};
    WindowSums of_covariance(step.axes, work), of_tangent(step.axes, work);
    for (std::size_t o = 0, p = 0; o < step.axes[0].taps.outputs; ++o) {
      const double* k = of_covariance.of(state.covariance, o);
      const double* theta = has_tangent ? of_tangent.of(state.tangent, o) : nullptr;
      for (std::size_t r = 0; r < of_covariance.rows(); ++r, ++p) {
        const std::size_t at = r * outputs;
        const StateRows rows{p, covariance.view().rows({p, p + 1}),
                             has_tangent ? tangent.view().rows({p, p + 1}) : MatrixView<double>()};
        means.covariance(k + at, rows.covariance.data());
        if (has_tangent) means.tangent(k + at, theta + at, rows.tangent.data());
        if (step.local) leave_diagonal(rows);
        finish(rows);
      }
    }
  }
  work.replace(state, std::move(covariance), std::move(tangent));
}

}  // namespace widenet
