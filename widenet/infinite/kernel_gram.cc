#include "widenet/infinite/kernel_gram.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/infinite/network_gram.h"
#include "widenet/infinite/plane_gram.h"
#include "widenet/infinite/position_kernel.h"
#include "widenet/kernels/closed_form.h"

namespace widenet {
namespace {

// factor * (sum or product of parts), entry by entry in the order of the expression.
template <class T>
class CombinedGram final : public Gram<T> {
 public:
  enum class Operation { sum, product };
  CombinedGram(Operation operation, double factor, std::vector<std::unique_ptr<Gram<T>>> parts)
      : operation_(operation), factor_(static_cast<T>(factor)), parts_(std::move(parts)) {}

  std::size_t rows() const override { return parts_.front()->rows(); }
  std::size_t cols() const override { return parts_.front()->cols(); }
  bool symmetric() const override { return parts_.front()->symmetric(); }
  typename Gram<T>::TileShape tile_shape() const override {
    const auto wishes = std::ranges::find_if(parts_, [](const auto& part) { return part->tile_shape().rows > 0; });
    return wishes == parts_.end() ? typename Gram<T>::TileShape{} : (*wishes)->tile_shape();
  }

  void tile(Range rows, Range cols, MatrixView<T> out) const override {
    parts_.front()->tile(rows, cols, out);
    auto part = parts_.size() > 1 ? Matrix<T>::uninitialized(rows.size(), cols.size()) : Matrix<T>();
    for (std::size_t p = 1; p < parts_.size(); ++p) {
      parts_[p]->tile(rows, cols, part);
      for (std::size_t i = 0; i < rows.size(); ++i) combine(part.row(i), out.row(i));
    }
    for (std::size_t i = 0; i < rows.size() && factor_ != T(1); ++i) scale(out.row(i));
  }

  void diagonal(std::span<T> out) const override {
    parts_.front()->diagonal(out);
    std::vector<T> part(out.size());
    for (std::size_t p = 1; p < parts_.size(); ++p) {
      parts_[p]->diagonal(part);
      combine(part, out);
    }
    if (factor_ != T(1)) scale(out);
  }

 private:
  void combine(std::span<const T> part, std::span<T> out) const {
    for (std::size_t j = 0; j < out.size(); ++j)
      out[j] = operation_ == Operation::sum ? out[j] + part[j] : out[j] * part[j];
  }
  void scale(std::span<T> out) const {
    for (T& x : out) x *= factor_;
  }

  Operation operation_;
  T factor_;
  std::vector<std::unique_ptr<Gram<T>>> parts_;
};

// A plain number as a kernel.
template <class T>
class ConstantGram final : public Gram<T> {
 public:
  ConstantGram(T value, std::size_t rows, std::size_t cols, bool symmetric)
      : value_(value), rows_(rows), cols_(cols), symmetric_(symmetric) {}

  std::size_t rows() const override { return rows_; }
  std::size_t cols() const override { return cols_; }
  bool symmetric() const override { return symmetric_; }
  void tile(Range rows, Range, MatrixView<T> out) const override {
    for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::fill(out.row(i), value_);
  }
  void diagonal(std::span<T> out) const override { std::ranges::fill(out, value_); }

 private:
  T value_;
  std::size_t rows_, cols_;
  bool symmetric_;
};

// A Gram of float64 numbers, rounded.
class RoundedGram final : public Gram<float> {
 public:
  explicit RoundedGram(std::unique_ptr<Gram<double>> exact) : exact_(std::move(exact)) {}

  std::size_t rows() const override { return exact_->rows(); }
  std::size_t cols() const override { return exact_->cols(); }
  bool symmetric() const override { return exact_->symmetric(); }
  TileShape tile_shape() const override {
    const auto wish = exact_->tile_shape();
    return {wish.rows, wish.cols};
  }
  void tile(Range rows, Range cols, MatrixView<float> out) const override {
    Matrix<double> exact(rows.size(), cols.size());
    exact_->tile(rows, cols, exact);
    for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::transform(exact.row(i), out.row(i).begin(), rounded);
  }
  void diagonal(std::span<float> out) const override {
    std::vector<double> exact(out.size());
    exact_->diagonal(exact);
    std::ranges::transform(exact, out.begin(), rounded);
  }

