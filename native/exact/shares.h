// Softmax of floats, correctly rounded: what `exact` asks for the slices of which double lanes leave a share open, one
// entry in some thirty millions (softmax/decided.h). One for all instruction sets of a processor's family.
#pragma once

#include <cstddef>

namespace nonlin {

// Of a slice whose entries, as those of y, lie so many floats apart. y may be x. Its largest entry is a number.
void correctly_rounded_shares(const float *x, float *y, size_t length, size_t step);

} // namespace nonlin
