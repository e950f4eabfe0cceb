// The header of a file of tiles, as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "widenet/gram/tile_store.h"

namespace widenet {

inline constexpr std::string_view store_magic = "widetile";
inline constexpr std::uint32_t store_version = 1;

// Magic, version, length, header and their checksum.
std::string header_bytes(const StoreHeader& header);

struct ParsedHeader {
  StoreHeader header;
  std::uint32_t checksum = 0;
  std::size_t size = 0;  // bytes in front of the records' padding
};
// From the first bytes of a file, as many as store_header_size() says. Throws as TileStore::open does; the message ends
// in `remedy`.
ParsedHeader parse_header(std::string_view bytes, const std::string& path, std::string_view remedy);

// Bytes of the whole header, from the first of them; no more than `file_size` where they are damaged. Throws as
// TileStore::open does for a file that is no store.
inline constexpr std::size_t store_front = 16;
std::size_t store_header_size(std::string_view front, std::size_t file_size, const std::string& path,
                              std::string_view remedy);

}  // namespace widenet
