#include "widenet/infinite/samples.h"

#include <algorithm>
#include <cmath>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/execute.h"

namespace widenet {
namespace {

constexpr std::size_t table_side_bytes = 240;  // of a sample in DualSides

double inverse_or_zero(double x) { return x > 0 ? 1 / x : 0; }

// The state of one sample paired with itself, per slot.
class SampleRun {
 public:
  SampleRun(const Program& program, double q, std::size_t sample, double* parameters, double* table_variances,
            double largest)
      : own_(program.slots), sample_(sample), to_(parameters), table_variances_(table_variances), largest_(largest) {
    const double* first = parameters;
    own_[0] = {q, 0};
    for (const Step& step : program.steps) std::visit([&](const auto& s) { run(s); }, step);
    write(std::sqrt(own_[0].nngp));
    if (first && !std::all_of(first, static_cast<const double*>(to_), [&](double x) { return std::abs(x) < largest_; }))
      refuse(own_[0]);
  }

  OwnKernel result() const { return own_[0]; }

 private:
  void write(double x) {
    if (to_) *to_++ = x;
  }

  OwnKernel affine(const AffineLayer& layer, OwnKernel in) const {
    const double q = layer.weight_variance * in.nngp + layer.bias_variance;
    return {q, layer.own_out * q + layer.own_in * in.nngp + layer.own_one + layer.weight_variance * in.ntk};
  }

  // sqrt(A q / q') and sqrt(B / q'), times sqrt(1/2).
  void write_shares(const AffineLayer& layer, double before, double after) {
    write(after > 0 ? std::sqrt(0.5) * std::sqrt(layer.weight_variance * (before / after)) : 0);
    write(after > 0 ? std::sqrt(0.5) * std::sqrt(layer.bias_variance / after) : 0);
  }

  void dual(const ClosedDual& dual, OwnKernel& own, bool written = true) {
    double scratch[most_dual_numbers];
    written = written && to_;
    const DualMoments m = own_moments(dual, own.nngp, written ? to_ : scratch);
    if (written) to_ += dual_parameters(dual);
    own = checked({m.variance, own.ntk == 0 ? 0 : own.ntk * m.slope});
  }

  OwnKernel checked(OwnKernel own) const {
    // Vector exponentials are exact up to exp(706) only.
    if (!(std::abs(own.nngp) < largest_) || !(std::abs(own.ntk) < largest_)) refuse(own);
    return own;
  }
  [[noreturn]] void refuse(OwnKernel own) const {
    fail(
        "the kernel of sample {} is not finite (on the way a mean square is {:.3g}, its tangent kernel {:.3g}, and the "
        "numbers reach {:g}) scale the inputs down, or choose smaller weight_std or another activation{}",
        sample_, own.nngp, own.ntk, largest_, largest_ < largest_kernel<double> ? ", or compute in float64" : "");
  }

  void run(const AffineStep& step) {
    OwnKernel& own = own_[step.slot];
    const OwnKernel after = affine(step.layer, own);
    write_shares(step.layer, own.nngp, after.nngp);
    write(std::sqrt(own.nngp));
    own = checked(after);
  }
  void run(const ChainStep& step) {
    OwnKernel& own = own_[step.slot];
    const bool relu = std::holds_alternative<ReluDual>(step.dual);  // relu_chain-inl.h has their parameters
    if (relu) write(inverse_or_zero(std::sqrt(own.nngp)));
    for (const AffineLayer& layer : step.layers) {
      const OwnKernel after = affine(layer, own);
      write_shares(layer, own.nngp, after.nngp);
      own = checked(after);
      dual(step.dual, own, !relu);
    }
    if (relu) write(std::sqrt(own.nngp));
  }
  void run(const DualStep& step) { dual(step.dual, own_[step.slot]); }
  void run(const TableStep& step) {
    OwnKernel& own = own_[step.slot];
    if (table_variances_) *table_variances_++ = own.nngp;
    const double variance = step.table->variance(own.nngp);
    const double slope = own.ntk == 0 ? 0 : step.table->variance_slope(own.nngp);
    write(std::sqrt(own.nngp));
    write(std::sqrt(variance));
    write(inverse_or_zero(std::sqrt(variance)));
    own = checked({variance, own.ntk * slope});
  }
  void run(const NormStep& step) {
    OwnKernel& own = own_[step.slot];
    const double scale = 1 / (own.nngp + layer_norm_epsilon);
    write(std::sqrt(scale));
    own = {own.nngp * scale, own.ntk * scale};
  }
  void run(const DropoutStep& step) {
    own_[step.slot].nngp /= step.keep;
    own_[step.slot].ntk /= step.keep;
  }
  void run(const CopyStep& step) { own_[step.to] = own_[step.from]; }
  void run(const JoinStep& step) {
    OwnKernel joined = step.join == Join::product ? OwnKernel{1, 0} : OwnKernel{};
    for (std::size_t b = 0; b < step.count; ++b) {
      const OwnKernel& own = own_[step.first + b];
      if (step.join == Join::product)
        joined = {joined.nngp * own.nngp, joined.ntk * own.nngp + joined.nngp * own.ntk};
      else
        joined = {joined.nngp + step.weights[b] * own.nngp, joined.ntk + step.weights[b] * own.ntk};
    }
    for (std::size_t b = 0; b < step.count; ++b) {
      const double q = own_[step.first + b].nngp;
      write(joined.nngp > 0 ? std::sqrt(0.5 * step.weights[b] * (q / joined.nngp)) : 0);
      write(std::sqrt(q));
    }
    own_[step.first] = checked(joined);
  }

