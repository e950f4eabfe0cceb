// The sums that pools make between the levels of a plane plan. Included by plane_run-inl.h in its place; no include
// guard of its own.

// A level and its displacement: the a-th along the columns, the b-th along the rows.
struct PlanePlace {
  std::size_t level, a, b;
};

template <class N, class T>
class PlaneSums {
 public:
  PlaneSums(const PlanePlan& plan, bool theta, PlaneScratch<T>& scratch)
      : plan_(plan), theta_(theta), scratch_(scratch) {}

  // Begins the sums of displacements of a level along the columns.
  void open(const PlaneDisplacements& displacements, std::size_t level, Range columns) {
    for (std::size_t a = columns.begin; a < columns.end; ++a)
      for (std::size_t b = 0; b < displacements.first[1].size(); ++b)
        for (std::size_t which = 0; which < (theta_ ? 2u : 1u); ++which) {
          const PlaneRegion region = region_behind(displacements, level, a, b);
          T* to = scratch_.pooled(displacements, a, b, which);
          for (std::size_t p = 0; p < region.size[0] * region.size[1]; ++p) store(constant<N>(0), to + p * L);
        }
  }

  // Adds row y of a region of the level's last plane to the sums of all displacements behind that it is part of.
  void add(const PlaneWalk& walk, const PlanePlace& here, const T* from, const PlaneRegion& region, std::size_t y,
           std::size_t which) {
    const PlanePool& pool = plan_.pools[here.level];
    const PlaneDisplacements &before = walk[here.level], &behind = walk[here.level + 1];
    find_rows(pool, before.meets[0][here.a], behind, here.level + 1, region.first[0] + y);
    if (rows_.empty()) return;
    std::size_t width = region.size[1], shift = pool.before[1] + region.first[1];
    if (pool.circular) {
      from = around(pool, from, region);
      width = around_width(pool);
      shift = 0;
    }
    for (const PlaneMeeting& met : before.meets[1][here.b]) {
      const PlaneRegion out = region_behind(behind, here.level + 1, rows_[0].a, met.next);
      targets_.clear();
      for (const Row& row : rows_)
        targets_.push_back(scratch_.pooled(behind, row.a, met.next, which) + row.o * out.size[1] * L);
      add_sums(from, width, out.first[1] * pool.stride[1] + met.taps.begin - shift, pool.stride[1], met.taps.size(),
               out.size[1]);
    }
  }

 private:
  static constexpr std::size_t L = plane_lanes<T>;

  // A row of the sums, of the a-th displacement along the columns.
  struct Row {
    std::size_t a, o;
  };

  // The positions behind a pool, in front of the level.
  PlaneRegion region_behind(const PlaneDisplacements& displacements, std::size_t level, std::size_t a,
                            std::size_t b) const {
    const std::ptrdiff_t shift[2] = {displacements.first[0][a], displacements.first[1][b]};
    return region_of(plan_.first_plane(level), shift);
  }

  // Those that row y of the plane is part of.
  void find_rows(const PlanePool& pool, const std::vector<PlaneMeeting>& meets, const PlaneDisplacements& behind,
                 std::size_t level, std::size_t y) {
    const std::size_t end = y + pool.before[0];  // what tap i of o reads is o stride + i
    rows_.clear();
    for (const PlaneMeeting& met : meets) {
      const PlaneRegion out = region_behind(behind, level, met.next, 0);
      for (std::size_t i = met.taps.begin; i < met.taps.end; ++i) {
        if (!pool.circular && i > end) break;
        const std::size_t first = pool.circular ? (end + i * (pool.in.height - 1)) % pool.in.height : end - i;
        const std::size_t o = first / pool.stride[0] - out.first[0];
        if (first % pool.stride[0] == 0 && o < out.size[0]) rows_.push_back({met.next, o});
      }
    }
  }

  // The sums of the windows of a row to all targets.
  void add_sums(const T* from, std::size_t width, std::size_t first, std::size_t stride, std::size_t taps,
                std::size_t count) const {
    const auto add = [](N sum, T* to) { store(load<N>(to) + sum, to); };
    if (T* only = targets_[0]; targets_.size() == 1)
      window_sums<N>(from, width, first, stride, taps, count, [&](std::size_t x, N sum) { add(sum, only + x * L); });
    else
      window_sums<N>(from, width, first, stride, taps, count, [&](std::size_t x, N sum) {
        for (T* to : targets_) add(sum, to + x * L);
      });
  }

  // What all windows of a circular pool read of a row, from the first tap of the first one to the last of the last;
  // zeros where the region is not.
  const T* around(const PlanePool& pool, const T* from, const PlaneRegion& region) {
    T* const to = scratch_.around();
    const std::size_t n = pool.in.width, front = pool.before[1] % n;
    for (std::size_t p = 0; p < around_width(pool); ++p) {
      const std::size_t x = (p + n - front) % n - region.first[1];
      store(x < region.size[1] ? load<N>(from + x * L) : constant<N>(0), to + p * L);
    }
    return to;
  }

  const PlanePlan& plan_;
  bool theta_;
  PlaneScratch<T>& scratch_;
  std::vector<Row> rows_;
  std::vector<T*> targets_;
};
