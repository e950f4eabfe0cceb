// Rows of planes and the sums over their windows. Included by plane_stage-inl.h in its place; no include guard of its
// own.

// The positions p of a plane for which p + displacement is inside as well.
struct PlaneRegion {
  std::size_t first[2], size[2];
};
inline PlaneRegion region_of(const Plane& plane, const std::ptrdiff_t* displacement) {
  PlaneRegion region{};
  const std::size_t extent[2] = {plane.height, plane.width};
  for (int a = 0; a < 2; ++a) {
    const auto length = static_cast<std::size_t>(std::abs(displacement[a]));
    region.first[a] = displacement[a] < 0 ? length : 0;
    region.size[a] = extent[a] > length ? extent[a] - length : 0;
  }
  return region;
}

// All positions of a plane.
inline PlaneRegion whole(const Plane& plane) { return {{0, 0}, {plane.height, plane.width}}; }

// `columns` of a row as it goes on at the other end of the plane, from the first tap of the first window to the last of
// the last; zeros elsewhere.
template <class N, class T>
void around_row(const PlaneWindow& window, const T* from, Range columns, T* to) {
  const std::size_t n = window.in.width, front = window.before[1] % n;
  for (std::size_t p = 0; p < around_width(window); ++p) {
    const std::size_t x = (p + n - front) % n - columns.begin;
    store(x < columns.size() ? load<N>(from + x * plane_lanes<T>) : constant<N>(0), to + p * plane_lanes<T>);
  }
}

// take(x, sum of from[first + x stride + t] over the taps t that lie inside) for all x < count; first may have wrapped
// below 0.
template <std::size_t Taps, class N, class T, class Take>
WIDENET_INLINE void window_sums_of(const T* from, std::size_t width, std::size_t first, std::size_t stride,
                                   std::size_t taps, std::size_t count, const Take& take) {
  if constexpr (Taps > 0) taps = Taps;
  for (std::size_t x = 0; x < count; ++x, first += stride) {
    N sum = constant<N>(0);
    if (first < width && first + taps <= width) {
      const T* row = from + first * plane_lanes<T>;
      sum = load<N>(row);
      for (std::size_t t = 1; t < taps; ++t) sum = sum + load<N>(row + t * plane_lanes<T>);
    } else {
      for (std::size_t t = 0; t < taps; ++t)
        if (first + t < width) sum = sum + load<N>(from + (first + t) * plane_lanes<T>);
    }
    take(x, sum);
  }
}
template <class N, class T, class Take>
WIDENET_INLINE void window_sums(const T* from, std::size_t width, std::size_t first, std::size_t stride,
                                std::size_t taps, std::size_t count, const Take& take) {
  if (taps == 1) return window_sums_of<1, N>(from, width, first, stride, taps, count, take);
  if (taps == 2) return window_sums_of<2, N>(from, width, first, stride, taps, count, take);
  if (taps == 3) return window_sums_of<3, N>(from, width, first, stride, taps, count, take);
  window_sums_of<0, N>(from, width, first, stride, taps, count, take);
}

// Rows that go through a stage together: row u reads the sums k[u * stride + t] and b[...] of its taps t.
template <class T>
struct PlaneRows {
  const T* k[plane_taps];
  const T* b[plane_taps];
  std::size_t taps, stride;
  const T* mine[plane_rows];    // [position][parameter]
  const T* theirs[plane_rows];  // [position][parameter][lane]
  T* to[2][plane_rows];         // where K and B go
  std::size_t width;
  bool raw;       // rows are not summed along their length yet
  bool circular;  // and when they are, they go on at the other end
  double bias, own_bias;
  std::size_t ahead;  // numbers from what is read of `theirs` now to what comes next, or 0
};

// What a stage reads, as rows.
template <class T>
class PlaneSources {
 public:
  // `rows` rows of a plane; tap t of output row o reads its row o stride + t - before.
  struct Source {
    const T *k, *b;
    std::size_t taps, stride, before, rows;
    bool circular;
  };
  void clear() { all_.clear(), taps_ = 0; }
  void add(const Source& source) { all_.push_back(source), taps_ += source.taps; }
  std::size_t taps() const { return taps_; }
  // Rows of one input share their taps.
  std::size_t stride() const { return all_.size() == 1 ? all_[0].stride : taps_; }

