// Attention in the limit of many heads (Hron et al. 2020): with linear scaling the weights of a sample become
// constants, with sqrt scaling and identity weights the scores stay random and their moments are known.
#include <algorithm>
#include <cmath>
#include <limits>

#include "widenet/base/packed_tile.h"
#include "widenet/infinite/position_steps.h"

namespace widenet {
namespace {

double squared(double x) { return x * x; }

// What queries and keys see: the covariances with those of the position vectors, in the NNGP and in the NTK alike.
Matrix<double> embedded(const AttentionAt& step, const Matrix<double>& from, const PairState& state) {
  if (step.embedding.size() == 0) return from;
  Matrix<double> out(from.rows(), from.cols());
  for (std::size_t p = 0; p < from.rows(); ++p)
    for (std::size_t q = 0; q < from.cols(); ++q) {
      const bool there = is_present(state.rows, p) && is_present(state.columns, q);
      out(p, q) = there ? step.embedded(from(p, q), p, q) : step.input_share * from(p, q);
    }
  return out;
}

// Over the keys that are there.
void softmax(std::span<double> scores, const Presence& present) {
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  for (std::size_t q = 0; q < scores.size(); ++q)
    if (is_present(present, q)) largest = std::max(largest, scores[q]);
  for (std::size_t q = 0; q < scores.size(); ++q) {
    scores[q] = is_present(present, q) ? std::exp(scores[q] - largest) : 0;
    total += scores[q];
  }
  for (double& score : scores) score = total > 0 ? score / total : 0;
}

// A matrix for products of its rows.
class Packed {
 public:
  explicit Packed(const Matrix<double>& rows) : memory_(rows.size()), tile_{memory_.data(), rows.rows(), rows.cols()} {
    pack_tile(rows, {0, rows.cols()}, tile_);
  }
  // -(this) (other)^T
  Matrix<double> minus_times(const Packed& other) const {
    Matrix<double> out(tile_.rows, other.tile_.rows);
    subtract_product(tile_, other.tile_, {0, tile_.depth}, Part::all, out);
    return out;
  }

 private:
  Buffer<double> memory_;
  PackedTile tile_;
};

// rows K columns^T = -rows (-columns K^T)^T: all products are of rows with rows.
Matrix<double> between(const Packed& rows, const Matrix<double>& k, const Packed& columns) {
  return rows.minus_times(Packed(columns.minus_times(Packed(k))));
}

double dot(const Matrix<double>& a, const Matrix<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a.data()[k] * b.data()[k];
  return sum;
}

// K' = c G K G^T + b, Theta' = c G Theta G^T + b + 2 (K' - b).
void apply_linear(const AttentionAt& step, PairState& state, const SampleStep& row, const SampleStep& column) {
  const bool in_values = step.layer.position_in_values;
  const double c = squared(step.layer.output_std * step.layer.value_std), b = squared(step.layer.bias_std);
  const auto values = [&](const Matrix<double>& from) { return in_values ? embedded(step, from, state) : from; };
  const Packed rows(row.weights), columns(column.weights);
  state.covariance = between(rows, values(state.covariance), columns);
  state.tangent = between(rows, values(state.tangent), columns);
  for (std::size_t k = 0; k < state.covariance.size(); ++k) {
    const double kernel = c * state.covariance.data()[k];
    state.covariance.data()[k] = kernel + b;
    state.tangent.data()[k] = c * state.tangent.data()[k] + b + 2 * kernel;
  }
}

// With E K and E Theta the embedded ones and V K, V Theta those of the values: K' = c <E K, V K> E K + b,
// Theta' = c ((<E K, V Theta> + <V K, E Theta>) E K + <E K, V K> (E Theta + 4 E K)) + b.
void apply_sqrt(const AttentionAt& step, PairState& state) {
  const Attention& layer = step.layer;
  const double c = squared(layer.query_std * layer.key_std * layer.output_std * layer.value_std);
  const double b = squared(layer.bias_std);
  const Matrix<double> k = embedded(step, state.covariance, state), theta = embedded(step, state.tangent, state);
  const Matrix<double>& value_k = layer.position_in_values ? k : state.covariance;
  const Matrix<double>& value_theta = layer.position_in_values ? theta : state.tangent;
  const double scores = dot(k, value_k), change = dot(k, value_theta) + dot(value_k, theta);
  Matrix<double> covariance(k.rows(), k.cols()), tangent(k.rows(), k.cols());
  for (std::size_t n = 0; n < k.size(); ++n) {
    const double here = k.data()[n];
    covariance.data()[n] = c * scores * here + b;
    tangent.data()[n] = c * (change * here + scores * (theta.data()[n] + 4 * here)) + b;
  }
  state.covariance = std::move(covariance);
  state.tangent = std::move(tangent);
}

}  // namespace

SampleStep read_attention(const AttentionAt& step, const PairState& own) {
  SampleStep out;
  if (step.layer.scaling == AttentionScaling::sqrt) return out;
  out.weights = embedded(step, own.covariance, own);
  for (std::size_t p = 0; p < out.weights.rows(); ++p) {
    for (std::size_t q = 0; q < out.weights.cols(); ++q) out.weights(p, q) = attention_weight(step, out.weights(p, q));
    if (step.layer.weights == AttentionWeights::softmax) softmax(out.weights.row(p), own.rows);
  }
  return out;
}

void apply_attention(const AttentionAt& step, PairState& state, const SampleStep& row, const SampleStep& column) {
  if (step.layer.scaling == AttentionScaling::sqrt)
    apply_sqrt(step, state);
  else
    apply_linear(step, state, row, column);
}

}  // namespace widenet
