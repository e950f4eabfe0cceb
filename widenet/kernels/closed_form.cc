#include "widenet/kernels/closed_form.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/tile_product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "widenet/kernels/closed_form.cc"
#include <hwy/foreach_target.h>
// clang-format off
#include "widenet/base/vector-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {

#define WIDENET_INLINE HWY_INLINE
#include "widenet/kernels/closed_form-inl.h"
#undef WIDENET_INLINE

// values[lane] = f(values[lane]) over one panel.
template <class T>
void map_panel(const ClosedKernel& kernel, T* values) {
  using N = Vector<T>;
  for (std::size_t j = 0; j < panel_width<T>; j += Number<N>::lanes)
    store(closed_form_value(kernel, load<N>(values + j)), values + j);
}

// r^2 = q + q_j - 2 x . z_j over one panel; returns whether some lane cancels: r^2 < share (q + q_j).
template <class T>
bool squared_distances(T q, const T* norms, T share, T* values) {
  using N = Vector<T>;
  bool near = false;
  for (std::size_t j = 0; j < panel_width<T>; j += Number<N>::lanes) {
    const N sum = constant<N>(q) + load<N>(norms + j);
    const N r2 = negative_multiply_add(constant<N>(2), load<N>(values + j), sum);
    near = near || !hn::AllFalse(typename N::Tag(), hn::Lt(r2.v, (constant<N>(share) * sum).v));
    store(r2, values + j);
  }
  return near;
}

// sum_k |x_k - z_jk| or prod_k (1 + (x_k - z_jk)^2) over one panel.
template <class T, bool Product>
void by_feature(const T* x, const T* panel, std::size_t features, T* values) {
  using N = Vector<T>;
  for (std::size_t j = 0; j < panel_width<T>; j += Number<N>::lanes) {
    N result = constant<N>(Product ? 1 : 0);
    for (std::size_t k = 0; k < features; ++k) {
      const N d = constant<N>(x[k]) - load<N>(panel + k * panel_width<T> + j);
      if constexpr (Product)
        result = result * multiply_add(d, d, constant<N>(1));
      else
        result = result + magnitude(d);
    }
    store(result, values + j);
  }
}

