// Any kernel expression as a Gram.
#pragma once

#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"
#include "widenet/infinite/position_gram.h"

namespace widenet {

// The Gram of a kernel expression on the rows of x (n x d), or between those of x and z (m x d): sums, products and
// scalings of closed-form kernels, of the limits of networks and of plain numbers (constant kernels). Throws
// Error(usage) as closed_form_gram and network_gram do. The views must outlive the Gram.
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, MatrixView<const T> x, MatrixView<const T> z);

// The nodes of the graph that a kernel reads of a sample of that shape: the positions that its aggregate layers see; 0
// where it has none. Throws Error(usage) as validate() does, and where its networks want graphs of different sizes.
std::size_t graph_nodes(const Kernel& kernel, const Shape& shape);

// The positions that a kernel of such samples ends in, 1 where it ends in a vector. Throws Error(usage) as validate()
// does, and where its parts end in different numbers.
std::size_t end_positions(const Kernel& kernel, const Shape& shape);

// The same for samples of a shape (their numbers in one row, positions first, channels last): networks with layers that
// read positions are computed plainly, pair by pair in float64 (position_kernel.h); all else takes a sample as one
// vector. Throws Error(usage) for a mask where a part of the kernel reads no positions, for graphs that no network
// reads, for a network that aggregates without them, and as end_positions() does where all positions are asked for.
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, const Shape& shape, MatrixView<const T> x,
                                     const PositionOptions& options = {});
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, const Shape& shape, MatrixView<const T> x,
                                     MatrixView<const T> z, const PositionOptions& options = {});

// Bytes that the Gram itself holds (packed samples and what its steps read of each), for n samples against m.
std::size_t kernel_gram_bytes(const Kernel& kernel, std::size_t n, std::size_t m, std::size_t features,
                              std::size_t number_size);
std::size_t kernel_gram_bytes(const Kernel& kernel, std::size_t n, std::size_t m, const Shape& shape,
                              std::size_t number_size, const PositionOptions& options = {});

}  // namespace widenet
