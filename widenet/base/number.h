// The words in which a formula is written once: scalar numbers (float, double, long double) speak them here, vectors in
// vector-inl.h. A formula may use + - * / and < >= on numbers, and the functions below.
#pragma once

#include <cmath>
#include <cstddef>
#include <type_traits>

namespace widenet {

template <class N>
struct Number {
  using Scalar = N;
  static constexpr std::size_t lanes = 1;
};

template <class N, class X>
requires std::is_floating_point_v<N> N constant(X x) { return static_cast<N>(x); }
template <class N>
requires std::is_floating_point_v<N> N load(const N* p) { return *p; }
template <class N>
requires std::is_floating_point_v<N>
void store(N x, N* p) { *p = x; }

template <class N>
requires std::is_floating_point_v<N> N select(bool condition, N yes, N no) { return condition ? yes : no; }
// a b + c and c - a b, rounded once.
template <class N>
requires std::is_floating_point_v<N> N multiply_add(N a, N b, N c) { return std::fma(a, b, c); }
template <class N>
requires std::is_floating_point_v<N> N negative_multiply_add(N a, N b, N c) { return std::fma(-a, b, c); }
template <class N>
requires std::is_floating_point_v<N> N square_root(N x) { return std::sqrt(x); }
template <class N>
requires std::is_floating_point_v<N> N exponential(N x) { return std::exp(x); }
template <class N>
requires std::is_floating_point_v<N> N exponential_minus_one(N x) { return std::expm1(x); }
template <class N>
requires std::is_floating_point_v<N> N logarithm_one_plus(N x) { return std::log1p(x); }
template <class N>
requires std::is_floating_point_v<N> N magnitude(N x) { return std::abs(x); }
template <class N>
requires std::is_floating_point_v<N> N with_sign_of(N size, N sign) { return std::copysign(size, sign); }
template <class N>
requires std::is_floating_point_v<N>
bool is_negative(N x) { return std::signbit(x); }
template <class N>
requires std::is_floating_point_v<N> N larger(N a, N b) { return a > b ? a : b; }
inline bool both(bool a, bool b) { return a && b; }

// The angle in [0, pi/2] whose sine and cosine are given (both >= 0, sine^2 + cosine^2 = 1 up to rounding); relative
// error near 0 as that of the sine. Absolute error below 3 eps.
template <class N>
requires std::is_floating_point_v<N> N angle(N sine, N cosine) { return std::atan2(sine, cosine); }

// Several at once.
template <std::size_t Count, class N>
requires std::is_floating_point_v<N>
void angles(const N* sine, const N* cosine, N* out) {
  for (std::size_t u = 0; u < Count; ++u) out[u] = angle(sine[u], cosine[u]);
}

}  // namespace widenet
