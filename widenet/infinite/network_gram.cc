#include "widenet/infinite/network_gram.h"

#include <algorithm>
#include <cmath>

#include "widenet/base/error.h"
#include "widenet/infinite/execute.h"
#include "widenet/infinite/samples.h"

namespace widenet {
namespace {

Output output_of(Limit limit) { return limit == Limit::nngp ? Output::nngp : Output::ntk; }

template <class T>
class NetworkGram final : public Gram<T> {
 public:
  NetworkGram(Program program, Output output, MatrixView<const T> x, MatrixView<const T> z, bool symmetric)
      : program_(std::move(program)),
        output_(output),
        polynomial_(univariate_polynomial<T>(program_, output)),
        columns_(program_, z, true) {
    mirrors_ = symmetric && table_count(program_) > 0;
    if (!symmetric) rows_ = std::make_unique<Samples<T>>(program_, x, false);
    if (polynomial_.empty()) return;
    roots_ = root_variances(columns_);
    if (!symmetric) row_roots_ = root_variances(*rows_);
  }

  std::size_t rows() const override { return row_samples().size(); }
  std::size_t cols() const override { return columns_.size(); }
  bool symmetric() const override { return !rows_; }

  void tile(Range rows, Range cols, MatrixView<T> out) const override {
    compute(rows, cols, out);
    if (mirrors_) mirror(rows, cols, out);
  }

  void diagonal(std::span<T> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = own(i);
  }

 private:
  void compute(Range rows, Range cols, MatrixView<T> out) const {
    constexpr std::size_t lanes = chunk_lanes<T>;
    for (std::size_t r = rows.begin; r < rows.end; r += rows_per_pass) {
      const Range here{r, std::min(rows.end, r + rows_per_pass)};
      scratch().rows.pack(row_samples().points().rows(here));
      for (std::size_t c = cols.begin / lanes; c * lanes < cols.end; c += chunks_per_pass)
        pass(here, {c, std::min(c + chunks_per_pass, (cols.end + lanes - 1) / lanes)}, rows.begin, cols, out);
    }
  }

  // The entries below the diagonal from those above, for duals that read their two samples in turn.
  void mirror(Range rows, Range cols, MatrixView<T> out) const {
    const Range below{std::max(rows.begin, cols.begin + 1), rows.end},
        left{cols.begin, std::min(cols.end, rows.end - 1)};
    if (below.begin >= below.end || left.begin >= left.end) return;
    auto above = Matrix<T>::uninitialized(left.size(), below.size());
    compute(left, below, above);
    for (std::size_t i = below.begin; i < below.end; ++i)
      for (std::size_t j = left.begin; j < std::min(i, left.end); ++j)
        out(i - rows.begin, j - cols.begin) = above(j - left.begin, i - below.begin);
  }

  // A pass keeps its products and the columns' parameters in the second-level cache.
  static constexpr std::size_t rows_per_pass = 96, chunks_per_pass = 2;
  // Rows this far apart belong to a matrix larger than the caches.
  static constexpr std::size_t streamed_stride = 2048;

  const Samples<T>& row_samples() const { return rows_ ? *rows_ : columns_; }
  T own(std::size_t i) const {
    const OwnKernel& own = columns_.own(i);
    return static_cast<T>(output_ == Output::nngp ? own.nngp : own.ntk);
  }
  Buffer<T> root_variances(const Samples<T>& samples) const {
    Buffer<T> roots((samples.size() + chunk_lanes<T> - 1) / chunk_lanes<T> * chunk_lanes<T>, T(0));
    const T scale = T(1) / std::sqrt(static_cast<T>(program_.divisor));
    for (std::size_t i = 0; i < samples.size(); ++i)
      roots[i] = samples.inverse_norm(i) > 0 ? scale / samples.inverse_norm(i) : T(0);
    return roots;
  }

