// Chains of [affine relu]: the steps of most networks, on a vector of each of `Rows` rows at once. Included by
// execute-inl.h in its place; no include guard of its own.

// A layer has two halves: the second half of one group runs while the square roots of the next are under way. The rows
// share what is read of the columns. Bias: B > 0; Positive: the correlations are >= 0 for certain, as they are after
// the first of relu and abs. Only s is kept up to date, for only s is read.
template <class N, std::size_t Rows>
struct ReluGroup {
  PoleRoot<N> pole[Rows];
  N s[Rows], rho[Rows];  // of correlations that may be negative
};

// What a layer reads of its rows.
template <class N, std::size_t Rows>
struct ReluRows {
  N weight, u[Rows], two_u[Rows], w[Rows], own_root[Rows];
};
template <class N, std::size_t Rows, class T>
WIDENET_INLINE ReluRows<N, Rows> relu_rows(const AffineLayer& layer, const Cursor<T>& at) {
  ReluRows<N, Rows> rows;
  rows.weight = constant<N>(layer.weight_variance);
  for (std::size_t r = 0; r < Rows; ++r) {
    const Cursor<T> here = at.of_row(r);
    rows.u[r] = of_row<N>(here, 0);
    rows.two_u[r] = rows.u[r] + rows.u[r];
    rows.w[r] = of_row<N>(here, 1);
    rows.own_root[r] = constant<N>(layer.own_out) * of_row<N>(here, 2);
  }
  return rows;
}

enum class ThetaIn { unused, zero, given };  // unused: for the NNGP alone
template <bool Bias, bool Positive, ThetaIn In>
struct ReluKind {
  static constexpr bool bias = Bias, positive = Positive, theta = In != ThetaIn::unused, zero = In == ThetaIn::zero;
};

template <class Kind, class N, std::size_t Rows, class T>
WIDENET_INLINE ReluGroup<N, Rows> begin_relu(const ReluRows<N, Rows>& rows, const Cursor<T>& at, const Slot<T>& slot,
                                             std::size_t lane) {
  ReluGroup<N, Rows> group;
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Rows; ++r) {
    const Slot<T> mine = slot.of_row(r, at.lanes);
    N s = load<N>(mine.s + lane);
    if constexpr (Kind::positive) {
      if constexpr (Kind::bias)
        s = positive_affine_complement(s, rows.two_u[r], rows.u[r], of_column<N>(at, 0, lane), rows.w[r],
                                       of_column<N>(at, 1, lane));
      group.pole[r] = pole_root(s);
    } else {
      Correlation<N> c{s, load<N>(mine.rho + lane)};
      if constexpr (Kind::bias)
        c = affine_correlation<N>(c, rows.u[r], of_column<N>(at, 0, lane), rows.w[r], of_column<N>(at, 1, lane));
      group.rho[r] = c.rho;
      group.s[r] = c.s;
      group.pole[r] = pole_root(magnitude(c.s));
    }
  }
  return group;
}
// `sink`: KeepState, or what takes (row, lane, s, Theta) of a pair whose state is not needed any more.
struct KeepState {};
template <class Kind, class N, std::size_t Rows, class T, class Sink>
WIDENET_INLINE void end_relu(const ReluDual& dual, const ReluRows<N, Rows>& rows, const ReluGroup<N, Rows>& group,
                             const Cursor<T>& at, const Slot<T>& slot, std::size_t lane, const Sink& sink) {
  N next[Rows], slope[Rows];
  if constexpr (Kind::positive)
    positive_relu_pairs<Rows>(dual, group.pole, next, slope);
  else
    relu_pairs<Rows>(dual, group.pole, group.s, next, slope);
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Rows; ++r) {
    const Slot<T> mine = slot.of_row(r, at.lanes);
    N theta = next[r];
    if constexpr (Kind::theta) {
      // Read here, not in the first half: it would only wait in memory.
      const N roots = rows.own_root[r] * of_column<N>(at, 2, lane);
      theta = Kind::positive ? negative_multiply_add(roots, group.pole[r].complement, roots) : roots * group.rho[r];
      if constexpr (!Kind::zero) theta = multiply_add(rows.weight, load<N>(mine.theta + lane), theta);
      theta = theta * slope[r];
    }
    if constexpr (std::is_same_v<Sink, KeepState>) {
      store(next[r], mine.s + lane);
      if constexpr (!Kind::positive)
        if (!dual.nonnegative()) store(correlation(next[r]), mine.rho + lane);
      if constexpr (Kind::theta) store(theta, mine.theta + lane);
    } else {
      sink(r, lane, next[r], theta);
    }
  }
}

