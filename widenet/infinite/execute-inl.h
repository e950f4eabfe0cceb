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
WIDENET_INLINE Correlation<N> affine_correlation(Correlation<N> c, N ui, N uj, N wi, N wj) {
  const N du = ui - uj, dw = wi - with_sign_of(wj, c.s), uu = constant<N>(2) * ui * uj;
  const N rest = multiply_add(dw, dw, du * du);
  return {signed_complement(multiply_add(uu, magnitude(c.s), rest), with_sign_of(constant<N>(1), c.s)),
          multiply_add(uu, c.rho, constant<N>(2) * wi * wj)};
}
template <class N>
WIDENET_INLINE N positive_affine_complement(N s, N two_ui, N ui, N uj, N wi, N wj) {
  const N du = ui - uj, dw = wi - wj;
  return multiply_add(two_ui * uj, s, multiply_add(dw, dw, du * du));
}

template <class N, class D, class T>
WIDENET_INLINE Dual<N> apply_dual(const D& dual, Correlation<N> c, const Cursor<T>& at, std::size_t first,
                                  std::size_t lane) {
  Side<N, D::factors> i, j;
  i.root = of_row<N>(at, first);
  j.root = of_column<N>(at, first, lane);
#pragma GCC unroll 16
  for (std::size_t k = 0; k < D::factors; ++k) {
    i.f[k] = of_row<N>(at, first + 1 + k);
    j.f[k] = of_column<N>(at, first + 1 + k, lane);
  }
  Dual<N> result = pair<N>(dual, c, i, j);
  if constexpr (D::gives_covariance) {
    const N inverse_i = of_row<N>(at, first + 1 + D::factors), inverse_j = of_column<N>(at, first + 1 + D::factors, lane);
    // The larger factor first: it may not overflow, and exchanging i and j changes nothing.
    const N rho = result.out.rho * larger(inverse_i, inverse_j) * select(inverse_i < inverse_j, inverse_i, inverse_j);
    const N complement = larger(constant<N>(1) - magnitude(rho), constant<N>(0));
    // Equal rows stay equal, and opposite ones opposite (or equal) where the function is odd (or even): nothing that
    // follows may see them apart by a rounding.
    const N rounding = constant<N>(32 * std::numeric_limits<typename Number<N>::Scalar>::epsilon());
    const auto same = both(c.s == constant<N>(0), both(i.root == j.root, complement < rounding));
    result.out = {with_sign_of(select(same, constant<N>(0), complement), rho), rho};
  }
  return result;
}

// The state of a slot: arrays s, rho, Theta of `lanes` numbers each.
template <class T>
struct Slot {
  T *s, *rho, *theta;
};
template <class N, class T>
WIDENET_INLINE Correlation<N> load_correlation(const Slot<T>& slot, std::size_t lane) {
  return {load<N>(slot.s + lane), load<N>(slot.rho + lane)};
}
template <class N, class T>
WIDENET_INLINE void store_correlation(Correlation<N> c, const Slot<T>& slot, std::size_t lane) {
  store(c.s, slot.s + lane);
  store(c.rho, slot.rho + lane);
}

// [affine dual] on Unroll vectors. Parameters: u, w, then those of the dual, whose root is that of the affine's output.
// `Positive`: a ReLU-type layer on correlations >= 0; those below s alone are then kept up to date.
template <class N, std::size_t Unroll, bool Positive, class D, class T>
WIDENET_INLINE void chain_layer(const D& dual, const AffineLayer& layer, const Cursor<T>& at, std::size_t lane, bool theta,
                                Correlation<N>* c, N* t) {
  constexpr std::size_t W = Number<N>::lanes;
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1), two_ui = ui + ui;
  if (layer.bias_variance != 0) {
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Unroll; ++u) {
      const N uj = of_column<N>(at, 0, lane + u * W), wj = of_column<N>(at, 1, lane + u * W);
      if constexpr (Positive)
        c[u].s = positive_affine_complement(c[u].s, two_ui, ui, uj, wi, wj);
      else
        c[u] = affine_correlation(c[u], ui, uj, wi, wj);
    }
  }
  if (theta) {
    const N own = constant<N>(layer.own_out) * of_row<N>(at, 2), weight = constant<N>(layer.weight_variance);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Unroll; ++u) {
      const N roots = own * of_column<N>(at, 2, lane + u * W);
      const N covariance = Positive ? negative_multiply_add(roots, c[u].s, roots) : roots * c[u].rho;
      t[u] = multiply_add(weight, t[u], covariance);
    }
  }
  Dual<N> next[Unroll];
  if constexpr (std::is_same_v<D, ReluDual>) {
    N s[Unroll];
    for (std::size_t u = 0; u < Unroll; ++u) s[u] = c[u].s;
    relu_pairs<Unroll, Positive>(dual, s, next);
  } else {
    for (std::size_t u = 0; u < Unroll; ++u) next[u] = apply_dual<N>(dual, c[u], at, 2, lane + u * W);
  }
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Unroll; ++u) {
    c[u] = next[u].out;
    t[u] = t[u] * next[u].slope;
  }
}

