// A kernel expression as plain data: sums and products of closed-form kernels and of networks.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "widenet/architecture/layer.h"
#include "widenet/architecture/shape.h"

namespace widenet {

// The kernels of vectors with a closed form; definitions in widenet/kernels/closed_form.h.
enum class Closed {
  linear,
  polynomial,
  gaussian,
  laplacian,
  laplacian1,
  cauchy,
  matern12,
  matern32,
  matern52,
  rational_quadratic,
  arccos0,
  arccos1,
  arccos2
};

struct ClosedKernel {
  Closed kind = Closed::gaussian;
  std::vector<double> lengths;   // empty: all 1; one: shared; d: one per feature. Stationary kernels only.
  std::string lengths_file;      // the @file the lengths came from (printed instead of the numbers), or empty
  double offset = 0;             // linear (default 0), polynomial (default 1)
  double scale = 1, degree = 1;  // polynomial; degree is a whole number >= 1
  double alpha = 1;              // rational_quadratic
  bool operator==(const ClosedKernel&) const = default;
};

enum class Limit { nngp, ntk };
struct NetworkKernel {
  Limit limit = Limit::ntk;
  Network network;
  bool operator==(const NetworkKernel&) const = default;
};

struct Kernel;
struct KernelSum {
  std::vector<Kernel> terms;
  bool operator==(const KernelSum&) const;
};
struct KernelProduct {
  double factor = 1;  // the product of the plain numbers
  std::vector<Kernel> factors;
  bool operator==(const KernelProduct&) const;
};

struct Kernel {
  std::variant<ClosedKernel, NetworkKernel, KernelSum, KernelProduct> node;
  bool operator==(const Kernel&) const;
};
inline bool Kernel::operator==(const Kernel&) const = default;
inline bool KernelSum::operator==(const KernelSum&) const = default;
inline bool KernelProduct::operator==(const KernelProduct&) const = default;

// Text to data. `text` may be @file: then the file's content is parsed ('#' begins a comment). A wrong expression
// throws Error(usage) whose message holds what is wrong, the line, a caret under the place and the nearest valid word.
Kernel parse_kernel(std::string_view text);
Network parse_network(std::string_view text);

// The shortest text that parses back to the same data: defaults left out, numbers in the shortest of their decimal,
// sqrt(), fraction or multiple-of-pi forms.
std::string to_text(const Kernel& kernel);
std::string to_text(const Network& network);
std::string to_text(double number);

// The same kernel with the length scales and constants themselves in place of the names of their files, so that its
// text needs no other file: what a model keeps.
Kernel self_contained(Kernel kernel);

// Whether a network in it reads positions (shape.h).
bool reads_positions(const Kernel& kernel);

// What must hold for a network whose kernel of samples of a shape is wanted; throws Error(usage) that names the layer,
// its number and its text: it ends in a Gaussian pre-activation (dense, conv or attention, perhaps followed by layers
// without weights), an activation follows such a layer (not the input, not another activation, not flatten; pools,
// layer_norm and sums of Gaussian branches keep "Gaussian"), every branch of a sum, or of a concat along positions, is
// Gaussian, every layer can read the shape before it (the message holds the shape it got and what it needs), branches
// end in shapes that go together, standard parametrisation and concat find the widths they need, weights and shares lie
// in their domain, repeat counts from 1 to 100,000.
// Of the branches of a sum or product at most one has no weights of its own: two would not be independent, and the
// kernel of their sum is not the sum of their kernels. Channels = 0: not known yet; what hangs on them is then not
// checked. The output may have positions.
void validate(const Network& network, const Shape& shape);
void validate(const Kernel& kernel, const Shape& shape);

// The same for samples that are vectors of `features` numbers: no axes of positions.
void validate(const Network& network, std::size_t features);
void validate(const Kernel& kernel, std::size_t features);

}  // namespace widenet