void map_double(const ClosedKernel& k, double* v) { map_panel(k, v); }
void map_float(const ClosedKernel& k, float* v) { map_panel(k, v); }
bool distances_double(double q, const double* n, double s, double* v) { return squared_distances(q, n, s, v); }
bool distances_float(float q, const float* n, float s, float* v) { return squared_distances(q, n, s, v); }
void sum_double(const double* x, const double* p, std::size_t d, double* v) { by_feature<double, false>(x, p, d, v); }
void sum_float(const float* x, const float* p, std::size_t d, float* v) { by_feature<float, false>(x, p, d, v); }
void product_of_double(const double* x, const double* p, std::size_t d, double* v) {
  by_feature<double, true>(x, p, d, v);
}
void product_of_float(const float* x, const float* p, std::size_t d, float* v) { by_feature<float, true>(x, p, d, v); }

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace widenet {
namespace {

HWY_EXPORT(map_double);
HWY_EXPORT(map_float);
HWY_EXPORT(distances_double);
HWY_EXPORT(distances_float);
HWY_EXPORT(sum_double);
HWY_EXPORT(sum_float);
HWY_EXPORT(product_of_double);
HWY_EXPORT(product_of_float);

void map(const ClosedKernel& k, double* v) { HWY_DYNAMIC_DISPATCH(map_double)(k, v); }
void map(const ClosedKernel& k, float* v) { HWY_DYNAMIC_DISPATCH(map_float)(k, v); }
bool distances(double q, const double* n, double s, double* v) {
  return HWY_DYNAMIC_DISPATCH(distances_double)(q, n, s, v);
}
bool distances(float q, const float* n, float s, float* v) { return HWY_DYNAMIC_DISPATCH(distances_float)(q, n, s, v); }
void sum_of(const double* x, const double* p, std::size_t d, double* v) {
  HWY_DYNAMIC_DISPATCH(sum_double)(x, p, d, v);
}
void sum_of(const float* x, const float* p, std::size_t d, float* v) { HWY_DYNAMIC_DISPATCH(sum_float)(x, p, d, v); }
void product_of(const double* x, const double* p, std::size_t d, double* v) {
  HWY_DYNAMIC_DISPATCH(product_of_double)(x, p, d, v);
}
void product_of(const float* x, const float* p, std::size_t d, float* v) {
  HWY_DYNAMIC_DISPATCH(product_of_float)(x, p, d, v);
}

enum class Reads { product, distance, features };
Reads reads(Closed kind) {
  switch (kind) {
    case Closed::linear:
    case Closed::polynomial:
      return Reads::product;
    case Closed::laplacian1:
    case Closed::cauchy:
      return Reads::features;
    default:
      return Reads::distance;
  }
}

// The samples divided by their lengths, with |x|^2 padded to whole panels.
template <class T>
struct Side {
  Matrix<T> points;
  Buffer<T> norms;

  Side(const ClosedKernel& kernel, MatrixView<const T> x) : points(copy<T>(x)) {
    const std::vector<double>& lengths = kernel.lengths;
    norms = Buffer<T>((x.rows() + panel_width<T> - 1) / panel_width<T> * panel_width<T>, T(0));
    for (std::size_t i = 0; i < x.rows(); ++i) {
      const auto row = points.row(i);
      for (std::size_t k = 0; k < x.cols() && !lengths.empty(); ++k)
        row[k] = static_cast<T>(static_cast<double>(row[k]) / lengths[lengths.size() == 1 ? 0 : k]);
      norms[i] = dot<T>(row, row);
      // r^2 may be four times as large.
      if (!std::isfinite(4 * norms[i]))
        fail(
            "the square of sample {} is not finite (it holds a NaN, an infinity or numbers too large to square) mend "
            "or "
            "scale the row",
            i);
    }
  }
};

template <class T>
class ClosedFormGram final : public Gram<T> {
 public:
  ClosedFormGram(const ClosedKernel& kernel, MatrixView<const T> x, MatrixView<const T> z, bool symmetric)
      : kernel_(kernel), columns_(kernel, z), panels_(columns_.points.view()) {
    if (!symmetric) rows_ = std::make_unique<Side<T>>(kernel, x);
  }

  std::size_t rows() const override { return row_side().points.rows(); }
  std::size_t cols() const override { return columns_.points.rows(); }
  bool symmetric() const override { return !rows_; }

  void tile(Range rows, Range cols, MatrixView<T> out) const override {
    constexpr std::size_t width = panel_width<T>;
    thread_local PackedRows<T> packed;
    for (std::size_t i = rows.begin; i < rows.end; i += rows_per_pass) {
      const Range here{i, std::min(rows.end, i + rows_per_pass)};
      if (reads(kernel_.kind) != Reads::features) packed.pack(row_side().points.view().rows(here));
      for (std::size_t p = cols.begin / width; p * width < cols.end; p += panels_per_pass)
        pass(packed, here, {p, std::min(p + panels_per_pass, (cols.end + width - 1) / width)}, rows.begin, cols, out);
    }
  }

  void diagonal(std::span<T> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) this->tile({i, i + 1}, {i, i + 1}, {&out[i], 1, 1});
  }

 private:
  static constexpr std::size_t rows_per_pass = 96, panels_per_pass = 16;
  // Where r^2 is below this share of |x|^2 + |z|^2 it is recomputed from the difference of the rows.
  static constexpr T near = T(0x1p-6);

  const Side<T>& row_side() const { return rows_ ? *rows_ : columns_; }

  void pass(const PackedRows<T>& packed, Range rows, Range panels, std::size_t first_row, Range cols,
            MatrixView<T> out) const {
    constexpr std::size_t width = panel_width<T>;
    thread_local Buffer<T> memory(rows_per_pass * panels_per_pass * width);
    const MatrixView<T> values(memory.data(), rows.size(), panels.size() * width);
    if (reads(kernel_.kind) != Reads::features) tile_product<T>(packed, panels_, panels, values);
    for (std::size_t p = panels.begin; p < panels.end; ++p) {
      const Range here{std::max(cols.begin, p * width), std::min(cols.end, (p + 1) * width)};
      for (std::size_t i = rows.begin; i < rows.end; ++i) {
        T* value = values.row_data(i - rows.begin) + (p - panels.begin) * width;
        prepare(i, p, value);
        map(kernel_, value);
        std::copy_n(value + (here.begin - p * width), here.size(),
                    out.row_data(i - first_row) + (here.begin - cols.begin));
      }
    }
  }

  // What closed_form_value reads, for row i against panel p.
  void prepare(std::size_t i, std::size_t p, T* value) const {
    const auto x = row_side().points.row(i);
    const std::size_t first = p * panel_width<T>;
    if (kernel_.kind == Closed::laplacian1) sum_of(x.data(), panels_.panel(p), x.size(), value);
    if (kernel_.kind == Closed::cauchy) product_of(x.data(), panels_.panel(p), x.size(), value);
    if (reads(kernel_.kind) != Reads::distance) return;
    const T q = row_side().norms[i];
    if (!distances(q, columns_.norms.data() + first, near, value)) return;
    for (std::size_t j = 0; j < panel_width<T> && first + j < cols(); ++j)
      if (value[j] < near * (q + columns_.norms[first + j])) value[j] = difference(x, columns_.points.row(first + j));
  }

  static T difference(std::span<const T> x, std::span<const T> z) {
    T sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) sum += (x[k] - z[k]) * (x[k] - z[k]);
    return sum;
  }

  ClosedKernel kernel_;
  Side<T> columns_;
  std::unique_ptr<Side<T>> rows_;  // null: the columns
  Panels<T> panels_;
};

