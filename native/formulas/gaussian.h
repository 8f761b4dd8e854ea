// x P(N < x) for the normal distribution, and its slope, computed from their negative halves, where nothing cancels: so
// the tails keep the digits that 1 + erf(x) loses.
#pragma once

#include "arithmetic/primitives.h"

namespace {

// max(x, 0), from which what is taken at -infinity leaves -0, the limit. NaN where x is.
template <class T> vec<T> ramp(vec<T> x) { return max(x, T(-0.0)); }
// g'(x) from w * scale = g'(-|x|), where g'(x) + g'(-x) = 1, as for any g(x) = x f(x) with f(x) + f(-x) = 1.
template <class T> vec<T> step_plus(vec<T> x, vec<T> w, T scale) {
  mask<T> negative = x < 0;
  return fma(w, select<T>(negative, scale, -scale), select<T>(negative, 0, 1));
}

// e^(-a*a/2)
template <class T> exponential<T> bell(vec<T> a) { return exponential_of(product(T(-0.5) * a, a)); }
template <class T> vec<T> minus_gelu_tail(vec<T> ramp, vec<T> a) {
  a = min(a, gelu_end<T>);
  return fma(exp_times(gelu_factor(a) * huge<T>, bell(a)), -1 / huge<T>, ramp);
}
template <class T> vec<T> gelu_slope_tail(vec<T> a) {
  a = min(a, gelu_end<T>);
  return exp_times(gelu_slope_factor(a) * huge<T>, bell(a));
}

// x Phi(x) as max(x, 0) - a Phi(-a), a = |x|.
template <class T> vec<T> gelu(vec<T> x) { return minus_gelu_tail(ramp(x), abs(x)); }
// Phi(x) + x phi(x)
template <class T> vec<T> gelu_slope(vec<T> x) { return step_plus(x, gelu_slope_tail(abs(x)), T(1 / huge<T>)); }

} // namespace
