#include "widenet/learn/model_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/data/fixture.h"
#include "tests/learn/plain.h"

namespace widenet {
namespace {

using namespace testing_learn;
using testing::bytes_of;
using testing::Folder;

Table regression_table() {
  const Matrix<double> x = some_inputs(13, 2, 1);
  return with_target(x, some_targets(x, 2));
}
Table class_table() {
  const Matrix<double> x = some_inputs(21, 2, 1);
  return with_labels(x, some_labels(x, 3));
}

Model regression_model() { return fit(regression_table(), given("gaussian(length=1/3)", 0.1)).model; }
Model svm_model() {
  FitOptions options = given("gaussian", 0.5);
  options.solver = Solver::svm;
  return fit(class_table(), options).model;
}

void expect_same_predictions(const Model& a, const Model& b) {
  const Matrix<double> fresh = some_inputs(40, 2, 7);
  const Prediction p = predict(a, fresh), q = predict(b, fresh);
  EXPECT_TRUE(same_bits(p.mean, q.mean));
  EXPECT_TRUE(same_bits(p.probabilities, q.probabilities));
  EXPECT_EQ(p.labels, q.labels);
}

// Everything else that a model holds, as text.
std::string described(const Model& m) {
  return nlohmann::json({{"coding", m.coding},
                         {"scaling", m.scaling},
                         {"kernel", to_text(m.kernel)},
                         {"ridge", m.ridge},
                         {"solver", to_string(m.solver)},
                         {"sharpness", m.sharpness},
                         {"mean", m.training_mean},
                         {"majority", m.majority_class},
                         {"absent", m.absent_classes},
                         {"metrics", m.metrics},
                         {"notes", m.notes}})
      .dump();
}

TEST(ModelFile, RegressionComesBackBitByBit) {
  const Folder folder;
  const Table table = regression_table();
  const FitResult result = fit(table, given("1/3*gaussian(length=0.7) + 0.1*linear", 0.1));
  save_model(result.model, folder.path("m.model"));
  const Model loaded = load_model(folder.path("m.model"));
  expect_same_predictions(result.model, loaded);
  EXPECT_EQ(described(result.model), described(loaded));
  EXPECT_TRUE(same_bits(result.model.inputs, loaded.inputs));
  EXPECT_TRUE(same_bits(result.model.coefficients, loaded.coefficients));
  const Matrix<double> fresh = some_inputs(9, 2, 3);
  EXPECT_TRUE(same_bits(predict(result.model, fresh, Deviation::observed, &*result.factor).deviation,
                        predict(loaded, fresh, Deviation::observed).deviation));
  EXPECT_TRUE(is_model_file(folder.path("m.model")));
}

TEST(ModelFile, ClassificationComesBackBitByBit) {
  const Folder folder;
  for (const bool by_svm : {false, true}) {
    const Model model = by_svm ? svm_model() : fit(class_table(), given("ntk[dense relu dense]", 0.2)).model;
    save_model(model, folder.path("m.model"));
    const Model loaded = load_model(folder.path("m.model"));
    expect_same_predictions(model, loaded);
    EXPECT_EQ(described(model), described(loaded));
    ASSERT_EQ(loaded.svm.has_value(), by_svm);
    if (!by_svm) continue;
    EXPECT_TRUE(same_bits(model.svm->coefficients, loaded.svm->coefficients));
    EXPECT_EQ(loaded.svm->summary.iterations, model.svm->summary.iterations);
    EXPECT_EQ(loaded.svm->summary.support_vectors, model.svm->summary.support_vectors);
    EXPECT_EQ(loaded.svm->summary.pairs_not_converged, model.svm->summary.pairs_not_converged);
  }
}

TEST(ModelFile, AnInterpolatingModelComesBack) {
  const Folder folder;
  const FitResult result = fit(regression_table(), given("laplacian(length=0.5)", 0));
  ASSERT_FALSE(result.failure);
  save_model(result.model, folder.path("m.model"));
  const Model loaded = load_model(folder.path("m.model"));
  expect_same_predictions(result.model, loaded);
}

TEST(ModelFile, KeepsTheLengthsOfAFileInside) {
  const Folder folder;
  const Table table = regression_table();
  const std::string lengths = folder.path("lengths.npy");
  const std::vector<double> numbers = {0.1234567890123456, 2.5};
  Table unused;
  {
    std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
    header.resize(117, ' ');
    std::string bytes = std::string("\x93NUMPY\x01\x00", 8) + std::string("\x76\x00", 2) + header + "\n";
    bytes.append(reinterpret_cast<const char*>(numbers.data()), 16);
    folder.write("lengths.npy", bytes);
  }
  const Model model = fit(table, given("matern32(length=@" + lengths + ")", 0.1)).model;
  save_model(model, folder.path("m.model"));
  std::filesystem::remove(lengths);
  expect_same_predictions(model, load_model(folder.path("m.model")));
}

TEST(ModelFile, EveryTruncationIsRefused) {
  const Folder folder;
  save_model(regression_model(), folder.path("m.model"));
  const std::string whole = bytes_of(folder.path("m.model"));
  ASSERT_GT(whole.size(), 1000u);
  for (std::size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 7) {
    const std::string path = folder.write("cut.model", whole.substr(0, size));
    const std::string said = testing::message_of([&] { load_model(path); });
    ASSERT_TRUE(testing::contains(said, size < 16 ? "cut.model is truncated (a model is longer than" : "truncated"))
        << size << ": " << said;
    ASSERT_TRUE(testing::contains(said, "copy or fit the model again")) << size << ": " << said;
  }
  const std::string longer = folder.write("longer.model", whole + "x");
  EXPECT_MESSAGE(load_model(longer), "longer.model is damaged (its checksum differs: truncated or altered)");
}

TEST(ModelFile, EveryFlippedByteIsRefused) {
  const Folder folder;
  save_model(regression_model(), folder.path("m.model"));
  const std::string whole = bytes_of(folder.path("m.model"));
  for (std::size_t at = 0; at < whole.size(); at += at < 64 ? 1 : 5)
    for (const int bit : {0, 7}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      const std::string path = folder.write("flipped.model", flipped);
      const std::string said = testing::message_of([&] { load_model(path); });
      ASSERT_TRUE(
          testing::contains(said, at < 8 ? "is not a model (it does not begin like one) give a file that 'fit' wrote"
                                         : "is damaged (its checksum differs: truncated or altered)"))
          << at << ": " << said;
    }
}

// The bytes of a model file with this version and header; checksum and length are right.
std::string with_header(const std::string& whole, std::uint32_t version, const std::string& header) {
  std::uint64_t old_size = 0, size = header.size();
  std::memcpy(&old_size, whole.data() + 12, 8);
  std::string out = whole.substr(0, 8);
  out.append(reinterpret_cast<const char*>(&version), 4);
  out.append(reinterpret_cast<const char*>(&size), 8);
  out += header + whole.substr(20 + old_size, whole.size() - 24 - old_size);
  const auto crc = static_cast<std::uint32_t>(
      crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(out.size())));
  out.append(reinterpret_cast<const char*>(&crc), 4);
  return out;
}
std::string header_of(const std::string& whole) {
  std::uint64_t size = 0;
  std::memcpy(&size, whole.data() + 12, 8);
  return whole.substr(20, size);
}

TEST(ModelFile, ANewerVersionIsRefused) {
  const Folder folder;
  save_model(regression_model(), folder.path("m.model"));
  const std::string whole = bytes_of(folder.path("m.model"));
  EXPECT_EQ(with_header(whole, 2, header_of(whole)), whole);
  const std::string path = folder.write("newer.model", with_header(whole, 3, R"({"of another": "kind"})"));
  EXPECT_MESSAGE(
      load_model(path),
      "newer.model has format version 3, this program reads up to 2 (a newer widenet wrote it) update widenet");
}

TEST(ModelFile, VersionOneIsRead) {
  const Folder folder;
  const Model model = regression_model();
  save_model(model, folder.path("m.model"));
  const std::string whole = bytes_of(folder.path("m.model"));
  const std::string path = folder.write("older.model", with_header(whole, 1, header_of(whole)));
  EXPECT_EQ(model_format_version(path), 1u);
  expect_same_predictions(model, load_model(path));
}

TEST(ModelFile, OtherFilesAreNoModels) {
  const Folder folder;
  const std::string table = folder.write("table.csv", "a,b\n1,2\n");
  EXPECT_MESSAGE(load_model(table),
                 "table.csv is not a model (it does not begin like one) give a file that 'fit' wrote");
  EXPECT_FALSE(is_model_file(table));
  EXPECT_FALSE(is_model_file(folder.write("short", "widenet")));
  EXPECT_FALSE(is_model_file(folder.path("absent")));
  EXPECT_FALSE(is_model_file(folder.path(".")));
  EXPECT_MESSAGE(load_model(folder.path("absent")), "absent' (No such file or directory) check the path");
  EXPECT_MESSAGE(load_model(folder.path(".")), "(it is a folder) name a file in it");
}

TEST(ModelFile, ADamagedHeaderIsRefusedWhateverItsChecksum) {
  const Folder folder;
  for (const bool by_svm : {false, true}) {
    save_model(by_svm ? svm_model() : regression_model(), folder.path("m.model"));
    const std::string whole = bytes_of(folder.path("m.model"));
    const auto header = nlohmann::json::parse(header_of(whole));
    const auto refuse = [&](const nlohmann::json& damaged, const std::string& why) {
      const std::string path = folder.write("damaged.model", with_header(whole, 1, damaged.dump()));
      const std::string said = testing::message_of([&] { load_model(path); });
      EXPECT_TRUE(testing::contains(said, "damaged.model: ") && testing::contains(said, why)) << damaged.dump() << said;
    };
    // Without any one of its entries, or with another kind of value there.
    for (const auto& [key, value] : header.items()) {
      nlohmann::json damaged = header;
      damaged.erase(key);
      refuse(damaged, " is damaged (");
      for (const char* other : {"null", "-1", "[]", "{}", "\"word\"", "[3, 1e99]", "true", "1e300"}) {
        const bool still_valid = (key == "ridge" || key == "sharpness") && (other[0] == '1' || other[0] == 't');
        const bool unread = key == "notes" || key == "metrics" || (by_svm && (key == "training_mean"));
        if (still_valid || unread || (key == "majority_class" && !by_svm)) continue;
        damaged = header;
        damaged[key] = nlohmann::json::parse(other);
        refuse(damaged, key == "kernel" && other[0] == '"' ? "word" : " is damaged (");
      }
    }
    for (const char* other : {"[]", "7", "null", "\"x\""}) refuse(nlohmann::json::parse(other), "header is damaged (");
    const std::string path = folder.write("damaged.model", with_header(whole, 1, "{\"coding\": "));
    EXPECT_MESSAGE(load_model(path), "header is damaged ([json.exception.parse_error");
    // Shapes that do not fill the file, overflow, or contradict each other.
    const std::size_t rows = header["inputs"][0], cols = header["inputs"][1];
    for (const auto& shape :
         {nlohmann::json{rows + 1, cols}, nlohmann::json{rows - 1, cols}, nlohmann::json{1ull << 62, 1ull << 62},
          nlohmann::json{0, 1ull << 63}, nlohmann::json{cols, rows}, nlohmann::json{rows}}) {
      nlohmann::json damaged = header;
      damaged["inputs"] = shape;
      refuse(damaged, "header is damaged (");
    }
    if (!by_svm) {
      nlohmann::json damaged = header;
      damaged["solver"] = "svm";
      refuse(damaged, "it has no support vectors");
      damaged = header;
      damaged["kernel"] = "gaussian(length=[1, 2, 3])";
      refuse(damaged, "length");
      continue;
    }
    for (const auto& [key, value] : header["svm"].items()) {
      if (key == "cost" || key == "support_vectors") continue;
      nlohmann::json damaged = header;
      damaged["svm"].erase(key);
      refuse(damaged, "header is damaged (");
      damaged["svm"][key] = nlohmann::json::array();
      refuse(damaged, "header is damaged (");
    }
    nlohmann::json damaged = header;
    damaged["svm"]["present"] = {2, 1, 0};
    refuse(damaged, "the classes of its support vectors are not those of the target");
    damaged = header;
    damaged["svm"]["labels"][0] = 5;
    refuse(damaged, "the labels of its support vectors are not one per training row");
    damaged = header;
    damaged["majority_class"] = 3;
    refuse(damaged, "its most frequent class is none of its classes");
  }
}

// "class 01" is known from elsewhere and has no training row.
TEST(ModelFile, KeepsTheClassesWithoutATrainingRow) {
  const Folder folder;
  const Matrix<double> x = some_inputs(21, 2, 1);
  LearnedCoding learned = learn_coding(class_table(), {"y", {}});
  std::vector<std::string> labels = some_labels(x, 3);
  std::replace(labels.begin(), labels.end(), std::string("class 01"), std::string("class 02"));
  const Model model = fit(with_labels(x, labels), learned, given("gaussian", 0.1)).model;
  EXPECT_EQ(model.absent_classes, (std::vector<std::size_t>{1}));
  save_model(model, folder.path("m.model"));
  const Model loaded = load_model(folder.path("m.model"));
  expect_same_predictions(model, loaded);
  EXPECT_EQ(described(model), described(loaded));
  const std::string whole = bytes_of(folder.path("m.model"));
  for (const char* other : {"[3]", "[1, 1]", "[2]", "[0, 1, 2]", "[-1]", "7", "\"word\""}) {
    auto damaged = nlohmann::json::parse(header_of(whole));
    ASSERT_NE(model.majority_class, 1u);
    damaged["absent_classes"] = nlohmann::json::parse(other);
    if (damaged["absent_classes"] == nlohmann::json{2} && model.majority_class != 2) continue;
    const std::string path = folder.write("damaged.model", with_header(whole, 1, damaged.dump()));
    EXPECT_MESSAGE(load_model(path), "header is damaged (");
  }
}

TEST(ModelFile, WhatCannotBeWrittenLeavesNothing) {
  const Folder folder;
  const Model model = regression_model();
  EXPECT_MESSAGE(save_model(model, folder.path("no/such/folder/m.model")),
                 "m.model' (No such file or directory) check that its folder exists and may be written");
  EXPECT_MESSAGE(save_model(model, folder.path(".")), "(it is a folder) name a file in it");
  const std::string file = folder.write("file", "x");
  EXPECT_MESSAGE(save_model(model, file + "/m.model"), "(Not a directory)");
  std::filesystem::remove(file);
  EXPECT_TRUE(folder.empty());
}

// In a child process whose files may not grow beyond `most` bytes; its exit status.
int save_within(rlim_t most, const Model& model, const std::string& path, int death) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{most, most};
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, death == 0 ? SIG_IGN : SIG_DFL);
    const std::string said = testing::message_of([&] { save_model(model, path); });
    _exit(testing::contains(said, "(File too large) check the room on the disk") ? 3 : said.empty() ? 0 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(ModelFile, AFullDiskLeavesTheOldFile) {
  const Folder folder;
  const std::string path = folder.write("m.model", "the old file");
  const int status = save_within(700, regression_model(), path, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_EQ(bytes_of(path), "the old file");
  std::filesystem::remove(path);
  EXPECT_TRUE(folder.empty());
}

TEST(ModelFile, AKilledWriterLeavesTheOldFile) {
  const Folder folder;
  const std::string path = folder.write("m.model", "the old file");
  const int status = save_within(700, regression_model(), path, 1);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(bytes_of(path), "the old file");
  save_model(regression_model(), path);
  expect_same_predictions(regression_model(), load_model(path));
}

}  // namespace
}  // namespace widenet
