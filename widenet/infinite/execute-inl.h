// Steps on a chunk of pairs, over the number type N: a vector (execute.cc) or a scalar (reference.cc). Included inside
// a namespace that has N's words, Vector traits as Number<N>, and WIDENET_INLINE.

#include "widenet/infinite/closed_dual-inl.h"

// Where the numbers of a chunk lie: parameter k of row r at row[r * row_stride + k], of lane l at columns[k * lanes +
// l].
template <class T>
struct Cursor {
  const T* row;
  const T* columns;
  std::size_t lanes, row_stride;
  Cursor of_row(std::size_t r) const { return {row + r * row_stride, columns, lanes, row_stride}; }
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
WIDENET_INLINE N affine_complement(N s, N rho, N ui, N uj, N wi, N wj) {
  const auto negative = rho < constant<N>(0);
  const N du = ui - uj, dw = select(negative, wi + wj, wi - wj);
  const N before = select(negative, magnitude(s), one_minus_correlation(s));
  return multiply_add(constant<N>(2) * ui * uj, before, multiply_add(dw, dw, du * du));
}
template <class N>
WIDENET_INLINE Correlation<N> affine_correlation(Correlation<N> c, N ui, N uj, N wi, N wj) {
  const N rho = affine_rho(c.rho, ui, uj, wi, wj);
  const N complement = affine_complement(c.s, rho, ui, uj, wi, wj);
  return {select(rho < constant<N>(0), -complement, complement), rho};
}
template <class N>
WIDENET_INLINE N positive_affine_complement(N s, N two_ui, N ui, N uj, N wi, N wj) {
  const N du = ui - uj, dw = wi - wj;
  return multiply_add(two_ui * uj, s, multiply_add(dw, dw, du * du));
}

// Theta' = own_out (A K + B) + own_in K + own_one + A Theta.
template <class N>
struct AffineTheta {
  N weight, of_covariance, fixed;
  WIDENET_INLINE explicit AffineTheta(const AffineLayer& layer)
      : weight(constant<N>(layer.weight_variance)),
        of_covariance(constant<N>(layer.own_out * layer.weight_variance + layer.own_in)),
        fixed(constant<N>(layer.own_out * layer.bias_variance + layer.own_one)) {}
  WIDENET_INLINE N of_theta(N covariance, N theta) const {
    return multiply_add(weight, theta, multiply_add(of_covariance, covariance, fixed));
  }
  // The same from Theta = roots tau and K = roots (1 - s).
  WIDENET_INLINE N of_tau(N roots, N s, N tau) const {
    const N own = negative_multiply_add(of_covariance, s, of_covariance);
    return multiply_add(roots, multiply_add(weight, tau, own), fixed);
  }
};

// The affine step that ends a program, or null.
inline const AffineStep* last_affine(const Program& program) {
  const auto* step = program.steps.empty() ? nullptr : std::get_if<AffineStep>(&program.steps.back());
  return step && step->last ? step : nullptr;
}

// The kernel of a pair once all steps but `last` are done, `at` its parameters and behind them the root of the
// variance. s is read only where last->from_complement, else rho.
template <class N, class T>
WIDENET_INLINE N kernel_value(const AffineStep* last, bool theta, const Cursor<T>& at, std::size_t lane, N s, N rho,
                              N t) {
  if (!last) return theta ? t : of_row<N>(at, 0) * of_column<N>(at, 0, lane) * rho;
  if (last->from_complement) rho = constant<N>(1) - s;
  if (theta) return AffineTheta<N>(last->layer).of_theta(of_row<N>(at, 2) * of_column<N>(at, 2, lane) * rho, t);
  if (last->layer.bias_variance != 0)
    rho = affine_rho(rho, of_row<N>(at, 0), of_column<N>(at, 0, lane), of_row<N>(at, 1), of_column<N>(at, 1, lane));
  return of_row<N>(at, 3) * of_column<N>(at, 3, lane) * rho;
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

// The state of a slot: arrays s, rho, Theta of `lanes` numbers each, row after row.
template <class T>
struct Slot {
  T *s, *rho, *theta;
  Slot of_row(std::size_t r, std::size_t lanes) const {
    const std::size_t offset = r * numbers_per_pair * lanes;
    return {s + offset, rho + offset, theta + offset};
  }
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

// The affine half of [affine dual]. Parameters: u, w, then those of the dual, whose root is that of the affine's
// output.
template <class N, class T>
WIDENET_INLINE void chain_affine(const AffineLayer& layer, const Cursor<T>& at, std::size_t lane, bool theta,
                                 Correlation<N>& c, N& t) {
  if (layer.bias_variance != 0)
    c = affine_correlation(c, of_row<N>(at, 0), of_column<N>(at, 0, lane), of_row<N>(at, 1), of_column<N>(at, 1, lane));
  if (!theta) return;
  const N own = constant<N>(layer.own_out) * of_row<N>(at, 2);
  t = multiply_add(constant<N>(layer.weight_variance), t, own * of_column<N>(at, 2, lane) * c.rho);
}

// Layer by layer over the chunk: its groups of vectors are independent, so their latencies hide one another.
template <class N, class D, class T>
void chain_layer(const D& dual, const AffineLayer& layer, const Cursor<T>& at, bool theta, const Slot<T>& slot) {
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    Correlation<N> c = load_correlation<N>(slot, lane);
    N t = load<N>(slot.theta + lane);
    chain_affine<N>(layer, at, lane, theta, c, t);
    const Dual<N> next = apply_dual<N>(dual, c, at, 2, lane);
    store_correlation(next.out, slot, lane);
    store(t * next.slope, slot.theta + lane);
  }
}

#include "widenet/infinite/relu_chain-inl.h"

template <class N, std::size_t Rows, class D, class T>
void chain(const ChainStep& step, const D& dual, const Cursor<T>& at, bool theta, const Slot<T>& slot) {
  if constexpr (std::is_same_v<D, ReluDual>) {
    relu_chain<N, Rows>(step, dual, at, theta ? ThetaIn::given : ThetaIn::unused, Sign::any, slot, KeepState());
  } else {
    constexpr std::size_t per_layer = 3 + D::factors + (D::gives_covariance ? 1 : 0);
    for (std::size_t r = 0; r < Rows; ++r) {
      Cursor<T> here = at.of_row(r);
      for (const AffineLayer& layer : step.layers) {
        chain_layer<N>(dual, layer, here, theta, slot.of_row(r, at.lanes));
        here.advance(per_layer);
      }
    }
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
void affine(const AffineStep& step, const Cursor<T>& at, const Slot<T>& slot) {
  const AffineLayer layer = step.layer;
  const AffineTheta<N> theta(layer);
  const N ui = of_row<N>(at, 0), wi = of_row<N>(at, 1), root = of_row<N>(at, 2);
  for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes) {
    const Correlation<N> c = load_correlation<N>(slot, lane);
    store(theta.of_theta(root * of_column<N>(at, 2, lane) * c.rho, load<N>(slot.theta + lane)), slot.theta + lane);
    if (layer.bias_variance != 0)
      store_correlation(affine_correlation(c, ui, of_column<N>(at, 0, lane), wi, of_column<N>(at, 1, lane)), slot,
                        lane);
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

// A step of any kind but chains and tables, on one row. `slot_of` gives the row's slots.
template <class N, class T, class SlotOf>
void run_row(const Step& step, const Cursor<T>& at, const SlotOf& slot_of) {
  if (const auto* d = std::get_if<DualStep>(&step))
    std::visit([&](const auto& dual) { dual_layer<N>(dual, at, slot_of(d->slot)); }, d->dual);
  else if (const auto* a = std::get_if<AffineStep>(&step))
    affine<N>(*a, at, slot_of(a->slot));
  else if (const auto* n = std::get_if<NormStep>(&step))
    norm<N>(at, slot_of(n->slot));
  else if (const auto* drop = std::get_if<DropoutStep>(&step))
    dropout<N>(drop->keep, at, slot_of(drop->slot));
  else if (const auto* copy = std::get_if<CopyStep>(&step))
    std::copy_n(slot_of(copy->from).s, numbers_per_pair * at.lanes, slot_of(copy->to).s);
  else if (const auto* j = std::get_if<JoinStep>(&step)) {
    std::vector<Slot<T>> slots;
    for (std::size_t b = 0; b < j->count; ++b) slots.push_back(slot_of(j->first + b));
    if (j->join == Join::product)
      join_product<N>(*j, at, slots.data());
    else
      join_sum<N>(*j, at, slots.data());
  }
}

// One step of any kind but a table's on `Rows` rows. `state` holds slot after slot, each row after row.
template <class N, std::size_t Rows, class T>
void run_step(const Step& step, const Cursor<T>& at, bool theta, T* state) {
  const auto slot = [&](std::size_t k) {
    T* first = state + k * Rows * numbers_per_pair * at.lanes;
    return Slot<T>{first, first + at.lanes, first + 2 * at.lanes};
  };
  if (const auto* c = std::get_if<ChainStep>(&step)) {
    std::visit([&](const auto& dual) { chain<N, Rows>(*c, dual, at, theta, slot(c->slot)); }, c->dual);
    return;
  }
  for (std::size_t r = 0; r < Rows; ++r)
    run_row<N>(step, at.of_row(r), [&](std::size_t k) { return slot(k).of_row(r, at.lanes); });
}
