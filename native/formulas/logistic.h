// The logistic function, the hyperbolic tangent and their slopes. A function with a symmetry is computed from its
// negative half, where nothing cancels. So the tails keep the digits that 1 + tanh(x) loses.
#pragma once

#include "arithmetic/primitives.h"

namespace {

// 1 / (1 + e^-x). From 40 on it is 1.
template <class T> vec<T> sigmoid(vec<T> x) { return tiny<T> / one_plus_exp_minus(max(min(x, 40), -exp_end<T>)); }
// y (1 - y), y = sigmoid(-|x|)
template <class T> vec<T> sigmoid_slope(vec<T> x) {
  vec<T> y = tiny<T> / one_plus_exp_minus(max(-abs(x), -exp_end<T>));
  return fma(-y, y, y);
}

template <class T> vec<T> tanh(vec<T> x) { return copysign(tanh_tail(min(abs(x), tanh_end<T>)), x); }
// 1 / cosh(x)^2 = 4 y (1 - y), y = sigmoid(-2|x|). This is in terms of 4 y, which is normal for some subnormal y.
template <class T> vec<T> tanh_slope(vec<T> x) {
  vec<T> y4 = 4 * tiny<T> / one_plus_exp_minus(max(-2 * abs(x), -exp_end<T>));
  return fma(T(-0.25) * y4, y4, y4);
}

} // namespace