 private:
  static float rounded(double x) { return static_cast<float>(x); }
  std::unique_ptr<Gram<double>> exact_;
};

// A network that may take a sample as one vector: without a flatten at its beginning none of its layers reads
// positions.
Network of_vectors(Network network) {
  if (!network.layers.empty() && std::holds_alternative<Flatten>(network.layers.front()))
    network.layers.erase(network.layers.begin());
  return network;
}
bool needs_positions(const Network& network, const Shape& shape) {
  return !shape.positions.empty() && reads_positions(of_vectors(network));
}

bool is_arc_cosine(Closed kind) { return kind >= Closed::arccos0 && kind <= Closed::arccos2; }
std::size_t order_of(Closed kind) { return static_cast<std::size_t>(kind) - static_cast<std::size_t>(Closed::arccos0); }

// Builds Grams on x, or between x and z.
template <class T>
struct Builder {
  MatrixView<const T> x, z;
  bool symmetric;
  Shape shape;
  PositionOptions options = {};
  std::size_t positions = 1;  // rows of a sample
  using Pointer = std::unique_ptr<Gram<T>>;
  using Combined = CombinedGram<T>;

  Pointer operator()(const Kernel& kernel) const { return std::visit(*this, kernel.node); }

  Pointer operator()(const ClosedKernel& kernel) const {
    if (!is_arc_cosine(kernel.kind))
      return symmetric ? closed_form_gram<T>(kernel, x) : closed_form_gram<T>(kernel, x, z);
    Program program = arc_cosine_program(order_of(kernel.kind));
    std::vector<Pointer> parts;
    parts.push_back(symmetric ? program_gram<T>(std::move(program), Output::nngp, x)
                              : program_gram<T>(std::move(program), Output::nngp, x, z));
    return std::make_unique<Combined>(Combined::Operation::product, 2, std::move(parts));
  }
  Pointer operator()(const NetworkKernel& kernel) const {
    if (needs_positions(kernel.network, shape)) return of_positions(kernel);
    const NetworkKernel flat{kernel.limit, shape.positions.empty() ? kernel.network : of_vectors(kernel.network)};
    return symmetric ? network_gram<T>(flat, x) : network_gram<T>(flat, x, z);
  }
  Pointer of_positions(const NetworkKernel& kernel) const {
    if (const auto plan = plane_plan(kernel.network, shape); plan && !options.mask)
      return symmetric ? plane_gram<T>(*plan, kernel.limit, x) : plane_gram<T>(*plan, kernel.limit, x, z);
    if constexpr (std::is_same_v<T, double>) {
      return symmetric ? position_gram(kernel, shape, x, options) : position_gram(kernel, shape, x, z, options);
    } else {
      const Matrix<double> rows = copy<double>(x);
      PositionOptions rounded = options;
      // Absent entries were rounded with the others.
      if (options.mask) rounded.mask = static_cast<double>(static_cast<float>(*options.mask));
      if (symmetric) return std::make_unique<RoundedGram>(position_gram(kernel, shape, rows, rounded));
      const Matrix<double> columns = copy<double>(z);
      return std::make_unique<RoundedGram>(position_gram(kernel, shape, rows, columns, rounded));
    }
  }
  Pointer operator()(const KernelSum& sum) const {
    return std::make_unique<Combined>(Combined::Operation::sum, 1, all(sum.terms));
  }
  Pointer operator()(const KernelProduct& product) const {
    if (product.factors.empty())
      return std::make_unique<ConstantGram<T>>(static_cast<T>(product.factor), x.rows() * positions,
                                               z.rows() * positions, symmetric);
    return std::make_unique<Combined>(Combined::Operation::product, product.factor, all(product.factors));
  }

