// Decompression (zlib).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace widenet {

// The contents of a gzip file, all its members one after the other. Memory grows with what is really there, never with
// what a header claims. Throws Error(Fault::environment) naming `path` where the data is truncated or damaged.
std::string gunzip(std::string_view compressed, const std::string& path);

// A raw deflate stream (RFC 1951) that must yield exactly `size` bytes. Throws as gunzip does.
std::string inflate_raw(std::string_view compressed, std::size_t size, const std::string& path);

// CRC-32 as in zip and gzip.
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace widenet
