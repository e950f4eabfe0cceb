// One stage on a few rows of one displacement, a vector of samples per position. Included by plane_run-inl.h in its
// place; no include guard of its own.

#include "widenet/infinite/plane_rows-inl.h"

template <class N, class T>
class PlaneActivations {
 public:
  using Rows = PlaneRows<T>;
  explicit PlaneActivations(bool theta) : theta_(theta) {}

  // Of Count rows, with what the stage's outputs are handed on with.
  template <std::size_t Count>
  void activate(const PlaneStage& stage, const PlaneValues& out, bool positive, const Rows& rows) const {
    if (stage.norm) return pass_on<true, Count>(stage, out, rows);
    if (stage.table)
      for (std::size_t u = 0; u < Count; ++u) table_row(*stage.table, stage, out, rows, u);
    else if (!stage.activation)
      pass_on<false, Count>(stage, out, rows);
    else
      closed<Count>(*stage.activation, stage, out, positive, rows);
  }

 private:
  static constexpr std::size_t L = plane_lanes<T>;

  template <std::size_t Count>
  void closed(const ClosedDual& activation, const PlaneStage& stage, const PlaneValues& out, bool positive,
              const Rows& rows) const {
    std::visit(
        [&](const auto& dual) {
          if constexpr (std::is_same_v<std::decay_t<decltype(dual)>, ReluDual>) {
            rows.raw ? relu_of<true, Count>(dual, positive, stage, out, rows)
                     : relu_of<false, Count>(dual, positive, stage, out, rows);
          } else {
            for (std::size_t u = 0; u < Count; ++u) dual_row(dual, stage, out, rows, u);
          }
        },
        activation);
  }

  // What a row is made of beside its sums: all outputs leave scaled.
  struct Affine {
    N bias, own_bias;  // of this stage
    N scale, own;      // that outputs leave with
    N equal;           // complements below are 0: equal patches are exactly as alike as a patch and itself
  };
  static Affine affine_of(const PlaneStage& stage, const PlaneValues& out, const Rows& rows) {
    return {constant<N>(rows.bias), constant<N>(rows.own_bias), constant<N>(out.scale), constant<N>(out.own),
            constant<N>(stage.roundings * static_cast<double>(std::numeric_limits<T>::epsilon()))};
  }

  template <bool Norm, std::size_t Count>
  void pass_on(const PlaneStage& stage, const PlaneValues& out, const Rows& rows) const {
    if (rows.raw)
      return pass_sums_on<Norm, Count>(stage, out, rows, [&](const T* const* taps, std::size_t u, std::size_t x) {
        return window_sum<N>(taps, rows, u, x);
      });
    const auto run = [&]<std::size_t Taps>() {
      pass_sums_on<Norm, Count>(stage, out, rows, [&](const T* const* taps, std::size_t u, std::size_t x) {
        return tap_sum<Taps, N>(taps + u * rows.stride, rows.taps, x);
      });
    };
    if (rows.taps == 1) return run.template operator()<1>();
    // A convolution of three taps, and what it is added to.
    if (rows.taps == 3) return run.template operator()<3>();
    if (rows.taps == 4) return run.template operator()<4>();
    run.template operator()<0>();
  }
  template <bool Norm, std::size_t Count, class Sum>
  WIDENET_INLINE void pass_sums_on(const PlaneStage& stage, const PlaneValues& out, const Rows& rows,
                                   const Sum& sum) const {
    const Affine a = affine_of(stage, out, rows);
    for (std::size_t u = 0; u < Count; ++u)
      for (std::size_t x = 0; x < rows.width; ++x) {
        N scale = a.scale;
        if constexpr (Norm) scale = scale * (constant<N>(rows.mine[u][x]) * load<N>(rows.theirs[u] + x * L));
        const N k = scale * (sum(rows.k, u, x) + a.bias);
        store(k, rows.to[0][u] + x * L);
        if (theta_) store(multiply_add(a.own, k, scale * (sum(rows.b, u, x) + a.own_bias)), rows.to[1][u] + x * L);
      }
  }

