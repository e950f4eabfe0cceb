// A Gram matrix into a file: through memory where that is quick, else through stored tiles that survive a kill.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "apps/widenet/command.h"
#include "widenet/gram/stored_gram.h"

namespace widenet::app {

struct GramJob {
  std::string out;
  std::optional<Shard> shard;    // a part file instead of the matrix
  bool fits_memory = true;       // as a whole
  std::function<Facts()> facts;  // asked for where tiles are stored
};

struct GramDone {
  double entries = 0;  // of the matrix or the part, those that were there already left out; a symmetric entry and its
                       // mirror image count as two
  double seconds = 0;  // of computing
  std::size_t tiles = 0, taken_up = 0, damaged = 0;  // 0 tiles: none were stored
};

// Work that takes no more than a second and fits the memory goes through it. All else writes tiles beside `out`
// (OUT.tiles; a part is such a file itself), takes up those that are there, and deletes them once the matrix is under
// its name. A path that is no regular file always takes the way through memory. Throws Error as TileStore::take and
// OutputFile do, and where the disk has no room for the matrix.
template <class T>
GramDone write_gram(const Gram<T>& gram, const GramJob& job, const Settings& settings);

// Whether tiles can be stored beside it: a regular file, or nothing yet.
bool can_store(const std::string& out);

// The matrix of a set of shards as an npy file.
void write_matrix(const std::vector<TileStore>& shards, const std::string& out, const Progress& progress);

// Of "2/3". Throws Error(usage).
Shard parse_shard(const std::string& text);

}  // namespace widenet::app
