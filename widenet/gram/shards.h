// The stores of all shards of one matrix.
#pragma once

#include <string>
#include <vector>

#include "widenet/gram/tile_store.h"

namespace widenet {

// Opens them, puts them in order, and reads and checks every tile on all threads; progress counts tiles. Throws
// Error(environment) that names the file: it is no store, is damaged (its header, or a tile), lacks tiles, is a part of
// another matrix than the first, or the same part as another; or the part that is missing.
std::vector<TileStore> open_shards(const std::vector<std::string>& paths, const Progress& progress = {});

}  // namespace widenet
