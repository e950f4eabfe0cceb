// A plane plan on one displacement after the other, a vector of samples per position. Included inside a namespace that
// has the words of vector-inl.h and the formulas of closed_dual-inl.h.

#include "widenet/infinite/plane_rows-inl.h"

template <class N, class T>
class PlaneRun {
 public:
  PlaneRun(const PlanePlan& plan, bool theta, const PlaneSamples<T>& rows, std::size_t i,
           const PlaneSamples<T>& columns, std::size_t block, std::size_t lane, PlaneScratch<T>& scratch)
      : plan_(plan),
        theta_(theta),
        offsets_(plane_offsets(plan)),
        row_(rows.parameters(i)),
        column_(columns.parameters(block) + lane),
        row_pixels_(rows.pixels(i)),
        column_pixels_(columns.pixels(block) + lane),
        scratch_(scratch) {}

  // The kernel, of every lane.
  void all(double* out) {
    const Plane last = plan_.stages.empty() ? plan_.input : plan_.stages.back().out;
    const auto height = plan_.all_displacements ? static_cast<std::ptrdiff_t>(last.height) : 1,
               width = plan_.all_displacements ? static_cast<std::ptrdiff_t>(last.width) : 1;
    double k[W] = {}, b[W] = {};
    for (std::ptrdiff_t dy = 1 - height; dy < height; ++dy)
      for (std::ptrdiff_t dx = 1 - width; dx < width; ++dx) {
        k_ = b_ = constant<N>(0);
        displacement(dy, dx);
        T sums[W];
        store(k_, sums);
        for (std::size_t l = 0; l < W; ++l) k[l] += static_cast<double>(sums[l]);
        store(b_, sums);
        for (std::size_t l = 0; l < W; ++l) b[l] += static_cast<double>(sums[l]);
      }
    const PlaneStage& r = plan_.readout;
    for (std::size_t l = 0; l < W; ++l) out[l] = theta_ ? b[l] + r.own_bias : k[l] + r.bias;
  }

 private:
  static constexpr std::size_t W = Number<N>::lanes, L = plane_lanes<T>, U = plane_rows;
  using Rows = PlaneRows<T>;

  const PlaneStage& reader_of(std::size_t stage) const {
    return stage < plan_.stages.size() ? plan_.stages[stage] : plan_.readout;
  }

  void displacement(std::ptrdiff_t dy, std::ptrdiff_t dx) {
    // Through strides the displacement grows towards the input.
    const std::size_t count = plan_.stages.size();
    shifts_.assign(2 * (count + 1), 0);
    shifts_[2 * count] = dy;
    shifts_[2 * count + 1] = dx;
    for (std::size_t s = count; s-- > 0;)
      for (std::size_t a = 0; a < 2; ++a)
        shifts_[2 * s + a] = shifts_[2 * s + 2 + a] * static_cast<std::ptrdiff_t>(plan_.stages[s].stride[a]);
    input();
    bool positive = false;
    for (std::size_t s = 0; s < count; ++s) positive = stage(s, positive);
  }

  // x_p . z_p' / channels, row by row.
  void input() {
    const PlaneRegion region = region_of(plan_.input, &shifts_[0]);
    const std::size_t channels = plan_.channels;
    const N scale = constant<N>(reader_of(0).scale / static_cast<double>(channels));
    for (std::size_t y = 0; y < region.size[0]; ++y) {
      const T* x = row_pixels_ + at(plan_.input, region, y, nullptr) * channels;
      const T* z = column_pixels_ + at(plan_.input, region, y, &shifts_[0]) * channels * L;
      T *k = out_row(0, region.size[1], y, 0, 0), *b = out_row(0, region.size[1], y, 0, 1);
      const N own = constant<N>(reader_of(0).own) * scale;
      for (std::size_t p = 0; p < region.size[1]; ++p) {
        N sum = constant<N>(0);
        for (std::size_t c = 0; c < channels; ++c, ++x, z += L) sum = multiply_add(constant<N>(*x), load<N>(z), sum);
        store(sum * scale, k + p * L);
        store(sum * own, b + p * L);
      }
      finish_row(0, region, y, 0);
    }
  }

