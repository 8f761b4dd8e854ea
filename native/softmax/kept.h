// Where a loop keeps exponentials between two readings. Not on the stack, of which a caller that has recursed to its
// end leaves less than that, but of each thread: one that finds no room for what it is to have ends the process.
#pragma once

#include "machine/thread_memory.h"

#include <cstddef>

namespace nonlin {

// 256 KiB of rows and of a matrix, and what places them, or twice as many of a band of columns. ns per element of
// softmax over axis 0 of [1500, 1000] and [2000, 1000], bands of half as much and so: 0.60 and 0.38, 0.72 and 0.51; in
// `exact` 1.1 and 0.77, 1.4 and 0.97 (AVX-512, Zen 5).
constexpr size_t kept_bytes = size_t(256) << 10, kept_band_bytes = 2 * kept_bytes, page_bytes = 4096;
constexpr size_t kept_and_place = kept_bytes + 2 * page_bytes + 64;

#if !defined(_WIN32)
// For all instruction sets, of which a call has one (kept.cpp).
alignas(64) extern constinit thread_local char kept_memory[kept_band_bytes];
#endif

} // namespace nonlin

namespace {

using nonlin::kept_bytes, nonlin::kept_band_bytes, nonlin::kept_and_place, nonlin::page_bytes;

#if defined(KEEPS_APART) // While loops that it calls keep something too.
constexpr size_t kept_here_bytes = kept_and_place;
#else
constexpr size_t kept_here_bytes = kept_band_bytes;
#endif
#if defined(_WIN32)
nonlin::thread_slot kept_slot;
#elif defined(KEEPS_APART)
alignas(64) thread_local char kept_memory[kept_here_bytes];
#else
using nonlin::kept_memory;
#endif

template <class Kept> [[gnu::noinline]] Kept &kept_here() {
  static_assert(sizeof(Kept) <= kept_here_bytes);
#if defined(_WIN32)
  return *static_cast<Kept *>(nonlin::thread_memory(kept_slot, kept_here_bytes));
#else
  return reinterpret_cast<Kept &>(kept_memory);
#endif
}

} // namespace
