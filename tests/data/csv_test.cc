#include "widenet/data/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

#include "tests/data/fixture.h"
#include "widenet/data/csv_records.h"
#include "widenet/data/read.h"

namespace widenet {
namespace {

using testing::Folder;

Table parse(std::string_view text, Header header = Header::detect) { return parse_csv(text, "t.csv", header); }
std::vector<double> numbers(const Table& table, std::size_t j) { return table.columns.at(j).numbers; }

TEST(Csv, ReadsNumbersBelowNames) {
  const Table table = parse("a,b\n1,2\n3,4.5\n");
  EXPECT_TRUE(table.named);
  EXPECT_EQ(table.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(numbers(table, 0), (std::vector<double>{1, 3}));
  EXPECT_EQ(numbers(table, 1), (std::vector<double>{2, 4.5}));
  EXPECT_EQ(table.provenance.rows, 2u);
  EXPECT_EQ(table.place(1), "t.csv, line 3");
  ASSERT_EQ(table.notes.size(), 1u);
  EXPECT_EQ(table.notes[0], "the first line was taken for the names of the columns: it holds 'a' above numbers.");
}

TEST(Csv, TakesARowOfNumbersForData) {
  const Table table = parse("1,red\n2,blue\n");
  EXPECT_FALSE(table.named);
  EXPECT_EQ(table.names(), (std::vector<std::string>{"x1", "x2"}));
  EXPECT_EQ(table.rows(), 2u);
  EXPECT_EQ(table.columns[1].text(0), "red");
  EXPECT_EQ(table.notes[0], "the first line was taken for data: it holds no text above numbers.");
  EXPECT_EQ(parse("1,2\n").rows(), 1u);
  EXPECT_EQ(parse("1").rows(), 1u);
}

TEST(Csv, DecidesOnATableOfTextByWhatRecurs) {
  const Table names = parse("color,shape\nred,round\nblue,round\n");
  EXPECT_TRUE(names.named);
  EXPECT_EQ(names.notes[0],
            "the first line was taken for the names of the columns: all is text and none of it occurs again below.");
  EXPECT_EQ(parse(",shape\n,round\nb,round\n").names(), (std::vector<std::string>{"x1", "shape"}));
  const Table data = parse("red,round\nblue,round\n");
  EXPECT_FALSE(data.named);
  EXPECT_EQ(data.rows(), 2u);
  EXPECT_EQ(data.notes[0], "the first line was taken for data: all is text and some of it occurs again below.");
}

TEST(Csv, ObeysWhatItIsToldAboutTheHeader) {
  EXPECT_EQ(parse("1,2\n3,4\n", Header::present).names(), (std::vector<std::string>{"1", "2"}));
  const Table data = parse("a,b\n3,4\n", Header::absent);
  EXPECT_EQ(data.rows(), 2u);
  EXPECT_EQ(data.columns[0].kind, ColumnKind::text);
  EXPECT_EQ(data.columns[0].text(1), "3");
}

TEST(Csv, AHeaderlessColumnWithTextInItsFirstFieldAloneIsText) {
  const Table table = parse("1,?\n2,NA\n", Header::absent);
  EXPECT_EQ(table.columns[1].kind, ColumnKind::numeric);
  const Table text = parse("word,1\n,2\n", Header::absent);
  EXPECT_EQ(text.columns[0].kind, ColumnKind::text);
  EXPECT_TRUE(text.columns[0].missing(1));
}

TEST(Csv, ReadsQuotedFields) {
  const Table table = parse("name,x\n\"Smith, \"\"Jo\"\"\",1\n\"two\nlines\",2\n \"blanks\" ,3\n5\" pipe,4\n");
  EXPECT_EQ(table.columns[0].text(0), "Smith, \"Jo\"");
  EXPECT_EQ(table.columns[0].text(1), "two\nlines");
  EXPECT_EQ(table.columns[0].text(2), "blanks");
  EXPECT_EQ(table.columns[0].text(3), "5\" pipe");
  EXPECT_EQ(table.lines, (std::vector<std::size_t>{2, 3, 5, 6}));
}

TEST(Csv, DetectsSeparators) {
  EXPECT_EQ(detect_separator("a,b\n1,2\n"), ',');
  EXPECT_EQ(detect_separator("a;b\n1,5;2\n"), ';');
  EXPECT_EQ(detect_separator("a\tb\n1,5\t2;3\n"), '\t');
  EXPECT_EQ(detect_separator("\"x;y\",b\n\"1;2\",3\n"), ',');
  EXPECT_EQ(detect_separator("one\ntwo\n"), ',');
  EXPECT_EQ(detect_separator(""), ',');
}

TEST(Csv, TakesLineEndsOfAllSystemsAndAByteOrderMark) {
  for (const char* text : {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4",
                           "\xEF\xBB\xBF"
                           "a,b\n1,2\n3,4"}) {
    const Table table = parse(text);
    EXPECT_EQ(table.names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(numbers(table, 1), (std::vector<double>{2, 4}));
  }
}

TEST(Csv, ReadsMissingValuesInAllTheirSpellings) {
  const Table table = parse("a,b,c\n1,NA,x\n?,2,NaN\nnull,,\n4,\"\",y\n");
  EXPECT_EQ(table.columns[0].kind, ColumnKind::numeric);
  EXPECT_EQ(table.columns[1].kind, ColumnKind::numeric);
  EXPECT_TRUE(std::isnan(numbers(table, 0)[1]));
  EXPECT_TRUE(table.columns[1].missing(0));
  EXPECT_TRUE(table.columns[1].missing(3));
  EXPECT_TRUE(table.columns[2].missing(1));
  EXPECT_TRUE(table.columns[2].missing(2));
  EXPECT_EQ(table.columns[2].text(3), "y");
}

TEST(Csv, ATrailingSeparatorIsAColumnWithoutValues) {
  const Table table = parse("a,b,\n1,2,\n3,4,");
  ASSERT_EQ(table.columns.size(), 3u);
  EXPECT_EQ(table.columns[2].name, "x3");
  EXPECT_TRUE(table.columns[2].missing(1));
}

TEST(Csv, KeepsHowFewDistinctNumbersAreSpelled) {
  const Table table = parse("y,z\n1.0,1\n2.0,2\n1.0,3\n");
  EXPECT_EQ(table.columns[0].text(0), "1.0");
  EXPECT_EQ(table.columns[0].text(1), "2.0");
  EXPECT_EQ(table.columns[1].text(2), "3");
}

TEST(Csv, SaysThatAColumnOfNumbersWithAWordIsText) {
  const Table table = parse("a,b\n1,1\n2,2\noops,3\n4,4\n");
  EXPECT_EQ(table.columns[0].kind, ColumnKind::text);
  ASSERT_EQ(table.notes.size(), 2u);
  EXPECT_EQ(table.notes[1], "column 'a' is taken as text, because line 4 holds 'oops'; 3 of its fields are numbers.");
  const Table comma = parse("a;b\n1;1\n2;2\n2,5;3\n4;4\n");
  EXPECT_NE(comma.notes.at(1).find("'2,5' (a decimal comma? write a point)"), std::string::npos);
}

TEST(Csv, SkipsBlankLinesAndSaysSo) {
  const Table table = parse("a,b\n\n1,2\n  \n3,4\n");
  EXPECT_EQ(table.rows(), 2u);
  EXPECT_EQ(table.notes.back(), "blank lines that were skipped: 2.");
  EXPECT_EQ(table.place(1), "t.csv, line 5");
}

TEST(Csv, RefusesBadFilesInOneLine) {
  EXPECT_MESSAGE(parse("a,b\n1,2\n3\n"),
                 "t.csv, line 3: 1 fields (line 1 has 2) mend the line, or put fields that hold a ',' in quotes");
  EXPECT_MESSAGE(parse("a,b\n1,\"2\n3,4\n"), "t.csv, line 2, column 2: a quote is opened and never closed");
  EXPECT_MESSAGE(parse("a,b\n1,\"2\"x\n"), "t.csv, line 2, column 2: found 'x' after a closing quote");
  EXPECT_MESSAGE(parse("a,a\n1,2\n"), "t.csv, line 1, column 2: the name 'a' is that of column 1 too");
  EXPECT_MESSAGE(parse("a,x1,\n1,2,3\n", Header::absent); parse("x2,\n1,2\n"), "the name 'x2' is that of column 1 too");
  EXPECT_MESSAGE(parse(""), "t.csv: no rows (the file is empty) name a file with data");
  EXPECT_MESSAGE(parse("\n\n"), "t.csv: no rows (the file is empty)");
  EXPECT_MESSAGE(parse("a,b\n"), "t.csv: no rows (one line, taken for names: ");
  EXPECT_MESSAGE(parse("a,b\nZ\xFCrich,1\n"),
                 "t.csv, line 2, column 1: found the byte 0xFC (not UTF-8) convert the file, e.g. by iconv");
  EXPECT_MESSAGE(parse("Z\xFCrich,b\n1,1\n"), "t.csv, line 1, column 1: found the byte 0xFC");
  EXPECT_MESSAGE(parse(std::string_view("a\0,\0b\0", 6)), "t.csv: found a zero byte at byte 2");
}

TEST(Csv, WritesWhatReadsBackTheSame) {
  const Folder folder;
  const double nan = std::nan("");
  std::vector<Column> columns = {numeric_column("mean, in mm", {0.1, -1e-300, nan, 12345678.9}),
                                 text_column("label", {"a \"quoted\" word", " blanks ", "two\nlines", "plain"})};
  write_csv(folder.path("out.csv"), columns);
  const Table table = read_table(folder.path("out.csv"));
  EXPECT_EQ(table.names(), (std::vector<std::string>{"mean, in mm", "label"}));
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == 2)
      EXPECT_TRUE(table.columns[0].missing(i));
    else
      EXPECT_EQ(table.columns[0].numbers[i], columns[0].numbers[i]);
    EXPECT_EQ(table.columns[1].text(i), columns[1].text(i));
  }
}

TEST(Csv, ASingleColumnWithAMissingValueReadsBack) {
  const Folder folder;
  const std::vector<Column> columns = {numeric_column("y", {1, std::nan(""), 3})};
  write_csv(folder.path("y.csv"), columns);
  EXPECT_EQ(read_table(folder.path("y.csv")).rows(), 3u);
}

TEST(Csv, RefusesToWriteColumnsOfUnequalLength) {
  const Folder folder;
  const std::vector<Column> columns = {numeric_column("a", {1}), numeric_column("b", {})};
  EXPECT_MESSAGE(write_csv(folder.path("x.csv"), columns), "(column 'a' has 1 rows, column 'b' has 0)");
  EXPECT_MESSAGE(write_csv(folder.path("x.csv"), {}), "(there are no columns)");
  EXPECT_TRUE(folder.empty());
}

RC_GTEST_PROP(Csv, AnyTextSurvivesQuoting, (const std::vector<std::string>& words)) {
  std::string text = "word,n\n";
  std::vector<std::string> kept;
  for (const std::string& word : words) {
    std::string plain;
    for (const char c : word)
      if (static_cast<unsigned char>(c) < 0x80 && c != '\0') plain += c;
    plain += "x";
    kept.push_back(plain);
    text += '"';
    for (const char c : plain) text += c == '"' ? "\"\"" : std::string(1, c);
    text += "\",1\n";
  }
  RC_PRE(!kept.empty());
  const Table table = parse(text, Header::present);
  for (std::size_t i = 0; i < kept.size(); ++i) RC_ASSERT(table.columns[0].text(i) == kept[i]);
}

}  // namespace
}  // namespace widenet
