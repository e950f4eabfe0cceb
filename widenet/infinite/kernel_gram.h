// Any kernel expression as a Gram.
#pragma once

#include <memory>

#include "widenet/architecture/kernel.h"
#include "widenet/gram/gram.h"

namespace widenet {

// The Gram of a kernel expression on the rows of x (n x d), or between those of x and z (m x d): sums, products and
// scalings of closed-form kernels, of the limits of networks and of plain numbers (constant kernels). Throws
// Error(usage) as closed_form_gram and network_gram do. The views must outlive the Gram.
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, MatrixView<const T> x);
template <class T>
std::unique_ptr<Gram<T>> kernel_gram(const Kernel& kernel, MatrixView<const T> x, MatrixView<const T> z);

// Bytes that the Gram itself holds (packed samples and what its steps read of each), for n samples against m.
std::size_t kernel_gram_bytes(const Kernel& kernel, std::size_t n, std::size_t m, std::size_t features,
                              std::size_t number_size);

}  // namespace widenet
