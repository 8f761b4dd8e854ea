// One call on whole arrays: which kernel serves it, how it is shared among threads, and whether it writes past the
// cache.
#pragma once

#include "kernels.h"
#include "machine/strided.h"

namespace nonlin {

// Calls on fewer elements stay on the caller's thread, whatever they compute.
constexpr size_t parallel_elements = 131072;

// y = f(x), or g * f'(x) where there is a g; each array has n elements.
void run_map(const kernels &set, activation op, parameters p, arithmetic how, const void *g, const void *x, void *y,
             size_t n, unsigned threads);

// The same, or where there is a `by` the gate f(x) by, on arrays that lie in steps: x and y, with g before x or `by`
// behind it. y is an input that lies in the same steps, or shares no memory with them.
void run_map_strided(const kernels &set, activation op, parameters p, arithmetic how, const void *g, const void *x,
                     const void *by, void *y, const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first,
                     unsigned threads);

// y = a + b and so on, on arrays that lie in steps, a, b and y.
void run_combine_strided(const kernels &set, operation what, arithmetic how, const void *a, const void *b, void *y,
                         const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first, unsigned threads);

// y = f(a) b, element by element: a gate.
void run_gate(const kernels &set, activation op, parameters p, arithmetic how, const void *a, const void *b, void *y,
              size_t n, unsigned threads);
// Its two gradients, g b f'(a) and g f(a). Each is an input or overlaps none, nor do they overlap each other.
void run_gate_gradient(const kernels &set, activation op, parameters p, arithmetic how, const void *g, const void *a,
                       const void *b, void *da, void *db, size_t n, unsigned threads);

// prelu, with a slope for each channel, the middle dimension of x as [outer, length, inner]; where there is a g, its
// gradient. No size is 0.
void run_channels(const kernels &set, arithmetic how, const void *g, const void *x, const void *slopes, void *y,
                  size_t outer, size_t length, size_t inner, unsigned threads);
// Its gradient by the slopes: for each channel the sum of g x over the x below 0.
void run_channel_sums(const kernels &set, arithmetic how, const void *g, const void *x, double *sums, size_t outer,
                      size_t length, size_t inner, unsigned threads);

// Over the middle dimension of x as [outer, length, inner]; where there is a g, its gradient. No size is 0.
void run_slices(const kernels &set, slice what, arithmetic how, const void *g, const void *x, void *y, size_t outer,
                size_t length, size_t inner, unsigned threads);
// The same on arrays that lie in steps, over their first dimension, of at most this many elements. False where there is
// no memory for slices as rows.
constexpr size_t most_strided_slice = 16384;
bool run_slices_strided(const kernels &set, slice what, arithmetic how, const void *g, const void *x, void *y,
                        const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first, unsigned threads);
// Where in a mask each of the outer slices begins: as a number whose digits are the steps taken, the innermost first.
struct outer_steps {
  static constexpr size_t most = 4;
  size_t count = 0, sizes[most], strides[most];
};
// The same under conditions, of which the mask is that of the first slice. False where there is no memory for columns
// as rows.
bool run_conditioned(const kernels &set, slice what, arithmetic how, const conditions &c, const outer_steps &steps,
                     const void *g, const void *x, void *y, size_t outer, size_t length, size_t inner,
                     unsigned threads);
// The maximum of each slice and log(sum(e^(x - maximum))), as [outer, inner].
void run_log_parts(const kernels &set, arithmetic how, const void *x, double *maxima, double *logs, size_t outer,
                   size_t length, size_t inner, unsigned threads);

} // namespace nonlin
