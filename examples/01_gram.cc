// The neural tangent kernel of an infinitely wide network, as a matrix.
#include <cmath>
#include <cstdio>

#include "widenet/architecture/kernel.h"
#include "widenet/infinite/kernel_gram.h"

int main() {
  // Three samples of two features. A matrix holds samples first: row i is sample i.
  widenet::Matrix<double> x(3, 2);
  x(0, 0) = 1, x(0, 1) = 0;
  x(1, 0) = 0, x(1, 1) = 2;
  x(2, 0) = 1, x(2, 1) = 1;

  // A network is an expression, read from the input on: one hidden layer of ReLUs, infinitely wide, then a read-out.
  // `ntk[...]` asks for its neural tangent kernel; `nngp[...]` would be the covariance at random initialisation.
  const widenet::Kernel kernel = widenet::parse_kernel("ntk[dense relu dense]");
  std::printf("kernel %s\n", widenet::to_text(kernel).c_str());

  // A Gram is a source of entries k(x_i, x_j): nothing is computed until somebody asks. Ask for all of them.
  const auto gram = widenet::kernel_gram<double>(kernel, x.view());
  const widenet::Matrix<double> K = widenet::materialize(*gram);
  for (std::size_t i = 0; i < K.rows(); ++i) std::printf("%9.6f %9.6f %9.6f\n", K(i, 0), K(i, 1), K(i, 2));

  // For this network k(x, x) = |x|^2 / d, half from each layer, and the matrix is symmetric to the last bit.
  const double squared_norms[] = {1, 4, 2};
  for (std::size_t i = 0; i < 3; ++i) {
    if (std::abs(K(i, i) - squared_norms[i] / 2) > 1e-15) return 1;
    for (std::size_t j = 0; j < 3; ++j)
      if (K(i, j) != K(j, i)) return 1;
  }

  // The same between these samples and others: here one new sample against the three.
  widenet::Matrix<double> z(1, 2);
  z(0, 0) = 1, z(0, 1) = 1;
  const auto row = widenet::materialize(*widenet::kernel_gram<double>(kernel, z.view(), x.view()));
  std::printf("new       %.6f %.6f %.6f\n", row(0, 0), row(0, 1), row(0, 2));
  return row(0, 1) == K(2, 1) ? 0 : 1;  // the new sample equals sample 2
}
