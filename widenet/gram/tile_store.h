// A file of finished tiles of one matrix, or of one shard of it, that grows while they are computed.
//
// Layout (little-endian): magic "widetile", format version (u32), length of the header (u32), the header (JSON: what
// the tiles are of, sizes, grid, shard), CRC-32 of all this (u32); from the next multiple of 4096 on one record (u64) a
// tile; from the next multiple of 4096 on one slot a tile, in the order of the walk: height x width numbers, row-major,
// the tile's first column first. A record is 0 until its slot is written, then 2^32 + CRC-32 of the header's CRC, the
// tile's index (u64) and the slot's numbers. A process killed at any moment leaves whole tiles or none; a tile that did
// not reach the disk before a power cut has a wrong checksum.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "widenet/gram/tile_grid.h"

namespace widenet {

// What the numbers of a matrix depend on, as names and values: the kernel, hashes of the samples ...
struct Fact {
  std::string name, value;
  bool operator==(const Fact&) const = default;
};
using Facts = std::vector<Fact>;

struct StoreHeader {
  Facts facts;
  TileGrid grid;
  Shard shard;
  std::size_t number_size = sizeof(double);  // 8: float64, 4: float32
};

// What differs between two headers but for their shards, in words: "kernel: gaussian there, linear here". Empty where
// nothing does.
std::string difference(const StoreHeader& there, const StoreHeader& here);

// Members may be called from many threads at once, for different tiles. All throw Error(environment) naming the file.
class TileStore {
 public:
  // Takes up the file where it is there, makes it otherwise, and keeps other processes from doing so meanwhile. Room
  // for all tiles is taken at once. Throws for a file that is no store, is damaged, is of another version or of other
  // tiles than `header` says, each with what to do; and where another process has it.
  static TileStore take(const std::string& path, StoreHeader header);
  // To read a finished one. Throws for a file that is no store, is damaged or is of another version.
  static TileStore open(const std::string& path);

  ~TileStore();
  TileStore(TileStore&& other) noexcept;
  TileStore& operator=(TileStore&& other) noexcept;

  const std::string& path() const { return path_; }
  const StoreHeader& header() const { return header_; }
  const TileGrid& grid() const { return header_.grid; }
  // The tiles that have a slot here.
  Range tiles() const { return tiles_; }
  // Numbers of a slot.
  std::size_t slot_size() const { return grid().height() * grid().width(); }

  // Whether a tile is recorded as finished.
  bool has(std::size_t tile) const { return records_[tile - tiles_.begin] != 0; }
  // Writes a slot, then its record. T is the type of the header's number_size, here and below.
  template <class T>
  void write(std::size_t tile, std::span<const T> slot);
  template <class T>
  void read(std::size_t tile, std::span<T> slot) const;
  // Whether a slot that was read is what was written.
  template <class T>
  bool intact(std::size_t tile, std::span<const T> slot) const;
  // Takes a record back: the tile counts as not computed.
  void forget(std::size_t tile);

  // Deletes the file.
  void remove();

 private:
  TileStore(std::string path, int descriptor, StoreHeader header, std::uint32_t header_checksum,
            std::uint64_t records_begin);
  void load_records();
  std::uint64_t record_of(std::size_t tile, const void* slot, std::size_t bytes) const;
  void write_record(std::size_t tile, std::uint64_t record);
  std::uint64_t slot_offset(std::size_t tile) const;

  std::string path_;
  int descriptor_ = -1;
  StoreHeader header_;
  std::uint32_t header_checksum_ = 0;
  Range tiles_;
  std::uint64_t records_begin_ = 0, slots_begin_ = 0;
  std::vector<std::uint64_t> records_;
};

// Whether a file begins as stores do.
bool is_tile_store(const std::string& path);

}  // namespace widenet
