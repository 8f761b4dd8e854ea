// The vocabulary of the kernels: vec<T>, one register of the instruction set this object is compiled for.
// Everything here has internal linkage, and nothing comes from std: an inline function shared between objects built for
// different instruction sets would be merged by the linker, and an older CPU would run the newer one's code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__wasm__)
#include <wasm_simd128.h>
#else
#include <arm_neon.h>
#endif

#ifndef VECTOR_BYTES
#error "VECTOR_BYTES: the register width in bytes, set for each object by CMakeLists.txt"
#endif

namespace {

// The compilers' own vector types, spelled out: GCC 12 drops the attribute where its operand depends on a template
// argument.
template <class T> struct lane;
template <> struct lane<float> {
  using scalar = float;
  using integer = int32_t;
  typedef float vector __attribute__((vector_size(VECTOR_BYTES)));
  typedef integer bits __attribute__((vector_size(VECTOR_BYTES)));
};
template <> struct lane<double> {
  using scalar = double;
  using integer = int64_t;
  typedef double vector __attribute__((vector_size(VECTOR_BYTES)));
  typedef integer bits __attribute__((vector_size(VECTOR_BYTES)));
};

// Double lanes again, for formulas of which some 37 bits will be used (exact.h). As a number it is a double.
struct quick {
  double value;
  constexpr quick(double a) : value(a) {}
  constexpr operator double() const { return value; }
};
template <> struct lane<quick> : lane<double> {};

// Float lanes again, for formulas in which no subnormal number may be multiplied or be a product (careful.h).
struct careful {
  float value;
  constexpr careful(double a) : value(float(a)) {}
  constexpr operator float() const { return value; }
};
template <> struct lane<careful> : lane<float> {};

// The lanes of a comparison: all ones where it holds.
template <class T> struct mask { typename lane<T>::bits m; };

template <class T> struct vec {
  using native = typename lane<T>::vector;
  using bits = typename lane<T>::bits;
  static constexpr size_t lanes = VECTOR_BYTES / sizeof(T);
  native v;

  vec() = default;
  vec(native a) : v(a) {}
  vec(typename lane<T>::scalar a) : v(a - native{}) {}
  vec(quick a) requires __is_same(T, quick) : v(a.value - native{}) {}
  vec(careful a) requires __is_same(T, careful) : v(a.value - native{}) {}

  friend vec operator+(vec a, vec b) { return a.v + b.v; }
  friend vec operator-(vec a, vec b) { return a.v - b.v; }
  friend vec operator*(vec a, vec b) { return a.v * b.v; }
  friend vec operator/(vec a, vec b) { return a.v / b.v; }
  friend vec operator-(vec a) { return -a.v; }
  friend mask<T> operator<(vec a, vec b) { return {a.v < b.v}; }
  friend mask<T> operator>(vec a, vec b) { return {a.v > b.v}; }
  friend mask<T> operator<=(vec a, vec b) { return {a.v <= b.v}; }
  friend mask<T> operator>=(vec a, vec b) { return {a.v >= b.v}; }
  friend mask<T> operator==(vec a, vec b) { return {a.v == b.v}; }
};

template <class T> vec<T> select(mask<T> m, vec<T> a, vec<T> b) {
#if defined(__wasm__) // By the highest bit of a lane or bit by bit, as the engine likes it: the bits of a lane are
                      // alike.
  if constexpr (sizeof(T) == 4)
    return (typename vec<T>::native)wasm_i32x4_relaxed_laneselect(v128_t(a.v), v128_t(b.v), v128_t(m.m));
  else
    return (typename vec<T>::native)wasm_i64x2_relaxed_laneselect(v128_t(a.v), v128_t(b.v), v128_t(m.m));
#else
  return m.m ? a.v : b.v;
#endif
}

template <class T> typename vec<T>::bits to_bits(vec<T> a) { return (typename vec<T>::bits)a.v; }
template <class T> vec<T> from_bits(typename vec<T>::bits a) { return (typename vec<T>::native)a; }

template <class T> constexpr auto sign_bit = typename lane<T>::integer(1) << (8 * sizeof(T) - 1);
template <class T> vec<T> abs(vec<T> a) { return from_bits<T>(to_bits(a) & ~sign_bit<T>); }
template <class T> vec<T> minus_abs(vec<T> a) { return from_bits<T>(to_bits(a) | sign_bit<T>); }
// a, whose sign bit is clear, with the sign of b.
template <class T> vec<T> copysign(vec<T> a, vec<T> b) { return from_bits<T>(to_bits(a) | (to_bits(b) & sign_bit<T>)); }

// Whether a > b in any lane.
inline bool any_greater(vec<float> a, vec<float> b) {
#if VECTOR_BYTES == 64
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ) != 0;
#elif VECTOR_BYTES == 32
  return _mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)) != 0;