  // 1 - |rho|, and 0 of what is equal but for roundings.
  static WIDENET_INLINE N complement_of(N rho, const Affine& a) {
    const N zero = constant<N>(0), complement = larger(constant<N>(1) - magnitude(rho), zero);
    return select(complement < a.equal, zero, complement);
  }

  template <class D>
  void dual_row(const D& dual, const PlaneStage& stage, const PlaneValues& out, const Rows& rows, std::size_t u) const {
    const Affine a = affine_of(stage, out, rows);
    T *to_k = rows.to[0][u], *to_b = rows.to[1][u];
    constexpr std::size_t parameters = 3 + D::factors;
    const N one = constant<N>(1);
    for (std::size_t x = 0; x < rows.width; ++x) {
      const T* mine = rows.mine[u] + x * parameters;
      const T* theirs = rows.theirs[u] + x * parameters * L;
      const auto side = [&](auto&& read) {
        Side<N, D::factors> numbers;
        numbers.root = read(2);
        for (std::size_t k = 3; k < parameters; ++k) numbers.f[k - 3] = read(k);
        return numbers;
      };
      const auto i = side([&](std::size_t k) { return constant<N>(mine[k]); });
      const auto j = side([&](std::size_t k) { return load<N>(theirs + k * L); });
      const N inverse = constant<N>(mine[0]) * load<N>(theirs);
      const N rho = (window_sum<N>(rows.k, rows, u, x) + a.bias) * inverse;
      const N complement = complement_of(rho, a);
      const Dual<N> result = pair<N>(dual, {with_sign_of(complement, rho), with_sign_of(one - complement, rho)}, i, j);
      N after = result.out.rho;
      if constexpr (!D::gives_covariance) after = after * (constant<N>(mine[1]) * load<N>(theirs + L));
      after = after * a.scale;
      store(after, to_k + x * L);
      if (!theta_) continue;
      const N t = window_sum<N>(rows.b, rows, u, x) + a.own_bias;
      store(multiply_add(result.slope * a.scale, t, a.own * after), to_b + x * L);
    }
  }

  void table_row(const DualTable& table, const PlaneStage& stage, const PlaneValues& out, const Rows& rows,
                 std::size_t u) const {
    constexpr std::size_t W = Number<N>::lanes;
    const Affine a = affine_of(stage, out, rows);
    T lanes[W];
    double s[W], q[W], k[W], slope[W];
    for (std::size_t x = 0; x < rows.width; ++x) {
      const T* mine = rows.mine[u] + 2 * x;
      const T* theirs = rows.theirs[u] + 2 * x * L;
      const N rho = (window_sum<N>(rows.k, rows, u, x) + a.bias) * (constant<N>(mine[0]) * load<N>(theirs));
      store(with_sign_of(complement_of(rho, a), rho), lanes);
      std::copy_n(lanes, W, s);
      std::copy_n(theirs + L, W, q);
      table.run(static_cast<double>(mine[1]), {q, W}, s, k, slope);
      std::copy_n(k, W, lanes);
      const N after = load<N>(lanes) * a.scale;
      store(after, rows.to[0][u] + x * L);
      if (!theta_) continue;
      std::copy_n(slope, W, lanes);
      const N t = window_sum<N>(rows.b, rows, u, x) + a.own_bias;
      store(multiply_add(load<N>(lanes) * a.scale, t, a.own * after), rows.to[1][u] + x * L);
    }
  }

  template <bool Theta, bool Positive, bool Raw, bool Unit>
  struct PlaneKind {
    static constexpr bool theta = Theta, positive = Positive, raw = Raw;
    static constexpr bool unit = Unit;  // the outputs' own is 1
  };

