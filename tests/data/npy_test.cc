#include "widenet/data/npy.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "tests/data/fixture.h"
#include "widenet/base/threads.h"
#include "widenet/data/npy_header.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::bytes_of;
using testing::Folder;

std::string with_header(const std::string& dict, const std::string& data, char version = 1) {
  std::string out = "\x93NUMPY";
  out += version;
  out += '\0';
  const std::string text = dict + "\n";
  for (std::size_t k = 0; k < (version == 1 ? 2u : 4u); ++k) out += static_cast<char>((text.size() >> (8 * k)) & 0xFF);
  return out + text + data;
}

template <class T>
std::string raw(const std::vector<T>& values, std::endian order = std::endian::little) {
  std::string out;
  for (const T value : values) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    if (order == std::endian::big) std::reverse(bytes.begin(), bytes.end());
    out += bytes;
  }
  return out;
}

std::string dict(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
}

Array parse(const std::string& bytes) { return parse_npy(bytes, "x.npy"); }

template <class T>
void expect_reads(const std::string& name, const std::vector<T>& values) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    const std::string descr = (order == std::endian::little ? "<" : ">") + name;
    const Array array = parse(with_header(dict(descr, "(2, 2)"), raw(values, order)));
    ASSERT_EQ(array.values.rows(), 2u);
    for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(array.values(k / 2, k % 2), static_cast<double>(values[k])) << descr;
  }
}

TEST(Npy, ReadsEveryTypeInBothByteOrders) {
  expect_reads<std::int8_t>("i1", {-128, -1, 0, 127});
  expect_reads<std::uint8_t>("u1", {0, 1, 128, 255});
  expect_reads<std::int16_t>("i2", {-32768, -2, 258, 32767});
  expect_reads<std::uint16_t>("u2", {0, 1, 258, 65535});
  expect_reads<std::int32_t>("i4", {-2147483647, -1, 16909060, 2147483647});
  expect_reads<std::uint32_t>("u4", {0, 1, 16909060, 4294967295u});
  expect_reads<std::int64_t>("i8", {-9007199254740991, -1, 72623859790382856, 1});
  expect_reads<std::uint64_t>("u8", {0, 1, 72623859790382856, 9007199254740991});
  expect_reads<float>("f4", {-1.5f, 0.1f, 1e30f, 0.0f});
  expect_reads<double>("f8", {-1.5, 0.1, 1e300, 5e-324});
  const Array booleans = parse(with_header(dict("|b1", "(3,)"), std::string("\x00\x01\x02", 3)));
  EXPECT_EQ(booleans.values(0, 0), 0.0);
  EXPECT_EQ(booleans.values(1, 0), 1.0);
  EXPECT_EQ(booleans.values(2, 0), 1.0);
}

TEST(Npy, SaysThatLargeIntegersMayHaveBeenRounded) {
  const Array array = parse(with_header(dict("<i8", "(2,)"), raw<std::int64_t>({9007199254740993, 1})));
  ASSERT_EQ(array.notes.size(), 1u);
  EXPECT_EQ(array.notes[0], "1 integers from 2^53 on may have been rounded to double.");
}

TEST(Npy, FlattensSamplesInCOrderWhateverTheFileHas) {
  std::vector<double> c(2 * 3 * 4);
  std::iota(c.begin(), c.end(), 0.0);
  std::vector<double> fortran;
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t i = 0; i < 2; ++i) fortran.push_back(c[(i * 3 + j) * 4 + k]);
  const Array a = parse(with_header(dict("<f8", "(2, 3, 4)"), raw(c)));
  const Array b = parse(with_header(dict("<f8", "(2, 3, 4)", true), raw(fortran)));
  EXPECT_EQ(a.sample_shape, (std::vector<std::size_t>{3, 4}));
  EXPECT_EQ(b.sample_shape, (std::vector<std::size_t>{3, 4}));
  for (std::size_t i = 0; i < 24; ++i) {
    EXPECT_EQ(a.values.data()[i], c[i]);
    EXPECT_EQ(b.values.data()[i], c[i]);
  }
}

TEST(Npy, ReadsHeadersOfAllVersionsAndManners) {
  for (const char version : {'\x01', '\x02', '\x03'})
    EXPECT_EQ(parse(with_header(dict("<f8", "(1,)"), raw<double>({7}), version)).values(0, 0), 7.0);
  EXPECT_EQ(parse(with_header("{\"shape\":(1L,2),\"fortran_order\":False,\"descr\":\"<f8\"}", raw<double>({7, 8})))
                .values(0, 1),
            8.0);
}

