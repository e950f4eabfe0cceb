// The formulas of a pair, each written once: a template over the number type, compiled for every instruction set and
// (by reference.cc) for scalars. Included inside a namespace; no include guard of its own, see HWY toggles. Sums and
// products are grouped so that exchanging i and j gives the same bits.
//
// A pair of samples is (c, i, j): its correlation c and the numbers of the two samples, root = sqrt(q) and f[] as
// filled by the struct. The correlation is held twice: as rho, whose relative accuracy holds near 0, and as its signed
// complement, s = 1 - rho for rho >= 0 and s = -(1 + rho) for rho < 0 (-0.0 for rho = -1), whose relative accuracy
// holds where rows are nearly parallel or opposite: that is where the slopes of kinked activations are sensitive.
template <class N>
struct Correlation {
  N s, rho;
};

template <class N, std::size_t Factors>
struct Side {
  N root;
  N f[Factors == 0 ? 1 : Factors];
};

// From a formula: the outputs' correlation and Kdot; where it gives_covariance, K in place of out.rho (out.s unused).
template <class N>
struct Dual {
  Correlation<N> out;
  N slope;
};

template <class N>
WIDENET_INLINE N correlation(N s) {
  return with_sign_of(constant<N>(1) - magnitude(s), s);
}
// 1 - rho without cancellation for rho >= 0.
template <class N>
WIDENET_INLINE N one_minus_correlation(N s) {
  return select(is_negative(s), constant<N>(2) - magnitude(s), magnitude(s));
}
template <class N>
WIDENET_INLINE N one_plus_correlation(N s) {
  return select(is_negative(s), magnitude(s), constant<N>(2) - magnitude(s));
}
// The signed complement of a correlation known by its complement to `sign` (1 - sign rho).
template <class N>
WIDENET_INLINE N signed_complement(N to_sign, N sign) {
  return select(to_sign > constant<N>(1), with_sign_of(constant<N>(2) - to_sign, -sign), with_sign_of(to_sign, sign));
}
// sin(theta) = sqrt(1 - rho^2)
template <class N>
WIDENET_INLINE N sine(N s) {
  const N m = magnitude(s);
  return square_root(m * (constant<N>(2) - m));
}
// E(u - v)^2 and E(u + v)^2.
template <class N, class S>
WIDENET_INLINE N squared_distance(N s, const S& i, const S& j) {
  const N d = i.root - j.root;
  return multiply_add(constant<N>(2) * i.root * j.root, one_minus_correlation(s), d * d);
}
template <class N, class S>
WIDENET_INLINE N squared_sum(N s, const S& i, const S& j) {
  const N d = i.root - j.root;
  return multiply_add(constant<N>(2) * i.root * j.root, one_plus_correlation(s), d * d);
}

// The angle t to the nearer pole in two halves, h = |s| = 1 - cos t: a square root, which is sin t; then t itself and
// sin t - t cos t. In single precision the root is that of h, and what is left of both are short series in h: cheaper
// than one arc sine of two ranges, and sin t - t cos t keeps its relative accuracy near the pole.
template <class N>
struct PoleRoot {
  N complement, root;
};
template <class N>
inline constexpr bool series_of_complement = sizeof(typename Number<N>::Scalar) == sizeof(float);
template <class N>
WIDENET_INLINE PoleRoot<N> pole_root(N complement) {
  if constexpr (series_of_complement<N>) return {complement, square_root(complement)};
  return {complement, square_root(complement * (constant<N>(2) - complement))};
}
template <class N>
struct Pole {
  N t, lens;
};

// t = sqrt(h) P(h) and sin t - t cos t = h sqrt(h) Q(h): minimax on [0, 1], relative errors 1.5e-8.
inline constexpr float arc_series[8] = {1.41421354178F,    0.117853631165F,   0.0264669123291F,   0.00826283332975F,
                                        0.00134551819542F, 0.00353599222048F, -0.00213558261494F, 0.00125345751654F};
inline constexpr float lens_series[7] = {0.942809055281F,    0.0471391836461F,    0.0075952213988F,  0.00164745967353F,
                                         0.000763357950774F, -0.000195112713447F, 0.000240820233035F};