// Layer by layer over the chunk: its groups of vectors are independent, so their latencies hide one another.
template <class N, bool Positive, class D, class T>
void chain_layer_on_chunk(const D& dual, const AffineLayer& layer, const Cursor<T>& at, bool theta, const Slot<T>& slot) {
  constexpr std::size_t W = Number<N>::lanes, Unroll = W == 1 ? 1 : 4;
  for (std::size_t lane = 0; lane < at.lanes; lane += Unroll * W) {
    Correlation<N> c[Unroll];
    N t[Unroll];
    for (std::size_t u = 0; u < Unroll; ++u) {
      c[u].s = load<N>(slot.s + lane + u * W);
      if constexpr (!Positive) c[u].rho = load<N>(slot.rho + lane + u * W);
      t[u] = load<N>(slot.theta + lane + u * W);
    }
    chain_layer<N, Unroll, Positive>(dual, layer, at, lane, theta, c, t);
    for (std::size_t u = 0; u < Unroll; ++u) {
      store_correlation(c[u], slot, lane + u * W);
      store(t[u], slot.theta + lane + u * W);
    }
  }
}

template <class N, class D, class T>
void chain(const ChainStep& step, const D& dual, Cursor<T> at, bool theta, const Slot<T>& slot) {
  constexpr std::size_t per_layer = 3 + D::factors + (D::gives_covariance ? 1 : 0);
  bool positive = false;
  for (const AffineLayer& layer : step.layers) {
    if constexpr (std::is_same_v<D, ReluDual>) {
      if (positive)
        chain_layer_on_chunk<N, true>(dual, layer, at, theta, slot);
      else
        chain_layer_on_chunk<N, false>(dual, layer, at, theta, slot);
      positive = dual.nonnegative();
    } else {
      chain_layer_on_chunk<N, false>(dual, layer, at, theta, slot);
    }
    at.advance(per_layer);
  }
}

template <class N, class D, class T>
void dual_layer(const D& dual, const Cursor<T>& at, const Slot<T>& slot) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const Dual<N> next = apply_dual<N>(dual, load_correlation<N>(slot, lane), at, 0, lane);
    store_correlation(next.out, slot, lane);
    store(load<N>(slot.theta + lane) * next.slope, slot.theta + lane);
  }
}

// Parameters: u, w, root of the variance before.
template <class N, class T>
void affine(const AffineLayer& layer, const Cursor<T>& at, const Slot<T>& slot) {
  // Theta' = own_out (A K + B) + own_in K + own_one + A Theta.
  const N of_covariance = constant<N>(layer.own_out * layer.weight_variance + layer.own_in);
  const N fixed = constant<N>(layer.own_out * layer.bias_variance + layer.own_one);
  const N weight = constant<N>(layer.weight_variance);
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1), root = of_row<N>(at, 2);
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const Correlation<N> before = load_correlation<N>(slot, lane);
    const N covariance = root * of_column<N>(at, 2, lane) * before.rho;
    store(multiply_add(weight, load<N>(slot.theta + lane), multiply_add(of_covariance, covariance, fixed)),
          slot.theta + lane);
    if (layer.bias_variance != 0)
      store_correlation(affine_correlation(before, ui, of_column<N>(at, 0, lane), wi, of_column<N>(at, 1, lane)), slot, lane);
  }
}

// Theta / sqrt((q_i + 1e-12)(q_j + 1e-12)); the correlation stays.
template <class N, class T>
void norm(const Cursor<T>& at, const Slot<T>& slot) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes)
    store(load<N>(slot.theta + lane) * (of_row<N>(at, 0) * of_column<N>(at, 0, lane)), slot.theta + lane);
}

// Two samples have masks of their own: K stays while the variances grow by 1 / keep.
template <class N, class T>
void dropout(double keep, const Cursor<T>& at, const Slot<T>& slot) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const Correlation<N> before = load_correlation<N>(slot, lane);
    const N complement = multiply_add(constant<N>(keep), magnitude(before.s), constant<N>(1 - keep));
    store_correlation<N>({with_sign_of(complement, before.s), constant<N>(keep) * before.rho}, slot, lane);
  }
}

