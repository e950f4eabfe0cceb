#include "widenet/data/graphs.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"

namespace widenet {
namespace {

using testing::Folder;
using testing::npy_bytes;

// A(from, to) of a sample of three nodes.
double at(const Matrix<double>& graphs, std::size_t sample, std::size_t from, std::size_t to) {
  return graphs(sample, from * 3 + to);
}

TEST(Graphs, EdgesAndArraysSayTheSame) {
  const Folder folder;
  Matrix<double> array(2, 9);
  array(0, 0 * 3 + 1) = 1;
  array(0, 2 * 3 + 0) = 0.5;
  array(1, 1 * 3 + 1) = -2;
  const std::string named = folder.write("a.csv", "sample,from,to,weight\n0,0,1,1\n0,2,0,0.5\n1,1,1,-2\n");
  const std::string bare = folder.write("b.csv", "0,0,1,1\n1,1,1,-2\n0,2,0,0.5\n");
  const std::string npy = folder.write("c.npy", npy_bytes({2, 3, 3}, array));
  for (const std::string& path : {named, bare, npy}) {
    const Matrix<double> graphs = read_graphs(path, 2, 3);
    for (std::size_t k = 0; k < 18; ++k) EXPECT_EQ(graphs.data()[k], array.data()[k]) << path << " " << k;
  }
}

TEST(Graphs, EdgesWithoutWeightsWeighOne) {
  const Folder folder;
  const Matrix<double> graphs = read_graphs(folder.write("a.csv", "sample,from,to\n1,0,2\n"), 3, 3);
  EXPECT_EQ(at(graphs, 1, 0, 2), 1);
  EXPECT_EQ(at(graphs, 1, 2, 0), 0);
  EXPECT_EQ(at(graphs, 0, 0, 2), 0);
}

TEST(Graphs, WrongFilesAreRefused) {
  const Folder folder;
  const auto read = [&](const std::string& text) { return read_graphs(folder.write("a.csv", text), 2, 3); };
  EXPECT_MESSAGE(read("0,0,3\n"), "a.csv, line 1: node 3 (there are 3, counted from 0) mend the line");
  EXPECT_MESSAGE(read("0,0,1\n2,0,1\n"), "a.csv, line 2: sample 2 (there are 2, counted from 0)");
  EXPECT_MESSAGE(read("0,0.5,1\n"), "node 0.5 (there are 3");
  EXPECT_MESSAGE(read("0,-1,1\n"), "node -1 (there are 3");
  EXPECT_MESSAGE(read("0,,1\n"), "node nan (there are 3");
  EXPECT_MESSAGE(read("0,0,1\n0,1,0\n0,0,1\n"), "a.csv, line 3: the edge from 0 to 1 of sample 0 a second time");
  EXPECT_MESSAGE(read("0,0,1,\n0,0,1,2\n"), "line 1: the weight is nan (an edge has a finite one)");
  EXPECT_MESSAGE(read("0,1\n"), "list no edges (an edge is sample, from, to and perhaps weight, all numbers)");
  EXPECT_MESSAGE(read("from,to,sample\n0,1,0\n"), "the columns 'from', 'to', 'sample' list no edges");
  const std::string array = folder.write("a.npy", npy_bytes({2, 2, 2}, Matrix<double>(2, 4)));
  EXPECT_MESSAGE(read_graphs(array, 2, 3),
                 "a.npy holds 2 graphs of 2 x 2 (there are 2 samples of 3 nodes) give an array of 2 x 3 x 3");
  EXPECT_MESSAGE(read_graphs(array, 1, 2), "a.npy holds 2 graphs of 2 x 2 (there are 1 samples of 2 nodes)");
  const std::string holes = folder.write("n.npy", npy_bytes({1, 2, 2}, Matrix<double>(1, 4, std::nan(""))));
  EXPECT_MESSAGE(read_graphs(holes, 1, 2), "n.npy, row 1, column 1: found a missing value or NaN");
}

}  // namespace
}  // namespace widenet
