#include "widenet/infinite/plane_samples.h"

#include <algorithm>
#include <cmath>

#include "widenet/infinite/execute.h"

namespace widenet {
namespace {

std::size_t factor_count(const ClosedDual& dual) {
  return std::visit([](const auto& d) { return d.factors; }, dual);
}

// The taps of output o along an axis that read inside a plane of n positions.
Range taps_inside(std::size_t o, std::size_t window, std::size_t stride, std::size_t before, std::size_t n) {
  const std::size_t first = o * stride;  // minus `before` is what tap 0 reads
  const std::size_t begin = first < before ? before - first : 0;
  const std::size_t end = n + before > first ? std::min(window, n + before - first) : 0;
  return {begin, std::max(begin, end)};
}

// q' = scale sum(q) + bias over the window.
std::vector<double> through_window(const PlaneStage& stage, const std::vector<double>& q) {
  std::vector<double> out(stage.out.size());
  for (std::size_t y = 0; y < stage.out.height; ++y) {
    const Range down = taps_inside(y, stage.window[0], stage.stride[0], stage.before[0], stage.in.height);
    for (std::size_t x = 0; x < stage.out.width; ++x) {
      const Range along = taps_inside(x, stage.window[1], stage.stride[1], stage.before[1], stage.in.width);
      double sum = 0;
      for (std::size_t t = down.begin; t < down.end; ++t) {
        const double* row = q.data() + (y * stage.stride[0] + t - stage.before[0]) * stage.in.width;
        for (std::size_t u = along.begin; u < along.end; ++u) sum += row[x * stage.stride[1] + u - stage.before[1]];
      }
      out[y * stage.out.width + x] = stage.scale * sum + stage.bias;
    }
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

template <class T>
PlaneSamples<T>::PlaneSamples(const PlanePlan& plan, MatrixView<const T> x, As as)
    : lanes_(as == As::rows ? 1 : plane_lanes<T>),
      pixel_count_(plan.input.size() * plan.channels),
      offsets_(plane_offsets(plan)),
      parameter_count_(offsets_.back()) {
  const std::size_t blocks = (x.rows() + lanes_ - 1) / lanes_;
  pixels_ = Buffer<T>(blocks * lanes_ * pixel_count_, T(0));
  parameters_ = Buffer<T>(blocks * lanes_ * parameter_count_, T(0));
  for (std::size_t i = 0; i < x.rows(); ++i) {
    const std::size_t block = i / lanes_ * lanes_, lane = i % lanes_;
    fill(plan, x.row_data(i), pixels_.data() + block * pixel_count_ + lane,
         parameters_.data() + block * parameter_count_ + lane);
  }
}

template <class T>
void PlaneSamples<T>::fill(const PlanePlan& plan, const T* x, T* pixels, T* parameters) const {
  std::vector<double> q(plan.input.size());
  for (std::size_t p = 0; p < q.size(); ++p) {
    T sum = 0;
    for (std::size_t c = 0; c < plan.channels; ++c, ++x, pixels += lanes_) {
      *pixels = *x;
      sum = std::fma(*x, *x, sum);
    }
    q[p] = static_cast<double>(sum) / static_cast<double>(plan.channels);
  }
  double numbers[most_dual_numbers];
  for (std::size_t s = 0; s < plan.stages.size(); ++s) {
    const PlaneStage& stage = plan.stages[s];
    q = through_window(stage, q);
    if (!stage.activation) continue;
    const std::size_t count = plane_parameters(stage);
    const auto* relu = std::get_if<ReluDual>(&*stage.activation);
    // A ReLU's outputs leave scaled for the stage that reads them; the row brings the scale.
    const PlaneStage& reader = s + 1 < plan.stages.size() ? plan.stages[s + 1] : plan.readout;
    const double scale = relu && lanes_ == 1 ? reader.scale : 1;
    T* to = parameters + offsets_[s] * lanes_;
    for (std::size_t p = 0; p < q.size(); ++p) {
      const double variance = relu ? relu->variance(q[p]) : own_moments(*stage.activation, q[p], numbers).variance;
      *to = static_cast<T>(q[p] > 0 ? 1 / std::sqrt(q[p]) : 0.0);
      *(to += lanes_) = static_cast<T>(scale * std::sqrt(variance));
      for (std::size_t k = 2; k < count; ++k) *(to += lanes_) = static_cast<T>(numbers[k - 2]);
      to += lanes_;
      q[p] = variance;
    }
  }
}

template <class T>
std::size_t PlaneSamples<T>::bytes(const PlanePlan& plan) {
  return (plan.input.size() * plan.channels + plane_offsets(plan).back()) * sizeof(T);
}

template class PlaneSamples<double>;
template class PlaneSamples<float>;

}  // namespace widenet
