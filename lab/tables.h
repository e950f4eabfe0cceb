// The data sets on which the default fit is measured, as a user would hand them to it.
#pragma once

#include <string>
#include <vector>

#include "widenet/data/table.h"
#include "widenet/data/uci.h"

namespace widenet::lab {

struct LabTask {
  std::string name;
  Table table;  // the last column, "class", is the target, as text
  std::vector<Split> splits;
};

// One set of the UCI-90 collection and its official folds.
LabTask classification_task(const Uci90Set& set);

// The 28 regression tables of the baselines, in their order: split 0 of the uci_regression sets; california_housing and
// 574_house_16H by the first 80 % of numpy's RandomState(0).permutation. The last column of each is the target.
std::vector<std::string> regression_names();
LabTask regression_task(const std::string& data_folder, const std::string& name);

// Those rows, in their order.
Table rows_of(const Table& table, const std::vector<std::size_t>& rows);

}  // namespace widenet::lab