#elif defined(__wasm__)
  return wasm_v128_any_true(v128_t(a.v > b.v));
#else
  return vmaxvq_u32(vcgtq_f32(a.v, b.v)) != 0;
#endif
}

inline bool any_greater(vec<double> a, vec<double> b) {
#if VECTOR_BYTES == 64
  return _mm512_cmp_pd_mask(a.v, b.v, _CMP_GT_OQ) != 0;
#elif VECTOR_BYTES == 32
  return _mm256_movemask_pd(_mm256_cmp_pd(a.v, b.v, _CMP_GT_OQ)) != 0;
#elif defined(__wasm__)
  return wasm_v128_any_true(v128_t(a.v > b.v));
#else
  return vmaxvq_u32(uint32x4_t(vcgtq_f64(a.v, b.v))) != 0;
#endif
}

// Whether any lane of the vectors, as bits to which `more` is added, has a low half that is zero where `mask` is one,
// or has its second bit, the highest of the exponent, clear.
inline bool any_without(int64_t more, int32_t mask, vec<double> a, vec<double> b, vec<double> c, vec<double> d) {
  using bits = vec<double>::bits;
  [[maybe_unused]] constexpr int64_t second = int64_t(1) << 62; // AVX2 asks by the sign.
  const bits a1 = to_bits(a) + more, b1 = to_bits(b) + more, c1 = to_bits(c) + more, d1 = to_bits(d) + more;
  const bits exponents = a1 & b1 & c1 & d1;
#if VECTOR_BYTES == 64
  const __m512i low_mask = _mm512_set1_epi32(mask);
  return (_mm512_testn_epi32_mask(__m512i(_mm512_shuffle_ps(__m512(a1), __m512(b1), 0x88)), low_mask) |
          _mm512_testn_epi32_mask(__m512i(_mm512_shuffle_ps(__m512(c1), __m512(d1), 0x88)), low_mask) |
          _mm512_testn_epi64_mask(__m512i(exponents), __m512i(bits{} + second))) != 0;
#elif VECTOR_BYTES == 32
  const __m256i low_mask = _mm256_set1_epi32(mask);
  const __m256i low1 = __m256i(_mm256_shuffle_ps(__m256(a1), __m256(b1), 0x88)) & low_mask;
  const __m256i low2 = __m256i(_mm256_shuffle_ps(__m256(c1), __m256(d1), 0x88)) & low_mask;
  const __m256i lacking = _mm256_cmpeq_epi32(_mm256_min_epu32(low1, low2), __m256i{});
  return (_mm256_movemask_ps(__m256(lacking)) | (_mm256_movemask_pd(__m256d(exponents << 1)) ^ 0xf)) != 0;
#elif defined(__wasm__)
  const v128_t low_mask = wasm_i32x4_splat(mask);
  const v128_t low1 = wasm_v128_and(wasm_i32x4_shuffle(v128_t(a1), v128_t(b1), 0, 2, 4, 6), low_mask);
  const v128_t low2 = wasm_v128_and(wasm_i32x4_shuffle(v128_t(c1), v128_t(d1), 0, 2, 4, 6), low_mask);
  return !wasm_i32x4_all_true(wasm_u32x4_min(low1, low2)) || !wasm_i64x2_all_true(v128_t(exponents & second));
#else
  const uint32x4_t low1 = vuzp1q_u32(uint32x4_t(a1), uint32x4_t(b1)) & uint32_t(mask);
  const uint32x4_t low2 = vuzp1q_u32(uint32x4_t(c1), uint32x4_t(d1)) & uint32_t(mask);
  return vminvq_u32(vminq_u32(low1, low2)) == 0 || ((exponents[0] & exponents[1]) & second) == 0;
#endif
}

