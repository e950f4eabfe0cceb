// A Gram whose entries tell where they belong, in pieces that the Gram may ask for.
#pragma once

#include <atomic>
#include <cmath>

#include "widenet/gram/gram.h"

namespace widenet::testing_support {

// k(i, j) = sin(1 + i j + i + j), the same for (j, i).
template <class T>
class EntryGram final : public Gram<T> {
 public:
  using Shape = typename Gram<T>::TileShape;
  EntryGram(std::size_t rows, std::size_t cols, bool symmetric, Shape wish = {})
      : rows_(rows), cols_(cols), symmetric_(symmetric), wish_(wish) {}
  std::size_t rows() const override { return rows_; }
  std::size_t cols() const override { return cols_; }
  bool symmetric() const override { return symmetric_; }
  Shape tile_shape() const override { return wish_; }
  void tile(Range rows, Range cols, MatrixView<T> out) const override {
    computed_ += rows.size() * cols.size();
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < cols.size(); ++j) out(i, j) = entry(rows.begin + i, cols.begin + j);
  }
  void diagonal(std::span<T> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = entry(i, i);
  }
  static T entry(std::size_t i, std::size_t j) {
    return static_cast<T>(std::sin(static_cast<double>(1 + i * j + i + j)));
  }
  std::size_t computed() const { return computed_; }

 private:
  std::size_t rows_, cols_;
  bool symmetric_;
  Shape wish_;
  mutable std::atomic<std::size_t> computed_{0};
};

}  // namespace widenet::testing_support
