#include "widenet/data/npz.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <vector>

#include "tests/data/fixture.h"
#include "widenet/data/inflate.h"
#include "widenet/data/npy_header.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::Folder;

std::string npy(std::vector<double> values) {
  const std::size_t shape[] = {values.size(), 1};
  std::string out = format_npy_header("<f8", shape);
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  return out;
}

std::string number(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t k = 0; k < bytes; ++k) out += static_cast<char>((value >> (8 * k)) & 0xFF);
  return out;
}

std::string deflated(const std::string& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(bytes.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Member {
  std::string name, contents;
  std::uint64_t method = 0;
  std::uint64_t flags = 0;
  std::uint64_t size_lie = 0;  // added to the size that the directory claims
  std::uint64_t crc_lie = 0;
  bool large = false;  // sizes in a 64-bit extra field, as numpy writes them
};

std::string zip(const std::vector<Member>& members) {
  std::string local, central;
  for (const Member& m : members) {
    const std::string data = m.method == 8 ? deflated(m.contents) : m.contents;
    const std::uint64_t size = m.contents.size() + m.size_lie;
    const std::string extra = m.large ? number(1, 2) + number(16, 2) + number(size, 8) + number(data.size(), 8) : "";
    const std::string common = number(m.flags, 2) + number(m.method, 2) + number(0, 4) +
                               number(crc32_of(m.contents) + m.crc_lie, 4) +
                               number(m.large ? 0xFFFFFFFF : data.size(), 4) + number(m.large ? 0xFFFFFFFF : size, 4) +
                               number(m.name.size(), 2) + number(extra.size(), 2);
    central += "PK\x01\x02" + number(20, 2) + number(20, 2) + common + number(0, 2) + number(0, 2) + number(0, 2) +
               number(0, 4) + number(local.size(), 4) + m.name + extra;
    local += "PK\x03\x04" + number(20, 2) + common + m.name + extra + data;
  }
  return local + central + "PK\x05\x06" + number(0, 4) + number(members.size(), 2) + number(members.size(), 2) +
         number(central.size(), 4) + number(local.size(), 4) + number(0, 2);
}

Array parse(const std::string& bytes, const std::string& name = "") { return parse_npz(bytes, "a.npz", name); }

TEST(Npz, ReadsStoredAndDeflatedMembers) {
  for (const std::uint64_t method : {0u, 8u})
    for (const bool large : {false, true}) {
      const Array array = parse(zip({{"X.npy", npy({1, 2, 3}), method, 0, 0, 0, large}}));
      ASSERT_EQ(array.values.rows(), 3u);
      EXPECT_EQ(array.values(2, 0), 3.0);
      EXPECT_EQ(array.provenance.format, FileFormat::npz);
      EXPECT_TRUE(array.notes.empty());
    }
}

TEST(Npz, ReadsTheFirstOrTheNamedArray) {
  const Folder folder;
  const std::string path =
      folder.write("a.npz", zip({{"notes.txt", "hello"}, {"X.npy", npy({1})}, {"y.npy", npy({2})}}));
  const Array first = read_array(path);
  EXPECT_EQ(first.values(0, 0), 1.0);
  ASSERT_EQ(first.notes.size(), 1u);
  EXPECT_EQ(first.notes[0], "it holds the arrays 'X', 'y': the first was read; " + path + ":NAME reads another.");
  EXPECT_EQ(read_array(path + ":y").values(0, 0), 2.0);
  EXPECT_EQ(read_table(path + ":y").columns[0].numbers[0], 2.0);
  EXPECT_MESSAGE(read_array(path + ":z"), "holds no array 'z' (it holds 'X', 'y') name one of these");
}

TEST(Npz, RefusesDamagedArchives) {
  const std::string good = zip({{"X.npy", npy({1, 2, 3}), 8}});
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_MESSAGE(parse(good.substr(0, cut)), "'a.npz' is a truncated or damaged npz file (");
  for (std::size_t cut = 1; cut < good.size(); ++cut)
    EXPECT_NE(testing::message_of([&] { parse(good.substr(cut)); }), "");
  EXPECT_MESSAGE(parse(zip({{"X.npy", npy({1}), 0, 0, 0, 1}})), "(a checksum does not match)");
  EXPECT_MESSAGE(parse(zip({{"X.npy", npy({1}), 0, 0, 5}})), "(a stored member has two sizes)");
  EXPECT_MESSAGE(parse(zip({{"X.npy", npy({1}), 8, 0, 5}})), "holds other than the");
  EXPECT_MESSAGE(parse(zip({{"X.npy", npy({1}), 8, 0, std::uint64_t{1} << 60, 0, true}})),
                 "(it claims 115292150460684");
  EXPECT_MESSAGE(parse(zip({{"X.npy", npy({1}), 12}})), "'a.npz' is compressed by method 12");
  EXPECT_MESSAGE(parse(zip({{"X.npy", npy({1}), 0, 1}})), "'a.npz' is encrypted (its member 'X.npy')");
  EXPECT_MESSAGE(parse(zip({{"notes.txt", "hello"}})), "'a.npz' holds no arrays (no member ends in .npy)");
  EXPECT_MESSAGE(parse(zip({})), "'a.npz' holds no arrays");
  EXPECT_MESSAGE(parse(zip({{"X.npy", "not npy"}})), "'a.npz' is no npy file");
}

TEST(Npz, EveryFlippedByteIsRefusedOrHarmless) {
  const std::string good = zip({{"X.npy", npy({1, 2, 3}), 8}});
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const unsigned flip : {0x01u, 0x80u, 0xFFu}) {
      std::string bad = good;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ flip);
      try {
        const Array array = parse(bad);
        EXPECT_EQ(array.values(2, 0), 3.0) << at;
      } catch (const Error&) {
      }
    }
}

}  // namespace
}  // namespace widenet
