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

// One row sample against chunk_lanes<T> column samples. On entry state holds the input's correlation in slot 0, s and
// rho: state[0 .. lanes) and state[lanes .. 2 lanes); its size is state_size. `out` gets chunk_lanes<T> kernel values.
// Vectorised; picks the best instruction set at run time.
template <class T>
struct ChunkArguments {
  const Program* program;
  Output output;
  const T* row;                // parameters of the row sample
  const T* columns;            // parameters of the chunk
  const DualSides* row_sides;  // of all rows and columns, one per table step
  const DualSides* column_sides;
  std::size_t row_sample;  // the row's index there
  Range column_samples;    // the lanes that are samples
  T* state;
  T* out;
  // Store past the caches: for results that are not read soon and more than they hold.
  bool stream = false;
};
template <class T>
std::size_t state_size(const Program& program) {
  return program.slots * numbers_per_pair * chunk_lanes<T>;
}
template <class T>
void execute(const ChunkArguments<T>& arguments);

// The correlations of a row with a chunk from the products of tile_product, rho = product * inverse_norm *
// inverse_norms: fills s and rho as execute() wants them. Returns the smallest |s| of the chunk.
template <class T>
T correlate(const T* product, T inverse_norm, const T* inverse_norms, T* state);

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
