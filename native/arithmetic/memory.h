// vec<T> between registers and memory: whole vectors, the first lanes of one, or those that a mask has.
#pragma once

#include "arithmetic/simd.h"

#if defined(__x86_64__)
namespace nonlin {
extern const ptrdiff_t claimed_ahead; // claim.cpp
}
#endif

namespace {

// Whole vectors between memory and registers. `E` is the element in memory, `T` the lane it is computed in.
template <class T, class E> vec<T> load(const E *p) {
#if VECTOR_BYTES == 64 // GCC 12 widens in two halves.
  if constexpr (sizeof(T) > sizeof(E)) return _mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif VECTOR_BYTES == 32
  if constexpr (sizeof(T) > sizeof(E)) return _mm256_cvtps_pd(_mm_loadu_ps(p));
#endif
  typedef E memory __attribute__((vector_size(vec<T>::lanes * sizeof(E))));
  memory m;
  __builtin_memcpy(&m, p, sizeof m);
  return __builtin_convertvector(m, typename vec<T>::native);
}
template <class T, class E> void store(E *p, vec<T> a) {
  typedef E memory __attribute__((vector_size(vec<T>::lanes * sizeof(E))));
  memory m = __builtin_convertvector(a.v, memory);
  __builtin_memcpy(p, &m, sizeof m);
}

// A byte for each lane, as integers.
#if VECTOR_BYTES == 64 // GCC 12 widens bytes one by one.
template <class T> typename vec<T>::bits load_bytes(const uint8_t *p) {
  if constexpr (sizeof(T) == 4)
    return typename vec<T>::bits(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p))));
  else
    return typename vec<T>::bits(_mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(p))));
}
#elif VECTOR_BYTES == 32
template <class T> typename vec<T>::bits load_bytes(const uint8_t *p) {
  if constexpr (sizeof(T) == 4) {
    return typename vec<T>::bits(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(p))));
  } else {
    int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    return typename vec<T>::bits(_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four)));
  }
}
#else
template <class T> typename vec<T>::bits load_bytes(const uint8_t *p) {
  typename vec<T>::bits wide;
  for (size_t i = 0; i < vec<T>::lanes; i++)
    wide[i] = p[i];
  return wide;
}
#endif

// Some lanes, in a register of their own where there is one for lanes: those of which a byte is not 0, or where a is b,
// or above it. Of vectors of integers GCC 12 makes such ones again and again.
#if VECTOR_BYTES == 64
template <class T> struct some_lanes {
  __mmask16 m;

  explicit some_lanes(__mmask16 m) : m(m) {}
  explicit some_lanes(const uint8_t *p) {
    const __m128i bytes = sizeof(T) == 4 ? _mm_loadu_si128((const __m128i *)p) : _mm_loadl_epi64((const __m128i *)p);
    m = _mm_test_epi8_mask(bytes, bytes);
  }
  some_lanes(vec<T> a, vec<T> b) {
    if constexpr (sizeof(T) == 4)
      m = _mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ);
    else
      m = _mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ);
  }
  static some_lanes above(vec<float> a, vec<float> b) { return some_lanes(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)); }
  // The first n of them; those in which a is above b, or not below it; those of another besides.
  some_lanes first(size_t n) const { return some_lanes(__mmask16(m & ((1u << n) - 1))); }
  some_lanes where_above(vec<float> a, vec<float> b) const {
    return some_lanes(_mm512_mask_cmp_ps_mask(m, a.v, b.v, _CMP_GT_OQ));
  }
  // Those in which a is above c and below 0, for a c below 0: as integers.
  some_lanes where_below_0_above(float c, vec<float> a) const {
    return some_lanes(_mm512_mask_cmplt_epi32_mask(m, __m512i(a.v), _mm512_set1_epi32(__builtin_bit_cast(int32_t, c))));
  }
  some_lanes operator|(some_lanes other) const { return some_lanes(__mmask16(m | other.m)); }
  unsigned as_bits() const { return m; }
  some_lanes not_below(vec<T> a, vec<T> b) const {
    if constexpr (sizeof(T) == 4)
      return some_lanes(_mm512_mask_cmp_ps_mask(m, a.v, b.v, _CMP_NLT_UQ));
    else
      return some_lanes(_mm512_mask_cmp_pd_mask(__mmask8(m), a.v, b.v, _CMP_NLT_UQ));
  }
  // a, and b in the others.
  vec<T> choose(vec<T> a, vec<T> b) const {
    if constexpr (sizeof(T) == 4)
      return _mm512_mask_mov_ps(b.v, m, a.v);
    else
      return _mm512_mask_mov_pd(b.v, __mmask8(m), a.v);
  }
  // smallest(a, b), and a in the others.
  vec<float> smallest_of(vec<float> a, vec<float> b) const {
    return __m512(_mm512_mask_min_epu32(__m512i(a.v), m, __m512i(a.v), __m512i(b.v)));
  }
};
#else
template <class T> struct some_lanes {
  mask<T> m;

  explicit some_lanes(mask<T> m) : m(m) {}
  explicit some_lanes(const uint8_t *p) : m{load_bytes<T>(p) != 0} {}
  some_lanes(vec<T> a, vec<T> b) : m(a == b) {}
  static some_lanes above(vec<T> a, vec<T> b) { return some_lanes(a > b); }
  some_lanes where_above(vec<T> a, vec<T> b) const { return some_lanes(mask<T>{m.m & (a > b).m}); }
  some_lanes where_below_0_above(float c, vec<float> a) const {
    return some_lanes(mask<T>{m.m & (to_bits(a) < __builtin_bit_cast(int32_t, c))});
  }
  some_lanes operator|(some_lanes other) const { return some_lanes(mask<T>{m.m | other.m.m}); }
  // Where it takes long to tell which, all of them: never few.
  unsigned as_bits() const {
#if VECTOR_BYTES == 32
    return unsigned(_mm256_movemask_ps(__m256(m.m)));
#else
    return (1u << vec<T>::lanes) - 1;
#endif
  }
  some_lanes first(size_t n) const { return some_lanes(mask<T>{m.m & first_lanes<T>(n).m}); }
  some_lanes not_below(vec<T> a, vec<T> b) const { return some_lanes(mask<T>{m.m & ~(a < b).m}); }
  vec<T> choose(vec<T> a, vec<T> b) const { return select(m, a, b); }
  vec<float> smallest_of(vec<float> a, vec<float> b) const { return select(m, smallest(a, b), a); }
};
#endif