  std::vector<Pointer> all(const std::vector<Kernel>& kernels) const {
    std::vector<Pointer> parts;
    for (const Kernel& kernel : kernels) parts.push_back((*this)(kernel));
    return parts;
  }
};

std::size_t features_of(const Shape& shape) { return position_count(shape.positions) * shape.channels; }

std::size_t side_bytes(const Kernel& kernel, std::size_t n, const Shape& shape, std::size_t number_size, bool columns,
                       bool masked) {
  const auto sum = [&](const std::vector<Kernel>& parts) {
    return std::accumulate(parts.begin(), parts.end(), std::size_t{0}, [&](std::size_t total, const Kernel& part) {
      return total + side_bytes(part, n, shape, number_size, columns, masked);
    });
  };
  if (const auto* s = std::get_if<KernelSum>(&kernel.node)) return sum(s->terms);
  if (const auto* p = std::get_if<KernelProduct>(&kernel.node)) return sum(p->factors);
  const auto* network = std::get_if<NetworkKernel>(&kernel.node);
  const std::size_t features = features_of(shape);
  if (!network) return n * number_size * features * (columns ? 2 : 1);
  if (needs_positions(network->network, shape)) {
    if (const auto plan = plane_plan(network->network, shape); plan && !masked)
      return n * plane_sample_bytes(*plan, number_size) + (columns ? plane_gram_bytes(*plan, number_size) : 0);
    const PositionNetwork positions(network->network, shape);
    const std::size_t rounded = number_size == sizeof(double) ? 0 : features * sizeof(double);
    return n * (positions.own_bytes() + rounded) + (columns ? thread_count() * positions.working_bytes() : 0);
  }
  const Program program = compile(shape.positions.empty() ? network->network : of_vectors(network->network), features);
  return number_size == sizeof(double) ? Samples<double>::bytes(program, n, features, columns)
                                       : Samples<float>::bytes(program, n, features, columns);
}

bool aggregates(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const Layer& layer) {
    if (const auto* repeat = std::get_if<Repeat>(&layer)) return aggregates(repeat->body.front());
    if (const auto* join = std::get_if<Branches>(&layer))
      return std::any_of(join->branches.begin(), join->branches.end(), aggregates);
    return std::holds_alternative<Aggregate>(layer);
  });
}

// Calls visit(part) for every closed-form kernel and network of a kernel.
template <class Visit>
void for_each_part(const Kernel& kernel, const Visit& visit) {
  if (const auto* sum = std::get_if<KernelSum>(&kernel.node))
    for (const Kernel& term : sum->terms) for_each_part(term, visit);
  else if (const auto* product = std::get_if<KernelProduct>(&kernel.node))
    for (const Kernel& factor : product->factors) for_each_part(factor, visit);
  else
    visit(kernel);
}

void check_options(const Kernel& kernel, const Shape& shape, const PositionOptions& options) {
  if (options.mask)
    for_each_part(kernel, [&](const Kernel& part) {
      const auto* network = std::get_if<NetworkKernel>(&part.node);
      if (!network || !needs_positions(network->network, shape))
        fail(
            "a mask is given to {} (it reads a sample of the shape {} as one vector, without positions that could be "
            "absent) leave the mask out",
            to_text(part), to_text(shape));
    });
  if (options.row_graphs.cols() > 0 && graph_nodes(kernel, shape) == 0)
    fail("graphs are given to {} (none of its layers is aggregate, which reads them) leave the graphs out",
         to_text(kernel));
}

template <class T>
void check_row(const Shape& shape, MatrixView<const T> x) {
  if (x.cols() != features_of(shape))
    fail("the samples have {} numbers (a sample of the shape {} has {}) give samples of that shape", x.cols(),
         to_text(shape), features_of(shape));
}

std::size_t rows_per_sample(const Kernel& kernel, const Shape& shape, const PositionOptions& options) {
  return options.all_positions ? end_positions(kernel, shape) : 1;
}

}  // namespace

