#include "widenet/data/libsvm.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::Folder;

Table parse(std::string_view text) { return parse_libsvm(text, "a.svm"); }

TEST(Libsvm, ReadsSparseRows) {
  const Table table = parse("# a comment\n+1 1:0.5 3:-2e1\r\n\n-1 2:1 # more\n1\n");
  EXPECT_EQ(table.names(), (std::vector<std::string>{"target", "x1", "x2", "x3"}));
  EXPECT_EQ(table.columns[0].numbers, (std::vector<double>{1, -1, 1}));
  EXPECT_EQ(table.columns[1].numbers, (std::vector<double>{0.5, 0, 0}));
  EXPECT_EQ(table.columns[2].numbers, (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(table.columns[3].numbers, (std::vector<double>{-20, 0, 0}));
  EXPECT_TRUE(table.sparse);
  EXPECT_EQ(table.place(1), "a.svm, line 4");
}

TEST(Libsvm, IsToldFromCsvByItsText) {
  EXPECT_TRUE(looks_like_libsvm("1 1:2\n"));
  EXPECT_TRUE(looks_like_libsvm("1\n-1 2:0.5 3:1\n"));
  EXPECT_FALSE(looks_like_libsvm("1,2\n"));
  EXPECT_FALSE(looks_like_libsvm("1\n2\n"));
  EXPECT_FALSE(looks_like_libsvm("a 1:2\n"));
  const Folder folder;
  EXPECT_EQ(read_table(folder.write("data", "1 1:2\n-1 2:3\n")).provenance.format, FileFormat::libsvm);
  EXPECT_EQ(read_table(folder.write("labels.svm", "1\n-1\n")).provenance.format, FileFormat::libsvm);
  const Array array = read_array(folder.path("data"));
  EXPECT_EQ(array.values.cols(), 2u);
  EXPECT_EQ(array.values(1, 1), 3.0);
  EXPECT_EQ(array.notes.back(), "the labels were left out: inputs alone are wanted.");
  EXPECT_MESSAGE(read_array(folder.path("labels.svm")), "no inputs (its lines hold labels alone)");
}

TEST(Libsvm, RefusesBadLines) {
  EXPECT_MESSAGE(parse("1 1:2\nyes 1:2\n"), "a.svm, line 2: found 'yes' for the label");
  EXPECT_MESSAGE(parse("1 1:2 3\n"), "a.svm, line 1: found '3' (a pair index:value is needed)");
  EXPECT_MESSAGE(parse("1 qid:3 1:2\n"), "found 'qid:3'");
  EXPECT_MESSAGE(parse("1 1:x\n"), "found '1:x'");
  EXPECT_MESSAGE(parse("1 0:2\n"), "a.svm, line 1: found the index 0 (indices count from 1)");
  EXPECT_MESSAGE(parse("1 2:2 2:3\n"), "a.svm, line 1: found the index 2 after 2 (indices rise within a line)");
  EXPECT_MESSAGE(parse("1 1:1\n1 99999999999999:3\n"),
                 "a.svm, line 2: found the index 99999999999999 (2 rows of 99999999999999 numbers do not fit half of");
  EXPECT_MESSAGE(parse("# nothing\n"), "a.svm: no rows (the file is empty)");
}

}  // namespace
}  // namespace widenet
