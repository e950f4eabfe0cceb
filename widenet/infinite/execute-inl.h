// Steps on a chunk of pairs, over the number type N: a vector (execute.cc) or a scalar (reference.cc). Included inside a
// namespace that has N's words, Vector traits as Number<N>, and WIDENET_INLINE.

#include "widenet/infinite/closed_dual-inl.h"

// Where the numbers of a chunk lie: parameter k of lane l at columns[k * lanes + l].
template <class T>
struct Cursor {
  const T* row;
  const T* columns;
  std::size_t lanes;
  void advance(std::size_t parameters) {
    row += parameters;
    columns += parameters * lanes;
  }
};

template <class N, class T>
WIDENET_INLINE N of_row(const Cursor<T>& at, std::size_t k) {
  return constant<N>(at.row[k]);
}
template <class N, class T>
WIDENET_INLINE N of_column(const Cursor<T>& at, std::size_t k, std::size_t lane) {
  return load<N>(at.columns + k * at.lanes + lane);
}

// The correlation after K' = A K + B, from unit shares u^2 + w^2 = 1 (stored times sqrt(1/2)):
// 1 - rho' = ((u_i - u_j)^2 + (w_i - w_j)^2) / 2 + u_i u_j (1 - rho), and the same against -1 with w_j negated.
template <class N>
WIDENET_INLINE N affine_correlation(N s, N ui, N uj, N wi, N wj) {
  const N du = ui - uj, dw = wi - with_sign_of(wj, s);
  const N rest = multiply_add(dw, dw, du * du);
  return signed_complement(multiply_add(constant<N>(2) * ui * uj, magnitude(s), rest), with_sign_of(constant<N>(1), s));
}
template <class N>
WIDENET_INLINE N positive_affine_correlation(N s, N two_ui, N ui, N uj, N wi, N wj) {
  const N du = ui - uj, dw = wi - wj;
  return multiply_add(two_ui * uj, s, multiply_add(dw, dw, du * du));
}

template <class N, class D, class T>
WIDENET_INLINE Dual<N> apply_dual(const D& dual, N s, const Cursor<T>& at, std::size_t first, std::size_t lane) {
  Side<N, D::factors> i, j;
  i.root = of_row<N>(at, first);
  j.root = of_column<N>(at, first, lane);
#pragma GCC unroll 16
  for (std::size_t k = 0; k < D::factors; ++k) {
    i.f[k] = of_row<N>(at, first + 1 + k);
    j.f[k] = of_column<N>(at, first + 1 + k, lane);
  }
  Dual<N> result = pair<N>(dual, s, i, j);
  if constexpr (D::gives_covariance) {
    const N inverse_i = of_row<N>(at, first + 1 + D::factors), inverse_j = of_column<N>(at, first + 1 + D::factors, lane);
    const N rho = result.value * inverse_i * inverse_j;
    const N complement = larger(constant<N>(1) - magnitude(rho), constant<N>(0));
    // Equal rows stay equal: nothing that follows may see them apart by a rounding.
    const auto same = both(s == constant<N>(0), both(i.root == j.root, rho > constant<N>(0)));
    result.value = select(same, constant<N>(0), with_sign_of(complement, rho));
  }
  return result;
}

// [affine dual] n times on groups of Unroll vectors; s and Theta stay in registers.
template <class N, std::size_t Unroll, bool Positive, class D, class T>
WIDENET_INLINE void chain_layer(const D& dual, const AffineLayer& layer, const Cursor<T>& at, std::size_t lane, bool theta,
                                N* s, N* t) {
  constexpr std::size_t W = Number<N>::lanes;
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1), root = of_row<N>(at, 2), two_ui = ui + ui;
  if (layer.bias_variance != 0) {
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Unroll; ++u) {
      const N uj = of_column<N>(at, 0, lane + u * W), wj = of_column<N>(at, 1, lane + u * W);
      s[u] = Positive ? positive_affine_correlation(s[u], two_ui, ui, uj, wi, wj)
                      : affine_correlation(s[u], ui, uj, wi, wj);
    }
  }
  if (theta) {
    const N own = constant<N>(layer.own_out) * root, weight = constant<N>(layer.weight_variance);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Unroll; ++u) {
      const N roots = own * of_column<N>(at, 2, lane + u * W);
      const N covariance = Positive ? negative_multiply_add(roots, s[u], roots) : roots * correlation(s[u]);
      t[u] = multiply_add(weight, t[u], covariance);
    }
  }
  Dual<N> next[Unroll];
  if constexpr (std::is_same_v<D, ReluDual>) {
    relu_pairs<Unroll, Positive>(dual, s, next);
  } else {
    for (std::size_t u = 0; u < Unroll; ++u) next[u] = apply_dual<N>(dual, s[u], at, 2, lane + u * W);
  }
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Unroll; ++u) {
    s[u] = next[u].value;
    t[u] = t[u] * next[u].slope;
  }
}

