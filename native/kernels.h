// What one instruction set offers: a table of functions on raw arrays. Nothing here knows of JavaScript or of threads.
#pragma once

#include "exact/halves.h"
#include "rows/rows.h"
#include "softmax/loops.h"

#include <cstddef>

namespace nonlin {

// The element in memory and the lane it is computed in.
enum arithmetic : unsigned {
  float32,       // float in float lanes
  float32_exact, // float in double lanes, rounded once; activations correctly (exact.h)
  float64,       // double in double lanes
  arithmetic_count
};

// What is computed over a dimension.
enum slice : unsigned { softmax_slice, log_softmax_slice, slice_count };

// Arrays are typed by the arithmetic, and may begin at any address. y is one of the inputs or overlaps none.
// Where something is to be written past the cache, by `stream` or of its own, y lies at a multiple of an element's
// size.
using map_function = void(const void *x, void *y, size_t n, parameters p);
using map_grad_function = void(const void *g, const void *x, void *y, size_t n, parameters p);

// y = a b.
using multiply_function = void(const void *a, const void *b, void *y, size_t n, bool stream);

// leakyRelu with a slope for each element, its gradient, and that by the slopes: g x where x is below 0, added to sums
// in double, one for each element, whose rounding errors go to `lost`.
using slopes_function = void(const void *x, const void *slopes, void *y, size_t n, bool stream);
using slopes_grad_function = void(const void *g, const void *x, const void *slopes, void *y, size_t n);
using add_slopes_grad_function = void(const void *g, const void *x, double *sums, double *lost, size_t n);

// The loops of a row.
struct row_kernels {
  map_function *map[arithmetic_count];
  map_grad_function *map_grad[arithmetic_count];
  // map[float32] for inputs that are not asked whether they are usual (values.h), or nothing; and what, past the cache,
  // takes the place of either, where that gains something.
  map_function *usual, *past_cache[arithmetic_count];
};

// The loops of a function over slices, and of its gradient.
struct slice_kernels {
  rows_function *rows[arithmetic_count];
  columns_function *columns[arithmetic_count];
  rows_grad_function *rows_grad[arithmetic_count];
  columns_grad_function *columns_grad[arithmetic_count];
};

// The same under conditions, forward and gradient in one.
struct conditioned_kernels {
  conditioned_rows_function *rows[arithmetic_count];
  conditioned_columns_function *columns[arithmetic_count];
};

struct kernels {
  const char *name;
  const row_kernels *rows[activation_count];
  multiply_function *multiply[arithmetic_count];
  slopes_function *slopes[arithmetic_count];
  slopes_grad_function *slopes_grad[arithmetic_count];
  add_slopes_grad_function *add_slopes_grad[arithmetic_count];
  widen_function *widen[half_count];
  narrow_function *narrow[half_count];
  round_function *round[half_count];
  slice_kernels slices[slice_count];
  const conditioned_kernels *conditioned[slice_count];
  log_parts_rows_function *log_parts_rows[arithmetic_count];
  log_parts_columns_function *log_parts_columns[arithmetic_count];
};

extern const kernels avx512, avx2, neon, wasm;

} // namespace nonlin
