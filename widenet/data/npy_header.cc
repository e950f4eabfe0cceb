#include "widenet/data/npy_header.h"

#include <fmt/format.h>

#include <optional>

#include "widenet/base/error.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

// Reads the one Python literal that a header is: a dict of strings, True, False, and tuples of whole numbers.
class HeaderText {
 public:
  HeaderText(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr") {
        set_type(header);
        has_descr = true;
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
        has_order = true;
      } else if (key == "shape") {
        header.shape = tuple();
        has_shape = true;
      } else {
        fail_damaged(fmt::format("an unknown entry {}", text::shown(key)));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!has_descr || !has_order || !has_shape) fail_damaged("descr, fortran_order or shape is not there");
    return header;
  }

 private:
  [[noreturn]] void fail_damaged(const std::string& what) const {
    fail_outside("'{}' has a damaged npy header ({} at its character {}) write the file again with numpy.save", path_,
                 what, at_ + 1);
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail_damaged(fmt::format("no '{}'", wanted));
  }
  std::string_view string() {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    const auto end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail_damaged("no string");
    const std::string_view out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return out;
  }
  std::string_view word() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text::trim(text_.substr(at_, 1)).find_first_of(",)}") == std::string_view::npos &&
           text_[at_] != ' ')
      ++at_;
    return text_.substr(begin, at_ - begin);
  }
  bool boolean() {
    const std::string_view value = word();
    if (value != "True" && value != "False") fail_damaged("neither True nor False");
    return value == "True";
  }
  std::vector<std::size_t> tuple() {
    constexpr std::size_t most_dimensions = 64;  // numpy's own limit
    std::vector<std::size_t> out;
    expect('(');
    while (!accept(')')) {
      std::string_view digits = word();
      if (digits.ends_with('L')) digits.remove_suffix(1);  // as Python 2 wrote it
      const auto extent = text::parse_count(digits);
      if (!extent) fail_damaged(fmt::format("the extent {}", text::shown(digits)));
      out.push_back(*extent);
      if (out.size() > most_dimensions) fail_damaged("more than 64 extents");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return out;
  }
  void set_type(NpyHeader& header) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '[')
      fail_outside("'{}' holds records of several fields (an array of numbers is needed) save one field of it", path_);
    const std::string_view descr = string();
    const auto type = number_type(descr.size() > 1 ? descr.substr(1) : descr);
    if (!type || std::string_view("<>|=").find(descr.front()) == std::string_view::npos)
      fail_outside(
          "'{}' holds numbers of type {} (bool, integers and float32 or float64 can be read) save "
          "X.astype('float64')",
          path_, text::shown(descr));
    header.type = *type;
    header.order = descr.front() == '>' ? std::endian::big : std::endian::little;
  }
  static std::optional<NumberType> number_type(std::string_view name) {
    struct Named {
      std::string_view name;
      NumberType type;
    };
    using enum NumberType;
    static constexpr Named known[] = {{"b1", boolean}, {"i1", int8},    {"u1", uint8},  {"i2", int16},
                                      {"u2", uint16},  {"i4", int32},   {"u4", uint32}, {"i8", int64},
                                      {"u8", uint64},  {"f4", float32}, {"f8", float64}};
    for (const Named& candidate : known)
      if (candidate.name == name) return candidate.type;
    return {};
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0;
};

[[noreturn]] void fail_truncated(const std::string& path, std::size_t size) {
  fail_outside("'{}' is truncated (it ends after {} bytes, inside its npy header) get the file again", path, size);
}

}  // namespace

bool is_npy(std::string_view bytes) { return bytes.starts_with(magic); }

NpyHeader parse_npy_header(std::string_view bytes, const std::string& path) {
  if (!is_npy(bytes))
    fail_outside("'{}' is no npy file (it does not begin with \\x93NUMPY) write it with numpy.save", path);
  constexpr std::size_t version_end = 8;
  if (bytes.size() < version_end) fail_truncated(path, bytes.size());
  const auto version = static_cast<unsigned>(static_cast<unsigned char>(bytes[6]));
  if (version < 1 || version > 3)
    fail_outside("'{}' is of npy version {} (versions 1 to 3 can be read) write it with numpy.save", path, version);
  const std::size_t text_begin = version_end + (version == 1 ? 2 : 4);
  if (bytes.size() < text_begin) fail_truncated(path, bytes.size());
  const std::size_t length = version == 1 ? load<std::uint16_t>(bytes.data() + version_end, std::endian::little)
                                          : load<std::uint32_t>(bytes.data() + version_end, std::endian::little);
  if (bytes.size() - text_begin < length) fail_truncated(path, bytes.size());
  NpyHeader header = HeaderText(bytes.substr(text_begin, length), path).parse();
  header.data_begin = text_begin + length;
  return header;
}

std::string format_npy_header(std::string_view type, std::span<const std::size_t> shape) {
  std::string extents;
  for (const std::size_t extent : shape) extents += fmt::format("{}, ", extent);
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  if (shape.size() == 1) extents.pop_back();
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, extents);
  constexpr std::size_t alignment = 64, preamble = 10;
  text.append(alignment - 1 - (preamble + text.size()) % alignment, ' ');
  text += '\n';
  std::string out(magic);
  out += '\x01';
  out += '\x00';
  out += static_cast<char>(text.size() & 0xFF);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

}  // namespace widenet
