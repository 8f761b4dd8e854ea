// The steps by which `exact` comes to a result (native/exact/exact.h), one by one: what it allows for their errors must
// be so.
#pragma once

#include "prove.h"

namespace prove {

// What is computed first, on quick.h; y has room for a multiple of 8. `allowed` is relative; 0 where there is no such
// step.
struct quick_pass {
  double allowed;
  void (*run)(const float *x, double *y, size_t n, nonlin::parameters);
};
// Values or, with grad = 1, gradients.
quick_pass quick_pass_of(const subject &, direction);

// What decides in the last resort: an unevaluated sum.
struct double_double_result {
  double high, low;
};
double_double_result in_double_double(const subject &, direction, float x);
// Of native/exact/double_double.h, with some to spare; relative to the terms of a slope.
constexpr double double_double_bound = 0x1p-93;

} // namespace prove
