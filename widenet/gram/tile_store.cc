#include "widenet/gram/tile_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "widenet/base/checksum.h"
#include "widenet/base/error.h"
#include "widenet/gram/tile_store_header.h"

namespace widenet {
namespace {

constexpr std::uint64_t page = 4096, finished = std::uint64_t{1} << 32;

std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + page - 1) / page * page; }

std::string reason() { return std::generic_category().message(errno); }

// A descriptor that is closed unless handed on.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

void write_at(int descriptor, const void* bytes, std::size_t size, std::uint64_t offset, const std::string& path) {
  const auto* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t done = ::pwrite(descriptor, from, size, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0)
      fail_outside(
          "cannot write '{}' ({}) make room on the disk and give the command again: the tiles that are finished are "
          "kept",
          path, reason());
    from += done;
    offset += static_cast<std::uint64_t>(done);
    size -= static_cast<std::size_t>(done);
  }
}

// What lies beyond the end reads as zeros: the file was cut off, and the checksums will say so.
void read_at(int descriptor, void* bytes, std::size_t size, std::uint64_t offset, const std::string& path) {
  auto* to = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t done = ::pread(descriptor, to, size, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_outside("cannot read '{}' ({}) check the disk", path, reason());
    if (done == 0) {
      std::fill_n(to, size, '\0');
      return;
    }
    to += done;
    offset += static_cast<std::uint64_t>(done);
    size -= static_cast<std::size_t>(done);
  }
}

std::size_t size_of(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail_outside("cannot read '{}' ({}) check the disk", path, reason());
  if (!S_ISREG(status.st_mode)) fail_outside("'{}' is no file of tiles (nor a file at all) name another", path);
  return static_cast<std::size_t>(status.st_size);
}

// What to do about a file that is to be written, or read.
constexpr std::string_view delete_it = "delete it, or choose another --out";
constexpr std::string_view copy_it = "copy it again, or name another";

ParsedHeader read_header(int descriptor, std::size_t file_size, const std::string& path, std::string_view remedy) {
  std::string bytes(std::min(store_front, file_size), '\0');
  read_at(descriptor, bytes.data(), bytes.size(), 0, path);
  bytes.resize(store_header_size(bytes, file_size, path, remedy));
  read_at(descriptor, bytes.data(), bytes.size(), 0, path);
  return parse_header(bytes, path, remedy);
}

// Takes the room on the disk, where the file system can, so that its lack is known before the work.
void reserve(int descriptor, std::uint64_t bytes, const std::string& path) {
  if (::fallocate(descriptor, 0, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
    fail_outside("cannot take the {:.1f} MiB for tiles in '{}' ({}) make room on the disk, or choose another --out",
                 static_cast<double>(bytes) / 0x1p20, path, reason());
  if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0)
    fail_outside("cannot write '{}' ({}) check the room on the disk", path, reason());
}

}  // namespace

TileStore::TileStore(std::string path, int descriptor, StoreHeader header, std::uint32_t header_checksum,
                     std::uint64_t records_begin)
    : path_(std::move(path)),
      descriptor_(descriptor),
      header_(std::move(header)),
      header_checksum_(header_checksum),
      tiles_(header_.grid.share(header_.shard)),
      records_begin_(records_begin),
      slots_begin_(whole_pages(records_begin + tiles_.size() * sizeof(std::uint64_t))),
      records_(tiles_.size()) {}

