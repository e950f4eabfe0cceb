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
          const std::ptrdiff_t shift[2] = {displacements.first[0][a], displacements.first[1][b]};
          const Plane& plane = plan_.first_plane(level);
          const PlaneRegion region = plan_.levels[level].circular ? whole(plane) : region_of(plane, shift);
          T* to = scratch_.pooled(displacements, a, b, which);
          for (std::size_t p = 0; p < region.size[0] * region.size[1]; ++p) store(constant<N>(0), to + p * L);
        }
  }

  // Adds row y of a region of the level's last plane to the sums of all displacements behind that it is part of.
  void add(const PlaneWalk& walk, const PlanePlace& here, const T* from, const PlaneRegion& region, std::size_t y,
           std::size_t which) {
    const PlanePool& pool = plan_.pools[here.level];
    const PlaneDisplacements &before = walk[here.level], &behind = walk[here.level + 1];
    find_rows(pool, before.meets[0][here.a], region.first[0] + y);
    if (rows_.empty()) return;
    Range around{0, 0};  // what of the row lies in the circle
    for (const PlaneMeeting& met : before.meets[1][here.b]) {
      targets_.clear();
      for (const Row& row : rows_)
        targets_.push_back(scratch_.pooled(behind, row.a, met.next, which) + (row.o * met.width + met.place) * L);
      const T* inputs = from + (met.inputs.begin - region.first[1]) * L;
      const std::size_t first = met.outputs.begin * pool.stride[1] + met.taps.begin;
      if (!pool.circular) {
        add_sums(inputs, met.inputs.size(), first - pool.before[1] - met.inputs.begin, pool.stride[1], met);
        continue;
      }
      if (met.inputs.begin != around.begin || met.inputs.end != around.end)
        around_row<N>(pool, inputs, around = met.inputs, scratch_.around());
      add_sums(scratch_.around(), around_width(pool), first, pool.stride[1], met);
    }
  }

 private:
  static constexpr std::size_t L = plane_lanes<T>;

  // A row of the sums, of the a-th displacement along the columns.
  struct Row {
    std::size_t a, o;
  };

  // Those that row y of the plane is part of.
  void find_rows(const PlanePool& pool, const std::vector<PlaneMeeting>& meets, std::size_t y) {
    const std::size_t end = y + pool.before[0];  // what tap i of o reads is o stride + i
    rows_.clear();
    for (const PlaneMeeting& met : meets) {
      if (y < met.inputs.begin || y >= met.inputs.end) continue;
      for (std::size_t i = met.taps.begin; i < met.taps.end; ++i) {
        if (!pool.circular && i > end) break;
        const std::size_t first = pool.circular ? (end + i * (pool.in.height - 1)) % pool.in.height : end - i;
        const std::size_t o = first / pool.stride[0] - met.outputs.begin;
        if (first % pool.stride[0] == 0 && o < met.outputs.size()) rows_.push_back({met.next, met.place + o});
      }
    }
  }

  // The sums of the windows of a row to all targets.
  void add_sums(const T* from, std::size_t width, std::size_t first, std::size_t stride,
                const PlaneMeeting& met) const {
    const std::size_t taps = met.taps.size(), count = met.outputs.size();
    const auto add = [](N sum, T* to) { store(load<N>(to) + sum, to); };
    if (T* only = targets_[0]; targets_.size() == 1)
      window_sums<N>(from, width, first, stride, taps, count, [&](std::size_t x, N sum) { add(sum, only + x * L); });
    else
      window_sums<N>(from, width, first, stride, taps, count, [&](std::size_t x, N sum) {
        for (T* to : targets_) add(sum, to + x * L);
      });
  }

  const PlanePlan& plan_;
  bool theta_;
  PlaneScratch<T>& scratch_;
  std::vector<Row> rows_;
  std::vector<T*> targets_;
};
