#include "widenet/solve/ridge.h"

#include <cmath>

#include "widenet/base/error.h"

namespace widenet::ridge {
namespace {

double checked(double value, const char* name) {
  if (!(value >= 0) || !std::isfinite(value))
    fail("a {} of {} (a ridge is a finite number, 0 or more) give such a number", name, value);
  return value;
}

}  // namespace

double absolute(double delta) { return checked(delta, "ridge"); }

double from_mean_square_loss(double lambda, std::size_t n) {
  return checked(checked(lambda, "lambda") * static_cast<double>(n), "ridge n lambda");
}

double from_half_mean_square_loss(double lambda, std::size_t n) {
  return checked(2 * checked(lambda, "lambda") * static_cast<double>(n), "ridge 2 n lambda");
}

double relative_to_mean_diagonal(double factor, double mean_diagonal) {
  return checked(checked(factor, "relative ridge") * checked(mean_diagonal, "mean diagonal"), "ridge");
}

double from_noise_variance(double variance) { return checked(variance, "noise variance"); }

}  // namespace widenet::ridge