// How many elements there are before p until a whole vector of them is aligned; where p lies within an element, some
// number below a vector's.
template <class T, class E> size_t until_aligned(const E *p) {
  return -(reinterpret_cast<uintptr_t>(p) / sizeof(E)) % vec<T>::lanes;
}

// A store that leaves the cache to others; p is aligned to the vector in memory. fence() orders such stores before what
// follows.
template <class T, class E> void store_past_cache(E *p, vec<T> a) {
#if VECTOR_BYTES == 64
  if constexpr (sizeof(T) == 4)
    _mm512_stream_ps(p, a.v);
  else if constexpr (sizeof(E) == 4)
    _mm256_stream_ps(p, _mm512_cvtpd_ps(a.v));
  else
    _mm512_stream_pd(p, a.v);
#elif VECTOR_BYTES == 32
  if constexpr (sizeof(T) == 4)
    _mm256_stream_ps(p, a.v);
  else if constexpr (sizeof(E) == 4)
    _mm_stream_ps(p, _mm256_cvtpd_ps(a.v));
  else
    _mm256_stream_pd(p, a.v);
#else
  store(p, a); // GCC has no such store for NEON, and WebAssembly none at all.
#endif
}
template <bool past_cache, class T, class E> void put_vector(E *p, vec<T> a) {
  if constexpr (past_cache)
    store_past_cache(p, a);
  else
    store(p, a);
}
inline void fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// Asks the next level's cache for the bytes that lie 16 KiB behind p, as the first one's is in use. ns per element of
// 64 Mi, with and without: relu 0.36 and 0.46, sigmoid 0.48 and 0.58, silu 0.51 and 0.65 (`npm run bench -- --size
// 67108864`, Sapphire Rapids); 8 or 32 KiB do as well.
template <size_t bytes> void ask_ahead(const void *p) {
  for (size_t i = 0; i < bytes; i += 64)
    __builtin_prefetch(static_cast<const char *>(p) + (16 << 10) + i, 0, 2);
}

// Asks for bytes somewhat behind p (claim.cpp) as what is about to be written: a store whose cache line is another
// cache's waits for it.
template <size_t bytes> void claim_ahead([[maybe_unused]] void *p) {
#if defined(__x86_64__)
  for (size_t i = 0; i < bytes; i += 64)
    asm volatile("prefetchw %0" : : "m"(static_cast<char *>(p)[nonlin::claimed_ahead + ptrdiff_t(i)]));
#endif
}

// Of what claims memory, a vector that a compiler would load anew for each use, as loads and claims go the same way.
template <class T> vec<T> loaded_once(vec<T> a) {
#if defined(__AVX512F__) || defined(__AVX2__) && VECTOR_BYTES == 32
  asm("" : "+v"(a.v));
#endif
  return a;
}

