// Golden values and the closed-form inputs they were computed on.
#pragma once

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "widenet/base/matrix.h"

namespace widenet::testing_support {

inline nlohmann::json golden(const std::string& file) {
  std::ifstream in(std::string(WIDENET_SOURCE_DIR) + "/tests/golden/" + file);
  return nlohmann::json::parse(in);
}

inline Matrix<double> first_inputs(std::size_t rows, std::size_t cols) {
  Matrix<double> x(rows, cols);
  for (std::size_t t = 0; t < x.size(); ++t) {
    const double u = static_cast<double>(t);
    x.data()[t] = std::sin(1.7 * u + 0.3) + 0.5 * std::cos(0.9 * u);
  }
  return x;
}

inline Matrix<double> second_inputs(std::size_t rows, std::size_t cols) {
  Matrix<double> x(rows, cols);
  for (std::size_t t = 0; t < x.size(); ++t) {
    const double u = static_cast<double>(t);
    x.data()[t] = std::cos(1.1 * u + 0.2) - 0.4 * std::sin(2.3 * u);
  }
  return x;
}

}  // namespace widenet::testing_support
