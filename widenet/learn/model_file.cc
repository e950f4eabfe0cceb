// Layout: magic "widenet\n", format version (u32), length of the header (u64), the header (JSON: all that is not a large
// array, and the arrays' shapes), the arrays one after the other (little-endian), and last the CRC-32 of all before it.
#include "widenet/learn/model_file.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "widenet/base/error.h"

namespace widenet {
namespace {

static_assert(std::endian::native == std::endian::little, "the model file is written as the memory holds it");

constexpr char magic[8] = {'w', 'i', 'd', 'e', 'n', 'e', 't', '\n'};
constexpr std::uint32_t format_version = 1;

template <class T>
void append(std::string& out, const T* data, std::size_t count) {
  out.append(reinterpret_cast<const char*>(data), count * sizeof(T));
}

// Reads pieces of a file's bytes; what is not there is an error of the file.
class Bytes {
 public:
  Bytes(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}
  template <class T>
  void read(T* to, std::size_t count) {
    if (count > left() / sizeof(T)) truncated();
    if (count > 0) std::memcpy(to, bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
  }
  std::string_view text(std::size_t size) {
    if (size > left()) truncated();
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  [[noreturn]] void truncated() const {
    fail_outside("{} is truncated (it ends before its contents do) copy or fit the model again", path_);
  }
  std::string_view bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
};

nlohmann::json shape(const Matrix<double>& m) { return {m.rows(), m.cols()}; }

Matrix<double> read_matrix(Bytes& bytes, const nlohmann::json& shape) {
  const auto rows = shape.at(0).get<std::size_t>(), cols = shape.at(1).get<std::size_t>();
  if (cols != 0 && rows > bytes.left() / sizeof(double) / cols) bytes.text(bytes.left() + 1);
  auto m = Matrix<double>::uninitialized(rows, cols);
  bytes.read(m.data(), m.size());
  return m;
}

nlohmann::json svm_header(const SvmResult& svm) {
  nlohmann::json pairs = nlohmann::json::array();
  for (const SvmPair& p : svm.pairs)
    pairs.push_back({p.first, p.second, p.bias, p.iterations, p.converged, p.violation, p.objective});
  return {{"present", svm.present}, {"labels", svm.labels}, {"pairs", pairs}, {"cost", svm.summary.cost},
          {"support_vectors", svm.summary.support_vectors}, {"coefficients", shape(svm.coefficients)}};
}

SvmResult svm_from(const nlohmann::json& json) {
  SvmResult svm;
  svm.present = json.at("present").get<std::vector<std::size_t>>();
  svm.labels = json.at("labels").get<std::vector<std::size_t>>();
  for (const auto& p : json.at("pairs"))
    svm.pairs.push_back({p.at(0), p.at(1), p.at(2), p.at(3), p.at(4), p.at(5), p.at(6)});
  svm.summary.cost = json.at("cost");
  svm.summary.samples = svm.labels.size();
  svm.summary.support_vectors = json.at("support_vectors");
  return svm;
}

nlohmann::json header_of(const Model& model) {
  nlohmann::json header = {{"coding", model.coding},
                           {"scaling", model.scaling},
                           {"kernel", to_text(model.kernel)},
                           {"ridge", model.ridge},
                           {"solver", to_string(model.solver)},
                           {"sharpness", model.sharpness},
                           {"training_mean", model.training_mean},
                           {"majority_class", model.majority_class},
                           {"metrics", model.metrics},
                           {"notes", model.notes},
                           {"inputs", shape(model.inputs)},
                           {"coefficients", shape(model.coefficients)}};
  if (model.svm) header["svm"] = svm_header(*model.svm);
  return header;
}

Model model_from(Bytes& bytes, const nlohmann::json& header) {
  Model model;
  model.coding = header.at("coding").get<Coding>();
  model.scaling = header.at("scaling").get<Scaling>();
  model.kernel = parse_kernel(header.at("kernel").get<std::string>());
  model.ridge = header.at("ridge");
  model.solver = header.at("solver") == "svm" ? Solver::svm : Solver::cholesky;
  model.sharpness = header.at("sharpness");
  model.training_mean = header.at("training_mean").get<std::vector<double>>();
  model.majority_class = header.at("majority_class");
  model.metrics = header.at("metrics").get<std::map<std::string, Metrics>>();
  model.notes = header.at("notes").get<std::vector<std::string>>();
  model.inputs = read_matrix(bytes, header.at("inputs"));
  model.coefficients = read_matrix(bytes, header.at("coefficients"));
  if (header.contains("svm")) {
    model.svm = svm_from(header["svm"]);
    model.svm->coefficients = read_matrix(bytes, header["svm"].at("coefficients"));
  }
  return model;
}

std::uint32_t checksum(std::string_view bytes) {
  uLong crc = crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < bytes.size(); at += 1u << 30)
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data() + at),
                static_cast<uInt>(std::min<std::size_t>(bytes.size() - at, 1u << 30)));
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

void save_model(const Model& model, const std::string& path) {
  std::string out(magic, sizeof magic);
  append(out, &format_version, 1);
  const std::string header = header_of(model).dump();
  const std::uint64_t size = header.size();
  append(out, &size, 1);
  out += header;
  append(out, model.inputs.data(), model.inputs.size());
  append(out, model.coefficients.data(), model.coefficients.size());
  if (model.svm) append(out, model.svm->coefficients.data(), model.svm->coefficients.size());
  const std::uint32_t crc = checksum(out);
  append(out, &crc, 1);
  const std::string temporary = fmt::format("{}.{}.part", path, getpid());
  std::ofstream file(temporary, std::ios::binary);
  file.write(out.data(), static_cast<std::streamsize>(out.size()));
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (!file || error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail_outside("the model could not be written to {} ({}) check the folder and its free space", path,
                 error ? error.message() : std::strerror(errno));
  }
}

bool is_model_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[sizeof magic] = {};
  file.read(start, sizeof start);
  return file && std::memcmp(start, magic, sizeof magic) == 0;
}

Model load_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_outside("{} cannot be read ({}) give the path of a fitted model", path, std::strerror(errno));
  const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (content.size() < sizeof magic || std::memcmp(content.data(), magic, sizeof magic) != 0)
    fail_outside("{} is not a model (it does not begin like one) give a file that 'fit' wrote", path);
  Bytes bytes(content, path);
  bytes.text(sizeof magic);
  std::uint32_t version = 0, stored = 0;
  bytes.read(&version, 1);
  if (version > format_version)
    fail_outside("{} has format version {}, this program reads up to {} (a newer widenet wrote it) update widenet", path,
                 version, format_version);
  if (bytes.left() < sizeof stored) bytes.text(bytes.left() + 1);
  std::memcpy(&stored, content.data() + content.size() - sizeof stored, sizeof stored);
  const std::string_view body(content.data(), content.size() - sizeof stored);
  if (checksum(body) != stored)
    fail_outside("{} is damaged (its checksum differs: truncated or altered) copy or fit the model again", path);
  Bytes checked(body, path);
  checked.text(sizeof magic + sizeof version);
  std::uint64_t size = 0;
  checked.read(&size, 1);
  try {
    const nlohmann::json header = nlohmann::json::parse(checked.text(size));
    return model_from(checked, header);
  } catch (const nlohmann::json::exception& error) {
    fail_outside("{} is damaged (its header is not what a model has: {}) fit the model again", path, error.what());
  }
}

}  // namespace widenet
