#include "widenet/solve/smo.h"

#include <algorithm>
#include <cmath>

#include "widenet/solve/smo_passes.h"

namespace widenet {

template <class T>
Smo<T>::Smo(MatrixView<const T> K, std::span<const signed char> signs)
    : K_(K),
      signs_(signs),
      beta_(signs.size(), 0.0),
      residual_(signs.begin(), signs.end()),
      diagonal_(signs.size()),
      side_(signs.size()) {
  for (std::size_t i = 0; i < signs.size(); ++i) {
    diagonal_[i] = static_cast<double>(K(i, i));
    side_[i] = signs[i] > 0 ? -1 : 1;  // 0 is the lower end of [0, cost] and the upper one of [-cost, 0]
  }
}

// On the ray s beta the dual is s^2 q / 2 - s l with q = beta^T K beta and l = sum |beta_i|, least at s = l / q; the
// box of the new cost allows s up to cost / old cost. F = y - s (y - F).
template <class T>
void Smo<T>::rescale(double cost) {
  double q = 0, l = 0;
  for (std::size_t i = 0; i < beta_.size(); ++i) {
    q += beta_[i] * (signs_[i] - residual_[i]);
    l += std::abs(beta_[i]);
  }
  const double most = cost_ > 0 ? cost / cost_ : 0;
  const double s = q > 0 ? std::min(l / q, most) : most;
  cost_ = cost;
  for (std::size_t i = 0; i < beta_.size(); ++i) {
    const bool was_bounded = side_[i] == static_cast<float>(signs_[i]);
    residual_[i] = signs_[i] - s * (signs_[i] - residual_[i]);
    move(i, was_bounded && s == most ? signs_[i] * cost : s * beta_[i]);
  }
}

// Sets beta_i and which end of its interval it lies at.
template <class T>
void Smo<T>::move(std::size_t i, double to) {
  beta_[i] = std::clamp(to, low(i), high(i));
  side_[i] = beta_[i] == low(i) ? -1.0f : beta_[i] == high(i) ? 1.0f : 0.0f;
}

template <class T>
SmoSolution Smo<T>::solve(double cost, double tolerance, std::size_t max_iterations) {
  rescale(cost);
  SmoSolution solution;
  const std::size_t n = beta_.size();
  // A step of 0 leaves F as it is and finds the first sample.
  smo::Most first = smo::update_and_select(n, K_.row_data(0), K_.row_data(0), 0.0, residual_.data(), side_.data());
  for (;; ++solution.iterations) {
    const std::size_t i = first.index;
    const T* ki = K_.row_data(i);
    const smo::Second second =
        smo::select_second(n, ki, diagonal_[i], first.value, diagonal_.data(), residual_.data(), side_.data());
    const std::size_t j = second.index;
    solution.violation = second.violation;
    solution.converged = second.violation < tolerance || j == smo::none;
    if (solution.converged || solution.iterations == max_iterations) break;

    // beta_i grows and beta_j shrinks by the same step: to the minimum on this line, or to the first end reached.
    const double curvature =
        std::max(diagonal_[i] + diagonal_[j] - 2 * static_cast<double>(ki[j]), smo::least_curvature);
    const double room_i = high(i) - beta_[i], room_j = beta_[j] - low(j);
    const double step = std::min((first.value - residual_[j]) / curvature, std::min(room_i, room_j));
    move(i, step == room_i ? high(i) : beta_[i] + step);
    move(j, step == room_j ? low(j) : beta_[j] - step);
    first = smo::update_and_select(n, ki, K_.row_data(j), step, residual_.data(), side_.data());
  }
  solution.beta = beta_;
  solution.bias = bias();
  solution.objective = objective();
  return solution;
}

// The mean residual of the samples between the ends of their intervals; without any the middle of what optimality
// allows.
template <class T>
double Smo<T>::bias() const {
  double sum = 0, most = -HUGE_VAL, least = HUGE_VAL;
  std::size_t between = 0;
  for (std::size_t i = 0; i < beta_.size(); ++i) {
    if (side_[i] == 0) sum += residual_[i], ++between;
    if (side_[i] < 0) most = std::max(most, residual_[i]);
    if (side_[i] > 0) least = std::min(least, residual_[i]);
  }
  return between > 0 ? sum / static_cast<double>(between) : (most + least) / 2;
}

template <class T>
double Smo<T>::objective() const {
  double sum = 0;
  for (std::size_t i = 0; i < beta_.size(); ++i)
    sum += 0.5 * beta_[i] * (signs_[i] - residual_[i]) - std::abs(beta_[i]);
  return sum;
}

template class Smo<float>;
template class Smo<double>;

}  // namespace widenet
