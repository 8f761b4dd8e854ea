// Numbers of 16 bits: they are computed in float lanes, and those that a float leaves open once more.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nonlin {

// In a call's record they are counted behind the kinds of arithmetic.
enum half : unsigned { float16, bfloat16, half_count };

// Halves as floats, exactly; y has room for a whole vector more.
using widen_function = void(const uint16_t *x, float *y, size_t n);
// y to halves, where that is certain, the others to `open`: floats are known but for an error of `relative` of their
// size and where |x - zero| < width one of `beside` of g, which is 1 where there is none. Those put aside are counted
// from `place`.
struct uncertainty {
  float relative, zero, width, beside;
};
struct open_results {
  static constexpr size_t most = 2048;
  size_t count = 0;
  uint32_t places[most];
  float x[most], g[most];
};
using round_function = void(const float *y, const float *x, const float *g, uint16_t *to, size_t n,
                            const uncertainty &u, open_results &open, size_t place);

} // namespace nonlin