  // Pointers to what `count` rows from output row o on read; rows outside are zeros.
  void read(std::size_t o, std::size_t count, const T* zeros, PlaneRows<T>& rows) const {
    if (all_.size() == 1) return read(all_[0], o * rows.stride, (count - 1) * rows.stride + rows.taps, zeros, rows, 0);
    std::size_t to = 0;
    for (std::size_t u = 0; u < count; ++u)
      for (const Source& source : all_) {
        read(source, (o + u) * source.stride, source.taps, zeros, rows, to);
        to += source.taps;
      }
  }

 private:
  static void read(const Source& source, std::size_t first, std::size_t count, const T* zeros, PlaneRows<T>& rows,
                   std::size_t to) {
    for (std::size_t t = 0; t < count; ++t) {
      std::size_t p = first + t - source.before;
      if (source.circular) p = (p + source.before * source.rows) % source.rows;
      const std::size_t at = p * rows.width * plane_lanes<T>;
      rows.k[to + t] = p < source.rows ? source.k + at : zeros;
      rows.b[to + t] = p < source.rows ? source.b + at : zeros;
    }
  }

  std::vector<Source> all_;
  std::size_t taps_ = 0;
};

// The sum of `count` rows, or of Taps where it is known beforehand, at column x.
template <std::size_t Taps, class N, class T>
WIDENET_INLINE N tap_sum(const T* const* taps, std::size_t count, std::size_t x) {
  if constexpr (Taps > 0) count = Taps;
  N sum = constant<N>(0);
  for (std::size_t t = 0; t < count; ++t) sum = sum + load<N>(taps[t] + x * plane_lanes<T>);
  return sum;
}

// The sum over the window of row u at column x.
template <class N, class T>
WIDENET_INLINE N window_sum(const T* const* taps, const PlaneRows<T>& rows, std::size_t u, std::size_t x) {
  N sum = constant<N>(0);
  const auto add_column = [&](std::size_t c) {
    for (std::size_t t = 0; t < rows.taps; ++t) sum = sum + load<N>(taps[u * rows.stride + t] + c * plane_lanes<T>);
  };
  if (rows.raw && (x > 0 || rows.circular)) add_column(x > 0 ? x - 1 : rows.width - 1);
  add_column(x);
  if (rows.raw && (x + 1 < rows.width || rows.circular)) add_column(x + 1 < rows.width ? x + 1 : 0);
  return sum;
}

// The same of all rows, column after column: of 3 x 3 windows the sums down the columns are kept for the next ones.
template <bool Raw, std::size_t Count, class N, class T>
class WindowSums {
 public:
  WIDENET_INLINE WindowSums(const T* const* taps, const PlaneRows<T>& rows) : taps_(taps), rows_(rows) {
    if constexpr (!Raw) return;
    if (rows.circular)
      down(rows.width - 1, before_);
    else
      for (std::size_t u = 0; u < Count; ++u) before_[u] = constant<N>(0);
    down(0, here_);
  }
  WIDENET_INLINE void next(N* sums) {
    if constexpr (Raw) {
      N after[Count];
      if (x_ + 1 < rows_.width || rows_.circular)
        down(x_ + 1 < rows_.width ? x_ + 1 : 0, after);
      else
        for (std::size_t u = 0; u < Count; ++u) after[u] = constant<N>(0);
#pragma GCC unroll 4
      for (std::size_t u = 0; u < Count; ++u) {
        sums[u] = before_[u] + here_[u] + after[u];
        before_[u] = here_[u];
        here_[u] = after[u];
      }
    } else {
      if (rows_.taps == 1) {
#pragma GCC unroll 4
        for (std::size_t u = 0; u < Count; ++u) sums[u] = tap_sum<1, N>(taps_ + u * rows_.stride, 1, x_);
      } else {
        for (std::size_t u = 0; u < Count; ++u) sums[u] = tap_sum<0, N>(taps_ + u * rows_.stride, rows_.taps, x_);
      }
    }
    ++x_;
  }

 private:
  WIDENET_INLINE void down(std::size_t x, N* sums) const {
    N values[Count + 2];
#pragma GCC unroll 8
    for (std::size_t t = 0; t < Count + 2; ++t) values[t] = load<N>(taps_[t] + x * plane_lanes<T>);
#pragma GCC unroll 4
    for (std::size_t u = 0; u < Count; ++u) sums[u] = values[u] + values[u + 1] + values[u + 2];
  }

  const T* const* taps_;
  const PlaneRows<T>& rows_;
  std::size_t x_ = 0;
  N before_[Count], here_[Count];
};

// Columns of a few rows on their way through a ReLU.
template <class N, std::size_t Count>
struct PlaneBlock {
  PoleRoot<N> pole[Count];
  N s[Count];
};
