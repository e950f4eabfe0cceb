// Files as a whole: read into memory, decompressed where they are compressed; written under a temporary name.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace widenet {

// All bytes of a file; a gzip file (told by its first two bytes) is decompressed.
// Throws Error(Fault::environment): the file cannot be read, its compressed data is truncated or damaged.
std::string read_file(const std::string& path);

// A file that appears under its name only once it is complete: bytes go to "<path>.partial-<process>", commit() renames
// it. Without commit() nothing is left. A path that is no regular file (a pipe, /dev/stdout) is written directly.
// Throws Error(Fault::environment): the file cannot be created, written or renamed.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* bytes, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::string written_path_;
  std::unique_ptr<std::FILE, Close> file_;
};

// Waits until a file is on the disk: what it was made from may then be deleted. Throws Error(Fault::environment).
void sync_file(const std::string& path);

// Throws as OutputFile does where a file could not be created at `path`; leaves nothing there. For use before long
// work.
void check_writable(const std::string& path);

}  // namespace widenet
