// Dense matrices: samples first, row-major, the only layout.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace widenet {

// Half-open range of indices [begin, end).
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

// A view of rows x cols numbers; row i begins at data + i * stride (stride >= cols). Does not own.
template <class T>
class MatrixView {
 public:
  MatrixView() = default;
  MatrixView(T* data, std::size_t rows, std::size_t cols, std::size_t stride)
      : data_(data), rows_(rows), cols_(cols), stride_(stride) {}
  MatrixView(T* data, std::size_t rows, std::size_t cols) : MatrixView(data, rows, cols, cols) {}
  operator MatrixView<const T>() const requires(!std::is_const_v<T>) { return {data_, rows_, cols_, stride_}; }

  T* data() const { return data_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return stride_; }
  T& operator()(std::size_t i, std::size_t j) const { return data_[i * stride_ + j]; }
  T* row_data(std::size_t i) const { return data_ + i * stride_; }
  std::span<T> row(std::size_t i) const { return {row_data(i), cols_}; }
  MatrixView block(Range rows, Range cols) const {
    return {data_ + rows.begin * stride_ + cols.begin, rows.size(), cols.size(), stride_};
  }
  MatrixView rows(Range r) const { return block(r, {0, cols_}); }

 private:
  T* data_ = nullptr;
  std::size_t rows_ = 0, cols_ = 0, stride_ = 0;
};

namespace detail {
// Memory aligned to whatever any vector instruction may want; where it is large, on huge pages if the system has them
// (kernels walk through it with strides, and misses of the page table would cost 3 % of a product).
void* allocate(std::size_t bytes);
struct AlignedFree {
  void operator()(void* p) const { std::free(p); }  // NOLINT(cppcoreguidelines-no-malloc): of allocate(), here alone
};
}  // namespace detail

// An owned, 128-byte aligned array of numbers. Not initialised unless asked.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : data_(static_cast<T*>(detail::allocate(size * sizeof(T)))), size_(size) {}
  Buffer(std::size_t size, T value) : Buffer(size) { std::fill_n(data_.get(), size, value); }
  Buffer(const Buffer& other) : Buffer(other.size_) { std::copy_n(other.data(), size_, data_.get()); }
  Buffer& operator=(const Buffer& other) { return *this = Buffer(other); }
  Buffer(Buffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

 private:
  std::unique_ptr<T[], detail::AlignedFree> data_;
  std::size_t size_ = 0;
};

// An owned rows x cols matrix, contiguous (stride == cols), zero unless told otherwise.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t cols, T value = T(0)) : buffer_(rows * cols, value), rows_(rows), cols_(cols) {}
  static Matrix uninitialized(std::size_t rows, std::size_t cols) {
    Matrix m;
    m.buffer_ = Buffer<T>(rows * cols);
    m.rows_ = rows;
    m.cols_ = cols;
    return m;
  }

  // Another shape; what the numbers are then is not said. The memory is kept where it suffices, for capacity() numbers.
  void reshape(std::size_t rows, std::size_t cols) {
    if (rows * cols > buffer_.size()) buffer_ = Buffer<T>(rows * cols);
    rows_ = rows;
    cols_ = cols;
  }

  std::size_t capacity() const { return buffer_.size(); }

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t size() const { return rows_ * cols_; }
  T* data() { return buffer_.data(); }
  const T* data() const { return buffer_.data(); }
  T& operator()(std::size_t i, std::size_t j) { return buffer_[i * cols_ + j]; }
  const T& operator()(std::size_t i, std::size_t j) const { return buffer_[i * cols_ + j]; }
  std::span<T> row(std::size_t i) { return {data() + i * cols_, cols_}; }
  std::span<const T> row(std::size_t i) const { return {data() + i * cols_, cols_}; }
  MatrixView<T> view() { return {data(), rows_, cols_}; }
  MatrixView<const T> view() const { return {data(), rows_, cols_}; }
  operator MatrixView<T>() { return view(); }
  operator MatrixView<const T>() const { return view(); }

 private:
  Buffer<T> buffer_;
  std::size_t rows_ = 0, cols_ = 0;
};

// A copy of a view as an owned matrix, converted to T.
template <class T, class U>
Matrix<T> copy(MatrixView<U> from) {
  auto to = Matrix<T>::uninitialized(from.rows(), from.cols());
  for (std::size_t i = 0; i < from.rows(); ++i)
    std::transform(from.row(i).begin(), from.row(i).end(), to.row(i).begin(), [](auto x) { return static_cast<T>(x); });
  return to;
}

// The rows of `from` named by `indices`, in their order.
template <class T>
Matrix<T> take_rows(MatrixView<const T> from, std::span<const std::size_t> indices) {
  auto to = Matrix<T>::uninitialized(indices.size(), from.cols());
  for (std::size_t i = 0; i < indices.size(); ++i)
    std::copy_n(from.row_data(indices[i]), from.cols(), to.row(i).begin());
  return to;
}
template <class T>
Matrix<T> take_rows(const Matrix<T>& from, std::span<const std::size_t> indices) {
  return take_rows<T>(from.view(), indices);
}

}  // namespace widenet