template <std::size_t Count, std::size_t Terms, class N>
WIDENET_INLINE void series(const float (&c)[Terms], const PoleRoot<N>* h, N* sum) {
#pragma GCC unroll 16
  for (std::size_t u = 0; u < Count; ++u) sum[u] = constant<N>(c[Terms - 1]);
#pragma GCC unroll 16
  for (int k = static_cast<int>(Terms) - 2; k >= 0; --k) {
    const N next = constant<N>(c[k]);
#pragma GCC unroll 16
    for (std::size_t u = 0; u < Count; ++u) sum[u] = multiply_add(sum[u], h[u].complement, next);
  }
}

template <std::size_t Count, class N>
WIDENET_INLINE void poles(const PoleRoot<N>* from, Pole<N>* out) {
  N first[Count], second[Count];
  if constexpr (series_of_complement<N>) {
    series<Count>(arc_series, from, first);
    series<Count>(lens_series, from, second);
#pragma GCC unroll 16
    for (std::size_t u = 0; u < Count; ++u)
      out[u] = {from[u].root * first[u], from[u].root * from[u].complement * second[u]};
  } else {
#pragma GCC unroll 16
    for (std::size_t u = 0; u < Count; ++u) {
      first[u] = from[u].root;
      second[u] = constant<N>(1) - from[u].complement;  // cos t
    }
    N t[Count];
    angles<Count>(first, second, t);
#pragma GCC unroll 16
    for (std::size_t u = 0; u < Count; ++u) out[u] = {t[u], negative_multiply_add(t[u], second[u], first[u])};
  }
}

// ReLU-type duals of Count pairs of correlation >= 0 at once, second half: h = 1 - rho to 1 - rho' and the slope.
template <std::size_t Count, class N>
WIDENET_INLINE void positive_relu_pairs(const ReluDual& p, const PoleRoot<N>* h, N* next, N* slope) {
  Pole<N> pole[Count];
  poles<Count>(h, pole);
  const N kappa = constant<N>(p.kappa / std::numbers::pi), beta = constant<N>(p.beta / std::numbers::pi);
  const N alpha = constant<N>(p.alpha);
#pragma GCC unroll 16
  for (std::size_t u = 0; u < Count; ++u) {
    next[u] = negative_multiply_add(pole[u].lens, kappa, h[u].complement);
    slope[u] = negative_multiply_add(pole[u].t, beta, alpha);
  }
}

// The same for any correlation: `m` of |s|, `sign` with the sign of the correlation.
template <std::size_t Count, class N>
WIDENET_INLINE void relu_pairs(const ReluDual& p, const PoleRoot<N>* m, const N* sign, N* next, N* slope) {
  positive_relu_pairs<Count>(p, m, next, slope);
  const N kappa = constant<N>(p.kappa), one = constant<N>(1), two = constant<N>(2);
#pragma GCC unroll 16
  for (std::size_t u = 0; u < Count; ++u) {
    const auto negative = is_negative(sign[u]);
    const N h = m[u].complement;
    // Kdot at pi - t is alpha - beta + (alpha - Kdot(t)).
    slope[u] = select(negative, constant<N>(2 * p.alpha - p.beta) - slope[u], slope[u]);
    // 1 - rho' is larger by (2 - k) |rho| where the outputs are never negatively correlated; else by 1 + rho'.
    const N opposite = p.nonnegative() ? multiply_add(two - kappa, one - h, next[u])
                                       : signed_complement(multiply_add(one - kappa, h, kappa) + (h - next[u]), -one);
    next[u] = select(negative, opposite, next[u]);
  }
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ReluDual& p, Correlation<N> c, const Side<N, 0>&, const Side<N, 0>&) {
  const PoleRoot<N> m = pole_root(magnitude(c.s));
  N next, slope;
  relu_pairs<1>(p, &m, &c.s, &next, &slope);
  return {{next, correlation(next)}, slope};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const SignDual&, Correlation<N> c, const Side<N, 0>&, const Side<N, 0>&) {
  const N per_right_angle = constant<N>(2 / std::numbers::pi_v<long double>);
  const N root = sine(c.s), size = magnitude(c.rho);
  return {
      {with_sign_of(angle(root, size) * per_right_angle, c.s), with_sign_of(angle(size, root) * per_right_angle, c.s)},
      constant<N>(0)};
}

