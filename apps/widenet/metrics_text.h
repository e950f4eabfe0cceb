// Metrics of several sets of rows side by side.
#pragma once

#include <map>
#include <string>

#include "widenet/learn/metrics.h"

namespace widenet::app {

// One column for each set (train, loo, test, folds, in this order), one row for each metric that any of them has, the
// error of predicting a constant below the metric it belongs to.
std::string metrics_table(const std::map<std::string, Metrics>& sets);

}  // namespace widenet::app
