// Steps on a chunk of pairs, over the number type N: a vector (execute.cc) or a scalar (reference.cc). Included inside
// a namespace that has N's words, Vector traits as Number<N>, and WIDENET_INLINE.

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
// 1 - rho' = ((u_i - u_j)^2 + (w_i - w_j)^2) / 2 + u_i u_j (1 - rho), and the same against -1 with w_j negated. A bias
// can turn opposite rows into nearly equal ones, so it is the sign of rho' that tells which of the two is wanted.
template <class N>
WIDENET_INLINE N affine_rho(N rho, N ui, N uj, N wi, N wj) {
  return multiply_add(constant<N>(2) * ui * uj, rho, constant<N>(2) * wi * wj);
}
template <class N>
WIDENET_INLINE Correlation<N> affine_correlation(Correlation<N> c, N ui, N uj, N wi, N wj) {
  const N uu = constant<N>(2) * ui * uj, zero = constant<N>(0);
  const N rho = affine_rho(c.rho, ui, uj, wi, wj);
  const auto negative = rho < zero;
  const N du = ui - uj, dw = wi - select(negative, zero - wj, wj);
  const N before = select(negative, magnitude(c.s), one_minus_correlation(c.s));
  const N complement = multiply_add(uu, before, multiply_add(dw, dw, du * du));
  return {select(negative, with_sign_of(complement, constant<N>(-1)), complement), rho};
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
    const N inverse_i = of_row<N>(at, first + 1 + D::factors),
            inverse_j = of_column<N>(at, first + 1 + D::factors, lane);
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

// The affine half of [affine dual] on `Unroll` vectors. Parameters: u, w, then those of the dual, whose root is that of
// the affine's output.
template <class N, std::size_t Unroll, class T>
WIDENET_INLINE void chain_affine(const AffineLayer& layer, const Cursor<T>& at, std::size_t lane, bool theta,
                                 Correlation<N>* c, N* t) {
  constexpr std::size_t W = Number<N>::lanes;
  if (layer.bias_variance != 0)
    for (std::size_t u = 0; u < Unroll; ++u)
      c[u] = affine_correlation(c[u], of_row<N>(at, 0), of_column<N>(at, 0, lane + u * W), of_row<N>(at, 1),
                                of_column<N>(at, 1, lane + u * W));
  if (!theta) return;
  const N own = constant<N>(layer.own_out) * of_row<N>(at, 2), weight = constant<N>(layer.weight_variance);
  for (std::size_t u = 0; u < Unroll; ++u)
    t[u] = multiply_add(weight, t[u], own * of_column<N>(at, 2, lane + u * W) * c[u].rho);
}

// Layer by layer over the chunk: its groups of vectors are independent, so their latencies hide one another.
template <class N, class D, class T>
void chain_layer(const D& dual, const AffineLayer& layer, const Cursor<T>& at, bool theta, const Slot<T>& slot) {
  constexpr std::size_t W = Number<N>::lanes;
  for (std::size_t lane = 0; lane < at.lanes; lane += W) {
    Correlation<N> c = load_correlation<N>(slot, lane);
    N t = load<N>(slot.theta + lane);
    chain_affine<N, 1>(layer, at, lane, theta, &c, &t);
    const Dual<N> next = apply_dual<N>(dual, c, at, 2, lane);
    store_correlation(next.out, slot, lane);
    store(t * next.slope, slot.theta + lane);
  }
}

// The same for ReLU-type activations, `Unroll` vectors at once, in two halves: the second half of one group runs while
// the square roots of the next are under way. Only s is kept up to date, for only s is read.
template <class N, std::size_t Unroll>
struct ReluGroup {
  PoleRoot<N> pole[Unroll];
  N s[Unroll], t[Unroll];
};

template <class N, std::size_t Unroll, class T>
WIDENET_INLINE ReluGroup<N, Unroll> begin_relu(const AffineLayer& layer, const Cursor<T>& at, bool theta,
                                               const Slot<T>& slot, std::size_t lane) {
  constexpr std::size_t W = Number<N>::lanes;
  ReluGroup<N, Unroll> group;
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Unroll; ++u) {
    Correlation<N> c = load_correlation<N>(slot, lane + u * W);
    group.t[u] = load<N>(slot.theta + lane + u * W);
    chain_affine<N, 1>(layer, at, lane + u * W, theta, &c, &group.t[u]);
    group.s[u] = c.s;
    group.pole[u] = pole_root(magnitude(c.s));
  }
  return group;
}
template <class N, std::size_t Unroll, class T>
WIDENET_INLINE void end_relu(const ReluDual& dual, const ReluGroup<N, Unroll>& group, const Slot<T>& slot,
                             std::size_t lane) {
  constexpr std::size_t W = Number<N>::lanes;
  N next[Unroll], slope[Unroll];
  relu_pairs<Unroll>(dual, group.pole, group.s, next, slope);
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Unroll; ++u) {
    store(next[u], slot.s + lane + u * W);
    if (!dual.nonnegative()) store(correlation(next[u]), slot.rho + lane + u * W);
    store(group.t[u] * slope[u], slot.theta + lane + u * W);
  }
}

