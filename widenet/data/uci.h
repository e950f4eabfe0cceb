// The two collections of small data sets that this field compares itself on, with their official splits.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "widenet/data/dataset.h"

namespace widenet {

struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> test;
};

// A classification set in the four-file format of Fernandez-Delgado et al. 2014 (JMLR 15), as used by Arora et al. 2020
// (arXiv 1910.01663): the inputs are standardised over all rows already.
struct Uci90Set {
  Dataset data;  // class names "0", "1", ...
  Split tuning;  // train, validation
  std::array<Split, 4> folds;
};

// Reads <folder>/<set>.txt (n_entradas, n_clases, fich1), the table that fich1 names, conxuntos.dat and
// conxuntos_kfold.dat; indices count from 0, and none stands twice within a split.
// Throws Error(Fault::environment) naming file, line and what was found.
Uci90Set read_uci90(const std::string& folder);

// A regression set: data.csv.gz (no header, the last column is the target) and test_mask.csv.gz (n x s of 0 and 1,
// column k marks the test rows of split k).
struct UciRegressionSet {
  Dataset data;
  std::vector<Split> splits;
};

// Throws as read_uci90 does.
UciRegressionSet read_uci_regression(const std::string& folder);

}  // namespace widenet