std::size_t graph_nodes(const Kernel& kernel, const Shape& shape) {
  validate(kernel, shape);
  std::size_t nodes = 0;
  for_each_part(kernel, [&](const Kernel& part) {
    const auto* network = std::get_if<NetworkKernel>(&part.node);
    if (!network || !aggregates(network->network)) return;
    const std::size_t here = PositionNetwork(network->network, shape).nodes();
    if (nodes != 0 && here != nodes)
      fail("the networks of {} aggregate {} and {} positions (a sample has one graph) change their number",
           to_text(kernel), nodes, here);
    nodes = here;
  });
  return nodes;
}

std::size_t end_positions(const Kernel& kernel, const Shape& shape) {
  validate(kernel, shape);
  std::optional<std::size_t> positions;
  for_each_part(kernel, [&](const Kernel& part) {
    const auto* network = std::get_if<NetworkKernel>(&part.node);
    std::size_t here = 1;
    if (network && needs_positions(network->network, shape))
      here = position_count(PositionNetwork(network->network, shape).output().positions);
    if (positions && *positions != here)
      fail("the parts of {} end in {} and {} positions (only what ends in as many can be put together) change them",
           to_text(kernel), *positions, here);
    positions = here;
  });
  return positions.value_or(1);
}

template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, const Shape& shape, MatrixView<const T> x,
                                     const PositionOptions& options) {
  validate(kernel, shape);
  check_row(shape, x);
  check_options(kernel, shape, options);
  return Builder<T>{x, x, true, shape, options, rows_per_sample(kernel, shape, options)}(kernel);
}
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, const Shape& shape, MatrixView<const T> x,
                                     MatrixView<const T> z, const PositionOptions& options) {
  validate(kernel, shape);
  if (x.cols() != z.cols())
    fail("the samples have {} and {} features (a kernel compares vectors of one length) give both the same columns",
         x.cols(), z.cols());
  check_row(shape, x);
  check_options(kernel, shape, options);
  return Builder<T>{x, z, false, shape, options, rows_per_sample(kernel, shape, options)}(kernel);
}

template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, MatrixView<const T> x) {
  return kernel_gram<T>(kernel, Shape{{}, x.cols()}, x);
}
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, MatrixView<const T> x, MatrixView<const T> z) {
  return kernel_gram<T>(kernel, Shape{{}, x.cols()}, x, z);
}

std::size_t kernel_gram_bytes(const Kernel& kernel, std::size_t n, std::size_t m, const Shape& shape,
                              std::size_t number_size, const PositionOptions& options) {
  const bool masked = options.mask.has_value();
  return side_bytes(kernel, m, shape, number_size, true, masked) +
         (n > 0 ? side_bytes(kernel, n, shape, number_size, false, masked) : 0);
}
std::size_t kernel_gram_bytes(const Kernel& kernel, std::size_t n, std::size_t m, std::size_t features,
                              std::size_t number_size) {
  return kernel_gram_bytes(kernel, n, m, Shape{{}, features}, number_size);
}

using D = MatrixView<const double>;
using F = MatrixView<const float>;
template std::unique_ptr<Gram<double>> kernel_gram(const Kernel&, D);
template std::unique_ptr<Gram<double>> kernel_gram(const Kernel&, D, D);
template std::unique_ptr<Gram<float>> kernel_gram(const Kernel&, F);
template std::unique_ptr<Gram<float>> kernel_gram(const Kernel&, F, F);
template std::unique_ptr<Gram<double>> kernel_gram(const Kernel&, const Shape&, D, const PositionOptions&);
template std::unique_ptr<Gram<double>> kernel_gram(const Kernel&, const Shape&, D, D, const PositionOptions&);
template std::unique_ptr<Gram<float>> kernel_gram(const Kernel&, const Shape&, F, const PositionOptions&);
template std::unique_ptr<Gram<float>> kernel_gram(const Kernel&, const Shape&, F, F, const PositionOptions&);

}  // namespace widenet
