// Zip after PKWARE's APPNOTE 6.3: the central directory (4.3.12) at the end is believed, local headers (4.3.7) only
// tell where data begins; 64-bit sizes (4.5.3) are what numpy.savez writes for large arrays.
#include "widenet/data/npz.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/data/bytes.h"
#include "widenet/data/inflate.h"
#include "widenet/data/npy.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

constexpr std::string_view local_signature("PK\x03\x04", 4);
constexpr std::string_view central_signature("PK\x01\x02", 4);
constexpr std::string_view end_signature("PK\x05\x06", 4);
constexpr std::string_view end64_signature("PK\x06\x06", 4);
constexpr std::string_view locator64_signature("PK\x06\x07", 4);
constexpr std::size_t max32 = 0xFFFFFFFF;

struct Member {
  std::string name;
  std::size_t flags = 0;
  std::size_t method = 0;
  std::uint32_t crc = 0;
  std::size_t compressed = 0;
  std::size_t size = 0;
  std::size_t local_header = 0;
};

class Archive {
 public:
  Archive(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  std::vector<Member> members() const {
    auto [at, end] = central_directory();
    std::vector<Member> out;
    while (at < end) {
      if (part(at, 4) != central_signature) fail_damaged("its list of members is broken");
      Member member;
      member.flags = number<std::uint16_t>(at + 8);
      member.method = number<std::uint16_t>(at + 10);
      member.crc = number<std::uint32_t>(at + 16);
      member.compressed = number<std::uint32_t>(at + 20);
      member.size = number<std::uint32_t>(at + 24);
      member.local_header = number<std::uint32_t>(at + 42);
      const std::size_t name_length = number<std::uint16_t>(at + 28), extra_length = number<std::uint16_t>(at + 30),
                        comment_length = number<std::uint16_t>(at + 32);
      member.name = part(at + 46, name_length);
      read_large_sizes(member, part(at + 46 + name_length, extra_length));
      at += 46 + name_length + extra_length + comment_length;
      out.push_back(std::move(member));
    }
    return out;
  }

  std::string contents(const Member& member) const {
    constexpr std::size_t encrypted = 1;
    if (member.flags & encrypted)
      fail_outside("'{}' is encrypted (its member {}) write it with numpy.savez", path_, text::shown(member.name));
    if (part(member.local_header, 4) != local_signature) fail_damaged("a member is not where it should be");
    const std::size_t begin = checked_sum(member.local_header, 30u + number<std::uint16_t>(member.local_header + 26) +
                                                                   number<std::uint16_t>(member.local_header + 28));
    const std::string_view data = part(begin, member.compressed);
    constexpr std::size_t stored = 0, deflated = 8;
    if (member.method != stored && member.method != deflated)
      fail_outside(
          "'{}' is compressed by method {} (stored and deflated members can be read) write it with "
          "numpy.savez_compressed",
          path_, member.method);
    if (member.method == stored && member.size != member.compressed) fail_damaged("a stored member has two sizes");
    std::string out = member.method == stored ? std::string(data) : inflate_raw(data, member.size, path_);
    if (crc32_of(out) != member.crc) fail_damaged("a checksum does not match");
    return out;
  }

 private:
  [[noreturn]] void fail_damaged(const char* why) const {
    fail_outside("'{}' is a truncated or damaged npz file ({}) get the file again", path_, why);
  }
  std::size_t checked_sum(std::size_t a, std::size_t b) const {
    std::size_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) fail_damaged("an absurd size");
    return sum;
  }
  std::string_view part(std::size_t begin, std::size_t size) const {
    if (checked_sum(begin, size) > bytes_.size()) fail_damaged("it ends too early");
    return bytes_.substr(begin, size);
  }
  template <class T>
  T number(std::size_t at) const {
    return load<T>(part(at, sizeof(T)).data(), std::endian::little);
  }
  std::size_t end_record() const {
    constexpr std::size_t record = 22, longest_comment = 0xFFFF;
    if (bytes_.size() < record) fail_damaged("it ends too early");
    const std::size_t last = bytes_.size() - record;
    const std::size_t first = last > longest_comment ? last - longest_comment : 0;
    const auto at = bytes_.substr(first).rfind(end_signature);
    if (at == std::string_view::npos || first + at > last) fail_damaged("its end is not there");
    return first + at;
  }
  Range central_directory() const {
    const std::size_t end = end_record();
    std::size_t size = number<std::uint32_t>(end + 12), begin = number<std::uint32_t>(end + 16);
    if ((size == max32 || begin == max32) && end >= 20 && part(end - 20, 4) == locator64_signature) {
      const auto record = static_cast<std::size_t>(number<std::uint64_t>(end - 12));
      if (part(record, 4) != end64_signature) fail_damaged("its end is broken");
      size = static_cast<std::size_t>(number<std::uint64_t>(checked_sum(record, 40)));
      begin = static_cast<std::size_t>(number<std::uint64_t>(checked_sum(record, 48)));
    }
    part(begin, size);
    return {begin, begin + size};
  }
  // The extra field 0x0001 holds those of the three that did not fit 32 bits, in this order.
  void read_large_sizes(Member& member, std::string_view extra) const {
    while (extra.size() >= 4) {
      const auto id = load<std::uint16_t>(extra.data(), std::endian::little);
      const std::size_t length = load<std::uint16_t>(extra.data() + 2, std::endian::little);
      if (extra.size() - 4 < length) fail_damaged("an extra field is too long");
      std::string_view field = extra.substr(4, length);
      extra.remove_prefix(4 + length);
      if (id != 1) continue;
      for (std::size_t* value : {&member.size, &member.compressed, &member.local_header}) {
        if (*value != max32 || field.size() < 8) continue;
        *value = static_cast<std::size_t>(load<std::uint64_t>(field.data(), std::endian::little));
        field.remove_prefix(8);
      }
    }
  }

  std::string_view bytes_;
  const std::string& path_;
};

}  // namespace

bool is_zip(std::string_view bytes) { return bytes.starts_with(local_signature) || bytes.starts_with(end_signature); }

Array parse_npz(std::string_view bytes, const std::string& path, const std::string& name) {
  const Archive archive(bytes, path);
  const std::vector<Member> members = archive.members();
  std::vector<std::string> names;
  std::optional<std::size_t> chosen;
  for (std::size_t k = 0; k < members.size(); ++k) {
    constexpr std::string_view suffix = ".npy";
    const std::string& file = members[k].name;
    if (!std::string_view(file).ends_with(suffix)) continue;
    names.push_back(file.substr(0, file.size() - suffix.size()));
    if (!chosen && (name.empty() || names.back() == name)) chosen = k;
  }
  if (names.empty()) fail_outside("'{}' holds no arrays (no member ends in .npy) write it with numpy.savez", path);
  if (!chosen)
    fail_outside("'{}' holds no array {} (it holds {}) name one of these", path, text::shown(name),
                 text::listed(names));
  Array array = parse_npy(archive.contents(members[*chosen]), path);
  array.provenance.format = FileFormat::npz;
  if (name.empty() && names.size() > 1)
    array.notes.push_back(
        fmt::format("it holds the arrays {}: the first was read; {}:NAME reads another.", text::listed(names), path));
  return array;
}

}  // namespace widenet
