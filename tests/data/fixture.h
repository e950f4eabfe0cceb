// What the tests of files share: a folder that goes away again, and the message of an error.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/base/matrix.h"

namespace widenet::testing {

class Folder {
 public:
  Folder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("widenet-" + std::to_string(getpid()) + "-" + test->test_suite_name() + "-" + test->name());
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }
  bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The message of the Error that work throws; "" where it throws none.
template <class Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// The bytes of an npy file of float64 numbers with these extents.
inline std::string npy_bytes(const std::vector<std::size_t>& extents, const Matrix<double>& numbers) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
  for (const std::size_t extent : extents) header += std::to_string(extent) + ", ";
  header += "), }";
  header.resize(117, ' ');
  header += '\n';
  std::string bytes = std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size()) + '\0' + header;
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  return bytes;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Folder of real data sets, or "" where it is not there.
inline std::string data_folder(const std::string& name) {
  const char* set = std::getenv("WIDENET_DATA");
  const std::filesystem::path root = set != nullptr
                                         ? std::filesystem::path(set)
                                         : std::filesystem::path(WIDENET_SOURCE_DIR) / ".." / "shared" / "data";
  return std::filesystem::exists(root / name) ? (root / name).string() : "";
}

inline std::string example(const std::string& name) {
  return std::string(WIDENET_SOURCE_DIR) + "/examples/data/" + name;
}

}  // namespace widenet::testing

// The message of the Error that work throws must hold the text.
#define EXPECT_MESSAGE(work, text) \
  EXPECT_PRED2(::widenet::testing::contains, ::widenet::testing::message_of([&] { work; }), std::string(text))
