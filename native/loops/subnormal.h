// What a processor makes of subnormal numbers: whether they take it long, and whether it says that it has met any.
#pragma once

#include <atomic>
#include <chrono>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nonlin {

#if defined(__x86_64__)
// Whether this thread has read a subnormal number, or made one by rounding, since it was last asked. Not one that is
// exact: a power of two times the smallest normal numbers takes as long, unseen.
inline bool has_met_subnormal() {
  constexpr unsigned denormal = 0x2, underflow = 0x10, state_of_both = denormal | underflow;
  const unsigned state = _mm_getcsr();
  if ((state & state_of_both) == 0) return false;
  _mm_setcsr(state & ~state_of_both);
  return true;
}
// While it lives nothing tells: of what makes subnormal numbers, and does not take long. Only time depends on it.
struct untold {
  const unsigned state = _mm_getcsr();
  [[gnu::always_inline]] untold() {}
  [[gnu::always_inline]] ~untold() { _mm_setcsr(state); }
};
// Whether that is so here, and not where another processor stands for this one (Rosetta, Valgrind).
inline const bool tells_subnormal = [] {
  volatile float least = 0x1p-149f;
  has_met_subnormal();
  least = least * 0.75f;
  return has_met_subnormal();
}();
#endif

#if !defined(__wasm__)
// Whether products of subnormal numbers take much longer than others. Intel's processors take 35 ns for one, a hundred
// times as long, AMD's Zen 4 up to three times as long: there the usual way is faster for any input. No bit depends on
// it (run/values.h). Six times is between the two. The shortest of a few, as the thread may be interrupted.
inline std::atomic<bool> measured_slow = [] {
  const auto time_of = [](float number) {
    using clock = std::chrono::steady_clock;
    volatile float x = number, y;
    auto least = clock::duration::max();
    for (int turn = 0; turn < 6; turn++) {
      const auto begin = clock::now();
      for (int i = 0; i < 1024; i++)
        y = x * 0.75f;
      const auto time = clock::now() - begin;
      least = time < least ? time : least;
    }
    static_cast<void>(y);
    return least;
  };
  return time_of(0x1.5p-128f) > 6 * time_of(1.5f);
}();
inline bool subnormals_are_slow() { return measured_slow.load(std::memory_order_relaxed); }
#else
inline bool subnormals_are_slow() { return true; }
#endif
#if !defined(__x86_64__)
struct untold {
  untold() {}
};
#endif

} // namespace nonlin
