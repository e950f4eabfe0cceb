#include "widenet/infinite/position_gram.h"

#include <mutex>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/position_kernel.h"

namespace widenet {
namespace {

class PositionGram final : public Gram<double> {
 public:
  PositionGram(const NetworkKernel& kernel, const Shape& shape, MatrixView<const double> x, MatrixView<const double> z,
               bool symmetric, const PositionOptions& options)
      : network_(kernel.network, shape, options.mask), limit_(kernel.limit), symmetric_(symmetric) {
    positions_ = options.all_positions ? position_count(network_.output().positions) : 1;
    if (!options.all_positions) check_output();
    rows_ = states(x, options.row_graphs);
    if (!symmetric) columns_ = states(z, options.column_graphs);
  }

  std::size_t rows() const override { return rows_.size() * positions_; }
  std::size_t cols() const override { return columns().size() * positions_; }
  bool symmetric() const override { return symmetric_; }
  Gram<double>::TileShape tile_shape() const override { return {positions_, 8 * positions_}; }

  void tile(Range rows, Range cols, MatrixView<double> out) const override {
    std::unique_ptr<Workspace> work = take_workspace();
    const Range row_samples = samples_of(rows), column_samples = samples_of(cols);
    for (std::size_t i = row_samples.begin; i < row_samples.end; ++i)
      for (std::size_t j = column_samples.begin; j < column_samples.end; ++j) {
        // One order of the two, so that both entries have the same bits.
        const bool swapped = symmetric_ && j < i;
        const PairKernel pair = network_.pair(rows_[swapped ? j : i], columns()[swapped ? i : j], limit_, *work);
        for_places(i, rows, [&](std::size_t row, std::size_t p) {
          for_places(j, cols, [&](std::size_t column, std::size_t q) {
            const bool turned = swapped || (symmetric_ && i == j && q < p);
            out(row, column) = turned ? value(pair, q, p) : value(pair, p, q);
          });
        });
      }
    const std::lock_guard lock(idle_mutex_);
    idle_.push_back(std::move(work));
  }
  void diagonal(std::span<double> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = value(rows_[i / positions_].kernel, i % positions_, i % positions_);
  }

 private:
  const std::vector<OwnState>& columns() const { return symmetric_ ? rows_ : columns_; }
  double value(const PairKernel& pair, std::size_t p, std::size_t q) const {
    return limit_ == Limit::ntk ? pair.tangent(p, q) : pair.covariance(p, q);
  }
  // Of entries.
  Range samples_of(Range entries) const {
    return {entries.begin / positions_, (entries.end + positions_ - 1) / positions_};
  }
  // Calls f(place in the range, position) for what of a sample lies in a range of entries.
  template <class F>
  void for_places(std::size_t sample, Range entries, const F& f) const {
    const std::size_t first = sample * positions_;
    for (std::size_t p = 0; p < positions_; ++p)
      if (first + p >= entries.begin && first + p < entries.end) f(first + p - entries.begin, p);
  }

  void check_output() const {
    const Shape& output = network_.output();
    for (const std::size_t extent : output.positions)
      if (extent != 1)
        fail(
            "the network ends in the shape {} (a Gram matrix has one number per pair of samples) end it with flatten "
            "or global_avg_pool, and a dense, or take the kernel of all positions",
            to_text(output));
  }

  std::vector<OwnState> states(MatrixView<const double> samples, MatrixView<const double> graphs) const {
    if (network_.nodes() > 0 && graphs.rows() != samples.rows())
      fail("there are {} graphs for {} samples (aggregate reads one per sample) give as many", graphs.rows(),
           samples.rows());
    std::vector<OwnState> out(samples.rows());
    parallel_for(out.size(), [&](std::size_t i, std::size_t) {
      PositionSample sample{samples.row(i)};
      if (network_.nodes() > 0) sample.adjacency = graphs.row(i);
      out[i] = network_.own(sample, i);
    });
    return out;
  }

  std::unique_ptr<Workspace> take_workspace() const {
    const std::lock_guard lock(idle_mutex_);
    if (idle_.empty()) return std::make_unique<Workspace>();
    std::unique_ptr<Workspace> work = std::move(idle_.back());
    idle_.pop_back();
    return work;
  }

  PositionNetwork network_;
  Limit limit_;
  bool symmetric_;
  std::size_t positions_ = 1;  // rows, and columns, of a sample
  std::vector<OwnState> rows_, columns_;
  mutable std::mutex idle_mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;  // at most one per thread
};

}  // namespace

std::unique_ptr<Gram<double>> position_gram(const NetworkKernel& kernel, const Shape& shape, MatrixView<const double> x,
                                            const PositionOptions& options) {
  return std::make_unique<PositionGram>(kernel, shape, x, x, true, options);
}
std::unique_ptr<Gram<double>> position_gram(const NetworkKernel& kernel, const Shape& shape, MatrixView<const double> x,
                                            MatrixView<const double> z, const PositionOptions& options) {
  return std::make_unique<PositionGram>(kernel, shape, x, z, false, options);
}

}  // namespace widenet
