// What one instruction set offers: a table of functions on raw arrays. Nothing here knows of JavaScript or of threads.
#pragma once

#include <cstddef>

namespace nonlin {

enum activation : unsigned {
#define ACTIVATION(name, value, gradient, ...) activation_##name,
#include "activations.def"
#undef ACTIVATION
  activation_count
};

// The numbers that a formula calls a and b. lib/ has rounded them to the array's dtype.
struct parameters {
  double a = 0, b = 0;
};

// Where the slope of a row is zero, about: `at`, or with `over_a` at / a. Beside it the slope is what is left of larger
// terms, and its error is relative to these. By default nowhere.
struct zero_of_slope {
  double at = __builtin_inf();
  bool over_a = false;

  constexpr double of(parameters p) const { return over_a ? at / p.a : at; }
};

// What a row says of itself besides its formulas.
struct row {
  const char *called;
  // A result is rounded once or not at all, also in float lanes: there is nothing for `exact` to do better.
  bool one_rounding = false;
  // For `exact`, which tries quick.h first where that is known to be off by no more than this, for the value and for
  // the slope: in units of the last of 53 bits, powers of two above the error.
  double quick_error = 0, quick_slope_error = 0;
  zero_of_slope zero = {};
};
constexpr row rows[] = {
#define ACTIVATION(name, value, gradient, ...) {.called = #name, __VA_ARGS__},
#include "activations.def"
#undef ACTIVATION
};

// The element in memory and the lane it is computed in.
enum arithmetic : unsigned {
  float32,       // float in float lanes
  float32_exact, // float in double lanes, rounded once; activations correctly (exact.h)
  float64,       // double in double lanes
  arithmetic_count
};

// Arrays are typed by the arithmetic, and may begin at any address. y is one of the inputs or overlaps none.
// `stream` writes y past the cache: for outputs that it could not hold, at a multiple of an element's size.
using map_function = void(const void *x, void *y, size_t n, parameters p, bool stream);
using map_grad_function = void(const void *g, const void *x, void *y, size_t n, parameters p);
// Softmax of each of `rows` contiguous rows.
using softmax_rows_function = void(const void *x, void *y, size_t rows, size_t length, bool stream);
using softmax_rows_grad_function = void(const void *g, const void *x, void *y, size_t rows, size_t length);
// Softmax of each of the first `columns` columns of a [length, inner] matrix.
using softmax_columns_function = void(const void *x, void *y, size_t length, size_t inner, size_t columns);
using softmax_columns_grad_function = void(const void *g, const void *x, void *y, size_t length, size_t inner,
                                           size_t columns);

struct kernels {
  const char *name;
  map_function *map[activation_count][arithmetic_count];
  map_grad_function *map_grad[activation_count][arithmetic_count];
  softmax_rows_function *softmax_rows[arithmetic_count];
  softmax_columns_function *softmax_columns[arithmetic_count];
  softmax_rows_grad_function *softmax_rows_grad[arithmetic_count];
  softmax_columns_grad_function *softmax_columns_grad[arithmetic_count];
};

extern const kernels avx512, avx2, neon;

} // namespace nonlin