  struct Scratch {
    PackedRows<T> rows;
    Buffer<T> products, state, values;
  };
  Scratch& scratch() const {
    thread_local Scratch memory;
    const std::size_t products = rows_per_pass * chunks_per_pass * chunk_lanes<T>, state = state_size<T>(program_);
    // Zeros: correlate() also reads the lanes of panels that do not exist, and a NaN there would hide near rows.
    if (memory.products.size() < products) memory.products = Buffer<T>(products, T(0));
    if (memory.state.size() < state) memory.state = Buffer<T>(state);
    if (memory.values.size() < rows_at_once * chunk_lanes<T>) memory.values = Buffer<T>(rows_at_once * chunk_lanes<T>);
    return memory;
  }

  void pass(Range rows, Range chunks, std::size_t first_row, Range cols, MatrixView<T> out) const {
    constexpr std::size_t lanes = chunk_lanes<T>, panels = lanes / panel_width<T>;
    Scratch& memory = scratch();
    const Range needed{chunks.begin * panels, std::min(chunks.end * panels, columns_.panels().count())};
    const MatrixView<T> products(memory.products.data(), rows.size(), chunks.size() * lanes);
    tile_product<T>(memory.rows, columns_.panels(), needed, products);
    for (std::size_t c = chunks.begin; c < chunks.end; ++c) {
      const Range here{std::max(cols.begin, c * lanes), std::min(cols.end, (c + 1) * lanes)};
      const std::size_t end = mirrors_ ? std::min(rows.end, here.end) : rows.end;
      for (std::size_t i = rows.begin; i < end;) {
        const std::size_t count = i + rows_at_once <= end ? rows_at_once : 1;
        const MatrixView<T> mine = products.block({i - rows.begin, i - rows.begin + count},
                                                  {(c - chunks.begin) * lanes, (c - chunks.begin + 1) * lanes});
        const MatrixView<T> to =
            out.block({i - first_row, i - first_row + count}, {here.begin - cols.begin, here.end - cols.begin});
        group(i, c, mine, here, to, memory);
        i += count;
      }
    }
    flush_streams();
  }

  // The entries of a few rows, i and on, in the columns `here` of a chunk.
  void group(std::size_t i, std::size_t chunk, MatrixView<const T> products, Range here, MatrixView<T> out,
             Scratch& memory) const {
    constexpr std::size_t lanes = chunk_lanes<T>;
    const bool direct = here.size() == lanes;
    T* to[rows_at_once];
    for (std::size_t r = 0; r < out.rows(); ++r) to[r] = direct ? out.row_data(r) : memory.values.data() + r * lanes;
    entries(i, chunk, products, memory.state.data(), to, direct && out.stride() >= streamed_stride);
    for (std::size_t r = 0; r < out.rows(); ++r) {
      if (!direct) std::copy_n(to[r] + (here.begin - chunk * lanes), here.size(), out.row_data(r));
      if (symmetric() && i + r >= here.begin && i + r < here.end) out(r, i + r - here.begin) = own(i + r);
    }
  }

  void entries(std::size_t i, std::size_t chunk, MatrixView<const T> products, T* state, T* const* to,
               bool stream) const {
    constexpr std::size_t lanes = chunk_lanes<T>;
    const Samples<T>& rows = row_samples();
    const std::size_t first = chunk * lanes, valid = std::min(lanes, columns_.size() - first);
    const Correlated<T> inputs =
        correlate<T>(products, rows.inverse_norms() + i, columns_.inverse_norms() + first, state);
    if (inputs.nearest < near)
      for (std::size_t r = 0; r < products.rows(); ++r)
        mend_near(i + r, {first, first + valid}, state + r * numbers_per_pair * lanes);
    if (!polynomial_.empty()) {
      for (std::size_t r = 0; r < products.rows(); ++r)
        execute_polynomial<T>(polynomial_, state + r * numbers_per_pair * lanes,
                              symmetric() ? roots_[i + r] : row_roots_[i + r], roots_.data() + first, to[r], stream);
      return;
    }
    execute<T>({.program = &program_,
                .output = output_,
                .rows = products.rows(),
                .row = rows.row(i),
                .row_stride = rows.parameters(),
                .columns = columns_.chunk(chunk),
                .row_sides = rows.sides().data(),
                .column_sides = columns_.sides().data(),
                .row_sample = i,
                .column_samples = {first, first + valid},
                .state = state,
                .out = to,
                .stream = stream,
                .nonnegative = inputs.nonnegative});
  }

