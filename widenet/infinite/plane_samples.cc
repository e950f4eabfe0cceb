#include "widenet/infinite/plane_samples.h"

#include <algorithm>
#include <cmath>

#include "widenet/infinite/execute.h"
#include "widenet/infinite/program.h"

namespace widenet {
namespace {

std::size_t factor_count(const ClosedDual& dual) {
  return std::visit([](const auto& d) { return d.factors; }, dual);
}

void add(const double* from, std::size_t count, double* to) {
  for (std::size_t k = 0; k < count; ++k) to[k] += from[k];
}

// 1 / sqrt(q), and 0 of 0.
void inverse_roots(const std::vector<double>& q, std::vector<double>& out) {
  for (std::size_t k = 0; k < q.size(); ++k) {
    const double root = 1 / std::sqrt(q[k] > 0 ? q[k] : 1.0);
    out[k] = q[k] > 0 ? root : 0.0;
  }
}

void scaled_roots(double scale, const std::vector<double>& q, std::vector<double>& out) {
  for (std::size_t k = 0; k < q.size(); ++k) out[k] = scale * std::sqrt(q[k]);
}

// What tap t of output o reads along an axis.
std::size_t read_at(const PlaneWindow& window, std::size_t axis, std::size_t o, std::size_t t) {
  const std::size_t n = axis == 0 ? window.in.height : window.in.width, before = window.before[axis];
  const std::size_t p = o * window.stride[axis] + t - before;
  return window.circular ? (p + before * n) % n : p;
}

// Adds scale sum(q) over the window, summed down the columns first; [position][lane].
void add_window(const PlaneInput& input, const std::vector<double>& q, std::size_t lanes, std::vector<double>& to) {
  const std::size_t row = input.in.width * lanes;
  std::vector<double> down(row), sum(lanes);
  for (std::size_t y = 0; y < input.out.height; ++y) {
    std::fill(down.begin(), down.end(), 0.0);
    const Range taps = taps_inside(input, 0, y);
    for (std::size_t t = taps.begin; t < taps.end; ++t) add(q.data() + read_at(input, 0, y, t) * row, row, down.data());
    for (std::size_t x = 0; x < input.out.width; ++x) {
      std::fill(sum.begin(), sum.end(), 0.0);
      const Range along = taps_inside(input, 1, x);
      for (std::size_t t = along.begin; t < along.end; ++t)
        add(down.data() + read_at(input, 1, x, t) * lanes, lanes, sum.data());
      double* out = to.data() + (y * input.out.width + x) * lanes;
      for (std::size_t lane = 0; lane < lanes; ++lane) out[lane] += input.scale * sum[lane];
    }
  }
}

}  // namespace

std::size_t plane_parameters(const PlaneStage& stage) {
  if (stage.norm) return 1;
  if (stage.table) return 2;
  if (!stage.activation) return 0;
  return std::holds_alternative<ReluDual>(*stage.activation) ? 2 : 3 + factor_count(*stage.activation);
}

std::vector<std::size_t> variance_offsets(const PlanePlan& plan) {
  std::vector<std::size_t> offsets{0, 0};
  for (std::size_t l = 1; l < plan.levels.size(); ++l) {
    const std::vector<PlaneStage>& stages = plan.levels[l].stages;
    const bool read =
        std::any_of(stages.begin(), stages.end(), [](const PlaneStage& s) { return plane_parameters(s) > 0; });
    offsets.push_back(offsets.back() + (read ? plan.first_plane(l).size() : 0));
  }
  return offsets;
}

PlaneNumbers row_numbers(const PlanePlan& plan) {
  const std::size_t weights = plan.attention ? plan.last_plane().size() : 0;
  return {plan.input.size() * plan.channels, plan.parameters, weights};
}

PlaneNumbers column_numbers(const PlanePlan& plan) {
  return {plan.levels[0].partners(plan.input) * plan.channels, plan.column_parameters,
          plan.attention ? plan.levels.back().partners(plan.last_plane()) : 0};
}

std::size_t own_numbers(const PlanePlan& plan) { return variance_offsets(plan).back() + row_numbers(plan).weights; }

template <class T>
PlaneSamples<T>::PlaneSamples(const PlanePlan& plan, MatrixView<const T> x, MatrixView<const T> own, As as,
                              std::size_t room)
    : plan_(plan),
      x_(x),
      own_(own),
      lanes_(as == As::rows ? 1 : plane_lanes<T>),
      numbers_(numbers(plan, as)),
      pooled_(variance_offsets(plan)),
      held_(room / lanes_, std::size_t(-1)),
      pixels_(room * numbers_.pixels),
      parameters_(room * numbers_.parameters),
      weights_(room * numbers_.weights) {}

template <class T>
void PlaneSamples<T>::hold(Range units) {
  for (std::size_t unit = units.begin; unit < units.end; ++unit)
    if (!holds(unit)) prepare(unit);
}

template <class T>
void PlaneSamples<T>::prepare(std::size_t unit) {
  held_[unit % held_.size()] = unit;
  const std::size_t first = unit * lanes_, count = std::min(lanes_, x_.rows() - first);
  const auto own = [&](std::size_t begin, std::size_t end, auto* to) {
    for (std::size_t lane = 0; lane < count; ++lane)
      for (std::size_t p = begin; p < end; ++p)
        to[(p - begin) * lanes_ + lane] = static_cast<std::remove_reference_t<decltype(*to)>>(own_(first + lane, p));
  };
  if (plan_.attention) {
    T* const weights = weights_.data() + place(unit) * numbers_.weights;
    own(pooled_.back(), own_numbers(plan_), weights);
    lay(plan_.levels.back(), plan_.last_plane(), 1, weights);
  }
  std::vector<double> q = read_pixels(unit);
  for (std::size_t l = 0; l < plan_.levels.size(); ++l) {
    // Behind a pool those of the stages before are of no use.
    if (l > 0) {
      q.assign((pooled_[l + 1] - pooled_[l]) * lanes_, 0.0);
      own(pooled_[l], pooled_[l + 1], q.data());
    }
    if (!q.empty()) run_level(plan_.levels[l], std::move(q), parameters_.data() + place(unit) * numbers_.parameters);
  }
}

// The variances of all planes of a level, from those of its first one.
template <class T>
void PlaneSamples<T>::run_level(const PlaneLevel& level, std::vector<double> q, T* parameters) const {
  // By the slots of their handovers, as the engine keeps the planes themselves.
  std::vector<std::vector<double>> kept(plan_.slots);
  for (std::size_t p = 0;; ++p) {
    for (const PlaneHandover& handover : level.planes[p].handovers) kept[handover.slot] = q;
    if (p == level.stages.size()) return;
    const PlaneStage& stage = level.stages[p];
    q.assign(stage.out.size() * lanes_, 0.0);
    for (const PlaneInput& input : stage.inputs)
      add_window(input, kept[level.planes[input.plane].handovers[input.handover].slot], lanes_, q);
    for (double& sum : q) sum += stage.bias + stage.local_bias;
    T* const to = parameters + (lanes_ == 1 ? stage.parameters : stage.column_parameters) * lanes_;
    write(stage, level.planes[p + 1].scale, q, to);
    lay(level, stage.out, plane_parameters(stage), to);
  }
}

// The numbers of a stage, and the variances behind it.
template <class T>
void PlaneSamples<T>::write(const PlaneStage& stage, double leaving, std::vector<double>& q, T* to) const {
  if (stage.norm) normalise(stage, q, to);
  if (stage.activation) activate(stage, leaving, q, to);
  if (stage.table) look_up(*stage.table, q, to);
  if (stage.keep != 1)
    for (double& own : q) own /= stage.keep;
}

// From a plane of so many numbers per position to what a level wants of a block: in a circle every row twice, from the
// last one on, which its place is free for.
template <class T>
void PlaneSamples<T>::lay(const PlaneLevel& level, const Plane& plane, std::size_t numbers, T* data) const {
  if (lanes_ == 1 || !level.circular) return;
  const std::size_t row = plane.width * numbers * lanes_;
  for (std::size_t y = plane.height; y-- > 0;) {
    T *const first = data + 2 * y * row, *const from = data + y * row;
    if (y > 0) std::copy_n(from, row, first);
    std::copy_n(from, row, first + row);
  }
}

// Into their place; returns the variances. Lanes of the last block that are no samples hold zeros.
template <class T>
std::vector<double> PlaneSamples<T>::read_pixels(std::size_t unit) {
  std::vector<double> q(plan_.input.size() * lanes_, 0.0);
  const std::size_t first = unit * lanes_, count = std::min(lanes_, x_.rows() - first);
  T* const to = pixels_.data() + place(unit) * numbers_.pixels;
  if (count < lanes_) std::fill_n(to, numbers_.pixels * lanes_, T(0));
  for (std::size_t lane = 0; lane < count; ++lane) {
    const T* x = x_.row_data(first + lane);
    T* pixel = to + lane;
    for (std::size_t p = 0; p < plan_.input.size(); ++p) {
      T sum = 0;
      for (std::size_t c = 0; c < plan_.channels; ++c, ++x, pixel += lanes_) {
        *pixel = *x;
        sum = std::fma(*x, *x, sum);
      }
      q[p * lanes_ + lane] = static_cast<double>(sum) / static_cast<double>(plan_.channels);
    }
  }
  lay(plan_.levels[0], plan_.input, plan_.channels, to);
  return q;
}

template <class T>
void PlaneSamples<T>::normalise(const PlaneStage& stage, std::vector<double>& q, T* to) const {
  const bool down = stage.norm->along[0], right = stage.norm->along[1];
  const std::size_t height = stage.out.height, width = stage.out.width;
  const std::size_t groups[2] = {down ? 1 : height, right ? 1 : width};
  const auto group = [&](std::size_t p) { return (down ? 0 : p / width) * groups[1] + (right ? 0 : p % width); };
  std::vector<double> sums(groups[0] * groups[1] * lanes_, 0.0);
  for (std::size_t k = 0; k < q.size(); ++k) sums[group(k / lanes_) * lanes_ + k % lanes_] += q[k] + layer_norm_epsilon;
  const auto count = static_cast<double>(stage.out.size() / (groups[0] * groups[1]));
  for (std::size_t k = 0; k < q.size(); ++k) {
    const double inverse = 1 / std::sqrt(sums[group(k / lanes_) * lanes_ + k % lanes_] / count);
    to[k] = static_cast<T>(inverse);
    q[k] *= inverse * inverse;
  }
}

template <class T>
void PlaneSamples<T>::activate(const PlaneStage& stage, double leaving, std::vector<double>& q, T* to) const {
  const ClosedDual& dual = *stage.activation;
  const std::size_t count = plane_parameters(stage), positions = q.size() / lanes_;
  const auto* relu = std::get_if<ReluDual>(&dual);
  std::vector<double> inverse_root(q.size()), root(q.size());
  inverse_roots(q, inverse_root);
  double numbers[most_dual_numbers];
  for (std::size_t k = 0; k < q.size(); ++k) {
    const double before = q[k];
    q[k] = relu ? relu->variance(before) : own_moments(dual, before, numbers).variance;
    for (std::size_t f = 2; f < count; ++f)
      to[(k / lanes_ * count + f) * lanes_ + k % lanes_] = static_cast<T>(numbers[f - 2]);
  }
  // A ReLU's outputs leave scaled for what reads them; the row brings the scale.
  scaled_roots(relu && lanes_ == 1 ? leaving : 1, q, root);
  for (std::size_t p = 0; p < positions; ++p)
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      const std::size_t k = p * lanes_ + lane;
      to[p * count * lanes_ + lane] = static_cast<T>(inverse_root[k]);
      to[(p * count + 1) * lanes_ + lane] = static_cast<T>(root[k]);
    }
}

template <class T>
void PlaneSamples<T>::look_up(const DualTable& table, std::vector<double>& q, T* to) const {
  std::vector<double> inverse_root(q.size());
  inverse_roots(q, inverse_root);
  for (std::size_t k = 0; k < q.size(); ++k) {
    T* const position = to + k / lanes_ * 2 * lanes_ + k % lanes_;
    position[0] = static_cast<T>(inverse_root[k]);
    position[lanes_] = static_cast<T>(q[k]);
  }
  const DualSides sides = table.sides(q);
  for (std::size_t k = 0; k < q.size(); ++k) q[k] = sides.variance(k);
}

template class PlaneSamples<double>;
template class PlaneSamples<float>;

}  // namespace widenet
