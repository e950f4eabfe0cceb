// What the numbers of a Gram matrix depend on, as the facts of stored tiles.
#pragma once

#include "widenet/architecture/kernel.h"
#include "widenet/gram/tile_store.h"
#include "widenet/infinite/position_gram.h"

namespace widenet::app {

// The program; the kernel's text and, where it names files of lengths or constants, a hash of the kernel with their
// numbers; the mask and hashes of the graphs, where there are any.
Facts kernel_facts(const Kernel& kernel, const PositionOptions& beside);

// "X: 100 samples of 5x4x3, hash 0123456789abcdef".
template <class T>
Fact samples_fact(const std::string& name, const Shape& shape, MatrixView<const T> samples);

}  // namespace widenet::app