// The first n lanes only: a load fills the others with zero; neither touches memory from p + n on.
#if VECTOR_BYTES == 64
template <class T, class E> vec<T> load(const E *p, size_t n) {
  const unsigned some = (1u << n) - 1;
  if constexpr (sizeof(T) == 4)
    return _mm512_maskz_loadu_ps(__mmask16(some), p);
  else if constexpr (sizeof(E) == 4)
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(__mmask8(some), p));
  else
    return _mm512_maskz_loadu_pd(__mmask8(some), p);
}
template <class T, class E> void store(E *p, vec<T> a, size_t n) {
  const unsigned some = (1u << n) - 1;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, __mmask16(some), a.v);
  else if constexpr (sizeof(E) == 4)
    _mm256_mask_storeu_ps(p, __mmask8(some), _mm512_cvtpd_ps(a.v));
  else
    _mm512_mask_storeu_pd(p, __mmask8(some), a.v);
}
#elif VECTOR_BYTES == 32
inline __m128i first_four(size_t n) { return _mm256_castsi256_si128(__m256i(first_lanes<float>(n).m)); }
template <class T, class E> vec<T> load(const E *p, size_t n) {
  if constexpr (sizeof(T) == 4)
    return _mm256_maskload_ps(p, __m256i(first_lanes<float>(n).m));
  else if constexpr (sizeof(E) == 4)
    return _mm256_cvtps_pd(_mm_maskload_ps(p, first_four(n)));
  else
    return _mm256_maskload_pd(p, __m256i(first_lanes<double>(n).m));
}
template <class T, class E> void store(E *p, vec<T> a, size_t n) {
  if constexpr (sizeof(T) == 4)
    _mm256_maskstore_ps(p, __m256i(first_lanes<float>(n).m), a.v);
  else if constexpr (sizeof(E) == 4)
    _mm_maskstore_ps(p, first_four(n), _mm256_cvtpd_ps(a.v));
  else
    _mm256_maskstore_pd(p, __m256i(first_lanes<double>(n).m), a.v);
}
#else
template <class T, class E> vec<T> load(const E *p, size_t n) {
  E lanes[vec<T>::lanes] = {};
  __builtin_memcpy(lanes, p, n * sizeof(E));
  return load<T>(lanes);
}
template <class T, class E> void store(E *p, vec<T> a, size_t n) {
  E lanes[vec<T>::lanes];
  store(lanes, a);
  __builtin_memcpy(p, lanes, n * sizeof(E));
}
#endif

// Up to a whole vector.
template <class T, class E> vec<T> load_some(const E *p, size_t n) {
  return n == vec<T>::lanes ? load<T>(p) : load<T>(p, n);
}
template <class T, class E> void store_some(E *p, vec<T> a, size_t n) {
  if (n == vec<T>::lanes)
    store(p, a);
  else
    store(p, a, n);
}
// The same; past the cache a whole vector.
template <bool past_cache, class T, class E> void put_some(E *p, vec<T> a, size_t n) {
  if constexpr (past_cache)
    store_past_cache(p, a);
  else
    store_some(p, a, n);
}

// The lanes of x that `which` has, one after another at `lanes`, and at `places` their numbers, counted from `first`;
// returns how many they are. Behind these, up to a whole vector, anything is written.
#if VECTOR_BYTES == 64
inline size_t compress(vec<float> x, some_lanes<float> which, int32_t first, float *lanes, int32_t *places) {
  const vec<float>::bits numbers = vec<float>::bits{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + first;
  const __m512 left = _mm512_maskz_compress_ps(which.m, x.v);
  const __m512i from = _mm512_maskz_compress_epi32(which.m, __m512i(numbers));
  __builtin_memcpy(lanes, &left, sizeof left);
  __builtin_memcpy(places, &from, sizeof from);
  return count_bits(which.m);
}
// The same without their places; and back again, to those lanes of what lies at y. The instructions leave other lanes
// as they were: to fill these with zeros, they would wait for what the register held before (Zen 5).
inline size_t compress(vec<float> x, some_lanes<float> which, float *lanes) {
  const __m512 left = _mm512_mask_compress_ps(x.v, which.m, x.v);
  __builtin_memcpy(lanes, &left, sizeof left);
  return count_bits(which.m);
}
inline void store(float *y, vec<float> a, some_lanes<float> which) { _mm512_mask_storeu_ps(y, which.m, a.v); }
inline size_t expand(const float *lanes, some_lanes<float> which, float *y) {
  const __m512 from = _mm512_loadu_ps(lanes);
  store(y, vec<float>(_mm512_mask_expand_ps(from, which.m, from)), which);
  return count_bits(which.m);
}
#elif VECTOR_BYTES == 32
// For each set of lanes, as bits, the numbers of those that it has.
struct lane_numbers {
  uint8_t of[256][8];
  constexpr lane_numbers() : of() {
    for (int set = 0; set < 256; set++)
      for (int i = 0, count = 0; i < 8; i++)
        if (set >> i & 1) of[set][count++] = uint8_t(i);
  }
};
constexpr lane_numbers numbers_in;
inline size_t compress(vec<float> x, some_lanes<float> which, int32_t first, float *lanes, int32_t *places) {
  const unsigned some = unsigned(_mm256_movemask_ps(__m256(which.m.m)));
  const __m256i numbers = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(numbers_in.of[some])));
  _mm256_storeu_ps(lanes, _mm256_permutevar8x32_ps(x.v, numbers));
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(places), __m256i(__v8si(numbers) + first));
  return size_t(__builtin_popcount(some));
}
#else
inline size_t compress(vec<float> x, some_lanes<float> which, int32_t first, float *lanes, int32_t *places) {
  size_t count = 0;
  for (size_t i = 0; i < vec<float>::lanes; i++) {
    lanes[count] = x.v[i];
    places[count] = first + int32_t(i);
    count += which.m.m[i] != 0;
  }
  return count;
}
#endif

} // namespace
