// One kernel on rows at hand: its best ridge and its leave-one-out losses.
#pragma once

#include <map>
#include <vector>

#include "widenet/learn/selection.h"

namespace widenet {

// A random part of the data, scaled in every way that a family needs (each learned from these rows).
class JudgedRows {
 public:
  JudgedRows(const std::vector<FamilyMember>& family, MatrixView<const double> raw_inputs, const Target& target,
             std::size_t count, const SelectionOptions& options);
  std::size_t rows() const { return target_.rows(); }
  const Shape& shape() const { return shape_; }
  const Target& target() const { return target_; }
  // The matrix of a member: stored, or computed.
  Matrix<double> matrix(const FamilyMember& member) const;
  MatrixView<const double> inputs(const Scale& scale) const { return inputs_.at(scale).view(); }
  MatrixView<const double> numbers(const Scale& scale) const { return numbers_.at(scale).view(); }

 private:
  Target target_;
  Shape shape_;
  const FileGram* gram_;
  MatrixView<const double> gram_inputs_;
  std::vector<std::size_t> indices_;
  std::map<Scale, Matrix<double>> inputs_, numbers_;
};

struct Judgement {
  Candidate candidate;
  FamilyMember member;    // the kernel as it was given
  double bare_ridge = 0;  // absolute, for that kernel
};

// At the given ridge, or the best of the path. The loss is infinite where the matrix is not positive definite there.
// ridge_path(n, m) and products of it.
enum class Lengths { given, learned };
Judgement judge(const FamilyMember& member, const JudgedRows& rows, Lengths lengths = Lengths::given,
                std::optional<double> ridge = std::nullopt);

}  // namespace widenet
