#include "widenet/infinite/plane_gram.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/plane_engine.h"
#include "widenet/infinite/plane_own.h"

namespace widenet {
namespace {

// A pooled entry is work for milliseconds; of the others many share what is prepared of the samples of a tile.
template <class T>
std::size_t tile_side(const PlanePlan& plan) {
  constexpr std::size_t lanes = plane_lanes<T>, memory = std::size_t{28} << 20;
  if (displacement_count(plan) > 1) return lanes;
  const std::size_t bytes = PlaneSamples<T>::bytes(plan, PlaneSamples<T>::As::blocks);
  return std::max(std::min<std::size_t>(128, memory / bytes) / lanes * lanes, lanes);
}

// The columns of a tile and as many of its rows as there is memory for: each is prepared when its turn comes.
struct Rooms {
  std::size_t rows, columns, bytes;  // of a thread
};
template <class T>
Rooms rooms(const PlanePlan& plan) {
  using Samples = PlaneSamples<T>;
  const std::size_t side = tile_side<T>(plan), row = Samples::bytes(plan, Samples::As::rows);
  const std::size_t fixed = PlaneScratch<T>::bytes(plan) + side * Samples::bytes(plan, Samples::As::blocks);
  const std::size_t left = plane_thread_bytes - std::min(fixed, plane_thread_bytes);
  const std::size_t rows = std::clamp<std::size_t>(left / row, 1, side);
  return {rows, side, fixed + rows * row};
}

template <class T>
class PlaneGram final : public Gram<T> {
 public:
  PlaneGram(PlanePlan plan, Limit limit, MatrixView<const T> x)
      : plan_(std::move(plan)),
        theta_(limit == Limit::ntk),
        symmetric_(true),
        x_(x),
        z_(x),
        x_own_(plane_own<T>(plan_, x)) {}
  PlaneGram(PlanePlan plan, Limit limit, MatrixView<const T> x, MatrixView<const T> z)
      : plan_(std::move(plan)),
        theta_(limit == Limit::ntk),
        symmetric_(false),
        x_(x),
        z_(z),
        x_own_(plane_own<T>(plan_, x)),
        z_own_(plane_own<T>(plan_, z)) {}

  std::size_t rows() const override { return x_.rows(); }
  std::size_t cols() const override { return z_.rows(); }
  bool symmetric() const override { return symmetric_; }

  // Rows are samples spread over all lanes, columns fill the lanes. Of two samples of a symmetric Gram the one before
  // is the row, so that both entries are the same number.
  void tile(Range rows, Range cols, MatrixView<T> out) const override {
    visit(rows, cols, [&](std::size_t i, std::size_t j, double value) {
      if (symmetric_ && j < i) return;
      out(i - rows.begin, j - cols.begin) = static_cast<T>(value);
      const bool holds_mirror = symmetric_ && j < rows.end && j >= rows.begin && i < cols.end && i >= cols.begin;
      if (holds_mirror) out(j - rows.begin, i - cols.begin) = static_cast<T>(value);
    });
    // Below the diagonal a tile across it has mirrors alone.
    const bool all_mirrored = rows.begin <= cols.begin && rows.end <= cols.end;
    if (!symmetric_ || all_mirrored || cols.begin + 1 >= rows.end) return;
    visit(cols, rows, [&](std::size_t j, std::size_t i, double value) {
      if (j < i) out(i - rows.begin, j - cols.begin) = static_cast<T>(value);
    });
  }

  void diagonal(std::span<T> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) tile({i, i + 1}, {i, i + 1}, MatrixView<T>(&out[i], 1, 1));
  }

  typename Gram<T>::TileShape tile_shape() const override { return {tile_side<T>(plan_), tile_side<T>(plan_)}; }

 private:
  using Samples = PlaneSamples<T>;

  // What a thread needs beside the images.
  struct Workspace {
    explicit Workspace(const PlaneGram& gram)
        : scratch(gram.plan_),
          mine(gram.plan_, gram.x_, gram.x_own_.view(), Samples::As::rows, rooms<T>(gram.plan_).rows),
          theirs(gram.plan_, gram.z_, (gram.symmetric_ ? gram.x_own_ : gram.z_own_).view(), Samples::As::blocks,
                 rooms<T>(gram.plan_).columns) {}

    PlaneScratch<T> scratch;
    Samples mine, theirs;
  };