  // Index of the first position of a row of the region, or of its partner.
  std::size_t at(const Plane& plane, const PlaneRegion& region, std::size_t y, const std::ptrdiff_t* shift) const {
    const std::ptrdiff_t down = shift ? shift[0] : 0, right = shift ? shift[1] : 0;
    const auto row = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(region.first[0] + y) + down);
    const auto column = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(region.first[1]) + right);
    return row * plane.width + column;
  }

  // Whether a stage sums its windows itself: 3 x 3 over planes of one size. Others read rows that are summed already.
  static bool sums_itself(const PlaneStage& stage) {
    return stage.window[0] == 3 && stage.window[1] == 3 && stage.stride[0] == 1 && stage.stride[1] == 1 &&
           stage.before[0] == 1 && stage.before[1] == 1 && stage.in == stage.out;
  }
  // Where row y of the plane before stage `reader`, the u-th of those on their way, is to be written.
  T* out_row(std::size_t reader, std::size_t width, std::size_t y, std::size_t u, std::size_t which) {
    const bool direct = reader < plan_.stages.size() && sums_itself(plan_.stages[reader]);
    return direct ? scratch_.plane(reader % 2, which) + y * width * L : scratch_.row(u, which);
  }

  // Hands such a row on: summed along the row for the reader's windows, or added up.
  void finish_row(std::size_t reader, const PlaneRegion& region, std::size_t y, std::size_t u) {
    const std::size_t width = region.size[1];
    for (std::size_t which = 0; which < (theta_ ? 2u : 1u); ++which) {
      T* from = scratch_.row(u, which);
      if (reader == plan_.stages.size()) {
        N& sum = which == 0 ? k_ : b_;
        for (std::size_t x = 0; x < width; ++x) sum = sum + load<N>(from + x * L);
        continue;
      }
      const PlaneStage& stage = plan_.stages[reader];
      if (sums_itself(stage)) return;
      const PlaneRegion out = region_of(stage.out, &shifts_[2 * reader + 2]);
      T* to = scratch_.plane(reader % 2, which) + y * out.size[1] * L;
      for (std::size_t x = 0; x < out.size[1]; ++x) {
        N sum = constant<N>(0);
        for (std::size_t t = 0; t < stage.window[1]; ++t) {
          const std::size_t p = (out.first[1] + x) * stage.stride[1] + t - stage.before[1] - region.first[1];
          if (p < width) sum = sum + load<N>(from + p * L);
        }
        store(sum, to + x * L);
      }
    }
  }

  // One stage on the displacement, a few rows at a time; whether its outputs are certainly >= 0.
  bool stage(std::size_t s, bool positive) {
    const PlaneStage& stage = plan_.stages[s];
    const PlaneRegion in = region_of(stage.in, &shifts_[2 * s]), out = region_of(stage.out, &shifts_[2 * s + 2]);
    const std::size_t parameters = plane_parameters(stage), offset = offsets_[s];
    Rows rows{.k = {},
              .b = {},
              .taps = stage.window[0],
              .stride = stage.stride[0],
              .mine = {},
              .theirs = {},
              .to = {},
              .width = out.size[1],
              .raw = sums_itself(stage)};
    for (std::size_t y = 0, count = U; y < out.size[0]; y += count) {
      if (out.size[0] - y < U) count = 1;
      for (std::size_t t = 0; t < (count - 1) * rows.stride + rows.taps; ++t) {
        const std::size_t p = (out.first[0] + y) * rows.stride + t - stage.before[0] - in.first[0];
        rows.k[t] = p < in.size[0] ? scratch_.plane(s % 2, 0) + p * out.size[1] * L : scratch_.zeros();
        rows.b[t] = p < in.size[0] ? scratch_.plane(s % 2, 1) + p * out.size[1] * L : scratch_.zeros();
      }
      for (std::size_t u = 0; u < count; ++u) {
        for (std::size_t which = 0; which < 2; ++which) rows.to[which][u] = out_row(s + 1, rows.width, y + u, u, which);
        rows.mine[u] = row_ + offset + at(stage.out, out, y + u, nullptr) * parameters;
        rows.theirs[u] = column_ + (offset + at(stage.out, out, y + u, &shifts_[2 * s + 2]) * parameters) * L;
      }
      if (count == U)
        activate<U>(s, positive, rows);
      else
        activate<1>(s, positive, rows);
      for (std::size_t u = 0; u < count; ++u) finish_row(s + 1, out, y + u, u);
    }
    const auto* relu = stage.activation ? std::get_if<ReluDual>(&*stage.activation) : nullptr;
    return relu ? relu->nonnegative() : positive && !stage.activation;
  }

  template <std::size_t Count>
  void activate(std::size_t s, bool positive, const Rows& rows) {
    const PlaneStage& stage = plan_.stages[s];
    const PlaneStage& reader = reader_of(s + 1);
    if (!stage.activation) return pass_on<Count>(stage, reader, rows);
    std::visit(
        [&](const auto& dual) {
          if constexpr (std::is_same_v<std::decay_t<decltype(dual)>, ReluDual>) {
            rows.raw ? relu_of<true, Count>(dual, positive, stage, reader, rows)
                     : relu_of<false, Count>(dual, positive, stage, reader, rows);
          } else {
            for (std::size_t u = 0; u < Count; ++u) dual_row(dual, stage, reader, rows, u);
          }
        },
        *stage.activation);
  }

  // What a row is made of beside its sums: all outputs leave scaled for their reader.
  struct Affine {
    N bias, own_bias;  // of this stage
    N scale, own;      // of the reader
  };
  static Affine affine_of(const PlaneStage& stage, const PlaneStage& reader) {
    return {constant<N>(stage.bias), constant<N>(stage.own_bias), constant<N>(reader.scale), constant<N>(reader.own)};
  }

  template <std::size_t Count>
  void pass_on(const PlaneStage& stage, const PlaneStage& reader, const Rows& rows) {
    const Affine a = affine_of(stage, reader);
    for (std::size_t u = 0; u < Count; ++u)
      for (std::size_t x = 0; x < rows.width; ++x) {
        const N k = a.scale * (window_sum<N>(rows.k, rows, u, x) + a.bias);
        store(k, rows.to[0][u] + x * L);
        if (!theta_) continue;
        const N t = window_sum<N>(rows.b, rows, u, x) + a.own_bias;
        store(multiply_add(a.own, k, a.scale * t), rows.to[1][u] + x * L);
      }
  }

  // Correlations nearer to 1 than rounding are 1: equal patches are exactly as alike as a patch and itself.
  static constexpr long double equal = 8 * std::numeric_limits<T>::epsilon();

  template <class D>
  void dual_row(const D& dual, const PlaneStage& stage, const PlaneStage& reader, const Rows& rows, std::size_t u) {
    const Affine a = affine_of(stage, reader);
    T *to_k = rows.to[0][u], *to_b = rows.to[1][u];
    constexpr std::size_t parameters = 3 + D::factors;
    const N one = constant<N>(1), zero = constant<N>(0);
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
      N complement = larger(one - magnitude(rho), zero);
      complement = select(complement < constant<N>(equal), zero, complement);
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

  template <bool Theta, bool Positive, bool Raw, bool Unit>
  struct PlaneKind {
    static constexpr bool theta = Theta, positive = Positive, raw = Raw;
    static constexpr bool unit = Unit;  // the reader's own is 1
  };

  template <class Kind, std::size_t Count, class Sums>
  static WIDENET_INLINE PlaneGroup<N, Count> begin(N bias, const Rows& rows, Sums& columns, std::size_t x) {
    PlaneGroup<N, Count> g;
    const N one = constant<N>(1), zero = constant<N>(0);
    N sums[Count];
    columns.next(sums);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) {
      const N inverse = constant<N>(rows.mine[u][2 * x]) * load<N>(rows.theirs[u] + 2 * x * L);
      N complement;
      if constexpr (Kind::positive) {
        complement = negative_multiply_add(sums[u] + bias, inverse, one);
      } else {
        g.s[u] = (sums[u] + bias) * inverse;
        complement = one - magnitude(g.s[u]);
      }
      complement = select(complement < constant<N>(equal), zero, complement);
      if constexpr (!Kind::positive) g.s[u] = with_sign_of(complement, g.s[u]);
      g.pole[u] = pole_root(complement);
    }
    return g;
  }

  template <class Kind, std::size_t Count, class Sums>
  static WIDENET_INLINE void end(const ReluDual& dual, N own_bias, N own, const Rows& rows,
                                 const PlaneGroup<N, Count>& g, Sums& columns, std::size_t x) {
    N next[Count], slope[Count], sums[Count];
    if constexpr (Kind::positive)
      positive_relu_pairs<Count>(dual, g.pole, next, slope);
    else
      relu_pairs<Count>(dual, g.pole, g.s, next, slope);
    if constexpr (Kind::theta) columns.next(sums);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) {
      const N size = constant<N>(rows.mine[u][2 * x + 1]) * load<N>(rows.theirs[u] + (2 * x + 1) * L);
      const N k = Kind::positive ? negative_multiply_add(size, next[u], size) : size * correlation(next[u]);
      store(k, rows.to[0][u] + x * L);
      if constexpr (Kind::theta)
        store(multiply_add(slope[u], sums[u] + own_bias, Kind::unit ? k : own * k), rows.to[1][u] + x * L);
    }
  }

  // The samples' roots already hold the reader's scale; the slope takes it here. Two groups in turn: the roots of one
  // run beside the polynomials of the other.
  template <class Kind, std::size_t Count>
  void relu(ReluDual dual, const PlaneStage& stage, const PlaneStage& reader, const Rows& rows) {
    dual.alpha *= reader.scale;
    dual.beta *= reader.scale;
    const N bias = constant<N>(stage.bias), own_bias = constant<N>(stage.own_bias), own = constant<N>(reader.own);
    WindowSums<Kind::raw, Count, N, T> k(rows.k, rows), b(rows.b, rows);
    PlaneGroup<N, Count> even = begin<Kind, Count>(bias, rows, k, 0);
    std::size_t x = 0;
    for (; x + 2 < rows.width; x += 2) {
      const PlaneGroup<N, Count> odd = begin<Kind, Count>(bias, rows, k, x + 1);
      end<Kind, Count>(dual, own_bias, own, rows, even, b, x);
      even = begin<Kind, Count>(bias, rows, k, x + 2);
      end<Kind, Count>(dual, own_bias, own, rows, odd, b, x + 1);
    }
    if (x + 1 < rows.width) {
      const PlaneGroup<N, Count> odd = begin<Kind, Count>(bias, rows, k, x + 1);
      end<Kind, Count>(dual, own_bias, own, rows, even, b, x);
      end<Kind, Count>(dual, own_bias, own, rows, odd, b, x + 1);
    } else {
      end<Kind, Count>(dual, own_bias, own, rows, even, b, x);
    }
  }

  template <bool Raw, std::size_t Count>
  void relu_of(const ReluDual& dual, bool positive, const PlaneStage& stage, const PlaneStage& reader,
               const Rows& rows) {
    const bool unit = reader.own == 1;
    if (!theta_)
      positive ? relu<PlaneKind<false, true, Raw, true>, Count>(dual, stage, reader, rows)
               : relu<PlaneKind<false, false, Raw, true>, Count>(dual, stage, reader, rows);
    else if (positive)
      unit ? relu<PlaneKind<true, true, Raw, true>, Count>(dual, stage, reader, rows)
           : relu<PlaneKind<true, true, Raw, false>, Count>(dual, stage, reader, rows);
    else
      relu<PlaneKind<true, false, Raw, false>, Count>(dual, stage, reader, rows);
  }

  const PlanePlan& plan_;
  bool theta_;
  std::vector<std::size_t> offsets_;
  const T* row_;
  const T* column_;
  const T* row_pixels_;
  const T* column_pixels_;
  PlaneScratch<T>& scratch_;
  std::vector<std::ptrdiff_t> shifts_;  // of every plane
  N k_, b_;
};