// rho~ = t_i t_j rho, its size and sqrt(1 - rho~^2).
template <class N>
struct DampedCorrelation {
  N size, root;
};
template <class N, class S>
WIDENET_INLINE DampedCorrelation<N> damped(Correlation<N> c, const S& i, const S& j) {
  const N d = i.f[0] - j.f[0], tt = i.f[0] * j.f[0];
  const N rest = multiply_add(d, d, i.f[1] * i.f[1] + j.f[1] * j.f[1]);
  return {tt * magnitude(c.rho), sine(multiply_add(tt, magnitude(c.s), constant<N>(0.5) * rest))};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ErfDual& p, Correlation<N> c, const Side<N, 2>& i, const Side<N, 2>& j) {
  const DampedCorrelation<N> x = damped(c, i, j);
  const N arc = with_sign_of(angle(x.size, x.root), c.s);  // asin(rho~)
  return {{c.s, multiply_add(arc, constant<N>(2 * p.a * p.a / std::numbers::pi), constant<N>(p.c * p.c))},
          constant<N>(4 * p.a * p.a * p.b * p.b / std::numbers::pi) * (i.f[1] * j.f[1]) / x.root};
}

// With x = rho~, S = sqrt(1 - x^2):
// 2 pi K = (w_i w_j x^2 / S + (t_i t_j)^2 S / (w_i w_j) + x asin(x) / (w_i w_j)) + pi c / 2,
// 2 pi Kdot = pi/2 + asin(x) + (x / S) (w_i^2 w_j^2 / S^2 + w_i^2 + w_j^2).
template <class N>
WIDENET_INLINE Dual<N> pair(const GeluDual&, Correlation<N> c, const Side<N, 2>& i, const Side<N, 2>& j) {
  const DampedCorrelation<N> d = damped(c, i, j);
  const N x = with_sign_of(d.size, c.s), arc = with_sign_of(angle(d.size, d.root), c.s);
  const N w = i.f[1] * j.f[1], tt = i.f[0] * j.f[0];
  const N ratio = x / d.root;
  const N bracket = w * x * ratio + (tt * tt * d.root + x * arc) / w;
  const N inverse = w / d.root;
  const N slope_bracket = arc + ratio * (inverse * inverse + (i.f[1] * i.f[1] + j.f[1] * j.f[1]));
  const N scale = constant<N>(0.5L / std::numbers::pi_v<long double>);
  return {{c.s, multiply_add(bracket, scale, constant<N>(0.25) * i.root * j.root * c.rho)},
          multiply_add(slope_bracket, scale, constant<N>(0.25))};
}

template <class N>
WIDENET_INLINE Dual<N> gaussian_pair(double a, double b, N root, N w, Correlation<N> c, N covariance) {
  const N k = w / root;  // 1 / sqrt(det)
  return {{c.s, constant<N>(a * a) * k}, constant<N>(4 * a * a * b * b) * (covariance * k * k * k)};
}
template <class N>
WIDENET_INLINE Dual<N> pair(const GaussianDual& p, Correlation<N> c, const Side<N, 2>& i, const Side<N, 2>& j) {
  return gaussian_pair(p.a, p.b, damped(c, i, j).root, i.f[1] * j.f[1], c, i.root * j.root * c.rho);
}
template <class N>
WIDENET_INLINE Dual<N> pair(const GrowingGaussianDual& p, Correlation<N> c, const Side<N, 2>& i, const Side<N, 2>& j) {
  const N x = i.f[0] * j.f[0] * c.rho;
  const N root = square_root(negative_multiply_add(x, x, constant<N>(1)));
  return gaussian_pair(p.a, p.b, root, i.f[1] * j.f[1], c, i.root * j.root * c.rho);
}

