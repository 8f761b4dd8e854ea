// What formulas may call that are as a textbook has them (`textbook` in rows.h), besides + - * /, comparisons, select,
// sqrt, abs, copysign, min, max, sigmoid and tanh. Here all are computed in double lanes; numbers without bounds have
// the same (exact/unbounded.h).
#pragma once

#include "formulas/logistic.h"
#include "formulas/softplus.h"

namespace {

template <class T> vec<T> square(vec<T> x) { return x * x; }
template <class T> vec<T> cube(vec<T> x) { return x * x * x; }

// e^x, and zero or infinity where it is out of range.
inline vec<double> exp(vec<double> x) {
  const exponential<double> e = exponential_of(max(min(x, 800.0), -800.0));
  return ldexp(1 + e.minus_one, e.shifted - shifter<double>);
}
// e^x - 1, beyond 1 / 2 as a difference; -0 of -0.
inline vec<double> expm1(vec<double> x) {
  const exponential<double> e = exponential_of(max(min(x, 0.5), -0.5));
  const vec<double> power = add_exponent(vec<double>(1.0), e.shifted);
  return copysign(abs(select(abs(x) < 0.5, fma(power, e.minus_one, power - 1), exp(x) - 1)), x);
}

} // namespace
