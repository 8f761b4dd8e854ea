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

// Elements at a time. ns per element of sigmoid where it is asked after each 1024 of 65536 elements 0.197, after 8192
// 0.189, after 16384 0.185 (`npm run bench -- --function sigmoid --size 65536`, Sapphire Rapids). Fewer the first time
// in a call, as a call may be all there is. What is left of a row until inputs are no longer looked at, in whichever
// calls: so many times, and then a trial, which where it fails takes 60 times as long, an eighth of all of these.
constexpr size_t watched_elements = 8192, first_elements = 2048, trial_elements = 256;
constexpr uint8_t careful_times = 16, trial = 1, trusted = 0;
inline std::atomic<uint8_t> careful_left[activation_count];
#endif

// y[i] = f(x[i]), past the cache or not.
inline void run_values(const kernels &set, activation op, parameters p, arithmetic how, const void *x, void *y,
                       size_t n, bool past_cache = false) {
  const row_kernels &row = *set.rows[op];
  const size_t size = element_size(how);
  const auto run = [&](map_function *values, size_t i, size_t count) {
    values(at(x, i * size), at(y, i * size), count, p);
  };
  // Where it is read, a place is in the cache.
  if (row.past_cache[how] == nullptr || x == y) past_cache = false;
#if defined(__x86_64__)
  // A short call is not worth it, and what has replaced its input cannot be done again.
  if (how == float32 && row.usual != nullptr && n >= block_elements && x != y) {
    map_function *const usual = past_cache ? row.past_cache[how] : row.usual;
    std::atomic<uint8_t> &left = careful_left[op];
    bool has_met = true; // Or somebody else has.
    for (size_t i = 0, count; i < n; i += count) {
      count = std::min(past_cache ? grain_elements : i == 0 ? first_elements : watched_elements, n - i);
      const uint8_t times = left.load(std::memory_order_relaxed);
      if (times > trial) {
        left.store(uint8_t(times - 1), std::memory_order_relaxed);
        has_met = true;
      } else {
        if (times == trial) count = std::min(trial_elements, n - i);
        if (has_met) has_met_subnormal();
        run(usual, i, count);
        has_met = has_met_subnormal();
        if (has_met || times == trial) left.store(has_met ? careful_times : trusted, std::memory_order_relaxed);
        if (!has_met) continue;
      }
      run(row.map[how], i, count);
    }
    return;
  }
#endif
  run(past_cache ? row.past_cache[how] : row.map[how], 0, n);
}

} // namespace nonlin