// The first n lanes.
template <class T> mask<T> first_lanes(size_t n) {
  typename vec<T>::bits index;
  for (size_t i = 0; i < vec<T>::lanes; i++)
    index[i] = typename lane<T>::integer(i);
  return {index < typename lane<T>::integer(n)};
}

#if VECTOR_BYTES == 64
// GCC 12 counts 32 bits of a mask that it has kept in 16 bits of the stack, unless they have been in a register.
inline unsigned count_bits(__mmask16 mask) {
  unsigned bits = mask;
  asm("" : "+r"(bits));
  return unsigned(__builtin_popcount(bits));
}
#endif

// How many lanes a mask has.
template <class T> unsigned count_lanes(mask<T> m) {
#if VECTOR_BYTES == 64
  return count_bits(__mmask16(sizeof(T) == 4 ? _mm512_cmplt_epi32_mask(__m512i(m.m), __m512i{})
                                             : _mm512_cmplt_epi64_mask(__m512i(m.m), __m512i{})));
#elif VECTOR_BYTES == 32
  return unsigned(__builtin_popcount(
      unsigned(sizeof(T) == 4 ? _mm256_movemask_ps(__m256(m.m)) : _mm256_movemask_pd(__m256d(m.m)))));
#else
  typename lane<T>::integer count = 0;
  for (size_t i = 0; i < vec<T>::lanes; i++)
    count -= m.m[i];
  return unsigned(count);
#endif
}

// a, with which nothing is begun before here: compilers bring forward what they think may be needed.
template <class T> vec<T> not_before(vec<T> a) {
#if defined(__AVX512F__) || (defined(__x86_64__) && VECTOR_BYTES < 64)
  asm volatile("" : "+v"(a.v));
#elif defined(__x86_64__) // Emulated.
  asm volatile("" : "+m"(a.v));
#elif !defined(__wasm__)
  asm volatile("" : "+w"(a.v));
#endif
  return a;
}

// max(x, c) and min(x, c) are x where x is NaN, and x where both are zeros.
#if VECTOR_BYTES == 64
inline vec<float> max(vec<float> x, vec<float> c) { return _mm512_max_ps(c.v, x.v); }
inline vec<float> min(vec<float> x, vec<float> c) { return _mm512_min_ps(c.v, x.v); }
inline vec<double> max(vec<double> x, vec<double> c) { return _mm512_max_pd(c.v, x.v); }
inline vec<double> min(vec<double> x, vec<double> c) { return _mm512_min_pd(c.v, x.v); }
#elif VECTOR_BYTES == 32
inline vec<float> max(vec<float> x, vec<float> c) { return _mm256_max_ps(c.v, x.v); }
inline vec<float> min(vec<float> x, vec<float> c) { return _mm256_min_ps(c.v, x.v); }
inline vec<double> max(vec<double> x, vec<double> c) { return _mm256_max_pd(c.v, x.v); }
inline vec<double> min(vec<double> x, vec<double> c) { return _mm256_min_pd(c.v, x.v); }
#elif defined(__wasm__)
inline vec<float> max(vec<float> x, vec<float> c) { return lane<float>::vector(wasm_f32x4_pmax(x.v, c.v)); }
inline vec<float> min(vec<float> x, vec<float> c) { return lane<float>::vector(wasm_f32x4_pmin(x.v, c.v)); }
inline vec<double> max(vec<double> x, vec<double> c) { return lane<double>::vector(wasm_f64x2_pmax(x.v, c.v)); }
inline vec<double> min(vec<double> x, vec<double> c) { return lane<double>::vector(wasm_f64x2_pmin(x.v, c.v)); }
#else
inline vec<float> max(vec<float> x, vec<float> c) { return select(x < c, c, x); }
inline vec<float> min(vec<float> x, vec<float> c) { return select(x > c, c, x); }
inline vec<double> max(vec<double> x, vec<double> c) { return select(x < c, c, x); }
inline vec<double> min(vec<double> x, vec<double> c) { return select(x > c, c, x); }
#endif