// With M = 1 / ((1 + 2 q_i)(1 + 2 q_j) - 4 c^2), e = E(u - v)^2 and X = exp(2 c M):
// K = exp((1 + e) M / 2 - 1/2) (X - 1) sqrt(M) / 2, Kdot = exp(...) M^(3/2) / 2 (T M (X + 1) + U M (X - 1)),
// T = 1 + 2 (q_i + q_j) + 4 (c^2 + q_i q_j), U M = 4 c (1 + M (1 + q_i + q_j)).
template <class N>
WIDENET_INLINE Dual<N> pair(const GaborDual&, Correlation<N> c, const Side<N, 2>& i, const Side<N, 2>& j) {
  const N one = constant<N>(1), root = damped(c, i, j).root;
  const N k = i.f[1] * j.f[1] / root;  // sqrt(M)
  const N m = k * k;
  const N covariance = i.root * j.root * c.rho;
  const N grow = exponential_minus_one(constant<N>(2) * covariance * m);
  const N e = squared_distance(c.s, i, j);
  const N front = exponential(constant<N>(0.5) * ((one + e) * m - one)) * k * constant<N>(0.5);
  const N sum = i.root * i.root + j.root * j.root;
  const N tt = i.f[0] * j.f[0], x = tt * c.rho;
  const N tm = m * (one + constant<N>(2) * sum) + (tt * tt + x * x) / (root * root);
  const N um = constant<N>(4) * covariance * (one + m * (one + sum));
  return {{c.s, front * grow}, front * (m * (tm * (constant<N>(2) + grow) + um * grow))};
}

// For c = 0 and other odd functions the two exponentials cancel near rho = 0: their difference is
// exp(-b^2 (q_i + q_j) / 2) times 2 sinh(b^2 c), taken from expm1.
template <class N>
WIDENET_INLINE Dual<N> pair(const TrigDual& p, Correlation<N> c, const Side<N, 0>& i, const Side<N, 0>& j) {
  const N half = constant<N>(-0.5 * p.b * p.b);
  const N minus = exponential(half * squared_distance(c.s, i, j));
  const N plus = exponential(half * squared_sum(c.s, i, j));
  // minus - plus = plus (exp(2 b^2 c) - 1) for c >= 0, and the mirror image below.
  const N covariance = i.root * j.root * magnitude(c.rho);
  const N smaller = select(is_negative(c.s), minus, plus);
  const N grow = exponential_minus_one(constant<N>(2 * p.b * p.b) * covariance);
  const N difference =
      select(covariance < constant<N>(0.25 / (p.b * p.b + 1e-300)), with_sign_of(smaller * grow, c.s), minus - plus);
  const N share = constant<N>(1 - p.cos2c);
  const N amplitude = constant<N>(p.a * p.a / 2), slope_amplitude = constant<N>(p.a * p.a * p.b * p.b / 2);
  return {{c.s, amplitude * multiply_add(share, plus, difference)},
          slope_amplitude * multiply_add(constant<N>(p.cos2c), plus, minus)};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const RbfDual& p, Correlation<N> c, const Side<N, 0>& i, const Side<N, 0>& j) {
  const N exponent = constant<N>(-p.gamma) * squared_distance(c.s, i, j);
  const N k = exponential(exponent);
  return {{magnitude(exponential_minus_one(exponent)), k}, constant<N>(2 * p.gamma) * k};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ExpDual& p, Correlation<N> c, const Side<N, 1>& i, const Side<N, 1>& j) {
  const N exponent = constant<N>(-0.5 * p.b * p.b) * squared_distance(c.s, i, j);
  const N rho = exponential(exponent);
  return {{magnitude(exponential_minus_one(exponent)), rho}, constant<N>(p.b * p.b) * (i.f[0] * j.f[0]) * rho};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ExpNormalizedDual& p, Correlation<N> c, const Side<N, 0>&, const Side<N, 0>&) {
  const N exponent = constant<N>(-p.gamma) * one_minus_correlation(c.s);
  const N rho = exponential(exponent);
  return {{magnitude(exponential_minus_one(exponent)), rho},
          constant<N>(p.gamma * std::exp(p.gamma * (1 + p.shift))) * rho};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const PowerDual& p, Correlation<N> c, const Side<N, 1>& i, const Side<N, 1>& j) {
  // On |rho|: the complement by 1 - r^(l+1) = (1 - r) + r (1 - r^l), then p and p' themselves.
  const N m = magnitude(c.s), r = magnitude(c.rho);
  N complement = constant<N>(0), value = constant<N>(0), derivative = constant<N>(0), below = constant<N>(0);
  for (std::size_t l = 1; l < p.weights.size(); ++l) {
    below = multiply_add(r, below, m);
    complement = multiply_add(constant<N>(p.weights[l]), below, complement);
  }
  for (std::size_t l = p.weights.size(); l-- > 0;) {
    derivative = multiply_add(derivative, r, value);
    value = multiply_add(value, r, constant<N>(p.weights[l]));
  }
  const N odd = constant<N>(p.n % 2 == 1 ? -1 : 1), even = constant<N>(p.n % 2 == 1 ? 1 : -1), one = constant<N>(1);
  const auto negative = is_negative(c.s);
  const N sign = select(negative, odd, one), slope_sign = select(negative, even, one);
  const N slope = constant<N>(p.scale) * (i.f[0] * j.f[0]) * derivative;
  return {{with_sign_of(complement, sign), with_sign_of(value, sign)}, with_sign_of(slope, slope_sign)};
}

