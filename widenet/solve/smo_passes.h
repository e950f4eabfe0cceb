// The two passes over all samples that an iteration of sequential minimal optimisation consists of, vectorised.
#pragma once

#include <cstddef>

namespace widenet::smo {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);
// In place of a curvature K_ii + K_jj - 2 K_ij that is not positive (identical or indefinite samples), as in libsvm.
inline constexpr double least_curvature = 1e-12;

// `side` as in Smo: the sample may grow where it is <= 0, shrink where it is >= 0.
struct Most {
  double value;
  std::size_t index;
};
// F_t -= step (ki_t - kj_t); then the largest F_t among those that may grow, the first of equal ones.
Most update_and_select(std::size_t n, const float* ki, const float* kj, double step, double* F, const float* side);
Most update_and_select(std::size_t n, const double* ki, const double* kj, double step, double* F, const float* side);

struct Second {
  double violation;   // max over those that may shrink of Fi - F_t
  std::size_t index;  // of the largest (Fi - F_t)^2 / max(kii + diagonal_t - 2 ki_t, least_curvature), Fi > F_t
};
Second select_second(std::size_t n, const float* ki, double kii, double Fi, const double* diagonal, const double* F,
                     const float* side);
Second select_second(std::size_t n, const double* ki, double kii, double Fi, const double* diagonal, const double* F,
                     const float* side);

}  // namespace widenet::smo
