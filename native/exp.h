// e^x in the forms that keep the last digits of what it is a factor or a term of, as templates over vec<T>. A type
// brings exp_minus_one(r), which is e^r - 1 for |r| <= 0.3467 (float32.h, float64.h).
#pragma once

#include "simd.h"

namespace {

// A real number as a sum of two T, given as two doubles; float takes both from the first. Adding 64 and taking it away
// leaves the last bits of `high` zero, so that its difference with anything from itself to 64 is exact.
template <class T> struct constant {
  T high, low;
  constexpr constant(double first, double rest) : high(T(first) + T(64) - T(64)), low(T(first - double(high) + rest)) {}
  constexpr T nearest() const { return high + low; }
};

// An unevaluated sum, `low` no more than a rounding error of `high`.
template <class T> struct pair { vec<T> high, low; };

template <class T> constexpr T log2_e = T(0x1.71547652b82fep+0);
template <class T> constexpr constant<T> ln_2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

// e^x = (1 + minus_one) * 2^k, where minus_one is between -0.3 and 0.42 and `shifted` is k + shifter<T>.
template <class T> struct exponential { vec<T> minus_one, shifted; };

// x - k ln 2, k an integer: the high part of ln 2 leaves an exact difference.
template <class T> exponential<T> exponential_of(vec<T> x) {
  vec<T> shifted = fma(x, log2_e<T>, shifter<T>);
  vec<T> k = shifted - shifter<T>;
  return {exp_minus_one(fma(k, -ln_2<T>.low, fma(k, -ln_2<T>.high, x))), shifted};
}
template <class T> exponential<T> exponential_of(pair<T> x) {
  vec<T> shifted = fma(x.high, log2_e<T>, shifter<T>);
  vec<T> k = shifted - shifter<T>;
  return {exp_minus_one(fma(k, -ln_2<T>.high, x.high) + fma(k, -ln_2<T>.low, x.low)), shifted};
}

// s * e^x, x at most 40. The product costs little more than one rounding, and one more where it is subnormal.
template <class T> vec<T> exp_times(vec<T> s, pair<T> x) {
  exponential<T> e = exponential_of(x);
  return fma_ldexp(s, e.minus_one, e.shifted);
}

// (1 + e^x) * tiny, x a vec<T> or a pair<T> and at least -40: a single rounding of that sum. `tiny` makes room for e^x
// up to where 1 / (1 + e^x) is zero.
template <class T> constexpr T tiny = sizeof(T) == 4 ? T(0x1p-32) : T(0x1p-80);
template <class T, class X> vec<T> one_plus_exp(X x) {
  exponential<T> e = exponential_of(x);
  vec<T> power = power_of_two(e.shifted, sizeof(T) == 4 ? -32 : -80);
  return fma(power, e.minus_one, tiny<T>) + power;
}

// e^x as mantissa * 2^exponent, the mantissa between 0.7 and 1.42.
template <class T> struct mantissa_and_exponent { vec<T> mantissa, exponent; };
template <class T> mantissa_and_exponent<T> exp_parts(vec<T> x) {
  exponential<T> e = exponential_of(x);
  return {1 + e.minus_one, e.shifted - shifter<T>};
}

} // namespace
