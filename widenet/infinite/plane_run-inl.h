// A plane plan on one displacement after the other, a vector of samples per position. Included inside a namespace that
// has the words of vector-inl.h and the formulas of closed_dual-inl.h.

#include "widenet/infinite/plane_stage-inl.h"
#include "widenet/infinite/plane_sums-inl.h"

template <class N, class T>
class PlaneRun {
 public:
  PlaneRun(const PlanePlan& plan, bool theta, const PlaneSamples<T>& rows, std::size_t i,
           const PlaneSamples<T>& columns, std::size_t block, std::size_t lane, std::size_t itself,
           PlaneScratch<T>& scratch)
      : plan_(plan),
        theta_(theta),
        activations_(theta),
        row_(rows.parameters(i)),
        column_(columns.parameters(block) + lane),
        row_pixels_(rows.pixels(i)),
        column_pixels_(columns.pixels(block) + lane),
        row_weights_(rows.weights(i)),
        column_weights_(columns.weights(block) + lane),
        itself_(itself - lane),
        scratch_(scratch),
        sums_(plan, theta, scratch) {}

  // The kernel, of every lane.
  void all(double* out) {
    walk();
    const PlaneReadOut& r = plan_.readout;
    if (itself_ < W) b_[itself_] /= r.keep, k_[itself_] /= r.keep;
    for (std::size_t l = 0; l < W; ++l) out[l] = theta_ ? b_[l] + r.own_bias : k_[l] + r.bias;
  }
  // The rows of K of the last plane, of one lane.
  void rows(std::size_t lane, const PlaneSink<T>& sink) {
    sink_ = &sink;
    sink_lane_ = lane;
    walk();
  }

 private:
  static constexpr std::size_t W = Number<N>::lanes, L = plane_lanes<T>, U = plane_rows;
  using Rows = PlaneRows<T>;

  void walk() {
    for (const PlaneWalk& walk : plan_.walks) {
      walk_ = &walk;
      for (std::size_t a = 0; a < walk[0].last[0].size(); ++a) displacements(0, a);
    }
  }

  // All displacements of a level that share the a-th along the columns, then those of the next level that are complete
  // by then.
  void displacements(std::size_t level, std::size_t a) {
    const PlaneDisplacements& here = (*walk_)[level];
    const bool last = level == plan_.pools.size();
    if (!last) sums_.open((*walk_)[level + 1], level + 1, {a == 0 ? 0 : here.open[a - 1].end, here.open[a].end});
    for (std::size_t b = 0; b < here.last[1].size(); ++b) displacement(level, a, b);
    if (last) return;
    const std::size_t still_open = a + 1 < here.open.size() ? here.open[a + 1].begin : here.open[a].end;
    for (std::size_t next = here.open[a].begin; next < still_open; ++next) displacements(level + 1, next);
  }

  void displacement(std::size_t level, std::size_t a, std::size_t b) {
    here_ = {level, a, b};
    level_ = &plan_.levels[level];
    const PlaneDisplacements& all = (*walk_)[level];
    shifts_.clear();
    for (const PlaneValues& plane : level_->planes) {
      shifts_.push_back(all.last[0][a] * plane.growth[0]);
      shifts_.push_back(all.last[1][b] * plane.growth[1]);
    }
    sum_k_ = sum_b_ = constant<N>(0);
    begin_plane(0);
    level == 0 ? input() : pooled_input();
    for (std::size_t s = 0; s < level_->stages.size(); ++s) stage(s);
    if (level == plan_.pools.size()) {
      add_up(sum_k_, k_);
      add_up(sum_b_, b_);
    }
  }
  static void add_up(N sum, double* total) {
    T sums[W];
    store(sum, sums);
    for (std::size_t l = 0; l < W; ++l) total[l] += static_cast<double>(sums[l]);
  }

  // Of a plane of the level.
  const std::ptrdiff_t* shift(std::size_t plane) const { return &shifts_[2 * plane]; }

