// A Gram computed tile by tile into a file, so that hours of work survive being interrupted and can be shared out.
#pragma once

#include <functional>
#include <vector>

#include "widenet/gram/tile_store.h"

namespace widenet {

// Whether all entries (of a symmetric Gram: half of them) will take longer than so many seconds on all threads, judged
// by the fastest of a few small tiles. Costs about 20 ms, or one entry where that takes longer.
template <class T>
bool takes_longer(const Gram<T>& gram, double seconds);

// The header of a store for a Gram.
template <class T>
StoreHeader store_header(const Gram<T>& gram, Facts facts, Shard shard = {});

// What a store holds already.
struct TakenUp {
  std::size_t tiles = 0, damaged = 0;  // tiles that are finished and intact; that were finished and are not what was
                                       // written: they are forgotten, and computed again
  double entries = 0;                  // of the intact tiles
};
// Reads every finished tile and checks it. On all threads; progress counts entries.
template <class T>
TakenUp take_up(TileStore& store, const Progress& progress = {});

// Computes the tiles that the store lacks, on all threads; each is in the file when it is finished. Memory: one tile
// per thread. Progress counts entries, those that were there included. Throws Error(usage) for a Gram of other sizes
// than the store's.
template <class T>
void compute_tiles(const Gram<T>& gram, TileStore& store, const Progress& progress = {});

// The matrix from the stores of all its shards, in order: take(range, values) is called for one band of rows after the
// other. The tiles are not checked again. Memory: a band and a tile per thread.
template <class T>
void read_bands(const std::vector<TileStore>& shards, const std::function<void(Range, MatrixView<const T>)>& take,
                const Progress& progress = {});

// Bytes that compute_tiles() and read_bands() need beside the Gram, at most.
std::size_t store_bytes(std::size_t rows, std::size_t cols, std::size_t number_size);

}  // namespace widenet
