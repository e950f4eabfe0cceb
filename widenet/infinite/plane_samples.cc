#include "widenet/infinite/plane_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "widenet/infinite/execute.h"

namespace widenet {
namespace {

std::size_t factor_count(const ClosedDual& dual) {
  return std::visit([](const auto& d) { return d.factors; }, dual);
}

// q' = scale sum(q) + bias over the window, summed down the columns first.
std::vector<double> through_window(const PlaneStage& stage, const std::vector<double>& q) {
  std::vector<double> out(stage.out.size()), down(stage.in.width);
  std::vector<Range> along(stage.out.width);
  for (std::size_t x = 0; x < stage.out.width; ++x) {
    const Range taps = taps_inside(stage, 1, x);
    const std::size_t first = x * stage.stride[1] + taps.begin - stage.before[1];
    along[x] = {first, first + taps.size()};
  }
  for (std::size_t y = 0; y < stage.out.height; ++y) {
    std::fill(down.begin(), down.end(), 0.0);
    const Range taps = taps_inside(stage, 0, y);
    for (std::size_t t = taps.begin; t < taps.end; ++t) {
      const double* row = q.data() + (y * stage.stride[0] + t - stage.before[0]) * stage.in.width;
      for (std::size_t x = 0; x < stage.in.width; ++x) down[x] += row[x];
    }
    for (std::size_t x = 0; x < stage.out.width; ++x)
      out[y * stage.out.width + x] =
          stage.scale * std::accumulate(down.data() + along[x].begin, down.data() + along[x].end, 0.0) + stage.bias;
  }
  return out;
}

}  // namespace

std::size_t plane_parameters(const PlaneStage& stage) {
  if (!stage.activation) return 0;
  return std::holds_alternative<ReluDual>(*stage.activation) ? 2 : 3 + factor_count(*stage.activation);
}

std::vector<std::size_t> plane_offsets(const PlanePlan& plan) {
  std::vector<std::size_t> offsets{0};
  for (const PlaneStage& stage : plan.stages)
    offsets.push_back(offsets.back() + plane_parameters(stage) * stage.out.size());
  return offsets;
}

std::vector<std::size_t> variance_offsets(const PlanePlan& plan) {
  std::vector<std::size_t> offsets{0, 0};
  for (std::size_t l = 1; l < plan.levels.size(); ++l) {
    const auto stages = std::span(plan.stages).subspan(plan.levels[l].begin, plan.levels[l].end - plan.levels[l].begin);
    const bool read = std::any_of(stages.begin(), stages.end(), [](const PlaneStage& s) { return s.activation; });
    offsets.push_back(offsets.back() + (read ? plan.first_plane(l).size() : 0));
  }
  return offsets;
}

namespace {
std::size_t weight_count(const PlanePlan& plan) {
  return plan.attention ? plan.last_plane(plan.levels.size() - 1).size() : 0;
}
}  // namespace

std::size_t own_numbers(const PlanePlan& plan) { return variance_offsets(plan).back() + weight_count(plan); }

template <class T>
PlaneSamples<T>::PlaneSamples(const PlanePlan& plan, As as)
    : lanes_(as == As::rows ? 1 : plane_lanes<T>),
      pixel_count_(plan.input.size() * plan.channels),
      offsets_(plane_offsets(plan)),
      parameter_count_(offsets_.back()),
      weight_count_(weight_count(plan)) {}

template <class T>
void PlaneSamples<T>::assign(const PlanePlan& plan, MatrixView<const T> x, MatrixView<const T> own) {
  const std::size_t blocks = (x.rows() + lanes_ - 1) / lanes_;
  // Lanes of the last block that are no samples hold zeros.
  const auto resize = [&](Buffer<T>& numbers, std::size_t count) {
    if (numbers.size() < blocks * lanes_ * count) numbers = Buffer<T>(blocks * lanes_ * count);
    if (x.rows() % lanes_ != 0) std::fill_n(numbers.data() + (blocks - 1) * lanes_ * count, lanes_ * count, T(0));
  };
  resize(pixels_, pixel_count_);
  resize(parameters_, parameter_count_);
  resize(weights_, weight_count_);
  const std::size_t first_weight = variance_offsets(plan).back();
  for (std::size_t i = 0; i < x.rows(); ++i) {
    const std::size_t block = i / lanes_ * lanes_, lane = i % lanes_;
    for (std::size_t p = 0; p < weight_count_; ++p)
      weights_[block * weight_count_ + p * lanes_ + lane] = own(i, first_weight + p);
    fill(plan, x.row_data(i), own.row_data(i), pixels_.data() + block * pixel_count_ + lane,
         parameters_.data() + block * parameter_count_ + lane);
  }
}

template <class T>
void PlaneSamples<T>::fill(const PlanePlan& plan, const T* x, const T* own, T* pixels, T* parameters) const {
  std::vector<double> q(plan.input.size());
  for (std::size_t p = 0; p < q.size(); ++p) {
    T sum = 0;
    for (std::size_t c = 0; c < plan.channels; ++c, ++x, pixels += lanes_) {
      *pixels = *x;
      sum = std::fma(*x, *x, sum);
    }
    q[p] = static_cast<double>(sum) / static_cast<double>(plan.channels);
  }
  const std::vector<std::size_t> pooled = variance_offsets(plan);
  for (std::size_t l = 0; l < plan.levels.size(); ++l) {
    // Behind a pool those of the stages before are of no use.
    if (l > 0) q.assign(own + pooled[l], own + pooled[l + 1]);
    if (q.empty()) continue;
    for (std::size_t s = plan.levels[l].begin; s < plan.levels[l].end; ++s) {
      q = through_window(plan.stages[s], q);
      if (plan.stages[s].activation) activate(plan, s, q, parameters + offsets_[s] * lanes_);
    }
  }
}

template <class T>
void PlaneSamples<T>::activate(const PlanePlan& plan, std::size_t s, std::vector<double>& q, T* to) const {
  const ClosedDual& dual = *plan.stages[s].activation;
  const std::size_t count = plane_parameters(plan.stages[s]);
  const auto* relu = std::get_if<ReluDual>(&dual);
  // A ReLU's outputs leave scaled for what reads them; the row brings the scale.
  const double scale = relu && lanes_ == 1 ? plan.handovers[s + 1].scale : 1;
  double numbers[most_dual_numbers];
  for (double& variance : q) {
    const double before = variance;
    variance = relu ? relu->variance(before) : own_moments(dual, before, numbers).variance;
    *to = static_cast<T>(before > 0 ? 1 / std::sqrt(before) : 0.0);
    *(to += lanes_) = static_cast<T>(scale * std::sqrt(variance));
    for (std::size_t k = 2; k < count; ++k) *(to += lanes_) = static_cast<T>(numbers[k - 2]);
    to += lanes_;
  }
}

template <class T>
std::size_t PlaneSamples<T>::bytes(const PlanePlan& plan) {
  return (plan.input.size() * plan.channels + plane_offsets(plan).back() + weight_count(plan)) * sizeof(T);
}

template class PlaneSamples<double>;
template class PlaneSamples<float>;

}  // namespace widenet
