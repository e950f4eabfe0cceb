// Vectors that speak the words of number.h. Included once per instruction set, inside
// HWY_BEFORE_NAMESPACE / HWY_AFTER_NAMESPACE, by files that use Highway's foreach_target.
#if defined(WIDENET_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WIDENET_VECTOR_INL
#undef WIDENET_VECTOR_INL
#else
#define WIDENET_VECTOR_INL
#endif

// clang-format off
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

#include "widenet/base/number.h"

HWY_BEFORE_NAMESPACE();
namespace widenet {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct Vector {
  using Tag = hn::ScalableTag<T>;
  hn::Vec<Tag> v;
};
template <class T>
struct VectorMask {
  hn::Mask<typename Vector<T>::Tag> m;
};

template <class N>
struct Number : widenet::Number<N> {};
template <class T>
struct Number<Vector<T>> {
  using Scalar = T;
  static constexpr std::size_t lanes = HWY_LANES(T);
};

#define WIDENET_OPERATOR(op, function)                         \
  template <class T>                                           \
  HWY_INLINE Vector<T> operator op(Vector<T> a, Vector<T> b) { \
    return {hn::function(a.v, b.v)};                           \
  }
WIDENET_OPERATOR(+, Add)
WIDENET_OPERATOR(-, Sub)
WIDENET_OPERATOR(*, Mul)
WIDENET_OPERATOR(/, Div)
#undef WIDENET_OPERATOR

template <class T>
HWY_INLINE Vector<T> operator-(Vector<T> a) {
  return {hn::Neg(a.v)};
}
template <class T>
HWY_INLINE VectorMask<T> operator>(Vector<T> a, Vector<T> b) {
  return {hn::Gt(a.v, b.v)};
}
template <class T>
HWY_INLINE VectorMask<T> operator<(Vector<T> a, Vector<T> b) {
  return {hn::Lt(a.v, b.v)};
}
template <class T>
HWY_INLINE VectorMask<T> operator==(Vector<T> a, Vector<T> b) {
  return {hn::Eq(a.v, b.v)};
}
template <class T>
HWY_INLINE VectorMask<T> both(VectorMask<T> a, VectorMask<T> b) {
  return {hn::And(a.m, b.m)};
}

template <class N, class X>
requires std::is_class_v<N> HWY_INLINE N constant(X x) {
  return {hn::Set(typename N::Tag(), static_cast<typename Number<N>::Scalar>(x))};
}
template <class N>
requires std::is_class_v<N> HWY_INLINE N load(const typename Number<N>::Scalar* p) {
  return {hn::LoadU(typename N::Tag(), p)};
}
template <class T>
HWY_INLINE void store(Vector<T> x, T* p) {
  hn::StoreU(x.v, typename Vector<T>::Tag(), p);
}
template <class T>
HWY_INLINE Vector<T> select(VectorMask<T> condition, Vector<T> yes, Vector<T> no) {
  return {hn::IfThenElse(condition.m, yes.v, no.v)};
}
template <class T>
HWY_INLINE Vector<T> multiply_add(Vector<T> a, Vector<T> b, Vector<T> c) {
  return {hn::MulAdd(a.v, b.v, c.v)};
}
template <class T>
HWY_INLINE Vector<T> negative_multiply_add(Vector<T> a, Vector<T> b, Vector<T> c) {
  return {hn::NegMulAdd(a.v, b.v, c.v)};
}
template <class T>
HWY_INLINE Vector<T> square_root(Vector<T> x) {
  return {hn::Sqrt(x.v)};
}
template <class T>
HWY_INLINE Vector<T> exponential(Vector<T> x) {
  return {hn::Exp(typename Vector<T>::Tag(), x.v)};
}
template <class T>
HWY_INLINE Vector<T> exponential_minus_one(Vector<T> x) {
  return {hn::Expm1(typename Vector<T>::Tag(), x.v)};
}
template <class T>
HWY_INLINE Vector<T> logarithm_one_plus(Vector<T> x) {
  return {hn::Log1p(typename Vector<T>::Tag(), x.v)};
}
template <class T>
HWY_INLINE Vector<T> magnitude(Vector<T> x) {
  return {hn::Abs(x.v)};
}
template <class T>
HWY_INLINE Vector<T> with_sign_of(Vector<T> size, Vector<T> sign) {
  return {hn::CopySign(size.v, sign.v)};
}
template <class T>
HWY_INLINE VectorMask<T> is_negative(Vector<T> x) {
  const typename Vector<T>::Tag d;
  const hn::RebindToSigned<decltype(d)> bits;
  return {hn::RebindMask(d, hn::Lt(hn::BitCast(bits, x.v), hn::Zero(bits)))};
}
template <class T>
HWY_INLINE Vector<T> larger(Vector<T> a, Vector<T> b) {
  return {hn::Max(a.v, b.v)};
}

// asin(s) = s + s z R(z), z = s^2 in [0, 1/2]: minimax R of degree 17 (double, 5e-17) and 7 (float, 7e-9).
inline constexpr double asin_double[18] = {
    0.16666666666666657,  0.07500000000012094,  0.04464285711741088,  0.030381946555376956, 0.02237206698561623,
    0.017355203685390688, 0.013922199821951189, 0.012070889221049945, 0.005205508352248808, 0.03788208833071055,
    -0.13532884452035754, 0.5244707598668026,   -1.4020465863831595,  2.830255121549406,    -4.0686867036181615,
    4.012211060183745,    -2.4232079349125843,  0.6972072351980385};
inline constexpr float asin_float[8] = {0.16666666f,  0.07500298f, 0.04452092f,  0.03222252f,
                                        0.009047462f, 0.06799008f, -0.08595139f, 0.09831634f};

template <class N>
HWY_INLINE N asin_coefficient(int k) {
  if constexpr (sizeof(typename Number<N>::Scalar) == 8)
    return constant<N>(asin_double[k]);
  else
    return constant<N>(static_cast<long double>(asin_float[k]));
}

// out[u] = angle(sine[u], cosine[u]): several at once share the coefficients and hide each other's latency.
template <std::size_t Count, class T>
HWY_INLINE void angles(const Vector<T>* sine, const Vector<T>* cosine, Vector<T>* out) {
  using N = Vector<T>;
  // asin of the smaller of the two legs; the complement where that was the cosine. The smaller by Min, which gives the
  // sine where that is not a number, and compared again at the end: eight masks would not fit the registers meanwhile.
  N leg[Count], z[Count], sum[Count];
#pragma GCC unroll 16
  for (std::size_t u = 0; u < Count; ++u) {
    leg[u] = {hn::Min(cosine[u].v, sine[u].v)};
    z[u] = leg[u] * leg[u];
  }
  constexpr int degree = sizeof(T) == 8 ? 17 : 7;
#pragma GCC unroll 16
  for (std::size_t u = 0; u < Count; ++u) sum[u] = asin_coefficient<N>(degree);
#pragma GCC unroll 17
  for (int k = degree - 1; k >= 0; --k) {
    const N next = asin_coefficient<N>(k);
#pragma GCC unroll 16
    for (std::size_t u = 0; u < Count; ++u) sum[u] = multiply_add(sum[u], z[u], next);
  }
#pragma GCC unroll 16
  for (std::size_t u = 0; u < Count; ++u) {
    const N small = multiply_add(sum[u] * z[u], leg[u], leg[u]);
    out[u] = select(cosine[u] < sine[u], constant<N>(1.5707963267948966192L) - small, small);
  }
}
template <class T>
HWY_INLINE Vector<T> angle(Vector<T> sine, Vector<T> cosine) {
  Vector<T> out;
  angles<1>(&sine, &cosine, &out);
  return out;
}

}  // namespace HWY_NAMESPACE
}  // namespace widenet
HWY_AFTER_NAMESPACE();

#endif  // WIDENET_VECTOR_INL
