// Uses what the installed package brings: a header, the library and the libraries behind it.
#include <cstdio>

#include "widenet/base/blas.h"
#include "widenet/base/matrix.h"

int main() {
  const widenet::Matrix<double> a(2, 3, 2.0);
  widenet::Matrix<double> product(2, 2);
  widenet::blas::gemm(widenet::blas::Transpose::no, widenet::blas::Transpose::yes, 1.0, a, a, 0.0, product);
  std::printf("%s: %g\n", widenet::blas::description().c_str(), product(1, 0));
  return product(1, 0) == 12.0 ? 0 : 1;
}
