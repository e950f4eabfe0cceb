// The map from a product or a squared distance to a kernel value, each formula once over the number type N.

template <class N>
WIDENET_INLINE N power(N x, std::size_t n) {
  N result = constant<N>(1);
  for (; n > 0; n >>= 1) {
    if (n & 1) result = result * x;
    x = x * x;
  }
  return result;
}

// `x` is x . z for linear and polynomial, r^2 for the isotropic kernels, sum |x_k - z_k| for laplacian1,
// prod (1 + (x_k - z_k)^2) for cauchy.
template <class N>
WIDENET_INLINE N closed_form_value(const ClosedKernel& kernel, N x) {
  const N one = constant<N>(1);
  switch (kernel.kind) {
    case Closed::linear:
      return x + constant<N>(kernel.offset);
    case Closed::polynomial:
      return power(multiply_add(constant<N>(kernel.scale), x, constant<N>(kernel.offset)),
                   static_cast<std::size_t>(kernel.degree));
    case Closed::gaussian:
      return exponential(constant<N>(-0.5) * x);
    case Closed::laplacian:
    case Closed::matern12:
      return exponential(-square_root(x));
    case Closed::laplacian1:
      return exponential(-x);
    case Closed::cauchy:
      return one / x;
    case Closed::matern32: {
      const N t = square_root(constant<N>(3) * x);
      return (one + t) * exponential(-t);
    }
    case Closed::matern52: {
      const N t2 = constant<N>(5) * x, t = square_root(t2);
      return multiply_add(t2, constant<N>(1.0L / 3), one + t) * exponential(-t);
    }
    case Closed::rational_quadratic:
      return exponential(constant<N>(-kernel.alpha) * logarithm_one_plus(x * constant<N>(0.5 / kernel.alpha)));
    default:
      return one;
  }
}
