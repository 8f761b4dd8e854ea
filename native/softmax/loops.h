// What the loops over slices take: arrays as kernels.h says, and what a slice may be of besides x.
#pragma once

#include <cstddef>

namespace nonlin {

// Of x / temperature and a mask. A byte that is not 0 keeps an entry, an element is added to it; what is left out has a
// share of 0.
struct conditions {
  double temperature; // Of -x, below 0.
  const void *mask;   // Or null.
  bool additive;      // Its elements are x's, and not bytes.
  bool zero;          // A slice without an entry left has shares of 0, and not NaN.
  // From one of its entries to that of the next one of a slice, and to that of the next slice: elements of the mask.
  size_t along, beside;

  // Whether an [length, inner] matrix of x stays one: its mask lies as it does, and no column is looked at by itself.
  bool leave_whole(size_t inner) const { return !zero && (mask == nullptr || (along == inner && beside == 1)); }
};

// Each of `rows` contiguous rows.
using rows_function = void(const void *x, void *y, size_t rows, size_t length, bool stream);
using rows_grad_function = void(const void *g, const void *x, void *y, size_t rows, size_t length);
// Each of the first `columns` columns of each of `slabs` [length, inner] matrices, one after another.
using columns_function = void(const void *x, void *y, size_t slabs, size_t length, size_t inner, size_t columns);
using columns_grad_function = void(const void *g, const void *x, void *y, size_t slabs, size_t length, size_t inner,
                                   size_t columns);

// As above, a gradient where there is a g.
using conditioned_rows_function = void(const void *g, const void *x, void *y, size_t rows, size_t length,
                                       const conditions &c);
// Of one such matrix.
using conditioned_columns_function = void(const void *x, void *y, size_t length, size_t inner, size_t columns,
                                          const conditions &c);

// The maximum of each slice, and the logarithm of sum(e^(x - maximum)).
using log_parts_rows_function = void(const void *x, double *maxima, double *logs, size_t rows, size_t length);
using log_parts_columns_function = void(const void *x, double *maxima, double *logs, size_t slabs, size_t length,
                                        size_t inner, size_t columns);

} // namespace nonlin
