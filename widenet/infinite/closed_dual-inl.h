// The formulas of a pair, each written once: a template over the number type, compiled for every instruction set and
// (by reference.cc) for scalars. Included inside a namespace; no include guard of its own, see HWY toggles.
//
// A pair of samples is (s, i, j): the signed complement s of its correlation, s = 1 - rho for rho >= 0 and
// s = -(1 + rho) for rho < 0 (-0.0 for rho = -1), and the numbers of the two samples: root = sqrt(q), f[] as filled by
// the struct. |s| small means nearly parallel or opposite, and keeps its relative accuracy there: that is where the
// slopes of kinked activations are sensitive.

template <class N, std::size_t Factors>
struct Side {
  N root;
  N f[Factors == 0 ? 1 : Factors];
};

// From a formula: the outputs' signed complement (or their covariance, see gives_covariance) and Kdot.
template <class N>
struct Dual {
  N value;
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

// sin t, t and sin t - t cos t for the angle t to the nearer pole, |s| = 1 - cos t.
template <class N>
struct Pole {
  N t, lens;
};
template <std::size_t Count, class N>
WIDENET_INLINE void poles(const N* complement, Pole<N>* out) {
  N root[Count], cosine[Count], t[Count];
#pragma GCC unroll 8
  for (std::size_t u = 0; u < Count; ++u) {
    cosine[u] = constant<N>(1) - complement[u];
    root[u] = square_root(complement[u] * (constant<N>(2) - complement[u]));
  }
  angles<Count>(root, cosine, t);
#pragma GCC unroll 8
  for (std::size_t u = 0; u < Count; ++u) out[u] = {t[u], negative_multiply_add(t[u], cosine[u], root[u])};
}

// ReLU-type duals of Count pairs at once. `Positive`: all correlations are >= 0, then s is 1 - rho itself.
template <std::size_t Count, bool Positive, class N>
WIDENET_INLINE void relu_pairs(const ReluDual& p, const N* s, Dual<N>* out) {
  N m[Count];
  Pole<N> pole[Count];
#pragma GCC unroll 8
  for (std::size_t u = 0; u < Count; ++u) m[u] = Positive ? s[u] : magnitude(s[u]);
  poles<Count>(m, pole);
  const N kappa = constant<N>(p.kappa / std::numbers::pi), beta = constant<N>(p.beta / std::numbers::pi);
  const N alpha = constant<N>(p.alpha), far = constant<N>(p.alpha - p.beta), k = constant<N>(p.kappa);
#pragma GCC unroll 8
  for (std::size_t u = 0; u < Count; ++u) {
    const N near = negative_multiply_add(pole[u].lens, kappa, m[u]);
    const N near_slope = negative_multiply_add(pole[u].t, beta, alpha);
    if constexpr (Positive) {
      out[u] = {near, near_slope};
    } else {
      const auto negative = is_negative(s[u]);
      const N slope = select(negative, multiply_add(pole[u].t, beta, far), near_slope);
      const N lens = pole[u].lens * kappa;
      // Against +1 where the outputs are never negatively correlated, else against -1.
      const N opposite = p.nonnegative() ? magnitude((constant<N>(2) - k) + (k - constant<N>(1)) * m[u] - lens)
                                         : signed_complement(k + (constant<N>(1) - k) * m[u] + lens, constant<N>(-1));
      out[u] = {select(negative, opposite, magnitude(near)), slope};
    }
  }
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ReluDual& p, N s, const Side<N, 0>&, const Side<N, 0>&) {
  Dual<N> out;
  relu_pairs<1, false>(p, &s, &out);
  return out;
}

template <class N>
WIDENET_INLINE Dual<N> pair(const SignDual&, N s, const Side<N, 0>&, const Side<N, 0>&) {
  const N t = angle(sine(s), constant<N>(1) - magnitude(s));
  return {with_sign_of(t * constant<N>(2 / std::numbers::pi_v<long double>), s), constant<N>(0)};
}

// 1 - |rho~| for rho~ = t_i t_j rho.
template <class N, class S>
WIDENET_INLINE N damped_complement(N s, const S& i, const S& j) {
  const N d = i.f[0] - j.f[0];
  const N rest = multiply_add(i.f[1], i.f[1], multiply_add(j.f[1], j.f[1], d * d));
  return multiply_add(i.f[0] * j.f[0], magnitude(s), constant<N>(0.5) * rest);
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ErfDual& p, N s, const Side<N, 2>& i, const Side<N, 2>& j) {
  const N g = damped_complement(s, i, j);
  const N root = sine(g);
  const N t = angle(root, larger(constant<N>(1) - g, constant<N>(0)));
  const N arc = with_sign_of(constant<N>(std::numbers::pi_v<long double> / 2) - t, s);  // asin(rho~)
  return {multiply_add(arc, constant<N>(2 * p.a * p.a / std::numbers::pi), constant<N>(p.c * p.c)),
          constant<N>(4 * p.a * p.a * p.b * p.b / std::numbers::pi) * i.f[1] * j.f[1] / root};
}

// With x = rho~, S = sqrt(1 - x^2): 2 pi K = (w_i w_j x^2 / S + (t_i t_j)^2 S / (w_i w_j) + x asin(x) / (w_i w_j)) + pi c/2,
// 2 pi Kdot = pi/2 + asin(x) + (x / S) (w_i^2 w_j^2 / S^2 + w_i^2 + w_j^2).
template <class N>
WIDENET_INLINE Dual<N> pair(const GeluDual&, N s, const Side<N, 2>& i, const Side<N, 2>& j) {
  const N g = damped_complement(s, i, j);
  const N root = sine(g);
  const N cosine = larger(constant<N>(1) - g, constant<N>(0));
  const N t = angle(root, cosine);
  const N x = with_sign_of(cosine, s);
  const N arc = with_sign_of(constant<N>(std::numbers::pi_v<long double> / 2) - t, s);
  const N w = i.f[1] * j.f[1], tt = i.f[0] * j.f[0];
  const N ratio = x / root;
  const N c = i.root * j.root * correlation(s);
  const N bracket = w * x * ratio + (tt * tt * root + x * arc) / w;
  const N inverse = w / root;
  const N slope_bracket = arc + ratio * (inverse * inverse + i.f[1] * i.f[1] + j.f[1] * j.f[1]);
  const N scale = constant<N>(0.5L / std::numbers::pi_v<long double>);
  return {multiply_add(bracket, scale, constant<N>(0.25) * c),
          multiply_add(slope_bracket, scale, constant<N>(0.25))};
}

template <class N>
WIDENET_INLINE Dual<N> gaussian_pair(double a, double b, N root, N w, N c) {
  const N k = w / root;  // 1 / sqrt(det)
  return {constant<N>(a * a) * k, constant<N>(4 * a * a * b * b) * c * k * k * k};
}
template <class N>
WIDENET_INLINE Dual<N> pair(const GaussianDual& p, N s, const Side<N, 2>& i, const Side<N, 2>& j) {
  return gaussian_pair(p.a, p.b, sine(damped_complement(s, i, j)), i.f[1] * j.f[1], i.root * j.root * correlation(s));
}
template <class N>
WIDENET_INLINE Dual<N> pair(const GrowingGaussianDual& p, N s, const Side<N, 2>& i, const Side<N, 2>& j) {
  const N r = correlation(s);
  const N x = i.f[0] * j.f[0] * r;
  return gaussian_pair(p.a, p.b, square_root(negative_multiply_add(x, x, constant<N>(1))), i.f[1] * j.f[1],
                       i.root * j.root * r);
}

// With M = 1/((1 + 2a)(1 + 2b) - 4c^2), E = exp(4 c M / 2 ...): see the header of GaborDual's table entry.
// K = exp(-1/2 + (1 + e) M / 2) (exp(2 c M) - 1) sqrt(M) / 2, e = E(u - v)^2,
// Kdot = exp(...) M^{3/2} / 2 [T M (1 + exp(2cM)) + U M (exp(2cM) - 1)], T = 1 + 2(a+b) + 4(c^2 + ab), U M = 4 c (1 + M (1 + a + b)).
template <class N>
WIDENET_INLINE Dual<N> pair(const GaborDual&, N s, const Side<N, 2>& i, const Side<N, 2>& j) {
  const N root = sine(damped_complement(s, i, j));
  const N k = i.f[1] * j.f[1] / root;  // sqrt(M)
  const N m = k * k;
  const N c = i.root * j.root * correlation(s);
  const N e = squared_distance(s, i, j);
  const N grow = exponential_minus_one(constant<N>(2) * c * m);
  const N front = exponential(constant<N>(0.5) * ((constant<N>(1) + e) * m - constant<N>(1))) * k * constant<N>(0.5);
  const N sum = multiply_add(i.root, i.root, j.root * j.root);
  const N tt = i.f[0] * j.f[0], x = tt * correlation(s);
  const N tm = m * (constant<N>(1) + constant<N>(2) * sum) + (tt * tt + x * x) / (root * root);
  const N um = constant<N>(4) * c * (constant<N>(1) + m * (constant<N>(1) + sum));
  return {front * grow, front * m * (tm * (constant<N>(2) + grow) + um * grow)};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const TrigDual& p, N s, const Side<N, 0>& i, const Side<N, 0>& j) {
  const N half = constant<N>(-0.5 * p.b * p.b);
  const N minus = exponential(half * squared_distance(s, i, j));
  const N plus = constant<N>(p.cos2c) * exponential(half * squared_sum(s, i, j));
  return {constant<N>(p.a * p.a / 2) * (minus - plus), constant<N>(p.a * p.a * p.b * p.b / 2) * (minus + plus)};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const RbfDual& p, N s, const Side<N, 0>& i, const Side<N, 0>& j) {
  const N fall = exponential_minus_one(constant<N>(-p.gamma) * squared_distance(s, i, j));  // K - 1
  return {-fall, constant<N>(2 * p.gamma) * (constant<N>(1) + fall)};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ExpDual& p, N s, const Side<N, 1>& i, const Side<N, 1>& j) {
  const N fall = exponential_minus_one(constant<N>(-0.5 * p.b * p.b) * squared_distance(s, i, j));
  return {-fall, constant<N>(p.b * p.b) * i.f[0] * j.f[0] * (constant<N>(1) + fall)};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const ExpNormalizedDual& p, N s, const Side<N, 0>&, const Side<N, 0>&) {
  const N fall = exponential_minus_one(constant<N>(-p.gamma) * one_minus_correlation(s));
  return {-fall, constant<N>(p.gamma * std::exp(p.gamma * (1 + p.shift))) * (constant<N>(1) + fall)};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const PowerDual& p, N s, const Side<N, 1>& i, const Side<N, 1>& j) {
  // On |rho|: complement of p and p' by 1 - r^(l+1) = (1 - r) + r (1 - r^l).
  const N m = magnitude(s), r = constant<N>(1) - m;
  N complement = constant<N>(0), derivative = constant<N>(0), below = constant<N>(0), power = constant<N>(1);
  for (std::size_t l = 1; l < p.weights.size(); ++l) {
    below = multiply_add(r, below, m);
    complement = multiply_add(constant<N>(p.weights[l]), below, complement);
    derivative = multiply_add(constant<N>(p.weights[l] * static_cast<double>(l)), power, derivative);
    power = power * r;
  }
  const N odd = constant<N>(p.n % 2 == 1 ? -1 : 1), even = constant<N>(p.n % 2 == 1 ? 1 : -1);
  const N one = constant<N>(1);
  const N sign = select(is_negative(s), odd, one), slope_sign = select(is_negative(s), even, one);
  const N slope = constant<N>(p.scale) * i.f[0] * j.f[0] * derivative;
  return {with_sign_of(complement, sign), with_sign_of(slope, slope_sign)};
}

// J_0 = pi - t, J_1 = sin t + (pi - t) cos t, J_n = (2n - 1) cos(t) J_{n-1} + (n - 1)^2 sin^2(t) J_{n-2}; the same recursion
// for d_n = 1 - J_n / J_n(0), which keeps its relative accuracy near t = 0.
template <class N>
WIDENET_INLINE Dual<N> pair(const RectifiedMonomialDual& p, N s, const Side<N, 1>& i, const Side<N, 1>& j) {
  const N one = constant<N>(1), pi = constant<N>(std::numbers::pi_v<long double>);
  const auto negative = is_negative(s);
  const N m = magnitude(s), root = sine(s), cosine = correlation(s), sine2 = root * root;
  const N nearer = angle(root, one - m);
  const N rest = select(negative, nearer, pi - nearer);  // pi - theta
  N far = select(negative, pi - nearer, nearer) * constant<N>(1 / std::numbers::pi_v<long double>);  // d_0
  if (p.n == 0) return {far, constant<N>(0)};
  N before = rest, now = multiply_add(rest, cosine, root);
  N d_before = far, d_now = m - (root - nearer * cosine) * constant<N>(1 / std::numbers::pi_v<long double>);
  for (std::size_t n = 2; n <= p.n; ++n) {
    const double k = static_cast<double>(n);
    const N next = constant<N>(2 * k - 1) * cosine * now + constant<N>((k - 1) * (k - 1)) * sine2 * before;
    before = now;
    now = next;
    const N share = constant<N>((k - 1) * (k - 1) / ((2 * k - 1) * (2 * k - 3))) * sine2;
    const N d_next = multiply_add(cosine, d_now, m - share * (one - d_before));
    d_before = d_now;
    d_now = d_next;
  }
  const double n = static_cast<double>(p.n);
  return {magnitude(select(negative, one - now * constant<N>(1 / p.at_one), d_now)),
          constant<N>(n * n / (2 * std::numbers::pi)) * i.f[0] * j.f[0] * before};
}

template <class N>
WIDENET_INLINE Dual<N> pair(const PolynomialDual& p, N s, const Side<N, PolynomialDual::factors>& i,
                            const Side<N, PolynomialDual::factors>& j) {
  const N r = correlation(s);
  N value = constant<N>(0), derivative = constant<N>(0);
  for (std::size_t l = p.coefficients.size(); l-- > 0;) {
    const N term = i.f[l] * j.f[l];
    derivative = multiply_add(derivative, r, value);
    value = multiply_add(value, r, term);
  }
  const N roots = i.root * j.root;
  return {value, select(roots > constant<N>(0), derivative / roots, constant<N>(0))};
}
