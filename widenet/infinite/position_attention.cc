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

// -rows columns^T in `to`, of any shape before.
void minus_product(const PackedTile& rows, const PackedTile& columns, Matrix<double>& to) {
  constexpr std::size_t band = 192;  // rows that stay in the cache meanwhile
  to.reshape(rows.rows, columns.rows);
  for (std::size_t i = 0; i < rows.rows; i += band) {
    const Range here{i, std::min(rows.rows, i + band)};
    const MatrixView<double> part = to.view().rows(here);
    std::fill_n(part.data(), here.size() * to.cols(), 0.0);
    subtract_product(rows.rows_from(i, here.size()), columns, {0, rows.depth}, Part::all, part);
  }
}
PackedTile pack_in(Matrix<double>& memory, const Matrix<double>& from) {
  memory.reshape(from.rows(), from.cols());
  const PackedTile tile{memory.data(), from.rows(), from.cols()};
  pack_tile(from, {0, from.cols()}, tile);
  return tile;
}

// rows K columns^T in the place of K, as -rows (-columns K^T)^T: all products are of rows with rows.
void put_between(const PackedTile& rows, Matrix<double>& k, const PackedTile& columns, Workspace& work) {
  Matrix<double> packed = work.take(k.rows(), k.cols()), half = work.take(columns.rows, k.rows());
  minus_product(columns, pack_in(packed, k), half);
  minus_product(rows, pack_in(packed, half), k);
  work.give(std::move(half));
  work.give(std::move(packed));
}

double dot(const Matrix<double>& a, const Matrix<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a.data()[k] * b.data()[k];
  return sum;
}

// K' = c G K G^T + b, Theta' = c G Theta G^T + b + 2 (K' - b).
void apply_linear(const AttentionAt& step, PairState& state, const SampleStep& row, const SampleStep& column,
                  Workspace& work) {
  for (Matrix<double>* k : {&state.covariance, &state.tangent}) {
    if (k->size() == 0) continue;
    if (step.layer.position_in_values) *k = embedded(step, *k, state);
    put_between(row.weights->tile, *k, column.weights->tile, work);
  }
}
void scale_linear(const AttentionAt& step, const StateRows& rows) {
  const double c = squared(step.layer.output_std * step.layer.value_std), b = squared(step.layer.bias_std);
  const std::size_t count = rows.covariance.rows() * rows.covariance.cols();
  double *k = rows.covariance.data(), *theta = rows.tangent.data();
  if (theta)
    for (std::size_t n = 0; n < count; ++n) theta[n] = c * theta[n] + b + 2 * (c * k[n]);
  for (std::size_t n = 0; n < count; ++n) k[n] = c * k[n] + b;
}

// With E K and E Theta the embedded ones and V K, V Theta those of the values: K' = c <E K, V K> E K + b,
// Theta' = c ((<E K, V Theta> + <V K, E Theta>) E K + <E K, V K> (E Theta + 4 E K)) + b.
void apply_sqrt(const AttentionAt& step, PairState& state) {
  const Attention& layer = step.layer;
  const double c = squared(layer.query_std * layer.key_std * layer.output_std * layer.value_std);
  const double b = squared(layer.bias_std);
  const Matrix<double> k = embedded(step, state.covariance, state);
  const double scores = dot(k, layer.position_in_values ? k : state.covariance);
  if (state.has_tangent()) {
    const Matrix<double> theta = embedded(step, state.tangent, state);
    const double change =
        layer.position_in_values ? dot(k, theta) + dot(k, theta) : dot(k, state.tangent) + dot(state.covariance, theta);
    for (std::size_t n = 0; n < k.size(); ++n) {
      const double here = k.data()[n];
      state.tangent.data()[n] = c * (change * here + scores * (theta.data()[n] + 4 * here)) + b;
    }
  }
  for (std::size_t n = 0; n < k.size(); ++n) state.covariance.data()[n] = c * scores * k.data()[n] + b;
}

}  // namespace

SampleStep read_attention(const AttentionAt& step, const PairState& own) {
  SampleStep out;
  if (step.layer.scaling == AttentionScaling::sqrt) return out;
  Matrix<double> weights = embedded(step, own.covariance, own);
  for (std::size_t p = 0; p < weights.rows(); ++p) {
    for (double& weight : weights.row(p)) weight = attention_weight(step, weight);
    if (step.layer.weights == AttentionWeights::softmax) softmax(weights.row(p), own.rows);
  }
  out.weights = std::make_shared<const PackedWeights>(weights);
  return out;
}

void apply_attention(const AttentionAt& step, PairState& state, const SampleStep& row, const SampleStep& column,
                     Workspace& work, const Finish& finish) {
  if (step.layer.scaling == AttentionScaling::sqrt) {
    apply_sqrt(step, state);
    for_rows(state, finish);
    return;
  }
  apply_linear(step, state, row, column, work);
  for_rows(state, [&](const StateRows& rows) {
    scale_linear(step, rows);
    finish(rows);
  });
}

}  // namespace widenet
