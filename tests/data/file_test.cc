#include "widenet/data/file.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/data/fixture.h"
#include "widenet/data/inflate.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::bytes_of;
using testing::Folder;

std::string gzipped(const Folder& folder, const std::string& bytes) {
  const std::string path = folder.path("bytes.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return bytes_of(path);
}

TEST(File, ReadsPlainAndGzippedBytes) {
  const Folder folder;
  std::string bytes;
  for (int k = 0; k < 300000; ++k) bytes += static_cast<char>(k * k);
  EXPECT_EQ(read_file(folder.write("plain", bytes)), bytes);
  const std::string packed = gzipped(folder, bytes);
  EXPECT_EQ(read_file(folder.write("one.gz", packed)), bytes);
  EXPECT_EQ(read_file(folder.write("two.gz", packed + packed)), bytes + bytes);
  EXPECT_EQ(read_file(folder.write("zeros.gz", gzipped(folder, std::string(5000000, '\0')))).size(), 5000000u);
  EXPECT_EQ(read_file(folder.write("empty.gz", gzipped(folder, ""))), "");
}

TEST(File, RefusesWhatCannotBeRead) {
  const Folder folder;
  EXPECT_MESSAGE(read_file(folder.path("none")), "' (No such file or directory) check the path");
  EXPECT_MESSAGE(read_file(folder.path("")), "(it is a folder) name a file in it");
  const std::string packed = gzipped(folder, "some text that is long enough");
  for (std::size_t cut = 2; cut < packed.size(); ++cut)
    EXPECT_MESSAGE(read_file(folder.write("cut.gz", packed.substr(0, cut))),
                   "is truncated (it ends inside its compressed data)");
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // of the checksum
  EXPECT_MESSAGE(read_file(folder.write("bad.gz", damaged)),
                 "is damaged (its compressed data is not valid: incorrect data check)");
}

TEST(File, AppearsOnlyWhenComplete) {
  const Folder folder;
  const std::string path = folder.write("out", "old");
  {
    OutputFile file(path);
    file.write("new");
    EXPECT_EQ(bytes_of(path), "old");
  }
  EXPECT_EQ(bytes_of(path), "old");
  OutputFile file(path);
  file.write("new");
  file.commit();
  EXPECT_EQ(bytes_of(path), "new");
  std::filesystem::remove(path);
  EXPECT_TRUE(folder.empty());
}

TEST(File, WritesDevicesDirectlyAndReportsAFullDisk) {
  OutputFile file("/dev/null");
  file.write("text");
  file.commit();
  EXPECT_MESSAGE(
      {
        OutputFile full("/dev/full");
        full.write(std::string(1 << 20, 'x'));
        full.commit();
      },
      "cannot write '/dev/full' (No space left on device) check the room on the disk");
}

TEST(File, ChecksAPathBeforeTheWork) {
  const Folder folder;
  check_writable(folder.path("out"));
  EXPECT_TRUE(folder.empty());
  EXPECT_MESSAGE(check_writable(folder.path("none/out")),
                 "none/out' (No such file or directory) check that its folder");
  EXPECT_MESSAGE(check_writable(folder.path("")), "(it is a folder) name a file in it");
}

TEST(Read, TakesGzippedTables) {
  const Folder folder;
  const Table table = read_table(folder.write("t.csv.gz", gzipped(folder, "a;b\n1;2\n")));
  EXPECT_EQ(table.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_MESSAGE(read_table(folder.write("empty.csv", "")), "empty.csv: no rows (the file is empty)");
  EXPECT_MESSAGE(read_table(folder.write("x.npz", "text")), "is a truncated or damaged npz file");
}

TEST(Read, AnArrayHoldsFiniteNumbersAlone) {
  const Folder folder;
  const Array array = read_array(folder.write("x.csv", "a,b\n1,2\n3,4\n5,6\n"));
  EXPECT_EQ(array.values.rows(), 3u);
  EXPECT_EQ(array.values(2, 1), 6.0);
  EXPECT_EQ(array.sample_shape, (std::vector<std::size_t>{2}));
  EXPECT_MESSAGE(read_array(folder.write("text.csv", "a,b\n1,2\n3,red\n5,6\n")),
                 "text.csv, line 3, column 'b': found 'red' (an array holds numbers alone)");
  EXPECT_MESSAGE(read_array(folder.write("gap.csv", "a,b\n1,2\n3,\n")),
                 "gap.csv, line 3, column 'b': found a missing value or NaN (an array holds finite numbers alone)");
  EXPECT_MESSAGE(read_array(folder.write("inf.csv", "a,b\n1,2\n-1e999,3\n")), "line 3, column 'a': found -inf");
}

}  // namespace
}  // namespace widenet
