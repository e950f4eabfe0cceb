#include "widenet/data/coding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/data/fixture.h"
#include "widenet/base/threads.h"
#include "widenet/data/array.h"
#include "widenet/data/csv.h"
#include "widenet/data/libsvm.h"

namespace widenet {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Table csv(std::string_view text, Header header = Header::detect) { return parse_csv(text, "t.csv", header); }
Table later(std::string_view text, Header header = Header::detect) { return parse_csv(text, "new.csv", header); }
LearnedCoding learn(std::string_view text, const std::string& target, std::optional<Task> task = {}) {
  return learn_coding(csv(text), {target, task});
}
std::vector<double> row(const Matrix<double>& m, std::size_t i) { return {m.row(i).begin(), m.row(i).end()}; }

constexpr const char* people = "age,city,y\n30,Bern,1.5\n50,Basel,2.5\n,Bern,3.5\n40,,4.5\n";

TEST(Coding, CodesNumbersTextsAndGaps) {
  const LearnedCoding learned = learn(people, "y");
  const Coding& coding = learned.coding;
  EXPECT_EQ(coding.width(), 3u);
  EXPECT_EQ(coding.feature_names(), (std::vector<std::string>{"age", "city=Basel", "city=Bern"}));
  EXPECT_EQ(learned.notes,
            (std::vector<std::string>{"target 'y': regression, because it holds more than two distinct numbers.",
                                      "column 'city' is text: 2 categories, one-hot."}));
  const CodedTable coded = code_table(coding, csv(people), WithTarget::yes);
  EXPECT_EQ(row(coded.data.inputs, 0), (std::vector<double>{30, 0, 1}));
  EXPECT_EQ(row(coded.data.inputs, 1), (std::vector<double>{50, 1, 0}));
  EXPECT_EQ(row(coded.data.inputs, 2), (std::vector<double>{40, 0, 1}));
  EXPECT_EQ(row(coded.data.inputs, 3), (std::vector<double>{40, 0, 0}));
  EXPECT_EQ(coded.notes,
            (std::vector<std::string>{"column 'city': 1 of 4 texts missing, coded as zeros.",
                                      "column 'age': 1 of 4 values missing, filled with the training mean 40."}));
  ASSERT_TRUE(coded.data.target);
  EXPECT_EQ(coded.data.target->values(3, 0), 4.5);
  EXPECT_EQ(coded.data.sample_shape, (std::vector<std::size_t>{3}));
}

TEST(Coding, ATableMadeByHandHasTheShapeOfItsInputs) {
  Table one;
  one.named = true;
  one.columns = {numeric_column("x", {1, 2, 3}), numeric_column("y", {4, 5, 7})};
  EXPECT_EQ(learn_coding(one, {"y", {}}).coding.sample_shape, (std::vector<std::size_t>{1}));
  one.columns.insert(one.columns.begin(), numeric_column("z", {1, 0, 1}));
  EXPECT_EQ(learn_coding(one, {"y", {}}).coding.sample_shape, (std::vector<std::size_t>{2}));
}

TEST(Coding, IsTheSameForAnyNumberOfThreads) {
  std::string text = "a,b,y\n";
  for (int k = 0; k < 1000; ++k) text += fmt::format("{},{},{}\n", k % 7 ? fmt::format("{}", k) : "", k * 0.1, k);
  const Coding coding = learn(text, "y").coding;
  set_thread_count(1);
  const Matrix<double> one = code_table(coding, csv(text), WithTarget::no).data.inputs;
  for (const std::size_t threads : {2u, 7u}) {
    set_thread_count(threads);
    const Matrix<double> many = code_table(coding, csv(text), WithTarget::no).data.inputs;
    for (std::size_t k = 0; k < one.size(); ++k) EXPECT_EQ(one.data()[k], many.data()[k]);
  }
  set_thread_count(0);
}

TEST(Coding, MatchesColumnsByNameAndSaysSo) {
  const Coding coding = learn(people, "y").coding;
  const CodedTable coded = code_table(coding, later("note,city,age\nhi,Basel,7\nho,Bern,8\n"), WithTarget::no);
  EXPECT_EQ(row(coded.data.inputs, 0), (std::vector<double>{7, 1, 0}));
  EXPECT_EQ(coded.notes,
            (std::vector<std::string>{"the columns stand in another order than in training: matched by name.",
                                      "columns that training did not have were left out: 'note'."}));
  EXPECT_FALSE(coded.data.target);
}

TEST(Coding, CodesACategoryNeverSeenAsZerosAndSaysSo) {
  const Coding coding = learn(people, "y").coding;
  const CodedTable coded = code_table(coding, later("age,city\n1,Chur\n2,Chur\n3,Genf\n4,Bern\n"), WithTarget::no);
  EXPECT_EQ(row(coded.data.inputs, 0), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(row(coded.data.inputs, 3), (std::vector<double>{4, 0, 1}));
  EXPECT_EQ(
      coded.notes,
      (std::vector<std::string>{"column 'city': 3 rows hold 'Chur', 'Genf', never seen in training: coded as zeros."}));
}

TEST(Coding, CategoriesThatLookLikeNumbersAreMatchedAsWritten) {
  const Coding coding = learn("code,y\n01,1\n2,2\nx,3\n", "y").coding;
  EXPECT_EQ(coding.inputs[0].categories, (std::vector<std::string>{"01", "2", "x"}));
  const CodedTable coded = code_table(coding, later("code\n01\n2\n"), WithTarget::no);
  EXPECT_EQ(row(coded.data.inputs, 0), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(row(coded.data.inputs, 1), (std::vector<double>{0, 1, 0}));
}

TEST(Coding, WithoutNamesColumnsAreMatchedByPosition) {
  const LearnedCoding learned = learn("1,10,100\n2,20,200\n3,30,300\n", "x2");
  EXPECT_EQ(learned.coding.target.position, 1u);
  const CodedTable with_target = code_table(learned.coding, later("4,40,400\n"), WithTarget::yes);
  EXPECT_EQ(row(with_target.data.inputs, 0), (std::vector<double>{4, 400}));
  EXPECT_EQ(with_target.data.target->values(0, 0), 40.0);
  EXPECT_TRUE(with_target.notes.empty());
  EXPECT_TRUE(has_target(learned.coding, later("4,40,400\n")));
  EXPECT_FALSE(has_target(learned.coding, later("4,400\n")));
  EXPECT_EQ(row(code_table(learned.coding, later("4,400\n"), WithTarget::no).data.inputs, 0),
            (std::vector<double>{4, 400}));
  const CodedTable named = code_table(learned.coding, later("a,b\n4,400\n"), WithTarget::no);
  EXPECT_EQ(named.notes,
            (std::vector<std::string>{"the columns were matched by position: the training table has no names."}));
  EXPECT_MESSAGE(code_table(learned.coding, later("1\n"), WithTarget::no),
                 "new.csv: 1 columns (training had 2 inputs, and the target as column 2) give the same columns");
  const CodedTable unnamed = code_table(learn(people, "y").coding, later("5,Bern\n6,Bern\n"), WithTarget::no);
  EXPECT_EQ(unnamed.notes,
            (std::vector<std::string>{"the columns were matched by position: this table has no names."}));
}

TEST(Coding, DecidesOnTheTaskAndSaysWhy) {
  EXPECT_EQ(learn("x,y\n1,no\n2,yes\n3,maybe\n", "y").notes[0],
            "target 'y': classification, because it holds text; 3 classes: 'maybe', 'no', 'yes'.");
  EXPECT_EQ(learn("x,y\n1,1.0\n2,0.0\n3,0.0\n", "y").notes[0],
            "target 'y': classification, because it holds at most two distinct values; 2 classes: '0.0', '1.0'.");
  EXPECT_EQ(learn("x,y\n1,1\n2,2\n3,10\n", "y", Task::classification).notes[0],
            "target 'y': classification, as told; 3 classes: '1', '2', '10'.");
  const LearnedCoding told = learn("x,y\n1,0\n2,1\n", "y", Task::regression);
  EXPECT_EQ(told.notes[0], "target 'y': regression, as told.");
  EXPECT_EQ(told.coding.target.task, Task::regression);
}

TEST(Coding, ClassesAreKeptAsWrittenAndMatchedByValue) {
  const Coding coding = learn("x,y\n1,1.0\n2,-1.0\n3,1.0\n", "y").coding;
  const CodedTable coded = code_table(coding, later("x,y\n1,1\n2,-1.00\n"), WithTarget::yes);
  EXPECT_EQ(coded.data.target->class_names, (std::vector<std::string>{"-1.0", "1.0"}));
  EXPECT_EQ(coded.data.target->classes, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(code_table(coding, csv("x,y\n1,1.0\n2,-1.0\n3,1.0\n"), WithTarget::yes).data.target->classes,
            (std::vector<std::size_t>{1, 0, 1}));
  // Texts that look like numbers.
  const Coding texts = learn("x,y\n1,1\n2,a\n", "y").coding;
  EXPECT_EQ(code_table(texts, later("x,y\n1,1\n2,1\n"), WithTarget::yes).data.target->classes,
            (std::vector<std::size_t>{0, 0}));
}

TEST(Coding, RefusesBadTargets) {
  EXPECT_MESSAGE(
      learn(people, "Y"),
      "no column 'Y' in t.csv (its columns are 'age', 'city', 'y'; did you mean 'y'?) name one of these as target");
  EXPECT_MESSAGE(learn("x,y\n1,2\n2,\n", "y"), "t.csv, line 3, column 'y': the target is missing (each row needs one)");
  EXPECT_MESSAGE(learn("x,y\n1,2\n2,-inf\n", "y"), "t.csv, line 3, column 'y': the target is -inf (it must be finite)");
  EXPECT_MESSAGE(learn("x,y\n1,2\n2,word\n3,4\n", "y", Task::regression),
                 "t.csv, line 3, column 'y': found 'word' (regression needs numbers) mend the value, or classify");
  EXPECT_MESSAGE(learn("x,y\n1,2\n2,2\n", "y"), "t.csv, column 'y': every target is '2' (classes to tell apart");
  EXPECT_MESSAGE(learn("y\n1\n2\n3\n", "y"), "no inputs in t.csv (beside the target 'y' no column has values)");
  EXPECT_MESSAGE(learn("x,y\n,1\n,2\n", "y"), "no inputs in t.csv");
  const Coding coding = learn(people, "y").coding;
  EXPECT_MESSAGE(code_table(coding, later("age,city\n1,Bern\n"), WithTarget::yes), "new.csv: no column 'y'");
  EXPECT_MESSAGE(code_table(coding, later("age,city,y\n1,Bern,3\n2,Bern,\n"), WithTarget::yes),
                 "new.csv, line 3, column 'y': the target is missing");
  EXPECT_MESSAGE(code_table(coding, later("age,city,y\n1,Bern,3\n2,Bern,bad\n"), WithTarget::yes),
                 "new.csv, line 3, column 'y': found 'bad' (the target is a number)");
  // Nobody asks for it: nobody minds.
  EXPECT_EQ(code_table(coding, later("age,city,y\n1,Bern,\n2,Bern,bad\n"), WithTarget::no).data.inputs.rows(), 2u);
  const Coding classes = learn("x,y\n1,a\n2,b\n", "y").coding;
  EXPECT_MESSAGE(code_table(classes, later("x,y\n1,a\n2,c\n"), WithTarget::yes),
                 "new.csv, line 3, column 'y': found the class 'c' (training knew 'a', 'b') drop the row");
  const Coding numbers = learn("x,y\n1,0\n2,1\n", "y").coding;
  EXPECT_MESSAGE(code_table(numbers, later("x,y\n1,0\n2,2\n"), WithTarget::yes), "found the class '2'");
  EXPECT_MESSAGE(code_table(numbers, later("x,y\n1,0\n2,two\n"), WithTarget::yes), "found the class 'two'");
}

// A table read from a file has rows; one that a program puts together may have none.
TEST(Coding, RefusesATargetWithoutRows) {
  Table table;
  table.named = true;
  table.provenance.path = "t.csv";
  table.columns = {numeric_column("x", {}), numeric_column("y", {}), text_column("z", {})};
  for (const char* target : {"y", "z"})
    for (const std::optional<Task> task :
         {std::optional<Task>(), std::optional(Task::classification), std::optional(Task::regression)})
      EXPECT_MESSAGE(learn_coding(table, {target, task}),
                     fmt::format("t.csv, column '{}': no rows (what the target is, is learned from them) give a table "
                                 "with at least one",
                                 target));
}

TEST(Coding, RefusesBadInputs) {
  EXPECT_MESSAGE(learn("x,y\n1,2\n-inf,3\n", "y"), "t.csv, line 3, column 'x': found -inf (inputs are finite)");
  const Coding coding = learn("age,b,y\n1,2,3\n4,5,6\n7,8,9\n", "y").coding;
  EXPECT_MESSAGE(
      code_table(coding, later("Age,b\n1,2\n"), WithTarget::no),
      "new.csv: no column 'age' (the model was trained with it; the columns are 'Age', 'b'; did you mean 'Age'?) add "
      "or rename it");
  EXPECT_MESSAGE(code_table(coding, later("age,b\n1,2\nold,3\n"), WithTarget::no),
                 "new.csv, line 3, column 'age': found 'old' (training had numbers there)");
  EXPECT_MESSAGE(code_table(coding, later("age,b\n1,2\ninf,3\n"), WithTarget::no), "line 3, column 'age': found inf");
}

TEST(Coding, LeavesOutAColumnWithoutValues) {
  const LearnedCoding learned = learn("a,b,y\n1,,3\n4,,6\n7,,9\n", "y");
  EXPECT_EQ(learned.notes.back(), "column 'b' has no value in any row: left out.");
  EXPECT_EQ(learned.coding.width(), 1u);
  EXPECT_EQ(code_table(learned.coding, later("a\n1\n"), WithTarget::no).data.inputs.cols(), 1u);
}

TEST(Coding, SaysThatATextNamesRows) {
  std::string text = "name,y\n";
  for (int k = 0; k < 30; ++k) text += fmt::format("n{},{}\n", k, k);
  EXPECT_EQ(learn(text, "y").notes.back(),
            "column 'name' is text: 30 categories, one-hot (nearly one per row: leave out a column that only names the "
            "rows).");
}

TEST(Coding, SumsUpManyFilledColumns) {
  std::string names, gaps, full;
  for (int k = 0; k < 12; ++k) {
    names += fmt::format("a{},", k);
    gaps += ",";
    full += "1,";
  }
  const std::string text = names + "y\n" + gaps + "1\n" + full + "2\n" + full + "3\n";
  const auto notes = code_table(learn(text, "y").coding, csv(text), WithTarget::no).notes;
  ASSERT_EQ(notes.size(), 9u);
  EXPECT_EQ(notes.back(), "4 values missing in 4 other columns, filled with each one's training mean.");
}

TEST(Coding, ASparseTablesAbsentColumnsAreZeros) {
  const Coding coding = learn_coding(parse_libsvm("1 1:1 3:3\n-1 2:2\n", "a.svm"), {"target", {}}).coding;
  EXPECT_EQ(coding.target.class_names, (std::vector<std::string>{"-1", "1"}));
  const CodedTable coded = code_table(coding, parse_libsvm("1 1:5\n", "b.svm"), WithTarget::yes);
  EXPECT_EQ(row(coded.data.inputs, 0), (std::vector<double>{5, 0, 0}));
  EXPECT_EQ(code_table(coding, parse_libsvm("1 9:5\n", "b.svm"), WithTarget::no).notes.at(0),
            "columns that training did not have were left out: 'x4', 'x5', 'x6', 'x7', 'x8', 'x9'.");
}

TEST(Coding, AnArraysSamplesKeepTheirShapeWithATargetBeside) {
  Array images;
  images.values = Matrix<double>(3, 4, 1.0);
  images.sample_shape = {2, 2};
  images.provenance = {"x.npy", FileFormat::npy, 3};
  Table table = table_of(images);
  add_target(table, csv("1\n2\n3\n"));
  const Coding coding = learn_coding(table, {"target", {}}).coding;
  EXPECT_EQ(coding.sample_shape, (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(code_table(coding, table_of(images), WithTarget::no).data.inputs.cols(), 4u);
  EXPECT_EQ(code_table(coding, table, WithTarget::yes).data.target->values(2, 0), 3.0);
  EXPECT_MESSAGE(add_target(table, csv("1\n2\n3\n")), "'x.npy' already has a column 'target'");
  EXPECT_MESSAGE(add_target(table, csv("1\n2\n"), "z"),
                 "'t.csv' has 2 rows, 'x.npy' has 3 (each sample has one target)");
  EXPECT_MESSAGE(add_target(table, csv("1,2\n"), "z"), "'t.csv' has 2 columns (a target is one column)");
}

TEST(Coding, FillsWithTheMeanOfHugeNumbersToo) {
  Table table = csv("a,y\n1e308,1\n1.5e308,2\n,3\n");
  const Coding coding = learn_coding(table, {"y", {}}).coding;
  EXPECT_NEAR(coding.inputs[0].fill / 1e308, 1.25, 4 * std::numeric_limits<double>::epsilon());
}

TEST(Coding, RefusesATableThatDoesNotFitTheMemory) {
  EXPECT_MESSAGE(check_fits_memory(std::size_t{1} << 40, std::size_t{1} << 40, "t.csv is too large"),
                 "t.csv is too large (1099511627776 rows of 1099511627776 numbers do not fit half of this machine's");
}

TEST(Dataset, TakesRows) {
  const Coding coding = learn("x,y\n1,a\n2,b\n3,a\n", "y").coding;
  const Dataset data = code_table(coding, csv("x,y\n1,a\n2,b\n3,a\n"), WithTarget::yes).data;
  const std::size_t chosen[] = {2, 1};
  const Dataset part = take_rows(data, chosen);
  EXPECT_EQ(part.inputs(0, 0), 3.0);
  EXPECT_EQ(part.target->classes, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(part.target->rows(), 2u);
  EXPECT_EQ(part.provenance.rows, 2u);
}

}  // namespace
}  // namespace widenet
