#include "widenet/data/provenance.h"

namespace widenet {

std::string to_string(FileFormat format) {
  switch (format) {
    case FileFormat::csv:
      return "csv";
    case FileFormat::npy:
      return "npy";
    case FileFormat::npz:
      return "npz";
    case FileFormat::libsvm:
      return "libsvm";
    case FileFormat::idx:
      return "idx";
    case FileFormat::cifar:
      return "cifar";
    case FileFormat::uci90:
      return "uci90";
  }
  return "unknown";
}

}  // namespace widenet
