#include "lab/stored_gram.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "widenet/base/checksum.h"
#include "widenet/base/error.h"
#include "widenet/gram/stored_gram.h"

namespace widenet::lab {
namespace {

namespace fs = std::filesystem;

std::string file_name(const Gram<float>& gram, const Facts& facts) {
  std::string text = fmt::format("{} x {}", gram.rows(), gram.cols());
  for (const Fact& fact : facts) text += fmt::format("\n{}: {}", fact.name, fact.value);
  return fmt::format("{:016x}.tiles", hash_of(text.data(), text.size()));
}

}  // namespace

Matrix<float> stored_gram(const Gram<float>& gram, const Facts& facts, const std::string& folder,
                          const std::string& name, const Progress& progress) {
  const Progress named = [&](ProgressEvent event) {
    event.what = name;
    if (progress) progress(event);
  };
  if (folder.empty()) return materialize(gram, named);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_outside("{}: cannot be made a folder ({}) give another with --store", folder, error.message());
  std::vector<TileStore> stores;
  stores.push_back(TileStore::take((fs::path(folder) / file_name(gram, facts)).string(), store_header(gram, facts)));
  take_up<float>(stores.front());
  compute_tiles(gram, stores.front(), named);
  auto out = Matrix<float>::uninitialized(gram.rows(), gram.cols());
  read_bands<float>(stores, [&](Range rows, MatrixView<const float> band) {
    for (std::size_t i = 0; i < rows.size(); ++i)
      std::copy_n(band.row_data(i), band.cols(), out.row(rows.begin + i).data());
  });
  return out;
}

}  // namespace widenet::lab
