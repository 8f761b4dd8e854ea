// Numbers of 16 bits: they are computed in float lanes, and those that a float leaves open once more.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nonlin {

// In a call's record they are counted behind the kinds of arithmetic.
enum half : unsigned { float16, bfloat16, half_count };

// Halves as floats, exactly; y has room for a whole vector more.
using widen_function = void(const uint16_t *x, float *y, size_t n);
// Floats to the nearest halves.
using narrow_function = void(const float *x, uint16_t *y, size_t n);
// The same of doubles.
using widen_to_doubles_function = void(const uint16_t *x, double *y, size_t n);
using narrow_doubles_function = void(const double *x, uint16_t *y, size_t n);

// What float lanes may be wrong by: `relative` in shares of a result's size; and within `width` of the zero of a slope
// `beside_zero` in shares of the incoming gradient. No width is no such place.
struct float_error {
  float relative, zero = 0, width = 0, beside_zero = 0;
  // By which sign a result differs from x / 2 where that is a subnormal number (rows.h), of bfloat16 a middle at times.
  int32_t beside_half = unknown_side;

  static constexpr int32_t unknown_side = 2;
};

// Results that a float leaves open: where they belong, and what they are of.
struct open_results {
  static constexpr size_t most = 2048, room = most + 16; // A vector more.
  size_t count = 0;
  int32_t places[room];
  float x[room], g[room];
};
// y to halves, `most` of them at most, and those that are open put aside; their places are counted from `place`. A
// value has no g. Of x, y and g a vector more may be read.
using round_function = void(const float *y, const float *x, const float *g, uint16_t *to, size_t n,
                            const float_error &error, open_results &open, size_t place);

} // namespace nonlin
