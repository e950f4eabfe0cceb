// The header of a model file: all of a model but its large arrays, as JSON.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "widenet/learn/model.h"

namespace widenet {

// The arrays stand as their shapes [rows, cols].
nlohmann::json header_of(const Model& model);

// `read_matrix` is called for the arrays in the order of matrices_of. Throws Error, or what the JSON library throws,
// where the header is not one that header_of writes or contradicts itself.
Model model_from(const nlohmann::json& header,
                 const std::function<Matrix<double>(std::size_t rows, std::size_t cols)>& read_matrix);

// The large arrays in their order in the file: inputs, coefficients, and those of the svm.
std::vector<const Matrix<double>*> matrices_of(const Model& model);

}  // namespace widenet
