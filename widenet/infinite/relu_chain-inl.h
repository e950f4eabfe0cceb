// Chains of [affine relu]: the steps of most networks, on a few vectors of each of `Rows` rows at once. Included by
// execute-inl.h in its place; no include guard of its own.
//
// Inside a chain Theta is held as tau = Theta / sqrt(q_i q_j), which no variance enters:
// tau' = (2 u_i u_j tau + own rho') (1 - kappa t / pi). Only s of (s, rho) is kept up to date, for only s is read.

// What a layer reads of its rows.
template <class N, std::size_t Rows>
struct ReluRows {
  N own, u[Rows], two_u[Rows], w[Rows];
};
template <class N, std::size_t Rows, class T>
WIDENET_INLINE ReluRows<N, Rows> relu_rows(const AffineLayer& layer, const Cursor<T>& at) {
  ReluRows<N, Rows> rows;
  rows.own = constant<N>(layer.own_out);
  for (std::size_t r = 0; r < Rows; ++r) {
    const Cursor<T> here = at.of_row(r);
    rows.u[r] = of_row<N>(here, 0);
    rows.two_u[r] = rows.u[r] + rows.u[r];
    rows.w[r] = of_row<N>(here, 1);
  }
  return rows;
}

enum class ThetaIn { unused, zero, given };  // unused: for the NNGP alone
// The correlations of all pairs: any; >= 0, which saves the other branch of every formula; and >= 0 with s alone held,
// as they are after the first of relu and abs.
enum class Sign { any, nonnegative, complement };
// Bias: B > 0.
template <bool Bias, Sign Signs, ThetaIn In>
struct ReluKind {
  static constexpr bool bias = Bias, positive = Signs != Sign::any, complement = Signs == Sign::complement,
                        theta = In != ThetaIn::unused, zero = In == ThetaIn::zero;
};

// `sink`: KeepState, or what takes (row, lane, s, tau) of a pair whose state is not needed any more.
struct KeepState {};

// What a layer does to Rows x Columns vectors at once, so that the latencies of their polynomials hide one another.
template <class N, std::size_t Rows, std::size_t Columns>
struct ReluBlock {
  static constexpr std::size_t count = Rows * Columns;
  PoleRoot<N> pole[count];
  N rho[count], tau[count];  // after the affine half; of rho the sign is read

  template <class Kind, class T>
  WIDENET_INLINE void load_affine(const ReluRows<N, Rows>& rows, const Cursor<T>& at, const Slot<T>& slot,
                                  std::size_t lane) {
    for_each([&](std::size_t k, std::size_t r, std::size_t column) {
      const std::size_t here = lane + column;
      const Slot<T> mine = slot.of_row(r, at.lanes);
      const N uj = of_column<N>(at, 0, here), wj = of_column<N>(at, 1, here);
      N s = load<N>(mine.s + here);
      if constexpr (!Kind::complement) {
        rho[k] = load<N>(mine.rho + here);
        if constexpr (Kind::bias) rho[k] = affine_rho(rho[k], rows.u[r], uj, rows.w[r], wj);
      }
      if constexpr (Kind::positive && Kind::bias)
        s = positive_affine_complement(s, rows.two_u[r], rows.u[r], uj, rows.w[r], wj);
      else if constexpr (!Kind::positive)
        s = Kind::bias ? affine_complement(s, rho[k], rows.u[r], uj, rows.w[r], wj) : magnitude(s);
      if constexpr (Kind::complement) rho[k] = constant<N>(1) - s;
      pole[k] = pole_root(s);
      if constexpr (Kind::theta) {
        tau[k] = rows.own * rho[k];
        if constexpr (!Kind::zero) tau[k] = multiply_add(rows.two_u[r] * uj, load<N>(mine.theta + here), tau[k]);
      }
    });
  }

  template <class Kind, class T, class Sink>
  WIDENET_INLINE void finish(const ReluDual& dual, const Cursor<T>& at, const Slot<T>& slot, std::size_t lane,
                             const Sink& sink) {
    N next[count], slope[count];
    if constexpr (Kind::positive)
      positive_relu_pairs<count>(dual, pole, next, slope);
    else
      relu_pairs<count>(dual, pole, rho, next, slope);
    for_each([&](std::size_t k, std::size_t r, std::size_t column) {
      const std::size_t here = lane + column;
      const Slot<T> mine = slot.of_row(r, at.lanes);
      const N after = Kind::theta ? tau[k] * slope[k] : next[k];
      if constexpr (std::is_same_v<Sink, KeepState>) {
        store(next[k], mine.s + here);
        if constexpr (!Kind::complement)
          if (!dual.nonnegative()) store(correlation(next[k]), mine.rho + here);
        if constexpr (Kind::theta) store(after, mine.theta + here);
      } else {
        sink(r, here, next[k], after);
      }
    });
  }
  // By itself: with the next block's first half around it the compiler has too few registers for long polynomials.
  template <class Kind, class T, class Sink>
  [[gnu::noinline]] void finish_apart(const ReluDual& dual, const Cursor<T>& at, const Slot<T>& slot, std::size_t lane,
                                      const Sink& sink) {
    finish<Kind>(dual, at, slot, lane, sink);
  }

