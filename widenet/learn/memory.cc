#include "widenet/learn/memory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

#include "widenet/base/error.h"

namespace widenet {

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

// The number that stands behind a word, or first; nothing where there is none ("max", no such file).
std::optional<std::size_t> number_in(const std::filesystem::path& file, const std::string& behind = {}) {
  std::ifstream in(file);
  for (std::string word; !behind.empty() && in >> word && word != behind;) {
  }
  std::size_t number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

std::size_t left_in_group(const std::filesystem::path& folder) {
  const auto limit = number_in(folder / "memory.max"), used = number_in(folder / "memory.current");
  if (!limit || !used) return unlimited;
  const std::size_t cached = number_in(folder / "memory.stat", "inactive_file").value_or(0);
  const std::size_t held = *used - std::min(cached, *used);
  return *limit - std::min(held, *limit);
}

}  // namespace

std::size_t cgroup_memory(const std::string& membership, const std::string& root) {
  std::ifstream in(membership);
  std::size_t left = unlimited;
  for (std::string line; std::getline(in, line);) {
    // Version 2 has one line, "0::/the/group"; those of version 1 name their controllers.
    if (!line.starts_with("0::/")) continue;
    std::filesystem::path folder = root;
    left = std::min(left, left_in_group(folder));
    for (const auto& part : std::filesystem::path(line.substr(4))) left = std::min(left, left_in_group(folder /= part));
  }
  return left;
}

std::size_t available_memory() {
  const auto kibibytes = number_in("/proc/meminfo", "MemAvailable:");
  return std::min(kibibytes ? *kibibytes * 1024 : unlimited, cgroup_memory("/proc/self/cgroup", "/sys/fs/cgroup"));
}

std::string memory_text(std::size_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1 << 20);
  return mebibytes >= 1024 ? fmt::format("{:.2f} GiB", mebibytes / 1024)
                           : fmt::format("{:.0f} MiB", std::max(mebibytes, 1.0));
}

void check_memory(std::size_t needed, std::size_t limit, const std::string& work) {
  const std::size_t given = limit == 0 ? available_memory() : limit;
  if (needed > given)
    fail_outside("{} needs {} of memory ({} {}) use fewer rows, or a larger --memory", work, memory_text(needed),
                 memory_text(given), limit == 0 ? "are free" : "is the limit given");
}

}  // namespace widenet