TEST(Npy, WritesWhatItReads) {
  const Folder folder;
  for (const std::size_t threads : {1u, 2u, 7u}) {
    set_thread_count(threads);
    Matrix<double> values(17, 5);
    for (std::size_t k = 0; k < values.size(); ++k) values.data()[k] = 1.0 / static_cast<double>(k + 1);
    write_npy(folder.path("k.npy"), values.view());
    const Array back = read_array(folder.path("k.npy"));
    ASSERT_EQ(back.values.rows(), 17u);
    EXPECT_EQ(0, std::memcmp(back.values.data(), values.data(), values.size() * sizeof(double)));
    // A part of it, whose rows are apart.
    write_npy(folder.path("part.npy"), MatrixView<const double>(values.view().block({2, 5}, {1, 3})));
    const Array part = read_array(folder.path("part.npy"));
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 2; ++j) EXPECT_EQ(part.values(i, j), values(i + 2, j + 1));
  }
  set_thread_count(0);
  const std::vector<float> floats = {1.5f, 0.1f, -3e30f};
  write_npy(folder.path("v.npy"), std::span<const float>(floats));
  const Array vector = read_array(folder.path("v.npy"));
  EXPECT_EQ(vector.sample_shape, (std::vector<std::size_t>{1}));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(vector.values(i, 0), static_cast<double>(floats[i]));
}

TEST(Npy, WritesTheBytesThatNumpyWrites) {
  const Folder folder;
  const std::vector<double> one = {1};
  write_npy(folder.path("one.npy"), std::span<const double>(one));
  const std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) +
                               "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }" + std::string(60, ' ') +
                               "\n" + raw<double>({1});
  EXPECT_EQ(bytes_of(folder.path("one.npy")), expected);
}

TEST(Npy, ATableOfAnArrayHasItsColumns) {
  const Folder folder;
  const Table table = read_table(folder.write("x.npy", with_header(dict("<f8", "(2, 2)"), raw<double>({1, 2, 3, 4}))));
  EXPECT_FALSE(table.named);
  EXPECT_EQ(table.names(), (std::vector<std::string>{"x1", "x2"}));
  EXPECT_EQ(table.columns[1].numbers, (std::vector<double>{2, 4}));
  EXPECT_EQ(table.provenance.format, FileFormat::npy);
  EXPECT_EQ(table.place(1), folder.path("x.npy") + ", row 2");
}

TEST(Npy, RefusesDamagedFilesBeforeTakingMemory) {
  const std::string good = with_header(dict("<f8", "(2, 2)"), raw<double>({1, 2, 3, 4}));
  EXPECT_MESSAGE(parse(good.substr(0, good.size() - 1)),
                 "'x.npy' is truncated or damaged (its shape (2, 2) needs 4 numbers of 8 bytes, the file has 31 bytes");
  EXPECT_MESSAGE(parse(good + "x"), "'x.npy' is damaged (1 bytes follow the 32 that its shape (2, 2) needs)");
  for (std::size_t cut = 6; cut < 70; ++cut)
    EXPECT_MESSAGE(parse(good.substr(0, cut)), "'x.npy' is truncated (it ends after " + std::to_string(cut) + " bytes");
  EXPECT_MESSAGE(parse("x"), "'x.npy' is no npy file (it does not begin with");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "(99999999999, 99999999999)"), "12345678")),
                 "needs more than any file can hold, the file has 8 bytes of data");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "(4611686018427387904, 1)"), "12345678")),
                 "the file has 8 bytes of data");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "(18446744073709551616,)"), "")), "(the extent '18446744073709551616'");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "(-1,)"), "")), "(the extent '-1'");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "(0, 3)"), "")), "'x.npy' holds no numbers (its shape is (0, 3))");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "()"), raw<double>({1}))), "'x.npy' holds a single number, shape ()");
  EXPECT_MESSAGE(parse(with_header(dict("<f2", "(1,)"), "12")), "'x.npy' holds numbers of type '<f2'");
  EXPECT_MESSAGE(parse(with_header(dict("<c16", "(1,)"), "12")), "numbers of type '<c16'");
  EXPECT_MESSAGE(parse(with_header(dict("", "(1,)"), "12")), "numbers of type ''");
  EXPECT_MESSAGE(parse(with_header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", "")),
                 "'x.npy' holds records of several fields");
  EXPECT_MESSAGE(parse(with_header(dict("<f8", "(1,)"), "", '\x04')), "'x.npy' is of npy version 4");
}

TEST(Npy, RefusesDamagedHeaders) {
  const auto header_message = [](const std::string& text) {
    return testing::message_of([&] { parse(with_header(text, "")); });
  };
  for (const char* text : {"", "{", "{}", "{'descr'}", "{'descr': '<f8'", "{'descr': '<f8', 'shape': (1,)}", "x",
                           "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,), }", "{'shape': (1",
                           "{'shape': (1 2)}", "{'shape': 1}", "{'other': 1}", "{'descr': '<f8}"})
    EXPECT_NE(header_message(text).find("'x.npy' has a damaged npy header ("), std::string::npos) << text;
  std::string many = "{'shape': (";
  for (int k = 0; k < 100; ++k) many += "1,";
  EXPECT_NE(header_message(many + ")}").find("more than 64 extents"), std::string::npos);
}

TEST(Npy, AnArrayOfInputsIsFinite) {
  const Folder folder;
  const auto path = folder.write("x.npy", with_header(dict("<f8", "(2, 1)"), raw<double>({1, std::nan("")})));
  EXPECT_MESSAGE(read_array(path), "x.npy, row 2, column 1: found a missing value or NaN");
  EXPECT_TRUE(read_table(path).columns[0].missing(1));
  EXPECT_MESSAGE(read_table(folder.write("y.npy", "text")), "is no npy file");
}

}  // namespace
}  // namespace widenet
