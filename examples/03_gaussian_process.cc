// A Gaussian process: predictions with error bars, and the evidence for every noise level from one decomposition.
#include <cmath>
#include <cstdio>

#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/fit.h"
#include "widenet/solve/ridge_path.h"

int main() {
  // 40 points of a sine with noise that is no noise but looks like it.
  const std::size_t n = 40;
  std::vector<double> x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = 6.0 * static_cast<double>(i) / n;
    y[i] = std::sin(x[i]) + 0.1 * std::sin(1e4 * x[i]);
  }
  widenet::Table table;
  table.named = true;
  table.columns = {widenet::numeric_column("x", x), widenet::numeric_column("y", y)};

  // Kernel and ridge are taken as given, in units of the standardised target; the ridge is the variance of the noise.
  widenet::FitOptions options;
  options.target = "y";
  options.kernel = widenet::parse_kernel("gaussian(length=0.6)");
  options.ridge = 0.01;
  const widenet::FitResult result = widenet::fit(table, options);
  if (result.failure) return 1;
  const double evidence = *result.model.metrics.at("train").lml;
  std::printf("log marginal likelihood %.4f\n", evidence);

  // Mean and standard deviation of the function, within the data and far outside.
  widenet::Matrix<double> z(2, 1);
  z(0, 0) = 3, z(1, 0) = 30;
  const auto p = widenet::predict(result.model, z, widenet::Deviation::latent, &*result.factor);
  for (std::size_t i = 0; i < 2; ++i) std::printf("f(%g) = %.3f +- %.3f\n", z(i, 0), p.mean(i, 0), p.deviation(i, 0));
  if (std::abs(p.mean(0, 0) - std::sin(3.0)) > 3 * p.deviation(0, 0)) return 1;
  if (p.deviation(1, 0) < 10 * p.deviation(0, 0)) return 1;

  // The whole ridge path: one eigendecomposition answers for every noise variance.
  const widenet::Matrix<double>& inputs = result.model.inputs;
  widenet::Matrix<double> raw(n, 1);
  for (std::size_t i = 0; i < n; ++i) raw(i, 0) = y[i];
  const widenet::Matrix<double> targets = widenet::scale_targets(result.model.scaling, raw);
  const auto decomposed = widenet::ridge_path(
      widenet::materialize(*widenet::kernel_gram<double>(result.model.kernel, inputs.view())), targets);
  if (!decomposed) return 1;
  const double ridges[] = {1e-4, 1e-3, 1e-2, 1e-1, 1};
  for (const widenet::RidgePoint& at : decomposed.path->evaluate(ridges)) {
    std::printf("ridge %-6g evidence %9.3f, leave-one-out rmse %.4f\n", at.ridge, at.log_marginal_likelihood,
                std::sqrt(at.loo_mean_square));
    if (at.ridge == 1e-2 && std::abs(at.log_marginal_likelihood - evidence) > 1e-8 * std::abs(evidence)) return 1;
  }
  return 0;
}
