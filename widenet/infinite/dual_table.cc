#include "widenet/infinite/dual_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "widenet/infinite/dual_table_clamp.h"
#include "widenet/infinite/dual_table_lanes.h"

namespace widenet {
namespace {

// No cell: zero, or not a number.
constexpr int no_cell = std::numeric_limits<int>::min();

// Things that are built once, by whichever thread comes first, and never change or move again.
template <class Key, class T>
class BuiltOnce {
 public:
  template <class Build>
  const T& get(const Key& key, const Build& build) {
    Slot* slot = find(key);
    std::call_once(slot->once, [&] { slot->thing.emplace(build()); });
    return *slot->thing;
  }

 private:
  struct Slot {
    std::once_flag once;
    std::optional<T> thing;
  };
  Slot* find(const Key& key) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = slots_.find(key); found != slots_.end()) return found->second.get();
    }
    const std::unique_lock lock(mutex_);
    auto& slot = slots_[key];
    if (!slot) slot = std::make_unique<Slot>();
    return slot.get();
  }
  std::shared_mutex mutex_;
  std::map<Key, std::unique_ptr<Slot>> slots_;
};

}  // namespace

struct DualTable::Shared {
  explicit Shared(const Activation& activation) : quadrature(activation), clamp(ClampDual::of(activation)) {
    const auto& kinks = quadrature.kinks();
    tabulated = !clamp && std::all_of(kinks.begin(), kinks.end(), [](double kink) { return kink == 0; });
  }
  const MomentCell& moments(int cell) {
    return moment_cells.get(cell, [&] { return MomentCell(quadrature, cell); });
  }
  // A zero's cost a quadrature.
  const MomentCell::Values& of_zero() {
    std::call_once(zero_once, [&] { zero = {quadrature.moments(0), quadrature.mean(0)}; });
    return zero;
  }
  // The cell of a pair, larger variances first.
  const DualCell& cell(int a, int b) {
    return cells.get({a, b}, [&] { return DualCell(quadrature, a, b); });
  }

  DualQuadrature quadrature;
  std::optional<ClampDual> clamp;
  bool tabulated;
  std::once_flag zero_once;
  MomentCell::Values zero;
  BuiltOnce<int, MomentCell> moment_cells;
  BuiltOnce<std::pair<int, int>, DualCell> cells;
};

DualTable::DualTable(const Activation& activation) {
  using Key = std::pair<std::string, std::vector<double>>;
  static std::mutex mutex;
  static std::map<Key, std::shared_ptr<Shared>> all;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Shared>& shared = all[{activation.name, activation.parameters}];
  if (!shared) shared = std::make_shared<Shared>(activation);
  shared_ = shared;
}

const DualQuadrature& DualTable::quadrature() const { return shared_->quadrature; }

DualSides::Sample DualTable::sample(double q) const {
  DualSides::Sample s{q, no_cell, {}, {}};
  if (std::isnan(q)) {
    s.values = {{q, q}, {q, q}};
  } else if (q == 0) {
    s.values = shared_->of_zero();
  } else if (!(q > 0) || std::isinf(q)) {
    // What the quadrature refuses.
    s.values = {shared_->quadrature.moments(q), shared_->quadrature.mean(q)};
  } else if (shared_->clamp && shared_->clamp->serves(q)) {
    s.values = {shared_->clamp->moments(q), shared_->clamp->mean(q)};
    s.cell = VarianceGrid::cell(q);
  } else {
    s.cell = VarianceGrid::cell(q);
    s.basis = VarianceGrid::basis(q);
    const MomentCell& moments = shared_->moments(s.cell);
    s.values = moments.valid ? moments.at(s.basis)
                             : MomentCell::Values{shared_->quadrature.moments(q), shared_->quadrature.mean(q)};
  }
  return s;
}

double DualTable::variance(double q) const { return sample(q).values.moments.value; }
double DualTable::variance_slope(double q) const { return sample(q).values.moments.slope; }

DualSides DualTable::sides(std::span<const double> q) const {
  DualSides sides;
  sides.samples_.reserve(q.size());
  for (const double v : q) sides.samples_.push_back(sample(v));
  return sides;
}

// The pairs that no series serves.
DualValue DualTable::single(const DualSides::Sample& row, const DualSides::Sample& column, double s) const {
  if (std::isnan(row.q + column.q + s)) return {row.q + column.q + s, row.q + column.q + s};
  if (s == 0 && !std::signbit(s) && row.q == column.q) return row.values.moments;
  if (row.q == 0 || column.q == 0)
    return {row.values.mean.value * column.values.mean.value, row.values.mean.slope * column.values.mean.slope};
  if (shared_->clamp && shared_->clamp->serves(std::max(row.q, column.q)))
    return shared_->clamp->dual(row.q, column.q, s);
  return shared_->quadrature.dual(row.q, column.q, s);
}

void DualTable::run(const DualSides& rows, std::size_t i, const DualSides& columns, Range range, const double* s,
                    double* K, double* slope) const {
  const DualSides::Sample& row = rows.samples_[i];
  const std::size_t n = range.size();
  const DualSides::Sample* column = columns.samples_.data() + range.begin;

  // Columns by cell and sign; what has no series is done at once.
  struct Group {
    int cell;
    bool opposite;
    std::vector<std::size_t> columns;
  };
  std::vector<Group> groups;
  for (std::size_t j = 0; j < n; ++j) {
    const bool plain = shared_->tabulated && row.cell != no_cell && column[j].cell != no_cell && std::abs(s[j]) <= 1 &&
                       !(s[j] == 0 && !std::signbit(s[j]) && row.q == column[j].q);
    const int cell = plain ? column[j].cell : no_cell;
    const bool opposite = plain && std::signbit(s[j]);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& g) { return g.cell == cell && g.opposite == opposite; });
    if (group == groups.end()) group = groups.insert(group, Group{cell, opposite, {}});
    group->columns.push_back(j);
  }
  const auto exactly = [&](const Group& group) {
    for (const std::size_t j : group.columns) {
      const DualValue v = single(row, column[j], s[j]);
      K[j] = v.value;
      slope[j] = v.slope;
    }
  };
  DualCell::Row series;
  DualLanes lanes;
  for (const Group& group : groups) {
    if (group.cell == no_cell) {
      exactly(group);
      continue;
    }
    const bool row_is_a = row.cell >= group.cell;
    const DualCell& cell = shared_->cell(std::max(row.cell, group.cell), std::min(row.cell, group.cell));
    if (!cell.valid()) {
      exactly(group);
      continue;
    }
    cell.contract(row.basis, row_is_a, group.opposite, series);
    for (std::size_t begin = 0; begin < group.columns.size(); begin += DualLanes::width) {
      const std::size_t count = std::min(DualLanes::width, group.columns.size() - begin);
      for (std::size_t k = 0; k < DualLanes::width; ++k) {
        // Lanes beyond the end repeat the last column.
        const std::size_t j = group.columns[begin + std::min(k, count - 1)];
        lanes.complement[k] = std::abs(s[j]);
        for (std::size_t m = 0; m < VarianceGrid::nodes; ++m) lanes.basis[m][k] = column[j].basis[m];
      }
      evaluate_lanes(series, count, lanes);
      for (std::size_t k = 0; k < count; ++k) {
        K[group.columns[begin + k]] = lanes.value[k];
        slope[group.columns[begin + k]] = lanes.slope[k];
      }
    }
  }
}

void DualTable::run(double q, std::span<const double> columns, const double* s, double* K, double* slope) const {
  run(sides({&q, 1}), 0, sides(columns), {0, columns.size()}, s, K, slope);
}

}  // namespace widenet