// Sum and concat: K = sum_b weight_b K_b; 1 -+ rho = sum_b (u_i - u_j)^2 + 2 u_i u_j (1 -+ rho_b). Parameters per branch:
// u_b = sqrt(weight_b q_b / q) / sqrt(2), root of q_b.
template <class N, class T>
void join_sum(const JoinStep& step, const Cursor<T>& at, const Slot<T>* slots) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    N minus = constant<N>(0), plus = constant<N>(0), rho = constant<N>(0), theta = constant<N>(0);
    for (std::size_t b = 0; b < step.count; ++b) {
      const N ui = of_row<N>(at, 2 * b), uj = of_column<N>(at, 2 * b, lane);
      const Correlation<N> c = load_correlation<N>(slots[b], lane);
      const N du = ui - uj, uu = constant<N>(2) * ui * uj;
      minus = multiply_add(uu, one_minus_correlation(c.s), multiply_add(du, du, minus));
      plus = multiply_add(uu, one_plus_correlation(c.s), multiply_add(du, du, plus));
      rho = multiply_add(uu, c.rho, rho);
      theta = multiply_add(constant<N>(step.weights[b]), load<N>(slots[b].theta + lane), theta);
    }
    const N s = select(rho < constant<N>(0), with_sign_of(plus, constant<N>(-1)), magnitude(minus));
    store_correlation<N>({s, rho}, slots[0], lane);
    store(theta, slots[0].theta + lane);
  }
}

// Product: rho = prod_b rho_b, Theta = sum_b Theta_b prod_{c != b} K_c.
template <class N, class T>
void join_product(const JoinStep& step, const Cursor<T>& at, const Slot<T>* slots) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    Correlation<N> product{constant<N>(0), constant<N>(1)};
    N covariance = constant<N>(1), theta = constant<N>(0);
    for (std::size_t b = 0; b < step.count; ++b) {
      const Correlation<N> c = load_correlation<N>(slots[b], lane);
      const N k = of_row<N>(at, 2 * b + 1) * of_column<N>(at, 2 * b + 1, lane) * c.rho;
      theta = multiply_add(theta, k, covariance * load<N>(slots[b].theta + lane));
      covariance = covariance * k;
      const N m = magnitude(product.s), n = magnitude(c.s);
      const N sign = select(is_negative(c.s), -with_sign_of(constant<N>(1), product.s), with_sign_of(constant<N>(1), product.s));
      product = {with_sign_of(negative_multiply_add(m, n, m + n), sign), product.rho * c.rho};
    }
    store_correlation(product, slots[0], lane);
    store(theta, slots[0].theta + lane);
  }
}

// One step of any kind but a table's. `state` holds the slots one after the other.
template <class N, class T>
void run_step(const Step& step, const Cursor<T>& at, bool theta, T* state) {
  const std::size_t lanes = at.lanes;
  const auto slot = [&](std::size_t k) {
    T* first = state + k * numbers_per_pair * lanes;
    return Slot<T>{first, first + lanes, first + 2 * lanes};
  };
  if (const auto* c = std::get_if<ChainStep>(&step))
    std::visit([&](const auto& dual) { chain<N>(*c, dual, at, theta, slot(c->slot)); }, c->dual);
  else if (const auto* d = std::get_if<DualStep>(&step))
    std::visit([&](const auto& dual) { dual_layer<N>(dual, at, slot(d->slot)); }, d->dual);
  else if (const auto* a = std::get_if<AffineStep>(&step))
    affine<N>(a->layer, at, slot(a->slot));
  else if (const auto* n = std::get_if<NormStep>(&step))
    norm<N>(at, slot(n->slot));
  else if (const auto* drop = std::get_if<DropoutStep>(&step))
    dropout<N>(drop->keep, at, slot(drop->slot));
  else if (const auto* copy = std::get_if<CopyStep>(&step))
    std::copy_n(slot(copy->from).s, numbers_per_pair * lanes, slot(copy->to).s);
  else if (const auto* j = std::get_if<JoinStep>(&step)) {
    std::vector<Slot<T>> slots;
    for (std::size_t b = 0; b < j->count; ++b) slots.push_back(slot(j->first + b));
    if (j->join == Join::product)
      join_product<N>(*j, at, slots.data());
    else
      join_sum<N>(*j, at, slots.data());
  }
}