  // The first half of column x of Count rows.
  template <class Kind, std::size_t Count, class Sums>
  static WIDENET_INLINE void begin(const Affine& a, const Rows& rows, Sums& columns, std::size_t x,
                                   PlaneBlock<N, Count>& block) {
    const N one = constant<N>(1), zero = constant<N>(0);
    N sums[Count];
    columns.next(sums);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) {
      const T* theirs = rows.theirs[u] + 2 * x * L;
      __builtin_prefetch(theirs + rows.ahead);
      __builtin_prefetch(theirs + L + rows.ahead);
      const N inverse = constant<N>(rows.mine[u][2 * x]) * load<N>(theirs);
      N complement;
      if constexpr (Kind::positive) {
        complement = negative_multiply_add(sums[u] + a.bias, inverse, one);
      } else {
        block.s[u] = (sums[u] + a.bias) * inverse;
        complement = one - magnitude(block.s[u]);
      }
      complement = select(complement < a.equal, zero, complement);
      if constexpr (!Kind::positive) block.s[u] = with_sign_of(complement, block.s[u]);
      block.pole[u] = pole_root(complement);
    }
  }

  // The second; by itself, for with the first half of the next column around it the compiler has too few registers.
  template <class Kind, std::size_t Count, class Sums>
  [[gnu::noinline]] static void end(const ReluDual& dual, const Affine& a, const Rows& rows,
                                    const PlaneBlock<N, Count>& block, Sums& columns, std::size_t x) {
    N next[Count], slope[Count], sums[Count];
    if constexpr (Kind::positive)
      positive_relu_pairs<Count>(dual, block.pole, next, slope);
    else
      relu_pairs<Count>(dual, block.pole, block.s, next, slope);
    if constexpr (Kind::theta) columns.next(sums);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) {
      const N size = constant<N>(rows.mine[u][2 * x + 1]) * load<N>(rows.theirs[u] + (2 * x + 1) * L);
      const N k = Kind::positive ? negative_multiply_add(size, next[u], size) : size * correlation(next[u]);
      store(k, rows.to[0][u] + x * L);
      if constexpr (Kind::theta)
        store(multiply_add(slope[u], sums[u] + a.own_bias, Kind::unit ? k : a.own * k), rows.to[1][u] + x * L);
    }
  }

  // The samples' roots already hold the outputs' scale; the slope takes it here. The roots of one column run beside the
  // polynomials of the one before; two columns at a time are no faster, and slower where samples come from afar.
  template <class Kind, std::size_t Count>
  void relu(ReluDual dual, const PlaneStage& stage, const PlaneValues& out, const Rows& rows) const {
    dual.alpha *= out.scale;
    dual.beta *= out.scale;
    const Affine a = affine_of(stage, out, rows);
    WindowSums<Kind::raw, Count, N, T> k(rows.k, rows), b(rows.b, rows);
    PlaneBlock<N, Count> even, odd;
    if (rows.width > 0) begin<Kind, Count>(a, rows, k, 0, even);
    for (std::size_t x = 0; x < rows.width; x += 2) {
      if (x + 1 < rows.width) begin<Kind, Count>(a, rows, k, x + 1, odd);
      end<Kind, Count>(dual, a, rows, even, b, x);
      if (x + 1 == rows.width) break;
      if (x + 2 < rows.width) begin<Kind, Count>(a, rows, k, x + 2, even);
      end<Kind, Count>(dual, a, rows, odd, b, x + 1);
    }
  }

  template <bool Raw, std::size_t Count>
  void relu_of(const ReluDual& dual, bool positive, const PlaneStage& stage, const PlaneValues& out,
               const Rows& rows) const {
    const bool unit = out.own == 1;
    if (!theta_)
      positive ? relu<PlaneKind<false, true, Raw, true>, Count>(dual, stage, out, rows)
               : relu<PlaneKind<false, false, Raw, true>, Count>(dual, stage, out, rows);
    else if (positive)
      unit ? relu<PlaneKind<true, true, Raw, true>, Count>(dual, stage, out, rows)
           : relu<PlaneKind<true, true, Raw, false>, Count>(dual, stage, out, rows);
    else
      relu<PlaneKind<true, false, Raw, false>, Count>(dual, stage, out, rows);
  }

  bool theta_;
};