// |x| and -|x|, no farther from 0 than the end; where x is NaN, it or the end.
template <class T> vec<T> abs_within(vec<T> x, T end) {
#if VECTOR_BYTES == 64
  // The one smaller in size, without its sign.
  if constexpr (__is_same(T, float)) return _mm512_range_ps(x.v, vec<T>(end).v, 0b1010);
#endif
  return min(abs(x), end);
}
template <class T> vec<T> minus_abs_within(vec<T> x, T end) {
#if VECTOR_BYTES == 64
  if constexpr (__is_same(T, float)) return _mm512_range_ps(x.v, vec<T>(end).v, 0b1110); // With one.
#endif
  return max(minus_abs(x), -end);
}

#if VECTOR_BYTES == 64
// The lowest of some numbers below +0, or that, and whether there is one below a negative bound, or perhaps NaN. By
// their bits as unsigned integers, which more of a processor's units compare than numbers.
inline vec<float> lowest_of(vec<float> a, vec<float> b) { return __m512(_mm512_max_epu32(__m512i(a.v), __m512i(b.v))); }
inline bool any_below(vec<float> lowest, float bound) {
  return _mm512_cmpgt_epu32_mask(__m512i(lowest.v), __m512i(vec<float>(bound).v)) != 0;
}
#endif

// The larger of two, and the smaller, of numbers from +0 on; NaN is one of them. Float lanes compare their bits, which
// costs less: more of a processor's units do it.
inline vec<float> larger(vec<float> a, vec<float> b) {
  const vec<float>::bits i = to_bits(a), j = to_bits(b);
  return from_bits<float>(i > j ? i : j);
}
inline vec<float> smaller(vec<float> a, vec<float> b) {
  const vec<float>::bits i = to_bits(a), j = to_bits(b);
  return from_bits<float>(i < j ? i : j);
}
inline vec<double> larger(vec<double> a, vec<double> b) { return max(a, b); }
inline vec<double> smaller(vec<double> a, vec<double> b) { return min(b, a); }

// The smaller of two as integers without a sign.
inline vec<float>::bits smaller_unsigned(vec<float>::bits a, vec<float>::bits b) {
#if VECTOR_BYTES == 64
  return vec<float>::bits(_mm512_min_epu32(__m512i(a), __m512i(b)));
#elif VECTOR_BYTES == 32
  return vec<float>::bits(_mm256_min_epu32(__m256i(a), __m256i(b)));
#elif defined(__wasm__)
  return vec<float>::bits(wasm_u32x4_min(v128_t(a), v128_t(b)));
#else
  return vec<float>::bits(vminq_u32(uint32x4_t(a), uint32x4_t(b)));
#endif
}
// The smaller of two numbers from +0 on, or where one is NaN, with a sign or without, the other.
inline vec<float> smallest(vec<float> a, vec<float> b) {
  return from_bits<float>(smaller_unsigned(to_bits(a), to_bits(b)));
}

