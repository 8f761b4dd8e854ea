// Activations that are exponentials of negative inputs: elu and its kin.
#pragma once

#include "formulas/exponents.h"

namespace {

// e^x - 1 for x <= 0. Where no power of two is taken out it is exp_minus_one itself, so that near 0 no digit is lost.
template <class T> vec<T> expm1_below(vec<T> x) {
  const exponential<T> e = exponential_of(max(x, -T(40)));
  const vec<T> power = add_exponent(vec<T>(T(1)), e.shifted);
  return fma(power, e.minus_one, power - T(1));
}
// e^x * huge for x <= 0. Beyond the end it is zero, so that no factor makes something of it.
template <class T> vec<T> exp_below(vec<T> x) {
  const vec<T> y = huge_exp(max(minus_abs(x), -exp_end<T>));
  return select(x < -exp_end<T>, vec<T>(T(0)), y);
}

// c e^x for x <= 0: `huge` goes from whichever factor leaves room, so that no product overflows or loses digits on the
// way.
template <class T> vec<T> times_exp_below(vec<T> c, vec<T> x) {
  const mask<T> large = abs(c) > 1;
  const vec<T> first = select(large, c * (1 / huge<T>), c), last = select(large, vec<T>(T(1)), vec<T>(1 / huge<T>));
  return times(times(first, exp_below(x)), last);
}

// x from 0 on, and a (e^x - 1) below.
template <class T> vec<T> elu(vec<T> x, vec<T> a) { return select(x < 0, a * expm1_below(x), x); }
template <class T> vec<T> elu_slope(vec<T> x, vec<T> a) { return select(x > 0, vec<T>(T(1)), times_exp_below(a, x)); }

// x from 0 on, and a (e^(x / a) - 1) below, from z = x / a and what that leaves of x: so nothing is lost in a z that is
// subnormal, either.
template <class T> vec<T> celu(vec<T> x, vec<T> a) {
  const rounded_quotient<T> z(x, a, T(exp_end<T>));
  const vec<T> y = expm1_below(z.value);
  return select(x < 0, fma(a, y, z.rest * (y + T(1))), x);
}
template <class T> vec<T> celu_slope(vec<T> x, vec<T> a) {
  return select(x > 0, vec<T>(T(1)), times(huge_exp(quotient_within(-abs(x), a, exp_end<T>)), vec<T>(1 / huge<T>)));
}

// s x from 0 on, and s a (e^x - 1) below, s a in two parts.
template <class T> vec<T> selu_of(vec<T> x, vec<T> a, vec<T> s) {
  const pair<T> below = product(s, a);
  const vec<T> y = expm1_below(x);
  return select(x < 0, fma(y, below.high, y * below.low), s * x);
}
template <class T> vec<T> selu_of_slope(vec<T> x, vec<T> a, vec<T> s) {
  return select(x > 0, s, times_exp_below(s * a, x));
}

// The same with s = 1.0507009873554804934193349852946 and a
// = 1.6732632423543772848170429916717, both as sums of two positive numbers: a product with them never becomes a
// difference, not at infinity or -0 either.
template <class T> constexpr constant<T> selu_scale = {0x1.0cfabd6a91132p+0, 0x1.6fc7d272f2695p-55};
template <> constexpr constant<float> selu_scale<float> = {0x1.0cfabcp+0, 0x1.6a9114p-24};
template <> constexpr constant<careful> selu_scale<careful> = {selu_scale<float>.high, selu_scale<float>.low};
// s a
template <class T> constexpr constant<T> selu_below = {0x1.c212cc640f031p+0, 0x1.05161b045a1fep-56};
template <> constexpr constant<float> selu_below<float> = {0x1.c212ccp+0, 0x1.903c0cp-26};
template <> constexpr constant<careful> selu_below<careful> = {selu_below<float>.high, selu_below<float>.low};
// From y, e^x - 1 below 0 and x from there on.
template <class T> vec<T> selu_of_exponential(vec<T> x, vec<T> y) {
  const mask<T> below = x < 0;
  const vec<T> high = select(below, vec<T>(selu_below<T>.high), vec<T>(selu_scale<T>.high));
  const vec<T> low = select(below, vec<T>(selu_below<T>.low), vec<T>(selu_scale<T>.low));
  return fma(y, high, y * low);
}
template <class T> vec<T> selu(vec<T> x) { return selu_of_exponential(x, select(x < 0, expm1_below(x), x)); }
template <class T> vec<T> selu_slope(vec<T> x) {
  const vec<T> y = exp_below(x) * (1 / huge<T>);
  return select(x > 0, vec<T>(selu_scale<T>.high) + selu_scale<T>.low,
                fma(y, selu_below<T>.high, y * selu_below<T>.low));
}

} // namespace
