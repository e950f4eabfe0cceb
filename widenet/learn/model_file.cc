// Layout: magic "widenet\n", format version (u32), length of the header (u64), the header (JSON, model_header.h), the
// arrays one after the other (little-endian), and last the CRC-32 of all before it. Every version of the format begins
// with magic and version and ends with that checksum. Version 1 knew kernels of vectors alone; its files are those of
// version 2 but for what they cannot say.
#include "widenet/learn/model_file.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "widenet/base/checksum.h"
#include "widenet/base/error.h"
#include "widenet/data/file.h"
#include "widenet/data/json_checks.h"
#include "widenet/learn/model_header.h"

namespace widenet {
namespace {

static_assert(std::endian::native == std::endian::little, "the model file is written as the memory holds it");

constexpr std::string_view magic = "widenet\n";
constexpr std::uint32_t format_version = 2;

template <class T>
std::string_view bytes_of(const T* data, std::size_t count) {
  return {reinterpret_cast<const char*>(data), count * sizeof(T)};
}

// Takes a file's bytes from the front; the caller has made sure of their number.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_(bytes) {}
  std::size_t left() const { return left_.size(); }
  std::string_view text(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  template <class T>
  void read(T* to, std::size_t count) {
    const std::string_view taken = text(count * sizeof(T));
    if (count > 0) std::memcpy(to, taken.data(), taken.size());
  }

 private:
  std::string_view left_;
};

// The version and what lies between it and the checksum, both of which are checked.
struct CheckedContent {
  std::uint32_t version = 0;
  std::string_view body;
};
CheckedContent checked(std::string_view content, const std::string& path) {
  const std::size_t front = magic.size() + sizeof format_version, back = sizeof(std::uint32_t);
  if (!content.starts_with(magic.substr(0, content.size())))
    fail_outside("{} is not a model (it does not begin like one) give a file that 'fit' wrote", path);
  if (content.size() < front + back)
    fail_outside("{} is truncated (a model is longer than {} bytes) copy or fit the model again", path, content.size());
  std::uint32_t version = 0, stored = 0;
  std::memcpy(&version, content.data() + magic.size(), sizeof version);
  std::memcpy(&stored, content.data() + content.size() - back, sizeof stored);
  Checksum sum;
  sum.add(content.data(), content.size() - back);
  if (sum.value() != stored)
    fail_outside("{} is damaged (its checksum differs: truncated or altered) copy or fit the model again", path);
  if (version > format_version)
    fail_outside("{} has format version {}, this program reads up to {} (a newer widenet wrote it) update widenet",
                 path, version, format_version);
  return {version, content.substr(front, content.size() - front - back)};
}

Model parse_body(std::string_view body) {
  Bytes bytes(body);
  std::uint64_t size = 0;
  const auto require = [](bool holds) {
    json_checks::require(holds, "header", "it and the arrays do not fill the file");
  };
  require(bytes.left() >= sizeof size);
  bytes.read(&size, 1);
  require(size <= bytes.left());
  const nlohmann::json header = nlohmann::json::parse(bytes.text(size));
  Model model = model_from(header, [&](std::size_t rows, std::size_t cols) {
    require(cols == 0 || rows <= bytes.left() / sizeof(double) / cols);
    auto matrix = Matrix<double>::uninitialized(rows, cols);
    bytes.read(matrix.data(), matrix.size());
    return matrix;
  });
  require(bytes.left() == 0);
  return model;
}

}  // namespace

void save_model(const Model& model, const std::string& path) {
  const std::string header = header_of(model).dump();
  const std::uint64_t size = header.size();
  OutputFile file(path);
  Checksum sum;
  const auto write = [&](std::string_view bytes) {
    file.write(bytes);
    sum.add(bytes.data(), bytes.size());
  };
  write(magic);
  write(bytes_of(&format_version, 1));
  write(bytes_of(&size, 1));
  write(header);
  for (const Matrix<double>* matrix : matrices_of(model)) write(bytes_of(matrix->data(), matrix->size()));
  const std::uint32_t checksum = sum.value();
  file.write(bytes_of(&checksum, 1));
  file.commit();
}

bool is_model_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[magic.size()] = {};
  file.read(start, sizeof start);
  return file && std::string_view(start, sizeof start) == magic;
}

std::uint32_t model_format_version(const std::string& path) { return checked(read_file(path), path).version; }

Model load_model(const std::string& path) {
  const std::string content = read_file(path);
  const std::string_view body = checked(content, path).body;
  try {
    Model model;
    json_checks::read("header", [&] { model = parse_body(body); });
    return model;
  } catch (const Error& error) {
    fail_outside("{}: {}", path, error.what());
  }
}

}  // namespace widenet
