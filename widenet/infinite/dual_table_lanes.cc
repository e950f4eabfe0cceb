#include "widenet/infinite/dual_table_lanes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/infinite/dual_table_lanes.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace widenet::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Clenshaw's recurrence in tau for K and K'; every coefficient is a short sum over the columns' basis. Four vectors at
// a time hide the latency of the additions.
void evaluate(const DualCell::Row& row, std::size_t count, DualLanes& lanes) {
  const hn::CappedTag<double, DualLanes::width / 4> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t n = hn::Lanes(d);
  const V one = hn::Set(d, 1), zero = hn::Zero(d);
  for (std::size_t at = 0; at < count; at += 4 * n) {
    const auto doubled_tau = [&](std::size_t i) {
      const V y = hn::Mul(hn::Sqrt(hn::Load(d, lanes.complement + at + i * n)), hn::Set(d, row.inverse_bend));
      const V t = hn::Log(d, hn::Add(y, hn::Sqrt(hn::MulAdd(y, y, one))));
      return hn::MulSub(t, hn::Set(d, row.twice_tau_per_asinh), hn::Set(d, 2));
    };
    const V x0 = doubled_tau(0), x1 = doubled_tau(1), x2 = doubled_tau(2), x3 = doubled_tau(3);
    V k0 = zero, k1 = zero, k2 = zero, k3 = zero, s0 = zero, s1 = zero, s2 = zero, s3 = zero;  // b_{k+1}
    V l0 = zero, l1 = zero, l2 = zero, l3 = zero, r0 = zero, r1 = zero, r2 = zero, r3 = zero;  // b_{k+2}
    for (std::size_t k = row.used.size(); k-- > 0;) {
      V c0 = zero, c1 = zero, c2 = zero, c3 = zero, e0 = zero, e1 = zero, e2 = zero, e3 = zero;
      const double* coefficient = row.coefficients.data() + k * DualCell::Row::stride;
      for (std::size_t m = 0; m < row.used[k]; ++m) {
        const V value = hn::Set(d, coefficient[2 * m]), slope = hn::Set(d, coefficient[2 * m + 1]);
        const double* basis = lanes.basis[m] + at;
        const V t0 = hn::Load(d, basis), t1 = hn::Load(d, basis + n), t2 = hn::Load(d, basis + 2 * n),
                t3 = hn::Load(d, basis + 3 * n);
        c0 = hn::MulAdd(t0, value, c0);
        c1 = hn::MulAdd(t1, value, c1);
        c2 = hn::MulAdd(t2, value, c2);
        c3 = hn::MulAdd(t3, value, c3);
        e0 = hn::MulAdd(t0, slope, e0);
        e1 = hn::MulAdd(t1, slope, e1);
        e2 = hn::MulAdd(t2, slope, e2);
        e3 = hn::MulAdd(t3, slope, e3);
      }
      // The last step of Clenshaw takes half of 2 tau.
      const V half = hn::Set(d, k == 0 ? 0.5 : 1);
      const auto step = [&](V x, V c, V& b1, V& b2) {
        const V b0 = hn::MulAdd(hn::Mul(x, half), b1, hn::Sub(c, b2));
        b2 = b1;
        b1 = b0;
      };
      step(x0, c0, k0, l0);
      step(x1, c1, k1, l1);
      step(x2, c2, k2, l2);
      step(x3, c3, k3, l3);
      step(x0, e0, s0, r0);
      step(x1, e1, s1, r1);
      step(x2, e2, s2, r2);
      step(x3, e3, s3, r3);
    }
    hn::Store(k0, d, lanes.value + at);
    hn::Store(k1, d, lanes.value + at + n);
    hn::Store(k2, d, lanes.value + at + 2 * n);
    hn::Store(k3, d, lanes.value + at + 3 * n);
    hn::Store(s0, d, lanes.slope + at);
    hn::Store(s1, d, lanes.slope + at + n);
    hn::Store(s2, d, lanes.slope + at + 2 * n);
    hn::Store(s3, d, lanes.slope + at + 3 * n);
  }
}

}  // namespace widenet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {

HWY_EXPORT(evaluate);

void evaluate_lanes(const DualCell::Row& row, std::size_t count, DualLanes& lanes) {
  HWY_DYNAMIC_DISPATCH(evaluate)(row, count, lanes);
}

}  // namespace widenet
#endif
