#include "widenet/infinite/plane_own.h"

#include <cmath>
#include <limits>

#include "widenet/base/threads.h"
#include "widenet/infinite/plane_engine.h"

namespace widenet {
namespace {

// Runs of at most plane_lanes<T> samples, each with itself.
template <class T>
class OwnRuns {
 public:
  OwnRuns(const PlanePlan& plan, MatrixView<const T> x, MatrixView<const T> own)
      : plan_(plan),
        rows_(plan, x, own, PlaneSamples<T>::As::rows, 1),
        block_(plan, x, own, PlaneSamples<T>::As::blocks, plane_lanes<T>),
        scratch_(plan) {
    block_.hold({0, 1});
  }

  // take(p, p', K(p, p')) of sample i at all positions of the last plane.
  template <class F>
  void run(std::size_t i, const F& take) {
    constexpr std::size_t lanes = plane_lanes<T>;
    rows_.hold({i, i + 1});
    run_rows<T>(plan_, rows_, i, block_, 0, i, scratch_,
                [&](std::size_t p, std::size_t partner, std::size_t count, const T* values) {
                  for (std::size_t x = 0; x < count; ++x) take(p + x, partner + x, values[x * lanes]);
                });
  }

 private:
  const PlanePlan& plan_;
  PlaneSamples<T> rows_, block_;
  PlaneScratch<T> scratch_;
};

// make(samples): runs of their own for a few samples at a time, on all threads.
template <class F>
void for_each_block(std::size_t count, std::size_t lanes, const F& make) {
  parallel_for((count + lanes - 1) / lanes, [&](std::size_t b, std::size_t) {
    make(Range{b * lanes, std::min(count, (b + 1) * lanes)});
  });
}

// Behind the pool in front of a level, from those of the levels before.
template <class T>
void variances_of_level(const PlanePlan& plan, std::size_t level, MatrixView<const T> x, Range places,
                        MatrixView<T> own) {
  const PlanePlan before = plan_before(plan, level);
  const double scale = plan.levels[level].planes[0].scale;
  for_each_block(x.rows(), plane_lanes<T>, [&](Range samples) {
    OwnRuns<T> runs(before, x.rows(samples), own.rows(samples));
    for (std::size_t i = samples.begin; i < samples.end; ++i)
      runs.run(i - samples.begin, [&](std::size_t p, std::size_t, T k) {
        // Sums that cancel may leave a mean square of 0 a rounding below it.
        own(i, places.begin + p) = scale > 0 ? static_cast<T>(std::max(static_cast<double>(k) / scale, 0.0)) : T(0);
      });
  });
}

// The softmax of every query, as its largest score and the sum of exp(score - largest).
struct Softmax {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  void add(double score) {
    if (score > largest) {
      sum = sum * std::exp(largest - score) + 1;
      largest = score;
    } else {
      sum += std::exp(score - largest);
    }
  }
  double share(double score) const { return std::exp(score - largest) / sum; }
};

template <class T>
void sum_weights(const AttentionAt& attention, OwnRuns<T>& runs, std::size_t i, std::span<T> to) {
  const auto score = [&](std::size_t p, std::size_t q, T k) {
    return attention_weight(attention, attention.embedded(static_cast<double>(k), p, q));
  };
  std::vector<double> sums(to.size(), 0.0);
  if (attention.layer.weights == AttentionWeights::softmax) {
    std::vector<Softmax> queries(to.size());
    runs.run(i, [&](std::size_t p, std::size_t q, T k) { queries[p].add(score(p, q, k)); });
    runs.run(i, [&](std::size_t p, std::size_t q, T k) { sums[q] += queries[p].share(score(p, q, k)); });
  } else {
    runs.run(i, [&](std::size_t p, std::size_t q, T k) { sums[q] += score(p, q, k); });
  }
  for (std::size_t q = 0; q < to.size(); ++q) to[q] = static_cast<T>(sums[q]);
}

template <class T>
void attention_weights(const PlanePlan& plan, MatrixView<const T> x, std::size_t first, MatrixView<T> own) {
  const PlanePlan scores = plan_of_covariances(plan);
  for_each_block(x.rows(), plane_lanes<T>, [&](Range samples) {
    OwnRuns<T> runs(scores, x.rows(samples), own.rows(samples));
    for (std::size_t i = samples.begin; i < samples.end; ++i)
      sum_weights<T>(*plan.attention, runs, i - samples.begin, own.row(i).subspan(first));
  });
}

}  // namespace

template <class T>
Matrix<T> plane_own(const PlanePlan& plan, MatrixView<const T> x) {
  const std::vector<std::size_t> offsets = variance_offsets(plan);
  Matrix<T> own(x.rows(), own_numbers(plan));
  for (std::size_t l = 1; l < plan.levels.size(); ++l)
    if (const Range places{offsets[l], offsets[l + 1]}; places.size() > 0)
      variances_of_level<T>(plan, l, x, places, own);
  if (plan.attention) attention_weights<T>(plan, x, offsets.back(), own);
  return own;
}

template Matrix<double> plane_own(const PlanePlan&, MatrixView<const double>);
template Matrix<float> plane_own(const PlanePlan&, MatrixView<const float>);

}  // namespace widenet