  void mend_near(std::size_t i, Range columns, T* state) const {
    constexpr std::size_t lanes = chunk_lanes<T>, some = 16;
    const auto is_near = [&](std::size_t j) { return std::abs(state[j]) < near; };
    for (std::size_t first = 0; first < columns.size(); first += some) {
      const std::size_t end = std::min(first + some, columns.size());
      unsigned found = 0;  // a loop that the compiler makes vectors of: most are far
      for (std::size_t j = first; j < end; ++j) found += is_near(j);
      for (std::size_t j = first; found > 0 && j < end; ++j)
        if (is_near(j)) {
          const bool itself = symmetric() && columns.begin + j == i;
          state[j] = itself ? std::copysign(T(0), state[j]) : near_complement(i, columns.begin + j, state[j]);
          state[lanes + j] = std::copysign(T(1) - std::abs(state[j]), state[j]);
        }
    }
  }

  // Below this complement the difference of the unit vectors is more accurate than 1 - x . z / (|x| |z|).
  static constexpr T near = sizeof(T) == 8 ? T(0x1p-11) : T(0x1p-6);

  // 1 -+ rho = |x/|x| -+ z/|z||^2 / 2, with the sign of rho.
  T near_complement(std::size_t i, std::size_t j, T s) const {
    const T* x = row_samples().points().row_data(i);
    const T* z = columns_.points().row_data(j);
    const T a = row_samples().inverse_norm(i), b = std::copysign(columns_.inverse_norm(j), s);
    T sum = 0;
    for (std::size_t k = 0; k < columns_.points().cols(); ++k) {
      const T difference = x[k] * a - z[k] * b;
      sum += difference * difference;
    }
    return std::copysign(sum / 2, s);
  }

  Program program_;
  Output output_;
  std::vector<T> polynomial_;
  Samples<T> columns_;
  std::unique_ptr<Samples<T>> rows_;  // null: the columns
  bool mirrors_ = false;              // whether entries below the diagonal are taken from above it
  Buffer<T> roots_, row_roots_;       // |x| / sqrt(d), for the polynomial
};

template <class T>
void check_widths(MatrixView<const T> x, MatrixView<const T> z) {
  if (x.cols() != z.cols())
    fail("the samples have {} and {} features (a kernel compares vectors of one length) give both the same columns",
         x.cols(), z.cols());
}

}  // namespace

template <class T>
std::unique_ptr<Gram<T>> program_gram(Program program, Output output, MatrixView<const T> x) {
  return std::make_unique<NetworkGram<T>>(std::move(program), output, x, x, true);
}
template <class T>
std::unique_ptr<Gram<T>> program_gram(Program program, Output output, MatrixView<const T> x, MatrixView<const T> z) {
  check_widths(x, z);
  return std::make_unique<NetworkGram<T>>(std::move(program), output, x, z, false);
}

template <class T>
std::unique_ptr<Gram<T>> network_gram(const NetworkKernel& kernel, MatrixView<const T> x) {
  validate(kernel.network, x.cols());
  return program_gram<T>(compile(kernel.network, x.cols()), output_of(kernel.limit), x);
}
template <class T>
std::unique_ptr<Gram<T>> network_gram(const NetworkKernel& kernel, MatrixView<const T> x, MatrixView<const T> z) {
  validate(kernel.network, x.cols());
  return program_gram<T>(compile(kernel.network, x.cols()), output_of(kernel.limit), x, z);
}

using D = MatrixView<const double>;
using F = MatrixView<const float>;
template std::unique_ptr<Gram<double>> program_gram(Program, Output, D);
template std::unique_ptr<Gram<double>> program_gram(Program, Output, D, D);
template std::unique_ptr<Gram<float>> program_gram(Program, Output, F);
template std::unique_ptr<Gram<float>> program_gram(Program, Output, F, F);
template std::unique_ptr<Gram<double>> network_gram(const NetworkKernel&, D);
template std::unique_ptr<Gram<double>> network_gram(const NetworkKernel&, D, D);
template std::unique_ptr<Gram<float>> network_gram(const NetworkKernel&, F);
template std::unique_ptr<Gram<float>> network_gram(const NetworkKernel&, F, F);

}  // namespace widenet
