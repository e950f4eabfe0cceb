#include "widenet/data/graphs.h"

#include <cmath>
#include <vector>

#include "widenet/base/error.h"
#include "widenet/data/array.h"
#include "widenet/data/read.h"
#include "widenet/data/text.h"

namespace widenet {
namespace {

Matrix<double> graphs_of(Array&& array, std::size_t samples, std::size_t nodes) {
  const std::vector<std::size_t> wanted{nodes, nodes};
  if (array.sample_shape != wanted || array.values.rows() != samples)
    fail_outside(
        "{} holds {} graphs of {} (there are {} samples of {} nodes) give an array of {} x {} x {}, or edges as "
        "csv",
        array.provenance.path, array.values.rows(), fmt::join(array.sample_shape, " x "), samples, nodes, samples,
        nodes, nodes);
  check_finite(array);
  return std::move(array.values);
}

void check_columns(const Table& edges) {
  const std::vector<std::string> names{"sample", "from", "to", "weight"};
  const std::size_t count = edges.columns.size();
  bool right = count == 3 || count == 4;
  for (std::size_t c = 0; right && c < count; ++c)
    right = edges.columns[c].kind == ColumnKind::numeric && (!edges.named || edges.columns[c].name == names[c]);
  if (!right)
    fail_outside(
        "{}: the columns {} list no edges (an edge is sample, from, to and perhaps weight, all numbers) give "
        "these, in this order",
        edges.provenance.path, text::listed(edges.names()));
}

// The whole number below `end` in a cell.
std::size_t index_in(const Table& edges, std::size_t row, std::size_t column, const char* what, std::size_t end) {
  const double value = edges.columns[column].numbers[row];
  if (!(value >= 0 && value < static_cast<double>(end)) || value != std::floor(value))
    fail_outside("{}: {} {} (there are {}, counted from 0) mend the line", edges.place(row), what, text::spell(value),
                 end);
  return static_cast<std::size_t>(value);
}

Matrix<double> graphs_of(const Table& edges, std::size_t samples, std::size_t nodes) {
  check_columns(edges);
  check_fits_memory(samples, nodes * nodes, fmt::format("the graphs of {} are too large", edges.provenance.path));
  Matrix<double> graphs(samples, nodes * nodes, std::nan(""));  // nan: no edge so far
  for (std::size_t row = 0; row < edges.rows(); ++row) {
    const std::size_t sample = index_in(edges, row, 0, "sample", samples);
    const std::size_t from = index_in(edges, row, 1, "node", nodes), to = index_in(edges, row, 2, "node", nodes);
    const double weight = edges.columns.size() == 4 ? edges.columns[3].numbers[row] : 1.0;
    if (!std::isfinite(weight))
      fail_outside("{}: the weight is {} (an edge has a finite one) mend the line", edges.place(row), weight);
    double& place = graphs(sample, from * nodes + to);
    if (!std::isnan(place))
      fail_outside("{}: the edge from {} to {} of sample {} a second time (every edge has one weight) drop the line",
                   edges.place(row), from, to, sample);
    place = weight;
  }
  for (std::size_t k = 0; k < graphs.size(); ++k)
    if (std::isnan(graphs.data()[k])) graphs.data()[k] = 0;
  return graphs;
}

}  // namespace

Matrix<double> read_graphs(const std::string& path, std::size_t samples, std::size_t nodes) {
  Table table = read_table(path);
  if (table.provenance.format == FileFormat::csv) return graphs_of(table, samples, nodes);
  return graphs_of(read_array(path), samples, nodes);
}

}  // namespace widenet
