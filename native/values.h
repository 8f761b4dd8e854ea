// The values of a row of up to a piece of work. In float lanes there are two loops for them with the same bits: one
// looks at each input first (loops/unusual.h), which takes up to a fifth longer, and one does not, which takes ten
// times as long or more where it meets subnormal numbers. A processor that says whether it met any gets the second
// until it does: then what it has done is done again by the first, and so are the next ones.
#pragma once

#include "work.h"

#include <atomic>

namespace nonlin {

#if defined(__x86_64__)
// Whether this thread has made a subnormal number, or read one, since it was last asked.
inline bool has_met_subnormal() {
  constexpr unsigned denormal = 0x2, underflow = 0x10, state_of_both = denormal | underflow;
  const unsigned state = _mm_getcsr();
  if ((state & state_of_both) == 0) return false;
  _mm_setcsr(state & ~state_of_both);
  return true;
}

// Elements at a time, so that asking costs nothing beside them; and as many times of a row, in whichever calls, the
// first loop is taken after the second had to be.
constexpr size_t watched_elements = 4096;
constexpr uint8_t careful_times = 31;
inline std::atomic<uint8_t> careful_left[activation_count];
#endif

// y[i] = f(x[i]).
inline void run_values(const kernels &set, activation op, parameters p, arithmetic how, const void *x, void *y,
                       size_t n) {
  const row_kernels &row = *set.rows[op];
#if defined(__x86_64__)
  // A short call is not worth it, and what has replaced its input cannot be done again.
  if (how == float32 && row.usual != nullptr && n >= block_elements && x != y) {
    bool is_clear = false;
    for (size_t i = 0; i < n; i += watched_elements) {
      const void *const from = at(x, i * sizeof(float));
      void *const to = at(y, i * sizeof(float));
      const size_t count = std::min(watched_elements, n - i);
      const uint8_t left = careful_left[op].load(std::memory_order_relaxed);
      if (left == 0) {
        if (!is_clear) has_met_subnormal();
        row.usual(from, to, count, p);
        is_clear = true;
        if (!has_met_subnormal()) continue;
      }
      careful_left[op].store(left == 0 ? careful_times : uint8_t(left - 1), std::memory_order_relaxed);
      row.map[how](from, to, count, p);
      is_clear = false;
    }
    return;
  }
#endif
  row.map[how](x, y, n, p);
}

// The same past the cache.
inline void stream_values(const kernels &set, activation op, parameters p, arithmetic how, const void *x, void *y,
                          size_t n) {
  const size_t size = element_size(how);
  for (size_t i = 0; i < n; i += block_elements) {
    block values;
    const size_t count = std::min(block_elements, n - i);
    run_values(set, op, p, how, at(x, i * size), values.bytes, count);
    if (how == float64)
      copy_past_cache<double>(values.bytes, at(y, i * size), count);
    else
      copy_past_cache<float>(values.bytes, at(y, i * size), count);
  }
}

} // namespace nonlin
