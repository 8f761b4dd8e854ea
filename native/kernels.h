// What one instruction set offers: a table of functions on raw arrays. Nothing here knows of JavaScript or of threads.
#pragma once

#include "exact/halves.h"
#include "machine/strided.h"
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
// Where something is to be written past the cache, as `stream`, `past_cache` or the function itself says, y lies at a
// multiple of an element's size, and there is a fence() to come.
using map_function = void(const void *x, void *y, size_t n, parameters p);
using map_grad_function = void(const void *g, const void *x, void *y, size_t n, parameters p);
// y = f(x) by
using gate_function = void(const void *x, const void *by, void *y, size_t n, bool past_cache);

// y = a + b and so on.
enum operation : unsigned { addition, subtraction, multiplication, division, operation_count };
using combine_function = void(const void *a, const void *b, void *y, size_t n, bool stream);

// leakyRelu with a slope for each element, its gradient, and that by the slopes: g x where x is below 0, added to sums
// in double, one for each element, whose rounding errors go to `lost`.
using slopes_function = void(const void *x, const void *slopes, void *y, size_t n, bool stream);
using slopes_grad_function = void(const void *g, const void *x, const void *slopes, void *y, size_t n);
using add_slopes_grad_function = void(const void *g, const void *x, double *sums, double *lost, size_t n);

// For gradients of floats of which some are small (run/values.h). y is x, and where that is smaller than `below` and
// not zero, `at` with its sign.
using stand_in_function = void(const void *x, void *y, size_t n, float below, float at);
// The products of g and a slope where it, or g, is a subnormal number or zero, but not where the slope is so small, or
// infinite, that the loops know more of it: to `products`, which elsewhere is -0, and to `rest` g, but zeros where
// there is a product. Says whether there is an elsewhere.
using part_function = bool(const void *g, const float *slopes, float *products, float *rest, size_t n);
// Whether any x is smaller than `below` and not zero, or larger than `most`, or NaN.
using has_unusual_function = bool(const void *x, size_t n, float below, float most);

// The loops of a row.
struct row_kernels {
  map_function *map[arithmetic_count];
  map_grad_function *map_grad[arithmetic_count];
  // map[float32] of unusual inputs (run/values.h), or nothing; and what writes past the cache, where that gains
  // something.
  map_function *careful, *past_cache[arithmetic_count];
  map_grad_function *past_cache_grad[arithmetic_count];
  map_grad_function *careful_grad; // The same of map_grad, where it has a loop of its own.
  gate_function *gate;             // Of float32, or nothing.
  map_function *lenient;           // With the bits of `careful`, which it may stand for where it is faster, or nothing.
};

// The loops of a function over slices, and of its gradient.
struct slice_kernels {
  rows_function *rows[arithmetic_count];
  columns_function *columns[arithmetic_count];
  rows_grad_function *rows_grad[arithmetic_count];
  columns_grad_function *columns_grad[arithmetic_count];
};

// The same under conditions, forward and gradient in one; of columns only the values, and without a temperature or what
// is added.
struct conditioned_kernels {
  conditioned_rows_function *rows[arithmetic_count];
  conditioned_columns_function *columns[arithmetic_count];
};

// Of floats, as fast where subnormal numbers are multiplied or made; none where no processor tells of them
// (run/values.h).
struct careful_products {
  void (*product)(const void *a, const void *b, void *y, size_t n);
  void (*product_or_none)(const void *a, const void *b, void *y, size_t n); // 0 where b is.
  void (*slopes)(const void *x, const void *slopes, void *y, size_t n);
  slopes_grad_function *slopes_grad;
};

struct kernels {
  const char *name;
  size_t register_bytes;
  const row_kernels *rows[activation_count];
  combine_function *combine[operation_count][arithmetic_count];
  transpose_function *transpose[arithmetic_count];
  slopes_function *slopes[arithmetic_count];
  slopes_grad_function *slopes_grad[arithmetic_count];
  careful_products carefully;
  stand_in_function *stand_in;
  part_function *part_small;
  has_unusual_function *has_unusual;
  add_slopes_grad_function *add_slopes_grad[arithmetic_count];
  widen_function *widen[half_count];
  narrow_function *narrow[half_count];
  widen_to_doubles_function *widen_to_doubles[half_count];
  narrow_doubles_function *narrow_doubles[half_count];
  round_function *round[half_count];
  slice_kernels slices[slice_count];
  const conditioned_kernels *conditioned[slice_count];
  log_parts_rows_function *log_parts_rows[arithmetic_count];
  log_parts_columns_function *log_parts_columns[arithmetic_count];
};

extern const kernels avx512, avx2, neon, wasm;

} // namespace nonlin