template <class N, bool Positive, class D, class T>
void chain_layer_on_chunk(const D& dual, const AffineLayer& layer, const Cursor<T>& at, bool theta, T* s, T* t) {
  constexpr std::size_t W = Number<N>::lanes, Unroll = W == 1 ? 1 : 4;
  for (std::size_t lane = 0; lane < at.lanes; lane += Unroll * W) {
    N sv[Unroll], tv[Unroll];
    for (std::size_t u = 0; u < Unroll; ++u) {
      sv[u] = load<N>(s + lane + u * W);
      tv[u] = load<N>(t + lane + u * W);
    }
    chain_layer<N, Unroll, Positive>(dual, layer, at, lane, theta, sv, tv);
    for (std::size_t u = 0; u < Unroll; ++u) {
      store(sv[u], s + lane + u * W);
      store(tv[u], t + lane + u * W);
    }
  }
}

template <class N, class D, class T>
void chain(const ChainStep& step, const D& dual, Cursor<T> at, bool theta, T* s, T* t) {
  constexpr std::size_t per_layer = 3 + D::factors + (D::gives_covariance ? 1 : 0);
  bool positive = false;
  for (const AffineLayer& layer : step.layers) {
    if constexpr (std::is_same_v<D, ReluDual>) {
      if (positive)
        chain_layer_on_chunk<N, true>(dual, layer, at, theta, s, t);
      else
        chain_layer_on_chunk<N, false>(dual, layer, at, theta, s, t);
      positive = dual.nonnegative();
    } else {
      chain_layer_on_chunk<N, false>(dual, layer, at, theta, s, t);
    }
    at.advance(per_layer);
  }
}

template <class N, class D, class T>
void dual_layer(const D& dual, const Cursor<T>& at, T* s, T* t) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const Dual<N> next = apply_dual<N>(dual, load<N>(s + lane), at, 0, lane);
    store(next.value, s + lane);
    store(load<N>(t + lane) * next.slope, t + lane);
  }
}

// Parameters: u, w, root of the variance before.
template <class N, class T>
void affine(const AffineLayer& layer, const Cursor<T>& at, T* s, T* t) {
  // Theta' = own_out (A K + B) + own_in K + own_one + A Theta.
  const N of_covariance = constant<N>(layer.own_out * layer.weight_variance + layer.own_in);
  const N fixed = constant<N>(layer.own_out * layer.bias_variance + layer.own_one);
  const N weight = constant<N>(layer.weight_variance);
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1), root = of_row<N>(at, 2);
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const N before = load<N>(s + lane);
    const N covariance = root * of_column<N>(at, 2, lane) * correlation(before);
    const N theta = multiply_add(weight, load<N>(t + lane), multiply_add(of_covariance, covariance, fixed));
    store(theta, t + lane);
    if (layer.bias_variance != 0)
      store(affine_correlation(before, ui, of_column<N>(at, 0, lane), wi, of_column<N>(at, 1, lane)), s + lane);
  }
}

// Theta / sqrt((q_i + 1e-12)(q_j + 1e-12)); the correlation stays.
template <class N, class T>
void norm(const Cursor<T>& at, T* t) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes)
    store(load<N>(t + lane) * of_row<N>(at, 0) * of_column<N>(at, 0, lane), t + lane);
}

// Two samples have masks of their own: K stays while the variances grow by 1 / keep.
template <class N, class T>
void dropout(double keep, const Cursor<T>& at, T* s) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const N before = load<N>(s + lane);
    const N complement = multiply_add(constant<N>(keep), magnitude(before), constant<N>(1 - keep));
    store(with_sign_of(complement, before), s + lane);
  }
}

