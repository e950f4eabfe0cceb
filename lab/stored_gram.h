// Gram matrices that take hours, kept in a folder: what one run has finished, the next one reads.
#pragma once

#include <cstdint>
#include <string>

#include "widenet/gram/gram.h"

namespace widenet::lab {

// All entries. Blocks of rows are written to a folder of their own inside `folder` as they are finished (a symmetric
// Gram's up to the diagonal), at least forty of them where there are as many rows, and read where they are there
// already. That folder's name is a hash of the kernel's text, the data's hash and the sizes: another Gram is never
// taken for this one. `folder` empty: nothing is stored. The same bits either way. Throws Error(environment) where the
// folder cannot be made or written, or a block in it is not as it was written.
Matrix<float> stored_gram(const Gram<float>& gram, const std::string& kernel, std::uint64_t data,
                          const std::string& folder, const Progress& progress);

// FNV-1a over the bits of the numbers, from `before` on.
std::uint64_t data_hash(MatrixView<const float> numbers, std::uint64_t before = 0xcbf29ce484222325);

}  // namespace widenet::lab