#if defined(__x86_64__)
// f(a, b) in double lanes, one half of these after the other.
template <class F> vec<float> in_doubles(vec<float> a, vec<float> b, F f) {
#if VECTOR_BYTES == 64
#define LOW 0, 1, 2, 3, 4, 5, 6, 7
#define HIGH 8, 9, 10, 11, 12, 13, 14, 15
  const auto wide = [](__m256 half) -> vec<double> { return _mm512_cvtps_pd(half); };
  const auto narrow = [](vec<double> half) -> __m256 { return _mm512_cvtpd_ps(half.v); };
#else
#define LOW 0, 1, 2, 3
#define HIGH 4, 5, 6, 7
  const auto wide = [](__m128 half) -> vec<double> { return _mm256_cvtps_pd(half); };
  const auto narrow = [](vec<double> half) -> __m128 { return _mm256_cvtpd_ps(half.v); };
#endif
  const auto low = [=](vec<float> x) { return wide(__builtin_shufflevector(x.v, x.v, LOW)); };
  const auto high = [=](vec<float> x) { return wide(__builtin_shufflevector(x.v, x.v, HIGH)); };
  return __builtin_shufflevector(narrow(f(low(a), low(b))), narrow(f(high(a), high(b))), LOW, HIGH);
#undef LOW
#undef HIGH
}
// a b, which double lanes hold, so that it is rounded once whatever it is.
inline vec<float> exact_product(vec<float> a, vec<float> b) {
  return in_doubles(a, b, [](vec<double> a, vec<double> b) { return a * b; });
}

// The same where some are likely to be subnormal numbers, of which a processor may take long to make one.
inline vec<float> small_product(vec<float> a, vec<float> b) { return exact_product(a, b); }

// To the nearest integers, of two as near the even one.
inline vec<float>::bits nearest_integer(vec<float> a) {
#if VECTOR_BYTES == 64
  return vec<float>::bits(_mm512_cvtps_epi32(a.v));
#else
  return vec<float>::bits(_mm256_cvtps_epi32(a.v));
#endif
}
#else
inline vec<float> small_product(vec<float> a, vec<float> b) { return a * b; }
#endif

// Whether any of them is above `most`, as integers without a sign.
inline bool any_above(vec<float>::bits a, vec<float>::bits most) {
#if VECTOR_BYTES == 64
  return _mm512_cmpgt_epu32_mask(__m512i(a), __m512i(most)) != 0;
#elif VECTOR_BYTES == 32
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(__m256i(smaller_unsigned(a, most)), __m256i(a))) != -1;
#elif defined(__wasm__)
  return wasm_v128_any_true(wasm_u32x4_gt(v128_t(a), v128_t(most)));
#else
  return vmaxvq_u32(vcgtq_u32(uint32x4_t(a), uint32x4_t(most))) != 0;
#endif
}

// The lanes that are smaller than a limit, and not zero. By integers, so that what asks does not itself meet a
// subnormal number.
inline mask<float> is_smaller(vec<float> a, float limit) {
  const vec<float>::bits size = to_bits(abs(a));
  return {(size < __builtin_bit_cast(int32_t, limit)) & (size > 0)};
}

