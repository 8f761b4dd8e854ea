// The activation functions and their derivatives, each written once as a template over vec<T>: float ("fast") and
// double (float64, and float32 widened, which is "exact").
//
// They rest on a few primitives, which float32.h and float64.h each define for their type. NaN stays NaN in all of
// them.
//
//   exp_times(s, hi, lo)  s * e^(hi + lo), hi in [lowest<T>, 40], |lo| no more than a rounding error of hi. The last
//                         step before the scaling by 2^k is fma(s, e^r - 1, s). Subnormals are rounded, not flushed.
//   exp_times(s, hi)      the same without lo
//   exp_parts(x)          e^x as mantissa * 2^exponent, 0.7 < mantissa < 1.42, for |x| up to -3 * lowest<T>
//   tanh_tail(a)          tanh(a), a in [0, tanh_end<T>]: a itself where a is subnormal, 1 at the end
//   gelu_factor(a)        a Phi(-a) e^(a*a/2), a in [0, gelu_end<T>], Phi the normal distribution function
//   gelu_slope_factor(a)  (Phi(-a) - a phi(a)) e^(a*a/2), the same a, phi the normal density
//
// With mills(a) = Phi(-a) e^(a*a/2), the last two are a mills(a) and mills(a) - a / sqrt(2 pi).
// A function with a symmetry is computed from its negative half, where nothing cancels: gelu(x) = x + gelu(-x), and so
// on. So the tails keep the digits that 1 + erf(x) and 1 + tanh(x) lose.
#pragma once

#include "float32.h"
#include "float64.h"
#include "simd.h"

namespace {

// e^lowest is zero, also when multiplied by what the tails below multiply it by. Arguments end here, since infinities
// would make NaN.
template <class T> constexpr T lowest = sizeof(T) == 4 ? -110 : -760;
// Where tanh(a) rounds to 1, and where a Phi(-a) and its derivative round to zero.
template <class T> constexpr T tanh_end = sizeof(T) == 4 ? T(9.02) : T(19.1);
template <class T> constexpr T gelu_end = sizeof(T) == 4 ? T(14.75) : T(38.9);
// Where the exponents 2u(a) and 1.702 a of the two approximations reach `lowest`.
template <class T> constexpr T gelu_tanh_end = sizeof(T) == 4 ? T(10.9) : T(21.65);
template <class T> constexpr T gelu_sigmoid_end = sizeof(T) == 4 ? T(64.5) : T(446);

// An unevaluated sum, `low` no more than a rounding error of `high`.
template <class T> struct pair { vec<T> high, low; };

// A real number as a sum of two T, given as two doubles; float takes both from the first. Adding 64 and taking it away
// leaves the last bits of `high` zero, so that its difference with anything from itself to 64 is exact.
template <class T> struct constant {
  T high, low;
  constexpr constant(double first, double rest) : high(T(first) + T(64) - T(64)), low(T(first - double(high) + rest)) {}
  constexpr T nearest() const { return high + low; }
};

template <class T> vec<T> relu_gradient(vec<T> x, vec<T> g) { return select(x > 0, g, select(x <= 0, vec<T>(0), x)); }

// 1 / (1 + e^-x) as t / (1 + t), t = e^x, which keeps the digits of the lower tail. From e^40 on the quotient is 1.
template <class T> vec<T> sigmoid(vec<T> x) {
  vec<T> t = exp_times(vec<T>(1), max(min(x, 40), lowest<T>));
  return t / (1 + t);
}
// Even, so t = e^-|x|.
template <class T> vec<T> sigmoid_slope(vec<T> x) {
  vec<T> t = exp_times(vec<T>(1), max(-abs(x), lowest<T>));
  return t / ((1 + t) * (1 + t));
}

template <class T> vec<T> tanh(vec<T> x) { return copysign(tanh_tail(min(abs(x), tanh_end<T>)), x); }
// 1 / cosh(x)^2 as 4 t / (1 + t)^2, t = e^-2|x|. The 4 goes into the exponential: t may be subnormal where 4 t is not.
template <class T> vec<T> tanh_slope(vec<T> x) {
  vec<T> exponent = max(-2 * abs(x), lowest<T>);
  vec<T> t = exp_times(vec<T>(1), exponent);
  return exp_times(vec<T>(4), exponent) / ((1 + t) * (1 + t));
}

// -a*a/2: the product and its rounding error.
template <class T> pair<T> gelu_exponent(vec<T> a) {
  vec<T> half = T(-0.5) * a;
  vec<T> high = half * a;
  return {high, fma(half, a, -high)};
}

// x Phi(x) as max(x, 0) - a Phi(-a), a = |x|. The maximum with -0 keeps NaN, and gives -0 at -infinity, the limit.
template <class T> vec<T> gelu(vec<T> x) {
  vec<T> a = min(abs(x), gelu_end<T>);
  pair<T> e = gelu_exponent(a);
  return max(x, T(-0.0)) - exp_times(gelu_factor(a), e.high, e.low);
}
// Phi(x) + x phi(x). For this and the next two g'(x) + g'(-x) = 1, and w is g' of the negative argument.
template <class T> vec<T> gelu_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_end<T>);
  pair<T> e = gelu_exponent(a);
  vec<T> w = exp_times(gelu_slope_factor(a), e.high, e.low);
  return select(x < 0, w, 1 - w);
}

