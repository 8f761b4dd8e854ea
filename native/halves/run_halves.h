// Calls on arrays of halves: by blocks that stay in the core's own cache, computed by the kernels for floats and
// rounded once. What a float leaves open, the double lanes' kernels decide, and in the last resort numbers of 106 bits.
#pragma once

#include "kernels.h"

namespace nonlin {

// y = f(x), or g f'(x) where there is a g, correctly rounded; each has n elements, and y is an input or overlaps none.
void run_halves(const kernels &set, activation op, parameters p, half type, const void *g, const void *x, void *y,
                size_t n, unsigned threads);

} // namespace nonlin