// J_0 = pi - t, J_1 = sin t + (pi - t) cos t, J_n = (2n - 1) cos(t) J_{n-1} + (n - 1)^2 sin^2(t) J_{n-2}; the same
// recursion for d_n = 1 - J_n / J_n(0), which keeps its relative accuracy near t = 0.
template <class N>
WIDENET_INLINE Dual<N> pair(const RectifiedMonomialDual& p, Correlation<N> c, const Side<N, 1>& i,
                            const Side<N, 1>& j) {
  const N one = constant<N>(1), pi = constant<N>(std::numbers::pi_v<long double>);
  const N per_pi = constant<N>(1 / std::numbers::pi_v<long double>);
  const auto negative = is_negative(c.s);
  const N m = magnitude(c.s), root = sine(c.s), sine2 = root * root;
  const N nearer = angle(root, magnitude(c.rho));
  const N rest = select(negative, nearer, pi - nearer);          // pi - theta
  const N far = select(negative, pi - nearer, nearer) * per_pi;  // d_0
  if (p.n == 0) return {{far, rest * per_pi}, constant<N>(0)};
  N before = rest, now = multiply_add(rest, c.rho, root);
  N d_before = far, d_now = m - (root - nearer * c.rho) * per_pi;
  for (std::size_t n = 2; n <= p.n; ++n) {
    const double k = static_cast<double>(n);
    const N next = constant<N>(2 * k - 1) * c.rho * now + constant<N>((k - 1) * (k - 1)) * sine2 * before;
    before = now;
    now = next;
    const N share = constant<N>((k - 1) * (k - 1) / ((2 * k - 1) * (2 * k - 3))) * sine2;
    const N d_next = multiply_add(c.rho, d_now, m - share * (one - d_before));
    d_before = d_now;
    d_now = d_next;
  }
  const double n = static_cast<double>(p.n);
  const N rho = now * constant<N>(1 / p.at_one);
  return {{magnitude(select(negative, one - rho, d_now)), rho},
          constant<N>(n * n / (2 * std::numbers::pi)) * (i.f[0] * j.f[0]) * before};
}

// sum_l f_l(i) f_l(j) rho^l, l < terms.
template <class N, class S>
WIDENET_INLINE Dual<N> series_pair(std::size_t terms, Correlation<N> c, const S& i, const S& j) {
  N value = constant<N>(0), derivative = constant<N>(0);
  for (std::size_t l = terms; l-- > 0;) {
    const N term = i.f[l] * j.f[l];
    derivative = multiply_add(derivative, c.rho, value);
    value = multiply_add(value, c.rho, term);
  }
  const N roots = i.root * j.root;
  return {{c.s, value}, select(roots > constant<N>(0), derivative / roots, constant<N>(0))};
}
template <class N, std::size_t Terms>
WIDENET_INLINE Dual<N> pair(const PolynomialDual<Terms>& p, Correlation<N> c, const Side<N, Terms>& i,
                            const Side<N, Terms>& j) {
  return series_pair(p.coefficients.size(), c, i, j);
}
template <class N, std::size_t Terms>
WIDENET_INLINE Dual<N> pair(const HermiteDual<Terms>& p, Correlation<N> c, const Side<N, Terms>& i,
                            const Side<N, Terms>& j) {
  return series_pair(p.n + 1, c, i, j);
}