// Sum and concat: K = sum_b weight_b K_b; 1 -+ rho = sum_b (u_i - u_j)^2 + 2 u_i u_j (1 -+ rho_b). Parameters per branch: u_b = sqrt(weight_b q_b / q) / sqrt(2), root of q_b.
template <class N, class T>
void join_sum(const JoinStep& step, const Cursor<T>& at, T* s, T* t, std::size_t slot_stride) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    N minus = constant<N>(0), plus = constant<N>(0), theta = constant<N>(0);
    for (std::size_t b = 0; b < step.count; ++b) {
      const N ui = of_row<N>(at, 2 * b), uj = of_column<N>(at, 2 * b, lane);
      const N rho = load<N>(s + b * slot_stride + lane);
      const N du = ui - uj, uu = constant<N>(2) * ui * uj;
      minus = multiply_add(uu, one_minus_correlation(rho), multiply_add(du, du, minus));
      plus = multiply_add(uu, one_plus_correlation(rho), multiply_add(du, du, plus));
      theta = multiply_add(constant<N>(step.weights[b]), load<N>(t + b * slot_stride + lane), theta);
    }
    store(select(minus > constant<N>(1), with_sign_of(plus, constant<N>(-1)), magnitude(minus)), s + lane);
    store(theta, t + lane);
  }
}

// Product: rho = prod_b rho_b, Theta = sum_b Theta_b prod_{c != b} K_c.
template <class N, class T>
void join_product(const JoinStep& step, const Cursor<T>& at, T* s, T* t, std::size_t slot_stride) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    N signed_rho = constant<N>(0), covariance = constant<N>(1), theta = constant<N>(0);
    for (std::size_t b = 0; b < step.count; ++b) {
      const N rho = load<N>(s + b * slot_stride + lane);
      const N k = of_row<N>(at, 2 * b + 1) * of_column<N>(at, 2 * b + 1, lane) * correlation(rho);
      theta = multiply_add(theta, k, covariance * load<N>(t + b * slot_stride + lane));
      covariance = covariance * k;
      if (b == 0) {
        signed_rho = rho;
        continue;
      }
      const N m = magnitude(signed_rho), n = magnitude(rho);
      const N complement = negative_multiply_add(m, n, m + n);
      signed_rho = select(is_negative(rho), with_sign_of(complement, -signed_rho), with_sign_of(complement, signed_rho));
    }
    store(signed_rho, s + lane);
    store(theta, t + lane);
  }
}

// One closed-form step. Returns how many parameters it read; tables are the caller's.
template <class N, class T>
void run_step(const Step& step, const Cursor<T>& at, bool theta, T* state) {
  const std::size_t lanes = at.lanes, stride = 2 * lanes;
  const auto s = [&](std::size_t slot) { return state + slot * stride; };
  const auto t = [&](std::size_t slot) { return state + slot * stride + lanes; };
  if (const auto* c = std::get_if<ChainStep>(&step))
    std::visit([&](const auto& dual) { chain<N>(*c, dual, at, theta, s(c->slot), t(c->slot)); }, c->dual);
  else if (const auto* d = std::get_if<DualStep>(&step))
    std::visit([&](const auto& dual) { dual_layer<N>(dual, at, s(d->slot), t(d->slot)); }, d->dual);
  else if (const auto* a = std::get_if<AffineStep>(&step))
    affine<N>(a->layer, at, s(a->slot), t(a->slot));
  else if (const auto* n = std::get_if<NormStep>(&step))
    norm<N>(at, t(n->slot));
  else if (const auto* drop = std::get_if<DropoutStep>(&step))
    dropout<N>(drop->keep, at, s(drop->slot));
  else if (const auto* copy = std::get_if<CopyStep>(&step))
    std::copy_n(s(copy->from), stride, s(copy->to));
  else if (const auto* j = std::get_if<JoinStep>(&step)) {
    if (j->join == Join::product)
      join_product<N>(*j, at, s(j->first), t(j->first), stride);
    else
      join_sum<N>(*j, at, s(j->first), t(j->first), stride);
  }
}
