// Gram matrices that take hours, kept in a folder: what one run has finished, the next one reads.
#pragma once

#include <string>

#include "widenet/gram/tile_store.h"

namespace widenet::lab {

// All entries. Tiles are written to a file of their own inside `folder` as they are finished, and read where they are
// there already and intact. The file's name is a hash of the facts, which say what the numbers depend on: another Gram
// is never taken for this one. `folder` empty: nothing is stored. The same bits either way. Progress is named `name`.
// Throws Error(environment) where the folder or the file cannot be made or written, or another process has it.
Matrix<float> stored_gram(const Gram<float>& gram, const Facts& facts, const std::string& folder,
                          const std::string& name, const Progress& progress);

}  // namespace widenet::lab