  // x_p . z_p' / channels, row by row.
  void input() {
    const PlaneRegion region = region_at(plan_.input, shift(0));
    const std::size_t channels = plan_.channels;
    const N scale = constant<N>(level_->planes[0].scale / static_cast<double>(channels));
    const N own = constant<N>(level_->planes[0].own) * scale;
    for (std::size_t y = 0; y < region.size[0]; ++y) {
      const T* x = row_pixels_ + at(plan_.input, region, y) * channels;
      const T* z = column_pixels_ + partner_at(plan_.input, region, y, shift(0)) * channels * L;
      T *k = out_row(region.size[1], y, 0, 0), *b = out_row(region.size[1], y, 0, 1);
      for (std::size_t p = 0; p < region.size[1]; ++p) {
        N sum = constant<N>(0);
        for (std::size_t c = 0; c < channels; ++c, ++x, z += L) sum = multiply_add(constant<N>(*x), load<N>(z), sum);
        store(sum * scale, k + p * L);
        store(sum * own, b + p * L);
      }
      finish_row(0, region, y, 0);
    }
  }

  // The sums that the pool in front has made; they came scaled, means over what lies inside are taken here.
  void pooled_input() {
    const PlanePool& pool = plan_.pools[here_.level - 1];
    const PlaneRegion region = region_at(pool.out, shift(0));
    const auto weight = [&](std::size_t axis, std::size_t o) {
      auto partner = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(o) + shift(0)[axis]);
      if (level_->circular) partner %= axis == 0 ? pool.out.height : pool.out.width;
      return pool.weights[axis].empty() ? 1 : pool.weights[axis][o] * pool.weights[axis][partner];
    };
    const bool weighted = !pool.weights[0].empty();
    for (std::size_t y = 0; y < region.size[0]; ++y) {
      for (std::size_t which = 0; which < (theta_ ? 2u : 1u); ++which) {
        const T* from = scratch_.pooled((*walk_)[here_.level], here_.a, here_.b, which) + y * region.size[1] * L;
        T* to = out_row(region.size[1], y, 0, which);
        const double of_row = weight(0, region.first[0] + y);
        for (std::size_t x = 0; x < region.size[1]; ++x) {
          N sum = load<N>(from + x * L);
          if (weighted) sum = sum * constant<N>(of_row * weight(1, region.first[1] + x));
          store(sum, to + x * L);
        }
      }
      finish_row(0, region, y, 0);
    }
  }

  // Positions that have a partner, of this level.
  PlaneRegion region_at(const Plane& plane, const std::ptrdiff_t* displacement) const {
    return level_->circular ? whole(plane) : region_of(plane, displacement);
  }
  // Index of the first position of a row of the region, and of its partner.
  std::size_t at(const Plane& plane, const PlaneRegion& region, std::size_t y) const {
    return (region.first[0] + y) * plane.width + region.first[1];
  }
  std::size_t partner_at(const Plane& plane, const PlaneRegion& region, std::size_t y,
                         const std::ptrdiff_t* displacement) const {
    auto row = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(region.first[0] + y) + displacement[0]);
    if (level_->circular && row >= plane.height) row -= plane.height;
    const auto column = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(region.first[1]) + displacement[1]);
    return row * level_->partner_width(plane) + column;
  }

  // Rows of this plane are to be written: to where its one reader wants them as they are, if it does.
  void begin_plane(std::size_t plane) {
    handovers_ = level_->planes[plane].handovers;
    const bool direct = handovers_.size() == 1 && !handovers_[0].summed;
    for (std::size_t which = 0; which < 2; ++which)
      direct_[which] = direct ? scratch_.plane(handovers_[0].slot, which) : nullptr;
  }
  // Where its row y goes, the u-th of those on their way.
  T* out_row(std::size_t width, std::size_t y, std::size_t u, std::size_t which) {
    return direct_[which] ? direct_[which] + y * width * L : scratch_.row(u, which);
  }
  // Hands such a row on: to its readers, the pool or the read-out.
  void finish_row(std::size_t plane, const PlaneRegion& region, std::size_t y, std::size_t u) {
    if (direct_[0]) return;
    if (handovers_.size() > 1) {
      for (const PlaneHandover& handover : handovers_) hand_over_scaled(plane, handover, region, y, u);
      return;
    }
    for (std::size_t which = 0; which < (theta_ ? 2u : 1u); ++which) {
      const T* from = scratch_.row(u, which);
      if (!handovers_.empty())
        hand_over(plane, handovers_[0], region, y, from, which, [](N sum, T* to) { store(sum, to); });
      else
        here_.level < plan_.pools.size() ? sums_.add(*walk_, here_, from, region, y, which)
                                         : read_out(from, region, y, which);
    }
  }

  // put(sum, to) of the windows along a row, or of the row as it is.
  template <class Put>
  void hand_over(std::size_t plane, const PlaneHandover& handover, const PlaneRegion& region, std::size_t y,
                 const T* from, std::size_t which, const Put& put) {
    T* to = scratch_.plane(handover.slot, which);
    if (!handover.summed) {
      to += y * region.size[1] * L;
      for (std::size_t x = 0; x < region.size[1]; ++x) put(load<N>(from + x * L), to + x * L);
      return;
    }
    const std::ptrdiff_t along[2] = {0, shift(plane)[1] / static_cast<std::ptrdiff_t>(handover.stride[1])};
    const PlaneRegion out = region_at(handover.out, along);
    std::size_t width = region.size[1],
                first = out.first[1] * handover.stride[1] - handover.before[1] - region.first[1];
    if (handover.circular) {
      around_row<N>(handover, from, {0, width}, scratch_.around());
      from = scratch_.around();
      width = around_width(handover);
      first = 0;
    }
    to += y * out.size[1] * L;
    window_sums<N>(from, width, first, handover.stride[1], handover.window[1], out.size[1],
                   [&](std::size_t x, N sum) { put(sum, to + x * L); });
  }
  // From K and Theta as they are.
  void hand_over_scaled(std::size_t plane, const PlaneHandover& handover, const PlaneRegion& region, std::size_t y,
                        std::size_t u) {
    const N scale = constant<N>(handover.scale), own = constant<N>(handover.own);
    hand_over(plane, handover, region, y, scratch_.row(u, 0), 0, [&](N sum, T* to) { store(scale * sum, to); });
    if (!theta_) return;
    const std::ptrdiff_t to_k = scratch_.plane(handover.slot, 0) - scratch_.plane(handover.slot, 1);
    hand_over(plane, handover, region, y, scratch_.row(u, 1), 1,
              [&](N sum, T* to) { store(multiply_add(own, load<N>(to + to_k), scale * sum), to); });
  }

  void read_out(const T* from, const PlaneRegion& region, std::size_t y, std::size_t which) {
    const Plane& plane = plan_.last_plane(here_.level);
    const std::ptrdiff_t* displacement = shift(level_->stages.size());
    if (sink_) return sink_row(plane, displacement, from, region, y);
    const std::size_t p = at(plane, region, y), partner = partner_at(plane, region, y, displacement);
    N& sum = which == 0 ? sum_k_ : sum_b_;
    if (!plan_.attention) {
      for (std::size_t x = 0; x < region.size[1]; ++x) sum = sum + load<N>(from + x * L);
      return;
    }
    for (std::size_t x = 0; x < region.size[1]; ++x) {
      const N weight = constant<N>(row_weights_[p + x]) * load<N>(column_weights_ + (partner + x) * L);
      sum = multiply_add(weight, load<N>(from + x * L), sum);
    }
  }

  // In a circle the partners of a row's last positions are the first of theirs.
  void sink_row(const Plane& plane, const std::ptrdiff_t* displacement, const T* from, const PlaneRegion& region,
                std::size_t y) const {
    const std::size_t p = at(plane, region, y);
    from += sink_lane_;
    if (!level_->circular) return (*sink_)(p, partner_at(plane, region, y, displacement), region.size[1], from);
    const auto down = static_cast<std::size_t>(displacement[0]), right = static_cast<std::size_t>(displacement[1]);
    const std::size_t row = (y + down) % plane.height * plane.width, straight = plane.width - right;
    (*sink_)(p, row + right, straight, from);
    if (right > 0) (*sink_)(p + straight, row, right, from + straight * L);
  }

  // One stage on the displacement, a few rows at a time.
  void stage(std::size_t s) {
    const PlaneStage& stage = level_->stages[s];
    const PlaneValues& values = level_->planes[s + 1];
    const PlaneRegion out = region_at(stage.out, shift(s + 1));
    const std::size_t parameters = plane_parameters(stage);
    sources_.clear();
    const bool apart = shift(s + 1)[0] != 0 || shift(s + 1)[1] != 0;
    for (const PlaneInput& input : stage.inputs) add_source(input, apart);
    begin_plane(s + 1);
    Rows rows = begin_rows(stage, out.size[1], apart);
    const std::size_t most = (U - 1) * rows.stride + rows.taps <= plane_taps ? U : 1;
    const bool positive = all_positive(stage);
    const bool drops = stage.keep != 1 && itself_ < W && !apart;
    for (std::size_t y = 0, count = most; y < out.size[0]; y += count) {
      if (out.size[0] - y < U) count = 1;
      sources_.read(out.first[0] + y, count, scratch_.zeros(), rows);
      for (std::size_t u = 0; u < count; ++u) {
        for (std::size_t which = 0; which < 2; ++which) rows.to[which][u] = out_row(rows.width, y + u, u, which);
        rows.mine[u] = row_ + stage.parameters + at(stage.out, out, y + u) * parameters;
        const std::size_t partner = partner_at(stage.out, out, y + u, shift(s + 1));
        rows.theirs[u] = column_ + (stage.column_parameters + partner * parameters) * L;
      }
      if (count == U)
        activations_.template activate<U>(stage, values, positive, rows);
      else
        activations_.template activate<1>(stage, values, positive, rows);
      if (drops) drop(stage.keep, rows, count);
      for (std::size_t u = 0; u < count; ++u) finish_row(s + 1, out, y + u, u);
    }
  }
  // Of the sample with itself, in its lane.
  void drop(double keep, const Rows& rows, std::size_t count) const {
    for (std::size_t which = 0; which < (theta_ ? 2u : 1u); ++which)
      for (std::size_t u = 0; u < count; ++u)
        for (std::size_t x = 0; x < rows.width; ++x) rows.to[which][u][x * L + itself_] /= static_cast<T>(keep);
  }
  // Of a flattened network all numbers of a block pass through the caches for every row: the next ones are fetched
  // ahead.
  Rows begin_rows(const PlaneStage& stage, std::size_t width, bool apart) const {
    return {.k = {},
            .b = {},
            .taps = sources_.taps(),
            .stride = sources_.stride(),
            .mine = {},
            .theirs = {},
            .to = {},
            .width = width,
            .raw = stage.sums_itself(),
            .circular = level_->circular,
            .bias = stage.bias + (apart ? 0 : stage.local_bias),
            .own_bias = stage.own_bias + (apart ? 0 : stage.local_own_bias),
            .ahead = plan_.all_displacements ? 0 : U * level_->partner_width(stage.out) * plane_parameters(stage) * L};
  }
  // Of a local one between different positions: zeros.
  void add_source(const PlaneInput& input, bool apart) {
    if (input.local && apart)
      return sources_.add({nullptr, nullptr, input.window[0], input.stride[0], input.before[0], 0, false});
    const PlaneRegion in = region_at(input.in, shift(input.plane));
    const std::size_t slot = level_->planes[input.plane].handovers[input.handover].slot;
    sources_.add({scratch_.plane(slot, 0), scratch_.plane(slot, 1), input.window[0], input.stride[0],
                  input.before[0] + in.first[0], in.size[0], input.circular});
  }
  bool all_positive(const PlaneStage& stage) const {
    return std::all_of(stage.inputs.begin(), stage.inputs.end(),
                       [&](const PlaneInput& input) { return level_->planes[input.plane].positive; });
  }

  const PlanePlan& plan_;
  bool theta_;
  PlaneActivations<N, T> activations_;
  const T* row_;
  const T* column_;
  const T* row_pixels_;
  const T* column_pixels_;
  const T* row_weights_;
  const T* column_weights_;
  std::size_t itself_;  // the lane of the vector that holds the sample of the row, or none
  PlaneScratch<T>& scratch_;
  PlaneSums<N, T> sums_;
  const PlaneWalk* walk_ = nullptr;
  PlanePlace here_{};  // that is on its way
  const PlaneLevel* level_ = nullptr;
  std::span<const PlaneHandover> handovers_;  // of the plane that is written
  T* direct_[2] = {nullptr, nullptr};
  PlaneSources<T> sources_;             // of the stage that writes it
  std::vector<std::ptrdiff_t> shifts_;  // of every plane of the level
  N sum_k_, sum_b_;                     // of the last level's displacement
  double k_[W] = {}, b_[W] = {};
  const PlaneSink<T>* sink_ = nullptr;
  std::size_t sink_lane_ = 0;
};