 private:
  // run(index in the block, row, first lane of the vector)
  template <class F>
  static WIDENET_INLINE void for_each(const F& run) {
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c)
#pragma GCC unroll 4
      for (std::size_t r = 0; r < Rows; ++r) run(c * Rows + r, r, c * Number<N>::lanes);
  }
};

// `dual` by value: stores of numbers could otherwise change it.
template <class Kind, class N, std::size_t Rows, class T, class Sink>
void relu_layer(ReluDual dual, const AffineLayer& layer, const Cursor<T>& at, const Slot<T>& slot, const Sink& sink) {
  // About eight chains of multiply-adds keep two pipes busy, and a vector of float32 has two; the lanes of a chunk are
  // 12 vectors or a multiple of 12.
  constexpr std::size_t columns = Number<N>::lanes == 1 ? 1 : Rows == 1 ? 6 : sizeof(T) == 4 ? 1 : 2;
  const ReluRows<N, Rows> rows = relu_rows<N, Rows>(layer, at);
  constexpr std::size_t width = columns * Number<N>::lanes;
  const auto finish = [&](auto& block, std::size_t lane) {
    if constexpr (series_of_complement<N> && Kind::positive)
      block.template finish<Kind>(dual, at, slot, lane, sink);
    else
      block.template finish_apart<Kind>(dual, at, slot, lane, sink);
  };
  // The roots of one block run beside the polynomials of the one before.
  ReluBlock<N, Rows, columns> even, odd;
  even.template load_affine<Kind>(rows, at, slot, 0);
  for (std::size_t lane = 0; lane < at.lanes; lane += 2 * width) {
    const bool two = lane + width < at.lanes;
    if (two) odd.template load_affine<Kind>(rows, at, slot, lane + width);
    finish(even, lane);
    if (!two) break;
    if (lane + 2 * width < at.lanes) even.template load_affine<Kind>(rows, at, slot, lane + 2 * width);
    finish(odd, lane + width);
  }
}

template <class N, std::size_t Rows, class T, class Sink>
void relu_layer_of(ThetaIn theta, Sign sign, const ReluDual& dual, const AffineLayer& layer, const Cursor<T>& at,
                   const Slot<T>& slot, const Sink& sink) {
  const auto run = [&]<Sign Signs, ThetaIn In>() {
    if (layer.bias_variance != 0)
      relu_layer<ReluKind<true, Signs, In>, N, Rows>(dual, layer, at, slot, sink);
    else
      relu_layer<ReluKind<false, Signs, In>, N, Rows>(dual, layer, at, slot, sink);
  };
  const auto first = [&]<Sign Signs>() {  // no layer is before it, or what is there is no ReLU's
    theta == ThetaIn::unused ? run.template operator()<Signs, ThetaIn::unused>()
                             : run.template operator()<Signs, ThetaIn::zero>();
  };
  if (sign == Sign::complement)
    theta == ThetaIn::unused ? run.template operator()<Sign::complement, ThetaIn::unused>()
                             : run.template operator()<Sign::complement, ThetaIn::given>();
  else if (theta == ThetaIn::given)
    run.template operator()<Sign::any, ThetaIn::given>();
  else if (sign == Sign::nonnegative)
    first.template operator()<Sign::nonnegative>();
  else
    first.template operator()<Sign::any>();
}

// Theta times the factors of row and column that parameter k holds.
template <class N, std::size_t Rows, class T>
void scale_theta(const Cursor<T>& at, std::size_t k, const Slot<T>& slot) {
  for (std::size_t r = 0; r < Rows; ++r) {
    T* theta = slot.of_row(r, at.lanes).theta;
    const N factor = of_row<N>(at.of_row(r), k);
    for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes)
      store(load<N>(theta + lane) * (factor * of_column<N>(at, k, lane)), theta + lane);
  }
}

// All layers of a chain; the last one's results go to `sink`. Parameters: 1 / sqrt(q) before the chain, u and w of
// every layer, sqrt(q) behind it.
template <class N, std::size_t Rows, class T, class Sink>
void relu_chain(const ChainStep& step, ReluDual dual, Cursor<T> at, ThetaIn theta, Sign sign, const Slot<T>& slot,
                const Sink& sink) {
  dual.beta = dual.kappa;  // the slope of tau
  dual.alpha = 1;
  if (theta == ThetaIn::given) scale_theta<N, Rows>(at, 0, slot);
  at.advance(1);
  for (std::size_t l = 0; l < step.layers.size(); ++l) {
    if (l + 1 < step.layers.size())
      relu_layer_of<N, Rows>(theta, sign, dual, step.layers[l], at, slot, KeepState());
    else
      relu_layer_of<N, Rows>(theta, sign, dual, step.layers[l], at, slot, sink);
    sign = dual.nonnegative() ? Sign::complement : Sign::any;
    if (theta == ThetaIn::zero) theta = ThetaIn::given;
    at.advance(2);
  }
  if constexpr (!std::is_same_v<Sink, KeepState>) return;
  if (theta == ThetaIn::given) scale_theta<N, Rows>(at, 0, slot);
  if (sign != Sign::complement || step.complement_suffices) return;
  for (std::size_t r = 0; r < Rows; ++r) {
    const Slot<T> mine = slot.of_row(r, at.lanes);
    for (std::size_t lane = 0; lane < at.lanes; lane += Number<N>::lanes)
      store(constant<N>(1) - load<N>(mine.s + lane), mine.rho + lane);
  }
}