// And for correlations that are >= 0 for certain: the layers after the first of relu and abs.
template <class N, std::size_t Unroll, class T>
WIDENET_INLINE ReluGroup<N, Unroll> begin_positive_relu(const AffineLayer& layer, const Cursor<T>& at, bool theta,
                                                        const Slot<T>& slot, std::size_t lane) {
  constexpr std::size_t W = Number<N>::lanes;
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1);
  ReluGroup<N, Unroll> group;
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Unroll; ++u) {
    N s = load<N>(slot.s + lane + u * W);
    if (layer.bias_variance != 0)
      s = positive_affine_complement(s, ui + ui, ui, of_column<N>(at, 0, lane + u * W), wi,
                                     of_column<N>(at, 1, lane + u * W));
    group.pole[u] = pole_root(s);
    if (theta) {
      const N roots = constant<N>(layer.own_out) * of_row<N>(at, 2) * of_column<N>(at, 2, lane + u * W);
      group.t[u] = multiply_add(constant<N>(layer.weight_variance), load<N>(slot.theta + lane + u * W),
                                negative_multiply_add(roots, s, roots));
    }
  }
  return group;
}
template <class N, std::size_t Unroll, class T>
WIDENET_INLINE void end_positive_relu(const ReluDual& dual, bool theta, const ReluGroup<N, Unroll>& group,
                                      const Slot<T>& slot, std::size_t lane) {
  constexpr std::size_t W = Number<N>::lanes;
  N next[Unroll], slope[Unroll];
  positive_relu_pairs<Unroll>(dual, group.pole, next, slope);
#pragma GCC unroll 4
  for (std::size_t u = 0; u < Unroll; ++u) {
    store(next[u], slot.s + lane + u * W);
    if (theta) store(group.t[u] * slope[u], slot.theta + lane + u * W);
  }
}

template <class N, class T>
void relu_layer(const ReluDual& dual, const AffineLayer& layer, const Cursor<T>& at, bool theta, const Slot<T>& slot) {
  constexpr std::size_t Unroll = Number<N>::lanes == 1 ? 1 : 2, step = Unroll * Number<N>::lanes;
  auto group = begin_relu<N, Unroll>(layer, at, theta, slot, 0);
  for (std::size_t lane = step; lane < at.lanes; lane += step) {
    const auto following = begin_relu<N, Unroll>(layer, at, theta, slot, lane);
    end_relu(dual, group, slot, lane - step);
    group = following;
  }
  end_relu(dual, group, slot, at.lanes - step);
}

template <class N, class T>
void positive_relu_layer(const ReluDual& dual, const AffineLayer& layer, const Cursor<T>& at, bool theta,
                         const Slot<T>& slot) {
  constexpr std::size_t Unroll = Number<N>::lanes == 1 ? 1 : 4, step = Unroll * Number<N>::lanes;
  auto group = begin_positive_relu<N, Unroll>(layer, at, theta, slot, 0);
  for (std::size_t lane = step; lane < at.lanes; lane += step) {
    const auto following = begin_positive_relu<N, Unroll>(layer, at, theta, slot, lane);
    end_positive_relu(dual, theta, group, slot, lane - step);
    group = following;
  }
  end_positive_relu(dual, theta, group, slot, at.lanes - step);
}

template <class N, class D, class T>
void chain(const ChainStep& step, const D& dual, Cursor<T> at, bool theta, const Slot<T>& slot) {
  constexpr std::size_t per_layer = 3 + D::factors + (D::gives_covariance ? 1 : 0);
  [[maybe_unused]] bool positive = false;
  for (const AffineLayer& layer : step.layers) {
    if constexpr (!std::is_same_v<D, ReluDual>)
      chain_layer<N>(dual, layer, at, theta, slot);
    else if (positive)
      positive_relu_layer<N>(dual, layer, at, theta, slot);
    else
      relu_layer<N>(dual, layer, at, theta, slot);
    if constexpr (std::is_same_v<D, ReluDual>) positive = dual.nonnegative();
    at.advance(per_layer);
  }
  if (positive && !step.complement_suffices)
    for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes)
      store(constant<N>(1) - load<N>(slot.s + lane), slot.rho + lane);
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
void affine(const AffineStep& step, const Cursor<T>& at, const Slot<T>& slot) {
  // Theta' = own_out (A K + B) + own_in K + own_one + A Theta.
  const AffineLayer& layer = step.layer;
  const N of_covariance = constant<N>(layer.own_out * layer.weight_variance + layer.own_in);
  const N fixed = constant<N>(layer.own_out * layer.bias_variance + layer.own_one);
  const N weight = constant<N>(layer.weight_variance);
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1), root = of_row<N>(at, 2);
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const N rho = step.from_complement ? constant<N>(1) - load<N>(slot.s + lane) : load<N>(slot.rho + lane);
    const N covariance = root * of_column<N>(at, 2, lane) * rho;
    store(multiply_add(weight, load<N>(slot.theta + lane), multiply_add(of_covariance, covariance, fixed)),
          slot.theta + lane);
    if (layer.bias_variance == 0 && !step.from_complement) continue;
    const N uj = of_column<N>(at, 0, lane), wj = of_column<N>(at, 1, lane);
    if (step.last)
      store(affine_rho(rho, ui, uj, wi, wj), slot.rho + lane);
    else
      store_correlation(affine_correlation<N>({load<N>(slot.s + lane), rho}, ui, uj, wi, wj), slot, lane);
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

// Sum and concat: K = sum_b weight_b K_b; 1 -+ rho = sum_b (u_i - u_j)^2 + 2 u_i u_j (1 -+ rho_b). Parameters per
// branch: u_b = sqrt(weight_b q_b / q) / sqrt(2), root of q_b.
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
      const N sign =
          select(is_negative(c.s), -with_sign_of(constant<N>(1), product.s), with_sign_of(constant<N>(1), product.s));
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
    affine<N>(*a, at, slot(a->slot));
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