template <class T>
std::unique_ptr<Gram<T>> make(const ClosedKernel& kernel, MatrixView<const T> x, MatrixView<const T> z,
                              bool symmetric) {
  if (x.cols() != z.cols())
    fail("the samples have {} and {} features (a kernel compares vectors of one length) give both the same columns",
         x.cols(), z.cols());
  const std::size_t lengths = kernel.lengths.size();
  if (lengths > 1 && lengths != x.cols())
    fail("the kernel has {} lengths for {} features (each feature is divided by its own) give one length or {}",
         lengths, x.cols(), x.cols());
  if (!std::all_of(kernel.lengths.begin(), kernel.lengths.end(), [](double l) { return l > 0 && std::isfinite(l); }))
    fail("a length of the kernel is not positive and finite (features are divided by it) give positive lengths");
  return std::make_unique<ClosedFormGram<T>>(kernel, x, z, symmetric);
}

}  // namespace

template <class T>
std::unique_ptr<Gram<T>> closed_form_gram(const ClosedKernel& kernel, MatrixView<const T> x) {
  return make<T>(kernel, x, x, true);
}
template <class T>
std::unique_ptr<Gram<T>> closed_form_gram(const ClosedKernel& kernel, MatrixView<const T> x, MatrixView<const T> z) {
  return make<T>(kernel, x, z, false);
}

using D = MatrixView<const double>;
using F = MatrixView<const float>;
template std::unique_ptr<Gram<double>> closed_form_gram(const ClosedKernel&, D);
template std::unique_ptr<Gram<double>> closed_form_gram(const ClosedKernel&, D, D);
template std::unique_ptr<Gram<float>> closed_form_gram(const ClosedKernel&, F);
template std::unique_ptr<Gram<float>> closed_form_gram(const ClosedKernel&, F, F);

}  // namespace widenet
#endif
