#include "widenet/data/file.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "widenet/base/error.h"
#include "widenet/data/inflate.h"

namespace widenet {
namespace {

std::string reason(int error_number) { return std::generic_category().message(error_number); }

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string read_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    fail_outside("cannot read '{}' (it is a folder) name a file in it", path);
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) fail_outside("cannot open '{}' ({}) check the path", path, reason(errno));
  std::string bytes;
  const auto size = std::filesystem::file_size(path, ignored);
  if (!ignored) bytes.reserve(size);
  std::array<char, 1 << 16> chunk{};
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get()))
    bytes.append(chunk.data(), count);
  if (std::ferror(file.get())) fail_outside("cannot read '{}' ({}) check the disk", path, reason(errno));
  if (bytes.starts_with("\x1f\x8b")) return gunzip(bytes, path);
  return bytes;
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path_, ignored);
  const bool direct = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  written_path_ = direct ? path_ : fmt::format("{}.partial-{}", path_, getpid());
  if (std::filesystem::is_directory(status))
    fail_outside("cannot write '{}' (it is a folder) name a file in it", path_);
  file_.reset(std::fopen(written_path_.c_str(), "wb"));
  if (!file_)
    fail_outside("cannot create '{}' ({}) check that its folder exists and may be written", path_, reason(errno));
}

OutputFile::~OutputFile() {
  if (!file_) return;
  file_.reset();
  if (written_path_ != path_) std::remove(written_path_.c_str());
}

void OutputFile::write(const void* bytes, std::size_t size) {
  if (size != 0 && std::fwrite(bytes, 1, size, file_.get()) != size)
    fail_outside("cannot write '{}' ({}) check the room on the disk", path_, reason(errno));
}

void OutputFile::commit() {
  if (std::fflush(file_.get()) != 0)
    fail_outside("cannot write '{}' ({}) check the room on the disk", path_, reason(errno));
  if (written_path_ != path_ && std::rename(written_path_.c_str(), path_.c_str()) != 0)
    fail_outside("cannot rename '{}' to '{}' ({}) check that the folder may be written", written_path_, path_,
                 reason(errno));
  file_.reset();
}

void sync_file(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file || ::fsync(::fileno(file.get())) != 0)
    fail_outside("cannot bring '{}' to the disk ({}) check the disk", path, reason(errno));
}

void check_writable(const std::string& path) { OutputFile probe(path); }

}  // namespace widenet
