// Calls on arrays of halves: by blocks that stay in the core's own cache, computed by the kernels for floats and
// rounded once. What a float leaves open, the double lanes' kernels decide, and in the last resort numbers of 106 bits.
#pragma once

#include "kernels.h"

namespace nonlin {

// y = f(x), or g f'(x) where there is a g, correctly rounded; each has n elements, and y is an input or overlaps none.
void run_halves(const kernels &set, activation op, parameters p, half type, const void *g, const void *x, void *y,
                size_t n, unsigned threads);

// Softmax or its logarithm over the middle dimension of x as [outer, length, inner], or where there is a g its
// gradient. False, and nothing written, where there is no memory for floats.
bool run_half_slices(const kernels &set, slice what, half type, const void *g, const void *x, void *y, size_t outer,
                     size_t length, size_t inner, unsigned threads);

inline const uint16_t *halves_at(const void *p, size_t i) { return static_cast<const uint16_t *>(p) + i; }
inline uint16_t *halves_at(void *p, size_t i) { return static_cast<uint16_t *>(p) + i; }

// A type of numbers in memory as a call's record counts them, of those that are converted.
enum number_type : unsigned { number_float32 = float32, number_float64 = float64, number_half = arithmetic_count };
constexpr unsigned number_type_count = number_half + unsigned(half_count);
constexpr bool is_number_type(int32_t type) {
  return type == number_float32 || (type >= int32_t(number_float64) && type < int32_t(number_type_count));
}
constexpr size_t number_size(unsigned type) {
  return type >= number_half ? sizeof(uint16_t) : type == number_float64 ? sizeof(double) : sizeof(float);
}

// The numbers of x in the type of y, each rounded once, to the nearest; x and y share no memory.
void run_convert(const kernels &set, unsigned from, unsigned to, const void *x, void *y, size_t n, unsigned threads);

} // namespace nonlin