// `dual` by value: stores of numbers could otherwise change it.
template <class Kind, class N, std::size_t Rows, class T, class Sink>
void relu_layer(ReluDual dual, const AffineLayer& layer, const Cursor<T>& at, const Slot<T>& slot, const Sink& sink) {
  constexpr std::size_t W = Number<N>::lanes;
  const ReluRows<N, Rows> rows = relu_rows<N, Rows>(layer, at);
  // Two groups in turn, so that neither is ever copied.
  ReluGroup<N, Rows> even = begin_relu<Kind>(rows, at, slot, 0);
  std::size_t lane = 0;
  for (; lane + 2 * W < at.lanes; lane += 2 * W) {
    const ReluGroup<N, Rows> odd = begin_relu<Kind>(rows, at, slot, lane + W);
    end_relu<Kind>(dual, rows, even, at, slot, lane, sink);
    even = begin_relu<Kind>(rows, at, slot, lane + 2 * W);
    end_relu<Kind>(dual, rows, odd, at, slot, lane + W, sink);
  }
  if (lane + W < at.lanes)
    end_relu<Kind>(dual, rows, begin_relu<Kind>(rows, at, slot, lane + W), at, slot, lane + W, sink);
  end_relu<Kind>(dual, rows, even, at, slot, lane, sink);
}

template <class N, std::size_t Rows, class T, class Sink>
void relu_layer_of(ThetaIn theta, bool positive, const ReluDual& dual, const AffineLayer& layer, const Cursor<T>& at,
                   const Slot<T>& slot, const Sink& sink) {
  const auto run = [&]<bool Bias, bool Positive, ThetaIn In>() {
    relu_layer<ReluKind<Bias, Positive, In>, N, Rows>(dual, layer, at, slot, sink);
  };
  const auto of_theta = [&]<bool Bias, bool Positive>() {
    if (theta == ThetaIn::unused)
      run.template operator()<Bias, Positive, ThetaIn::unused>();
    else if (!Positive && theta == ThetaIn::zero)
      run.template operator()<Bias, false, ThetaIn::zero>();
    else
      run.template operator()<Bias, Positive, ThetaIn::given>();
  };
  if (layer.bias_variance != 0)
    positive ? of_theta.template operator()<true, true>() : of_theta.template operator()<true, false>();
  else
    positive ? of_theta.template operator()<false, true>() : of_theta.template operator()<false, false>();
}

// All layers of a chain; the last one's results go to `sink`.
template <class N, std::size_t Rows, class T, class Sink>
void relu_chain(const ChainStep& step, const ReluDual& dual, Cursor<T> at, ThetaIn theta, const Slot<T>& slot,
                const Sink& sink) {
  bool positive = false;
  for (std::size_t l = 0; l < step.layers.size(); ++l) {
    if (l + 1 < step.layers.size())
      relu_layer_of<N, Rows>(theta, positive, dual, step.layers[l], at, slot, KeepState());
    else
      relu_layer_of<N, Rows>(theta, positive, dual, step.layers[l], at, slot, sink);
    positive = dual.nonnegative();
    if (theta == ThetaIn::zero) theta = ThetaIn::given;
    at.advance(3);
  }
  if (!positive || step.complement_suffices) return;
  for (std::size_t r = 0; r < Rows; ++r) {
    const Slot<T> mine = slot.of_row(r, at.lanes);
    for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes)
      store(constant<N>(1) - load<N>(mine.s + lane), mine.rho + lane);
  }
}