// x sigmoid(v(x)) for odd v as max(x, 0) - a t / (1 + t), t = e^-v(a), from a = |x| and -v(a). The factor a goes into
// the exponential, so that only the last step can be subnormal.
template <class T> vec<T> gated(vec<T> x, vec<T> a, pair<T> exponent) {
  vec<T> t = exp_times(vec<T>(1), exponent.high, exponent.low);
  return max(x, T(-0.0)) - exp_times(a, exponent.high, exponent.low) / (1 + t);
}
// Its derivative, which is t (1 + t - a v'(a)) / (1 + t)^2 for negative x, from a v'(a) and -v(a).
template <class T> vec<T> gated_slope(vec<T> x, vec<T> growth, pair<T> exponent) {
  vec<T> t = exp_times(vec<T>(1), exponent.high, exponent.low);
  vec<T> w = exp_times(1 + t - growth, exponent.high, exponent.low) / ((1 + t) * (1 + t));
  return select(x < 0, w, 1 - w);
}

// 2 sqrt(2/pi) and 0.044715 times that.
template <class T> constexpr constant<T> gelu_tanh_1 = {0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54};
template <class T> constexpr constant<T> gelu_tanh_3 = {0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c70p-61};

// -v(a), v(a) = 2 sqrt(2/pi) (a + 0.044715 a^3) = a (c1 + c3 a^2). It reaches -104 (double: -746), where a rounding
// error of it would be one of as many ulps in the result. So constants are pairs, and each step keeps the error it
// makes.
template <class T> pair<T> gelu_tanh_exponent(vec<T> a) {
  constexpr constant<T> c1 = gelu_tanh_1<T>, c3 = gelu_tanh_3<T>;
  vec<T> line = a * c3.high;
  vec<T> line_error = fma(a, c3.low, fma(a, c3.high, -line));
  vec<T> sum = fma(line, a, c1.high);
  vec<T> sum_error = fma(line_error, a, fma(line, a, c1.high - sum) + c1.low);
  vec<T> high = -a * sum;
  return {high, -fma(a, sum_error, fma(a, sum, high))};
}

// x sigmoid(v(x)) = x / 2 (1 + tanh(v(x) / 2)).
template <class T> vec<T> gelu_tanh(vec<T> x) {
  vec<T> a = min(abs(x), gelu_tanh_end<T>);
  return gated(x, a, gelu_tanh_exponent(a));
}
template <class T> vec<T> gelu_tanh_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_tanh_end<T>);
  vec<T> growth = a * fma(3 * gelu_tanh_3<T>.nearest() * a, a, gelu_tanh_1<T>.nearest());
  return gated_slope(x, growth, gelu_tanh_exponent(a));
}

// -1.702 a
template <class T> constexpr constant<T> gelu_sigmoid_1 = {0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55};
template <class T> pair<T> gelu_sigmoid_exponent(vec<T> a) {
  constexpr constant<T> c = gelu_sigmoid_1<T>;
  vec<T> high = -a * c.high;
  return {high, -fma(a, c.low, fma(a, c.high, high))};
}

// x sigmoid(1.702 x)
template <class T> vec<T> gelu_sigmoid(vec<T> x) {
  vec<T> a = min(abs(x), gelu_sigmoid_end<T>);
  return gated(x, a, gelu_sigmoid_exponent(a));
}
template <class T> vec<T> gelu_sigmoid_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_sigmoid_end<T>);
  return gated_slope(x, a * gelu_sigmoid_1<T>.nearest(), gelu_sigmoid_exponent(a));
}

} // namespace