  // Every entry (i, j) of the ranges, i spread over the lanes; of a symmetric Gram those with j >= i at least. In parts
  // whose samples a workspace has room for.
  template <class F>
  void visit(Range rows, Range cols, const F& entry) const {
    const std::size_t side = tile_side<T>(plan_);
    const auto part = [&](Range all, std::size_t begin) {
      return Range{begin, std::min(all.end, begin / side * side + side)};
    };
    for (Range i = part(rows, rows.begin); i.begin < rows.end; i = part(rows, i.end))
      for (Range j = part(cols, cols.begin); j.begin < cols.end; j = part(cols, j.end)) visit_part(i, j, entry);
  }

  template <class F>
  void visit_part(Range rows, Range cols, const F& entry) const {
    constexpr std::size_t lanes = plane_lanes<T>;
    const Range blocks{cols.begin / lanes, (cols.end + lanes - 1) / lanes};
    std::unique_ptr<Workspace> work = take(rows.begin, blocks.begin);
    work->theirs.hold(blocks);
    double values[lanes];
    for (std::size_t b = blocks.begin; b < blocks.end; ++b)
      for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const std::size_t end = std::min((b + 1) * lanes, cols.end);
        if (symmetric_ && end <= i) continue;
        work->mine.hold({i, i + 1});
        const std::size_t itself = symmetric_ && i / lanes == b ? i % lanes : no_lane;
        run_planes<T>(plan_, theta_, work->mine, i, work->theirs, b, itself, work->scratch, values);
        for (std::size_t j = std::max(b * lanes, cols.begin); j < end; ++j) entry(i, j, values[j - b * lanes]);
      }
    const std::lock_guard lock(idle_mutex_);
    idle_.push_back(std::move(work));
  }

  // One that has these columns, or else this row, or else any; neighbouring tiles share them.
  std::unique_ptr<Workspace> take(std::size_t row, std::size_t block) const {
    const std::lock_guard lock(idle_mutex_);
    if (idle_.empty()) return std::make_unique<Workspace>(*this);
    const auto has = [&](const auto& work) {
      return (work->theirs.holds(block) ? 2 : 0) + (work->mine.holds(row) ? 1 : 0);
    };
    const auto best =
        std::max_element(idle_.begin(), idle_.end(), [&](const auto& a, const auto& b) { return has(a) < has(b); });
    std::swap(*best, idle_.back());
    std::unique_ptr<Workspace> work = std::move(idle_.back());
    idle_.pop_back();
    return work;
  }

  PlanePlan plan_;
  bool theta_, symmetric_;
  MatrixView<const T> x_, z_;
  Matrix<T> x_own_, z_own_;  // of a symmetric Gram the first alone
  mutable std::mutex idle_mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;  // at most one per thread
};

template <class T>
void check(const PlanePlan& plan, MatrixView<const T> x) {
  if (x.cols() != plan.input.size() * plan.channels)
    fail("the samples have {} numbers (the network reads {} x {} x {}) give samples of that shape", x.cols(),
         plan.input.height, plan.input.width, plan.channels);
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (const T number : x.row(i))
      if (!std::isfinite(number)) fail("sample {} holds {} (no kernel is defined for it) remove or fill it", i, number);
}

}  // namespace

template <class T>
std::unique_ptr<Gram<T>> plane_gram(const PlanePlan& plan, Limit limit, MatrixView<const T> x) {
  check(plan, x);
  return std::make_unique<PlaneGram<T>>(plan, limit, x);
}
template <class T>
std::unique_ptr<Gram<T>> plane_gram(const PlanePlan& plan, Limit limit, MatrixView<const T> x, MatrixView<const T> z) {
  check(plan, x);
  check(plan, z);
  return std::make_unique<PlaneGram<T>>(plan, limit, x, z);
}

std::size_t plane_gram_bytes(const PlanePlan& plan, std::size_t number_size) {
  return thread_count() * (number_size == sizeof(double) ? rooms<double>(plan).bytes : rooms<float>(plan).bytes);
}

std::size_t plane_sample_bytes(const PlanePlan& plan, std::size_t number_size) {
  return own_numbers(plan) * number_size;
}

using D = MatrixView<const double>;
using F = MatrixView<const float>;
template std::unique_ptr<Gram<double>> plane_gram(const PlanePlan&, Limit, D);
template std::unique_ptr<Gram<double>> plane_gram(const PlanePlan&, Limit, D, D);
template std::unique_ptr<Gram<float>> plane_gram(const PlanePlan&, Limit, F);
template std::unique_ptr<Gram<float>> plane_gram(const PlanePlan&, Limit, F, F);

}  // namespace widenet