#if VECTOR_BYTES == 64
inline vec<float> fma(vec<float> a, vec<float> b, vec<float> c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
inline vec<double> fma(vec<double> a, vec<double> b, vec<double> c) { return _mm512_fmadd_pd(a.v, b.v, c.v); }
#elif VECTOR_BYTES == 32
inline vec<float> fma(vec<float> a, vec<float> b, vec<float> c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
inline vec<double> fma(vec<double> a, vec<double> b, vec<double> c) { return _mm256_fmadd_pd(a.v, b.v, c.v); }
#elif defined(__wasm__)
// Rounded once or twice, as the engine likes it: who calls these kernels has asked it (wasm/module.cpp).
inline vec<float> fma(vec<float> a, vec<float> b, vec<float> c) {
  return lane<float>::vector(wasm_f32x4_relaxed_madd(a.v, b.v, c.v));
}
inline vec<double> fma(vec<double> a, vec<double> b, vec<double> c) {
  return lane<double>::vector(wasm_f64x2_relaxed_madd(a.v, b.v, c.v));
}
#else
inline vec<float> fma(vec<float> a, vec<float> b, vec<float> c) { return vfmaq_f32(c.v, a.v, b.v); }
inline vec<double> fma(vec<double> a, vec<double> b, vec<double> c) { return vfmaq_f64(c.v, a.v, b.v); }
#endif
// a b, for products of which some are subnormal. ns for eight floats on Zen 3: 0.63, and 1.34 where a product is
// subnormal; this 0.65, whatever they are. On Zen 5 what waits for such a product does so more than once: softplus of
// U(-100,100), whose square vanishes, takes 0.48 with one product and 0.19 with this (`npm run bench -- --size 262144
// --function softplus --input even`).
template <class T> vec<T> times(vec<T> a, vec<T> b) {
#if defined(__x86_64__)
  if constexpr (sizeof(T) <= sizeof(double)) {
    vec<T> nothing = T(-0.0);
#if defined(__clang__) // It would see a product in it.
    asm("" : "+x"(nothing.v));
#endif
    return fma(a, b, nothing);
  }
#endif
  return a * b;
}
// Of one number. WebAssembly has no such instruction, and its library takes integers for it.
inline double fused(double a, double b, double c) {
#if defined(__wasm__)
  return fma(vec<double>(a), vec<double>(b), vec<double>(c)).v[0];
#else
  return __builtin_fma(a, b, c);
#endif
}

#if VECTOR_BYTES == 64
inline vec<float> sqrt(vec<float> a) { return _mm512_sqrt_ps(a.v); }
inline vec<double> sqrt(vec<double> a) { return _mm512_sqrt_pd(a.v); }
#elif VECTOR_BYTES == 32
inline vec<float> sqrt(vec<float> a) { return _mm256_sqrt_ps(a.v); }
inline vec<double> sqrt(vec<double> a) { return _mm256_sqrt_pd(a.v); }
#elif defined(__wasm__)
inline vec<float> sqrt(vec<float> a) { return lane<float>::vector(wasm_f32x4_sqrt(a.v)); }
inline vec<double> sqrt(vec<double> a) { return lane<double>::vector(wasm_f64x2_sqrt(a.v)); }
#else
inline vec<float> sqrt(vec<float> a) { return vsqrtq_f32(a.v); }
inline vec<double> sqrt(vec<double> a) { return vsqrtq_f64(a.v); }
#endif

inline vec<double> as_double(vec<quick> a) { return a.v; }
inline vec<quick> max(vec<quick> x, vec<quick> c) { return max(as_double(x), as_double(c)).v; }
inline vec<quick> min(vec<quick> x, vec<quick> c) { return min(as_double(x), as_double(c)).v; }
inline vec<quick> fma(vec<quick> a, vec<quick> b, vec<quick> c) {
  return fma(as_double(a), as_double(b), as_double(c)).v;
}

inline vec<float> as_float(vec<careful> a) { return a.v; }
inline vec<careful> max(vec<careful> x, vec<careful> c) { return max(as_float(x), as_float(c)).v; }
inline vec<careful> min(vec<careful> x, vec<careful> c) { return min(as_float(x), as_float(c)).v; }
inline vec<careful> sqrt(vec<careful> a) { return sqrt(as_float(a)).v; }
inline vec<careful> fma(vec<careful> a, vec<careful> b, vec<careful> c) {
  return fma(as_float(a), as_float(b), as_float(c)).v;
}

// 1 / a to within 1/64, for corrections, which need no division: one step of Newton's method from what a straight line
// gives between powers of two, an eighth too much at most. Of a normal number.
template <class T> vec<T> roughly_reciprocal(vec<T> a) {
  const vec<T> guess = from_bits<T>(2 * to_bits(vec<T>(T(1))) - to_bits(a));
  return guess * fma(-a, guess, vec<T>(T(2)));
}

// a * 2^k, rounded once also where the result is subnormal. k holds integers in [-2000, 2000] (float: [-250, 250]).
#if VECTOR_BYTES == 64
inline vec<float> ldexp(vec<float> a, vec<float> k) { return _mm512_scalef_ps(a.v, k.v); }
inline vec<double> ldexp(vec<double> a, vec<double> k) { return _mm512_scalef_pd(a.v, k.v); }
#else
// 2^k as two factors, each of them normal: the first product is exact, the second rounds.
template <class T> vec<T> ldexp(vec<T> a, vec<T> k) {
  using integer = typename lane<T>::integer;
  constexpr int mantissa = sizeof(T) == 4 ? 23 : 52;
  constexpr integer bias = sizeof(T) == 4 ? 127 : 1023;
  // Adding 1.5 * 2^mantissa leaves the integer k in the low bits of the sum.
  constexpr T magic = T(integer(3) << (mantissa - 1));
  typename vec<T>::bits whole = to_bits(k + vec<T>(magic)) - to_bits(vec<T>(magic));
  typename vec<T>::bits half = whole >> 1;
  vec<T> first = from_bits<T>((half + bias) << mantissa);
  vec<T> second = from_bits<T>((whole - half + bias) << mantissa);
  return a * first * second;
}
#endif

// Adding it rounds a number to an integer k and leaves k in the low bits of the sum.
template <class T> constexpr T shifter = sizeof(T) == 4 ? T(0x1.8p23) : T(0x1.8p52);

// a * 2^k from k + shifter, where a and the product are normal numbers or k is zero. Where k is NaN, anything.
template <class T> vec<T> add_exponent(vec<T> a, vec<T> shifted) {
  return from_bits<T>(to_bits(a) + (to_bits(shifted) << (sizeof(T) == 4 ? 23 : 52)));
}

// a0 b0 a1 b1 ... of the first halves of two vectors, and of their second halves.
template <size_t... lane, class T> vec<T> interleave_low(vec<T> a, vec<T> b, std::index_sequence<lane...>) {
  return __builtin_shufflevector(a.v, b.v, (lane / 2 + lane % 2 * vec<T>::lanes)...);
}
template <size_t... lane, class T> vec<T> interleave_high(vec<T> a, vec<T> b, std::index_sequence<lane...>) {
  return __builtin_shufflevector(a.v, b.v, ((lane + vec<T>::lanes) / 2 + lane % 2 * vec<T>::lanes)...);
}
// Lane i + by of a vector, in lane i; the last lanes are the first.
template <size_t by, class T, size_t... lane> vec<T> rotate(vec<T> a, std::index_sequence<lane...>) {
  return __builtin_shufflevector(a.v, a.v, ((lane + by) % vec<T>::lanes)...);
}

// In which lanes, a bit for each, a < b when both are rounded to floats.
#if VECTOR_BYTES == 64
inline unsigned lanes_less_as_float(vec<double> a, vec<double> b) {
  return unsigned(_mm256_movemask_ps(_mm256_cmp_ps(_mm512_cvtpd_ps(a.v), _mm512_cvtpd_ps(b.v), _CMP_LT_OQ)));
}
#elif VECTOR_BYTES == 32
inline unsigned lanes_less_as_float(vec<double> a, vec<double> b) {
  return unsigned(_mm_movemask_ps(_mm_cmp_ps(_mm256_cvtpd_ps(a.v), _mm256_cvtpd_ps(b.v), _CMP_LT_OQ)));
}
#elif defined(__wasm__)
inline unsigned lanes_less_as_float(vec<double> a, vec<double> b) {
  return wasm_i32x4_bitmask(wasm_f32x4_lt(wasm_f32x4_demote_f64x2_zero(a.v), wasm_f32x4_demote_f64x2_zero(b.v)));
}
#else
inline unsigned lanes_less_as_float(vec<double> a, vec<double> b) {
  uint32x2_t less = vclt_f32(vcvt_f32_f64(a.v), vcvt_f32_f64(b.v));
  return (vget_lane_u32(less, 0) & 1) | (vget_lane_u32(less, 1) & 2);
}
#endif

} // namespace
