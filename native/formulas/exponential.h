// Activations that are exponentials of negative inputs: elu and its kin.
#pragma once

#include "arithmetic/primitives.h"

namespace {

// e^x - 1 for x <= 0. Where no power of two is taken out it is exp_minus_one itself, so that near 0 no digit is lost.
template <class T> vec<T> expm1_below(vec<T> x) {
  const exponential<T> e = exponential_of(max(x, -T(40)));
  const vec<T> power = add_exponent(vec<T>(T(1)), e.shifted);
  return fma(power, e.minus_one, power - T(1));
}
// e^x * huge for x <= 0. Beyond the end it is zero, so that no factor makes something of it.
template <class T> vec<T> exp_below(vec<T> x) {
  const vec<T> y = exp_times(vec<T>(huge<T>), exponential_of(max(x, -exp_end<T>)));
  return select(x < -exp_end<T>, vec<T>(T(0)), y);
}

// x from 0 on, and a (e^x - 1) below.
template <class T> vec<T> elu(vec<T> x, vec<T> a) { return select(x < 0, a * expm1_below(x), x); }
template <class T> vec<T> elu_slope(vec<T> x, vec<T> a) {
  return select(x > 0, vec<T>(T(1)), a * exp_below(x) * (1 / huge<T>));
}

} // namespace
