// Attention in the limit of many heads (Hron et al. 2020), as far as it is one sample's: scores and weights.
#pragma once

#include "widenet/architecture/shape.h"
#include "widenet/base/matrix.h"

namespace widenet {

// What queries and keys see is input_share K + embedding, the covariances of the position vectors with their weight.
struct AttentionAt {
  Attention layer;
  double input_share = 1;
  Matrix<double> embedding;  // empty: none

  double embedded(double covariance, std::size_t p, std::size_t q) const {
    return embedding.size() == 0 ? covariance : input_share * covariance + embedding(p, q);
  }
};

// The layer on samples of this shape.
AttentionAt attention_at(const Attention& layer, const Shape& shape);

// With linear scaling the scores of a sample become the constants query_std key_std K(p, q), of what queries and keys
// see. The weight of a score; of softmax, which takes them together, the score itself.
double attention_weight(const AttentionAt& attention, double covariance);

}  // namespace widenet
