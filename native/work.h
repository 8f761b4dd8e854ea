// What every call on whole arrays goes by: pieces of work for threads, places in memory, and when to write past the
// cache.
#pragma once

#include "kernels.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nonlin {

// Elements in a piece of work: enough to outweigh taking it, few enough that two threads end together.
constexpr size_t grain_elements = 16384;

// Two threads against one, ns per element: relu at 256 Ki 0.095 and 0.085, at 1 Mi 0.056 and 0.083; sigmoid at 128 Ki
// 0.21 and 0.24.
constexpr size_t parallel_short_elements = 524288;

// Outputs of this many bytes and more are written past the cache: half of the last-level cache of the machine measured
// (32 MiB, Zen 4). ns per element of relu with and without, at 4 Mi elements 0.18 and 0.21, at 16 Mi 0.23 and 0.30, at
// 1 Mi 0.15 and 0.09.
constexpr size_t stream_bytes = size_t(16) << 20;

inline const char *at(const void *p, size_t offset) {
  return p == nullptr ? nullptr : static_cast<const char *>(p) + offset;
}
inline char *at(void *p, size_t offset) { return static_cast<char *>(p) + offset; }

inline size_t element_size(arithmetic how) { return how == float64 ? sizeof(double) : sizeof(float); }

// Whether an output of so many bytes is written past the cache. Only stores to whole vectors at aligned places can be,
// and an array that begins within an element (another addon's memory may) has none.
inline bool streams(const void *y, size_t bytes, size_t element) {
  return bytes >= stream_bytes && reinterpret_cast<uintptr_t>(y) % element == 0;
}

// Copies n elements E past the cache; `to` is at a multiple of their size.
template <class E> void copy_past_cache(const void *from, void *to, size_t n) {
  const E *const x = static_cast<const E *>(from);
  E *const y = static_cast<E *>(to);
#if defined(__x86_64__)
  constexpr size_t lanes = sizeof(__m128i) / sizeof(E);
  size_t i = std::min(n, -(reinterpret_cast<uintptr_t>(y) / sizeof(E)) % lanes);
  std::memcpy(y, x, i * sizeof(E));
  for (; i + lanes <= n; i += lanes)
    _mm_stream_si128(reinterpret_cast<__m128i *>(y + i), _mm_loadu_si128(reinterpret_cast<const __m128i *>(x + i)));
  _mm_sfence();
  std::memcpy(y + i, x + i, (n - i) * sizeof(E));
#else
  std::memcpy(y, x, n * sizeof(E));
#endif
}

// The elements of a block, which stays in the core's own cache.
constexpr size_t block_elements = 1024;
struct alignas(64) block {
  char bytes[block_elements * sizeof(double)];
};

} // namespace nonlin