TileStore::TileStore(TileStore&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      header_(std::move(other.header_)),
      header_checksum_(other.header_checksum_),
      tiles_(other.tiles_),
      records_begin_(other.records_begin_),
      slots_begin_(other.slots_begin_),
      records_(std::move(other.records_)) {}

TileStore& TileStore::operator=(TileStore&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(header_, other.header_);
  std::swap(header_checksum_, other.header_checksum_);
  std::swap(tiles_, other.tiles_);
  std::swap(records_begin_, other.records_begin_);
  std::swap(slots_begin_, other.slots_begin_);
  std::swap(records_, other.records_);
  return *this;
}

TileStore::~TileStore() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

TileStore TileStore::take(const std::string& path, StoreHeader header) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0)
    fail_outside("cannot create '{}' ({}) check that its folder exists and may be written", path, reason());
  // A file system without locks has none to respect.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail_outside("'{}' is being written (another process computes these tiles) wait for it, or choose another --out",
                 path);
  const std::size_t size = size_of(file.get(), path);
  // Made just now, or by a process that was killed before its first byte.
  if (size == 0) {
    const std::string bytes = header_bytes(header);
    Checksum sum;
    sum.add(bytes.data(), bytes.size() - sizeof(std::uint32_t));
    TileStore store(path, file.release(), std::move(header), sum.value(), whole_pages(bytes.size()));
    try {
      write_at(store.descriptor_, bytes.data(), bytes.size(), 0, path);
      reserve(store.descriptor_, store.slot_offset(store.tiles_.end), path);
    } catch (const Error&) {
      ::unlink(path.c_str());
      throw;
    }
    return store;
  }
  ParsedHeader parsed = read_header(file.get(), size, path, delete_it);
  if (const std::string differs = difference(parsed.header, header); !differs.empty())
    fail_outside("'{}' holds tiles of other work ({}) {}", path, differs, delete_it);
  if (parsed.header.shard != header.shard)
    fail_outside("'{}' holds shard {}/{}, not {}/{} (every shard has its own file) choose another --out", path,
                 parsed.header.shard.number, parsed.header.shard.of, header.shard.number, header.shard.of);
  TileStore store(path, file.release(), std::move(header), parsed.checksum, whole_pages(parsed.size));
  // Killed before the room was taken?
  reserve(store.descriptor_, store.slot_offset(store.tiles_.end), path);
  store.load_records();
  return store;
}

TileStore TileStore::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_outside("cannot open '{}' ({}) check the path", path, reason());
  ParsedHeader parsed = read_header(file.get(), size_of(file.get(), path), path, copy_it);
  TileStore store(path, file.release(), std::move(parsed.header), parsed.checksum, whole_pages(parsed.size));
  store.load_records();
  return store;
}

void TileStore::load_records() {
  read_at(descriptor_, records_.data(), records_.size() * sizeof(std::uint64_t), records_begin_, path_);
}

std::uint64_t TileStore::slot_offset(std::size_t tile) const {
  return slots_begin_ + std::uint64_t{tile - tiles_.begin} * slot_size() * header_.number_size;
}

std::uint64_t TileStore::record_of(std::size_t tile, const void* slot, std::size_t bytes) const {
  const std::uint64_t index = tile;
  Checksum sum;
  sum.add(&header_checksum_, sizeof header_checksum_);
  sum.add(&index, sizeof index);
  sum.add(slot, bytes);
  return finished + sum.value();
}

void TileStore::write_record(std::size_t tile, std::uint64_t record) {
  const std::size_t at = tile - tiles_.begin;
  write_at(descriptor_, &record, sizeof record, records_begin_ + at * sizeof record, path_);
  records_[at] = record;
}

template <class T>
void TileStore::write(std::size_t tile, std::span<const T> slot) {
  write_at(descriptor_, slot.data(), slot.size_bytes(), slot_offset(tile), path_);
  write_record(tile, record_of(tile, slot.data(), slot.size_bytes()));
}

template <class T>
void TileStore::read(std::size_t tile, std::span<T> slot) const {
  read_at(descriptor_, slot.data(), slot.size_bytes(), slot_offset(tile), path_);
}

template <class T>
bool TileStore::intact(std::size_t tile, std::span<const T> slot) const {
  return records_[tile - tiles_.begin] == record_of(tile, slot.data(), slot.size_bytes());
}

void TileStore::forget(std::size_t tile) { write_record(tile, 0); }

void TileStore::remove() {
  if (::unlink(path_.c_str()) != 0) fail_outside("cannot delete '{}' ({}) delete it by hand", path_, reason());
}

bool is_tile_store(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return false;
  std::string front(store_magic.size(), '\0');
  return ::pread(file.get(), front.data(), front.size(), 0) == static_cast<ssize_t>(front.size()) &&
         front == store_magic;
}

template void TileStore::write(std::size_t, std::span<const double>);
template void TileStore::write(std::size_t, std::span<const float>);
template void TileStore::read(std::size_t, std::span<double>) const;
template void TileStore::read(std::size_t, std::span<float>) const;
template bool TileStore::intact(std::size_t, std::span<const double>) const;
template bool TileStore::intact(std::size_t, std::span<const float>) const;

}  // namespace widenet
