#include "widenet/learn/memory.h"

#include <algorithm>
#include <fstream>

#include "widenet/base/error.h"

namespace widenet {

std::size_t available_memory() {
  std::ifstream in("/proc/meminfo");
  for (std::string word; in >> word;)
    if (word == "MemAvailable:") {
      std::size_t kibibytes = 0;
      in >> kibibytes;
      return kibibytes * 1024;
    }
  return static_cast<std::size_t>(-1);
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
