#include "widenet/infinite/attention.h"

#include <algorithm>
#include <cmath>

namespace widenet {
namespace {

std::vector<double> coordinates(std::size_t position, const Window& positions) {
  std::vector<double> out(positions.size());
  for (std::size_t a = positions.size(); a-- > 0; position /= positions[a])
    out[a] = static_cast<double>(position % positions[a]);
  return out;
}

double decayed(const Attention& layer, const std::vector<double>& p, const std::vector<double>& q) {
  if (layer.position_decay.kind == PositionDecay::Kind::none) return p == q ? 1 : 0;
  double distance = 0;
  for (std::size_t a = 0; a < p.size(); ++a) distance += std::pow(std::abs(p[a] - q[a]), layer.position_power);
  const double scaled = layer.position_decay.rate * distance;
  return layer.position_decay.kind == PositionDecay::Kind::exp ? std::exp(-scaled) : 1 / (1 + scaled);
}

}  // namespace

AttentionAt attention_at(const Attention& layer, const Shape& shape) {
  AttentionAt step{layer, 1, {}};
  if (layer.position == PositionEmbedding::none) return step;
  double share = layer.position_std * layer.position_std;
  if (layer.position == PositionEmbedding::concat) {
    // Without a width of its own the embedding is as wide as the input, whatever that is.
    const double channels = static_cast<double>(layer.position_channels ? shape.channels : 1);
    const double added = static_cast<double>(layer.position_channels.value_or(1));
    step.input_share = channels / (channels + added);
    share *= added / (channels + added);
  }
  const std::size_t count = position_count(shape.positions);
  step.embedding = Matrix<double>(count, count);
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t q = 0; q < count; ++q)
      step.embedding(p, q) = share * decayed(layer, coordinates(p, shape.positions), coordinates(q, shape.positions));
  return step;
}

double attention_weight(const AttentionAt& attention, double covariance) {
  const double score = attention.layer.query_std * attention.layer.key_std * covariance;
  switch (attention.layer.weights) {
    case AttentionWeights::abs:
      return std::abs(score);
    case AttentionWeights::relu:
      return std::max(score, 0.0);
    default:
      return score;
  }
}

}  // namespace widenet
