// Softmax of floats, correctly rounded, and its gradient within 1 ulp: what `exact` asks for the slices of which double
// lanes leave a share open (softmax/shares.h), or lack digits of a gradient (softmax/gradients/near_mean.h). One for
// all instruction sets of a processor's family, as it need not be fast.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nonlin {

// The entries of a slice, each so many floats from the one before: x over a temperature, and what a mask, if there is
// one, makes of it. An element is added, and an entry whose flag is 0, or to which -Infinity is added, is left out.
struct open_slice {
  const float *x;
  size_t step;
  double temperature = 1;
  const float *added = nullptr;
  const uint8_t *flags = nullptr;
  size_t along = 0;                      // From one element of the mask to the next.
  double of_nothing = __builtin_nan(""); // The shares where no entry is left.
};

// y may be x, and its entries lie as far apart.
void correctly_rounded_shares(const open_slice &slice, float *y, size_t length);
// Its gradient, of a slice that has a share; g lies as x, and y may be either. `middle` is a float near the mean of g.
void close_gradient(const open_slice &slice, const float *g, double middle, float *y, size_t length);

} // namespace nonlin
