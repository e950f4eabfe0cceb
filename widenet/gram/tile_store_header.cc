#include "widenet/gram/tile_store_header.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "widenet/base/checksum.h"
#include "widenet/base/error.h"

namespace widenet {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is written as the memory holds it");

template <class Number>
void append(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}
std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

[[noreturn]] void fail_damaged(const std::string& path, std::string_view remedy) {
  fail_outside("'{}' is damaged (the checksum of its header differs) {}", path, remedy);
}

StoreHeader header_of(const nlohmann::json& json) {
  Facts facts;
  for (const auto& fact : json.at("facts")) facts.push_back({fact.at(0), fact.at(1)});
  const auto& tile = json.at("tile");
  return {std::move(facts),
          TileGrid(json.at("rows"), json.at("cols"), json.at("symmetric"), tile.at(0), tile.at(1)),
          {json.at("shard").at(0), json.at("shard").at(1)},
          json.at("number_size")};
}

std::string type_name(std::size_t number_size) { return number_size == sizeof(double) ? "float64" : "float32"; }

}  // namespace

std::string header_bytes(const StoreHeader& header) {
  nlohmann::json facts = nlohmann::json::array();
  for (const Fact& fact : header.facts) facts.push_back({fact.name, fact.value});
  const TileGrid& grid = header.grid;
  const std::string text = nlohmann::json{
      {"facts", facts},
      {"rows", grid.rows()},
      {"cols", grid.cols()},
      {"symmetric", grid.symmetric()},
      {"tile", {grid.height(), grid.width()}},
      {"shard", {header.shard.number, header.shard.of}},
      {"number_size",
       header.number_size}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string bytes(store_magic);
  append(bytes, store_version);
  append(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
  Checksum sum;
  sum.add(bytes.data(), bytes.size());
  append(bytes, sum.value());
  return bytes;
}

std::size_t store_header_size(std::string_view front, std::size_t file_size, const std::string& path,
                              std::string_view remedy) {
  if (front.size() < store_front || !front.starts_with(store_magic))
    fail_outside("'{}' is no file of tiles (it does not begin like one) {}", path, remedy);
  const std::uint32_t version = number_at(front, store_magic.size());
  if (version != store_version)
    fail_outside("'{}' holds tiles in format version {}, this program knows {} (another widenet wrote it) {}", path,
                 version, store_version, remedy);
  const std::size_t size = store_front + std::size_t{number_at(front, store_front - 4)} + sizeof(std::uint32_t);
  if (size > file_size) fail_damaged(path, remedy);
  return size;
}

ParsedHeader parse_header(std::string_view bytes, const std::string& path, std::string_view remedy) {
  const std::size_t end = bytes.size() - sizeof(std::uint32_t);
  Checksum sum;
  sum.add(bytes.data(), end);
  if (sum.value() != number_at(bytes, end)) fail_damaged(path, remedy);
  try {
    const auto json = nlohmann::json::parse(bytes.substr(store_front, end - store_front));
    return {header_of(json), sum.value(), bytes.size()};
  } catch (const nlohmann::json::exception&) {
    fail_damaged(path, remedy);
  }
}

std::string difference(const StoreHeader& there, const StoreHeader& here) {
  std::vector<std::string> found;
  const auto compare = [&](const std::string& name, const std::string& a, const std::string& b) {
    if (a != b) found.push_back(fmt::format("{}: {} there, {} here", name, a, b));
  };
  const auto value_of = [](const Facts& facts, const std::string& name) {
    for (const Fact& fact : facts)
      if (fact.name == name) return fact.value;
    return std::string("none");
  };
  for (const Fact& fact : here.facts) compare(fact.name, value_of(there.facts, fact.name), fact.value);
  for (const Fact& fact : there.facts)
    if (value_of(here.facts, fact.name) == "none") compare(fact.name, fact.value, "none");
  compare("numbers", type_name(there.number_size), type_name(here.number_size));
  const auto shape = [](const TileGrid& grid) {
    return fmt::format("{} x {}{}", grid.rows(), grid.cols(), grid.symmetric() ? " symmetric" : "");
  };
  compare("matrix", shape(there.grid), shape(here.grid));
  const auto tile = [](const TileGrid& grid) { return fmt::format("{} x {}", grid.height(), grid.width()); };
  // Follows from what is above and from the number of shards, and says something only where these are the same.
  if (found.empty() && there.shard.of == here.shard.of) compare("tiles", tile(there.grid), tile(here.grid));
  return fmt::format("{}", fmt::join(found, "; "));
}

}  // namespace widenet
