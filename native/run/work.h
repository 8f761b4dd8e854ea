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

// Rows from which on a kernel reads and writes them where they lie; of shorter ones many are copied to one block.
constexpr size_t own_row = 256;

inline const char *at(const void *p, size_t offset) {
  return p == nullptr ? nullptr : static_cast<const char *>(p) + offset;
}
inline char *at(void *p, size_t offset) { return static_cast<char *>(p) + offset; }

inline size_t element_size(arithmetic how) { return how == float64 ? sizeof(double) : sizeof(float); }
inline elements elements_of(const kernels &set, arithmetic how) { return {element_size(how), set.transpose[how]}; }

// Whether an output of so many bytes is written past the cache. Only stores to whole vectors at aligned places can be,
// and an array that begins within an element (another addon's memory may) has none.
inline bool streams([[maybe_unused]] const void *y, [[maybe_unused]] size_t bytes, [[maybe_unused]] size_t element) {
#if defined(__x86_64__)
  return bytes >= stream_bytes && reinterpret_cast<uintptr_t>(y) % element == 0;
#else // GCC has no such stores for NEON, and WebAssembly none at all.
  return false;
#endif
}

// What was written past the cache comes before what follows.
inline void fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// Copies bytes past the cache, to a multiple of an element's size; then there is a fence() to come.
#if defined(__x86_64__)
inline void copy_past_cache(const void *from, void *to, size_t bytes, size_t element) {
  constexpr size_t lane = sizeof(__m128i);
  const char *const x = static_cast<const char *>(from);
  char *const y = static_cast<char *>(to);
  size_t i = std::min(bytes, -(reinterpret_cast<uintptr_t>(y) / element) % (lane / element) * element);
  std::memcpy(y, x, i);
  for (; i + lane <= bytes; i += lane)
    _mm_stream_si128(reinterpret_cast<__m128i *>(y + i), _mm_loadu_si128(reinterpret_cast<const __m128i *>(x + i)));
  std::memcpy(y + i, x + i, bytes - i);
}
#else
inline void copy_past_cache(const void *from, void *to, size_t bytes, size_t) { std::memcpy(to, from, bytes); }
#endif

// The elements of a block, which stays in the core's own cache.
constexpr size_t block_elements = 1024;
struct alignas(64) block {
  char bytes[block_elements * sizeof(double)];
};

} // namespace nonlin
