// What stands between K and the formulas of closed_dual-inl.h, over the number type N: K becomes a correlation so that
// K with the bits of both variances makes a complement of exactly 0, and K' is put together so that a complement of 0
// gives the bits of the variances back. Included behind closed_dual-inl.h, in its place.

// Of one position: its variance before and behind the activation, and their roots.
template <class N>
struct Variances {
  N before, root_before, after, root_after;
};

// 1 - |rho| with the sign of rho. Correlations nearer to 1 than the rounding of K are 1: equal patches are exactly as
// alike as a patch and itself, and so are patches that differ by a factor. A position of variance 0 is independent of
// all others but its like.
template <class N>
WIDENET_INLINE Correlation<N> correlation_of(N k, const Variances<N>& i, const Variances<N>& j) {
  const N zero = constant<N>(0), one = constant<N>(1);
  const N rounding = constant<N>(8 * std::numeric_limits<double>::epsilon());
  const N ratio = magnitude(k) / (i.root_before * j.root_before);
  const N size = select(one < ratio, one, ratio), sign = select(k < zero, -one, one);
  const auto near = one - size < rounding;
  const N s = select(near, zero, one - size), rho = select(near, one, size);
  const auto there = both(i.root_before > zero, j.root_before > zero);
  const N alike = select(i.before == j.before, one, zero);
  return {select(there, with_sign_of(s, sign), one - alike), select(there, with_sign_of(rho, sign), alike)};
}

// K' from the outputs' correlation.
template <class N>
WIDENET_INLINE N covariance_of(Correlation<N> c, const Variances<N>& i, const Variances<N>& j) {
  const N zero = constant<N>(0);
  const auto equal = both(both(c.s == zero, with_sign_of(constant<N>(1), c.s) > zero), i.after == j.after);
  return select(equal, i.after, i.root_after * j.root_after * c.rho);
}

// A tangent kernel of 0 stays: the slope of a pair may be infinite where nothing is trained.
template <class N>
WIDENET_INLINE N tangent_of(N theta, N slope) {
  return select(theta == constant<N>(0), constant<N>(0), theta * slope);
}

// Several pairs at once: of one position i, and positions j.
template <std::size_t Count, class N, class D, class S>
WIDENET_INLINE void pairs(const D& dual, const Correlation<N>* c, const S& i, const S* j, Dual<N>* out) {
  for (std::size_t u = 0; u < Count; ++u) out[u] = pair<N>(dual, c[u], i, j[u]);
}
template <std::size_t Count, class N, class S>
WIDENET_INLINE void pairs(const ReluDual& dual, const Correlation<N>* c, const S&, const S*, Dual<N>* out) {
  PoleRoot<N> m[Count];
  N s[Count], next[Count], slope[Count];
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Count; ++u) {
    s[u] = c[u].s;
    m[u] = pole_root(magnitude(s[u]));
  }
  relu_pairs<Count>(dual, m, s, next, slope);
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Count; ++u) out[u] = {{next[u], correlation(next[u])}, slope[u]};
}
