#include "widenet/data/cifar.h"

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

constexpr std::size_t side = 32, channels = 3, plane = side * side, pixels = channels * plane;

// CIFAR-10 or CIFAR-100: the classes that each label byte of a record tells apart.
struct Variant {
  std::vector<std::size_t> classes;
  std::size_t record() const { return classes.size() + pixels; }
};
const Variant ten{{10}}, hundred{{20, 100}};

std::size_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// What is wrong with the first label that is out of range; empty where none is.
std::string wrong_label(const Variant& variant, std::string_view bytes) {
  for (std::size_t row = 0; row < bytes.size() / variant.record(); ++row)
    for (std::size_t k = 0; k < variant.classes.size(); ++k)
      if (const std::size_t label = byte_at(bytes, row * variant.record() + k); label >= variant.classes[k])
        return fmt::format("record {} has the label {}, CIFAR-{} has {}", row + 1, label, variant.classes.back(),
                           variant.classes[k]);
  return "";
}

const Variant& variant_of(std::string_view bytes, const std::string& path) {
  std::string why;
  for (const Variant* variant : {&ten, &hundred}) {
    if (bytes.empty() || bytes.size() % variant->record() != 0) continue;
    const std::string wrong = wrong_label(*variant, bytes);
    if (wrong.empty()) return *variant;
    why += (why.empty() ? "" : "; ") + wrong;
  }
  if (why.empty()) why = fmt::format("its {} bytes are no multiple of 3073 or 3074", bytes.size());
  fail_outside("'{}' is no CIFAR file ({}) get the file again, or rename it where it is of another format", path, why);
}

// The label byte of a record that is wanted.
std::size_t label_byte(const Variant& variant, const std::string& wanted, const std::string& path) {
  const bool two = variant.classes.size() == 2;
  if (wanted.empty() || (two && wanted == "fine")) return variant.classes.size() - 1;
  if (two && wanted == "coarse") return 0;
  fail_outside("'{}' holds no labels {} (it is of CIFAR-{}, which has {}) leave the name out{}", path,
               text::shown(wanted), variant.classes.back(), two ? "fine and coarse ones" : "one label per image",
               two ? " or give one of these" : "");
}

}  // namespace

LabelledImages parse_cifar(std::string_view bytes, const std::string& path, const std::string& labels) {
  const Variant& variant = variant_of(bytes, path);
  const std::size_t at = label_byte(variant, labels, path), record = variant.record(), rows = bytes.size() / record;
  check_fits_memory(rows, pixels, fmt::format("'{}' is too large", path));
  LabelledImages out;
  Array& images = out.images;
  images.provenance = {path, FileFormat::cifar, rows};
  images.sample_shape = {side, side, channels};
  if (variant.classes.size() == 2 && labels.empty())
    images.notes.push_back(fmt::format("its fine labels are read; {}:coarse reads the coarse ones.", path));
  images.values = Matrix<double>::uninitialized(rows, pixels);
  out.labels = numeric_column("label", std::vector<double>(rows));
  out.labels.classes = true;
  parallel_for(rows, [&](std::size_t i, std::size_t) {
    out.labels.numbers[i] = static_cast<double>(byte_at(bytes, i * record + at));
    const std::string_view image = bytes.substr((i + 1) * record - pixels, pixels);
    for (std::size_t p = 0; p < plane; ++p)
      for (std::size_t c = 0; c < channels; ++c)
        images.values(i, p * channels + c) = static_cast<double>(byte_at(image, c * plane + p));
  });
  return out;
}

}  // namespace widenet
