// Where the real data is, for tests that need it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace widenet::lab {

// Empty where there is none.
inline std::string test_data() {
  const char* set = std::getenv("WIDENET_DATA");
  const std::filesystem::path folder =
      set != nullptr ? std::filesystem::path(set) : std::filesystem::path(WIDENET_SOURCE_DIR) / "../shared/data";
  return std::filesystem::is_directory(folder) ? folder.string() : std::string();
}

}  // namespace widenet::lab
