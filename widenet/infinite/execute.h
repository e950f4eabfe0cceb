// Runs a program on one sample against a chunk of others.
#pragma once

#include "widenet/infinite/samples.h"

namespace widenet {

// E[phi^2] and E[phi'^2] of one sample of variance q, by the formula of a pair at rho = 1; writes the numbers that the
// formula reads of a sample (sqrt(q), its factors, 1 / sqrt(E[phi^2]) where it gives covariances).
struct DualMoments {
  double variance, slope;
};
DualMoments own_moments(const ClosedDual& dual, double q, double* parameters);

enum class Output { nngp, ntk };

// A pair in a slot: signed complement, correlation, Theta.
inline constexpr std::size_t numbers_per_pair = 3;

// Rows that share what is read of the columns.
inline constexpr std::size_t rows_at_once = 4;

// `rows` row samples (rows_at_once or 1) against chunk_lanes<T> column samples. On entry state holds the inputs'
// correlations in slot 0, row after row: s, rho and room for Theta, `lanes` numbers each; its size is state_size.
// out[r] gets chunk_lanes<T> kernel values. Vectorised; picks the best instruction set at run time.
template <class T>
struct ChunkArguments {
  const Program* program;
  Output output;
  std::size_t rows;
  const T* row;  // parameters of the first row sample, the next ones row_stride apart
  std::size_t row_stride;
  const T* columns;            // parameters of the chunk
  const DualSides* row_sides;  // of all rows and columns, one per table step
  const DualSides* column_sides;
  std::size_t row_sample;  // the first row's index there
  Range column_samples;    // the lanes that are samples
  T* state;
  T* const* out;
  // Store past the caches: for results that are not read soon and more than they hold.
  bool stream = false;
  // No correlation of the inputs has a sign; changes no result.
  bool nonnegative = false;
};
template <class T>
std::size_t state_size(const Program& program) {
  return program.slots * rows_at_once * numbers_per_pair * chunk_lanes<T>;
}
template <class T>
void execute(const ChunkArguments<T>& arguments);

template <class T>
struct Correlated {
  T nearest;         // the smallest |s|
  bool nonnegative;  // no rho has a sign, not even that of -0
};
// The correlations of a few rows with a chunk from the products of tile_product, rho(r, j) = products(r, j) * rows[r] *
// columns[j] with the inverse norms of both: fills s and rho as execute() wants them.
template <class T>
Correlated<T> correlate(MatrixView<const T> products, const T* rows, const T* columns, T* state);

// The same program on one pair of samples in any scalar type, plain loops: the oracle of execute(), and what the
// univariate polynomial is fitted to. Parameters as written by run_sample; s the input's signed complement.
// No tables. Returns {K, Theta}.
template <class N>
std::pair<N, N> execute_pair(const Program& program, const double* row, const double* column, N s);

// For a homogeneous program: K / (|x||z|/d) or Theta / (...) as a polynomial in y = 2 asin(rho) / pi, lowest power
// first; empty when none with error below 4 eps of its value at rho = 1 and well-conditioned coefficients exists.
template <class T>
std::vector<T> univariate_polynomial(const Program& program, Output output);

// out[lane] = scale * scales[lane] * p(2 asin(rho(s[lane])) / pi).
template <class T>
void execute_polynomial(std::span<const T> coefficients, const T* s, T scale, const T* scales, T* out, bool stream);

// Makes streamed results visible to other threads once this one is synchronised with them.
void flush_streams();

}  // namespace widenet
