#include "widenet/data/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "widenet/base/error.h"

namespace widenet {
namespace {

// zlib counts in 32 bits: longer pieces are handed over bit by bit.
constexpr std::size_t piece = std::size_t{1} << 30;

[[noreturn]] void fail_damaged(const std::string& path, const char* detail) {
  fail_outside("'{}' is damaged (its compressed data is not valid: {}) get the file again", path,
               detail != nullptr ? detail : "bad stream");
}

[[noreturn]] void fail_truncated(const std::string& path) {
  fail_outside("'{}' is truncated (it ends inside its compressed data) get the file again", path);
}

class Inflater {
 public:
  Inflater(std::string_view input, int window_bits, const std::string& path) : input_(input), path_(path) {
    if (inflateInit2(&stream_, window_bits) != Z_OK) fail_outside("cannot decompress '{}' (zlib did not start)", path);
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills out[filled..) and returns the new filled count; finished() tells whether the stream has ended.
  std::size_t fill(std::string& out, std::size_t filled) {
    while (!finished_ && filled < out.size()) {
      const auto taken = static_cast<uInt>(std::min(piece, input_.size() - used_));
      const auto room = static_cast<uInt>(std::min(piece, out.size() - filled));
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib reads the input and says so nowhere in its types
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data() + used_));
      stream_.avail_in = taken;
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
      stream_.avail_out = room;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      used_ += taken - stream_.avail_in;
      filled += room - stream_.avail_out;
      finished_ = status == Z_STREAM_END;
      if (status == Z_BUF_ERROR && used_ == input_.size()) fail_truncated(path_);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) fail_damaged(path_, stream_.msg);
    }
    return filled;
  }

  bool finished() const { return finished_; }
  std::string_view rest() const { return input_.substr(used_); }

  // Goes on with the next gzip member.
  void restart() {
    inflateReset(&stream_);
    finished_ = false;
  }

 private:
  std::string_view input_;
  const std::string& path_;
  z_stream stream_ = {};
  std::size_t used_ = 0;
  bool finished_ = false;
};

}  // namespace

std::string gunzip(std::string_view compressed, const std::string& path) {
  Inflater inflater(compressed, 16 + MAX_WBITS, path);
  std::string out(std::max<std::size_t>(4 * compressed.size(), 4096), '\0');
  std::size_t filled = 0;
  for (;;) {
    filled = inflater.fill(out, filled);
    if (!inflater.finished()) {
      out.resize(2 * out.size());
    } else if (inflater.rest().starts_with("\x1f\x8b")) {
      inflater.restart();
    } else {
      break;
    }
  }
  out.resize(filled);
  return out;
}

std::string inflate_raw(std::string_view compressed, std::size_t size, const std::string& path) {
  // Deflate cannot shrink by more than 1032; a claim beyond that is refused before the memory is taken.
  constexpr std::size_t best_ratio = 1032;
  if (size / best_ratio > compressed.size() + 1)
    fail_outside("'{}' is damaged (it claims {} bytes in {} compressed ones) get the file again", path, size,
                 compressed.size());
  Inflater inflater(compressed, -MAX_WBITS, path);
  std::string out(size + 1, '\0');  // one more shows a stream that is longer than it claims
  const std::size_t filled = inflater.fill(out, 0);
  if (filled != size)
    fail_outside("'{}' is damaged (a member holds other than the {} bytes it claims) get the file again", path, size);
  out.resize(size);
  return out;
}

std::uint32_t crc32_of(std::string_view bytes) {
  uLong crc = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const auto count = std::min(piece, bytes.size());
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(count));
    bytes.remove_prefix(count);
  }
  return static_cast<std::uint32_t>(crc);
}

}  // namespace widenet
