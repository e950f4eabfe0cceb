// Where numbers came from.
#pragma once

#include <cstddef>
#include <string>

namespace widenet {

enum class FileFormat { csv, npy, npz, libsvm, idx, cifar, uci90 };

// "csv", "npy", ...
std::string to_string(FileFormat format);

struct Provenance {
  std::string path;  // as it was given
  FileFormat format = FileFormat::csv;
  std::size_t rows = 0;
};

}  // namespace widenet
