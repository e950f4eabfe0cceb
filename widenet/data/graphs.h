// The graphs of samples, in a file of their own.
#pragma once

#include <string>

#include "widenet/base/matrix.h"

namespace widenet {

// The adjacency matrices of `samples` graphs of so many nodes: samples x nodes^2, A(q, p), the weight of the edge from
// q to p, in column q nodes + p. The file is an array (samples, nodes, nodes), or a csv that lists edges, one a line:
// sample, from, to and perhaps weight (1 unless given), all counted from 0; a first line may name them so. An edge
// without direction is listed both ways.
// Throws Error(Fault::environment) naming the file and the place: an array of other extents, other columns, a sample or
// node that there is not, an edge listed twice, a weight that is not finite.
Matrix<double> read_graphs(const std::string& path, std::size_t samples, std::size_t nodes);

}  // namespace widenet
