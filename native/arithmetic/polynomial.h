// Polynomials on vectors.
#pragma once

#include "arithmetic/simd.h"

namespace {

// The sum of c[i] x^i, n > 2. Even and odd powers are summed apart, so that they need not wait for each other; c[0],
// the largest as a rule, comes last, so that its rounding is the only large one.
template <class T, size_t n> vec<T> polynomial(const T (&c)[n], vec<T> x) {
  constexpr size_t last_even = (n - 1) / 2 * 2, last_odd = n / 2 * 2 - 1;
  vec<T> square = x * x, even = c[last_even], odd = c[last_odd];
  for (size_t i = last_even; i > 2; i -= 2)
    even = fma(even, square, c[i - 2]);
  for (size_t i = last_odd; i > 1; i -= 2)
    odd = fma(odd, square, c[i - 2]);
  return fma(fma(even, x, odd), x, c[0]);
}
// The same from the last term on, one after another: where the signs alternate the sums of even and of odd powers, and
// so their roundings, are larger than what they make.
template <class T, size_t n> vec<T> alternating_polynomial(const T (&c)[n], vec<T> x) {
  vec<T> sum = c[n - 1];
  for (size_t i = n - 1; i-- > 0;)
    sum = fma(sum, x, c[i]);
  return sum;
}

} // namespace