  std::vector<OwnKernel> own_;
  std::size_t sample_;
  double* to_;
  double* table_variances_;
  double largest_;
};

template <class T>
void check_norm(T squared_norm, std::size_t sample) {
  // Squares of what lies outside overflow, or lose their digits among the smallest numbers.
  constexpr double low = sizeof(T) == 8 ? 1e-150 : 1e-17, high = sizeof(T) == 8 ? 1e150 : 1e17;
  const double norm = std::sqrt(static_cast<double>(squared_norm));
  if (std::isnan(norm)) fail("sample {} holds a NaN (no kernel is defined for it) remove or fill it", sample);
  if (norm > high || (norm > 0 && norm < low))
    fail(
        "the norm {:.3g} of sample {} lies outside [{:g}, {:g}] (its square is not a {} number of full precision) "
        "scale "
        "the inputs",
        norm, sample, low, high, sizeof(T) == 8 ? "float64" : "float32");
}

}  // namespace

OwnKernel run_sample(const Program& program, double squared_norm, std::size_t sample, double* parameters,
                     double* table_variances, double largest) {
  return SampleRun(program, squared_norm / program.divisor, sample, parameters, table_variances, largest).result();
}

template <class T>
Samples<T>::Samples(const Program& program, MatrixView<const T> points, bool as_columns)
    : points_(points), parameters_(parameter_count(program)), own_(points.rows()) {
  const std::size_t n = points.rows(), chunks = (n + chunk_lanes<T> - 1) / chunk_lanes<T>;
  inverse_norms_ = Buffer<T>(chunks * chunk_lanes<T>, T(0));
  rows_ = Buffer<T>(n * parameters_);
  // [table][sample]
  Matrix<double> table_variances(table_count(program), n);
  if (as_columns) {
    panels_ = Panels<T>(points);
    columns_ = Buffer<T>(chunks * chunk_lanes<T> * parameters_, T(0));
  }
  parallel_for((n + 63) / 64, [&](std::size_t block, std::size_t) {
    std::vector<double> parameters(parameters_), entering(table_variances.rows());
    const Range mine{block * 64, std::min(n, block * 64 + 64)};
    T squares[64];
    squared_norms<T>(points.rows(mine), squares);
    for (std::size_t i = mine.begin; i < mine.end; ++i) {
      const T squared_norm = squares[i - mine.begin];
      check_norm(squared_norm, i);
      inverse_norms_[i] = squared_norm > 0 ? T(1) / std::sqrt(squared_norm) : T(0);
      own_[i] = run_sample(program, static_cast<double>(squared_norm), i, parameters.data(), entering.data(),
                           largest_kernel<T>);
      for (std::size_t t = 0; t < entering.size(); ++t) table_variances(t, i) = entering[t];
      T* row = rows_.data() + i * parameters_;
      std::transform(parameters.begin(), parameters.end(), row, [](double x) { return static_cast<T>(x); });
      if (!as_columns) continue;
      T* column = columns_.data() + i / chunk_lanes<T> * chunk_lanes<T> * parameters_ + i % chunk_lanes<T>;
      for (std::size_t k = 0; k < parameters_; ++k) column[k * chunk_lanes<T>] = row[k];
    }
  });
  std::size_t t = 0;
  for (const Step& step : program.steps)
    if (const auto* table = std::get_if<TableStep>(&step))
      sides_.push_back(table->table->sides(table_variances.row(t++)));
}

template <class T>
std::size_t Samples<T>::bytes(const Program& program, std::size_t n, std::size_t features, bool as_columns) {
  const std::size_t numbers = parameter_count(program) * (as_columns ? 2 : 1) + (as_columns ? features : 0) + 1;
  return n * (numbers * sizeof(T) + table_count(program) * table_side_bytes + sizeof(OwnKernel));
}

template class Samples<double>;
template class Samples<float>;

}  // namespace widenet
