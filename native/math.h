// The activation functions and their derivatives, each written once as a template over vec<T>: float ("fast") and
// double (float64, and float32 widened, which is "exact").
//
// They rest on four primitives, which float32.h and float64.h each define for their type. NaN stays NaN in all of them.
//
//   exp_minus_one(r)      e^r - 1 for |r| <= 0.3467; exp.h makes of it what is needed here
//   tanh_tail(a)          tanh(a), a in [0, tanh_end<T>]: a itself where a is subnormal, 1 at the end
//   gelu_factor(a)        a Phi(-a) e^(a*a/2), a in [0, gelu_end<T>], Phi the normal distribution function
//   gelu_slope_factor(a)  (Phi(-a) - a phi(a)) e^(a*a/2), the same a, phi the normal density
//
// With mills(a) = Phi(-a) e^(a*a/2), the last two are a mills(a) and mills(a) - a / sqrt(2 pi).
// A function with a symmetry is computed from its negative half, where nothing cancels: gelu(x) = x + gelu(-x), and so
// on. So the tails keep the digits that 1 + erf(x) and 1 + tanh(x) lose.
#pragma once

#include "exp.h"
#include "float32.h"
#include "float64.h"
#include "simd.h"

namespace {

// Arguments are cut off where the result no longer changes, since infinities would make NaN on the way.
// e^-exp_end is zero, also when multiplied by anything it is multiplied by here.
template <class T> constexpr T exp_end = sizeof(T) == 4 ? 110 : 760;
// Where tanh(a) rounds to 1, and where a Phi(-a) and its derivative round to zero.
template <class T> constexpr T tanh_end = sizeof(T) == 4 ? T(9.02) : T(19.1);
template <class T> constexpr T gelu_end = sizeof(T) == 4 ? T(14.75) : T(38.9);
// Where the exponents of the two approximations of gelu reach exp_end.
template <class T> constexpr T gelu_tanh_end = sizeof(T) == 4 ? T(10.9) : T(21.65);
template <class T> constexpr T gelu_sigmoid_end = sizeof(T) == 4 ? T(64.5) : T(446);

template <class T> vec<T> relu_gradient(vec<T> x, vec<T> g) { return select(x > 0, g, select(x <= 0, vec<T>(0), x)); }

// 1 / (1 + e^-x). From 40 on it is 1.
template <class T> vec<T> sigmoid(vec<T> x) { return tiny<T> / one_plus_exp<T>(-max(min(x, 40), -exp_end<T>)); }
// y (1 - y), y = sigmoid(-|x|)
template <class T> vec<T> sigmoid_slope(vec<T> x) {
  vec<T> y = tiny<T> / one_plus_exp<T>(min(abs(x), exp_end<T>));
  return fma(-y, y, y);
}

template <class T> vec<T> tanh(vec<T> x) { return copysign(tanh_tail(min(abs(x), tanh_end<T>)), x); }
// 1 / cosh(x)^2 = 4 y (1 - y), y = sigmoid(-2|x|). This is in terms of 4 y, which is normal for some subnormal y.
template <class T> vec<T> tanh_slope(vec<T> x) {
  vec<T> y4 = 4 * tiny<T> / one_plus_exp<T>(min(2 * abs(x), exp_end<T>));
  return fma(T(-0.25) * y4, y4, y4);
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
  return max(x, T(-0.0)) - exp_times(gelu_factor(a), gelu_exponent(a));
}
// Phi(x) + x phi(x). For this and the next two g'(x) + g'(-x) = 1, and w is g' of the negative argument.
template <class T> vec<T> gelu_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_end<T>);
  vec<T> w = exp_times(gelu_slope_factor(a), gelu_exponent(a));
  return select(x < 0, w, 1 - w);
}

// x sigmoid(v(x)) for an odd v as max(x, 0) - a / (1 + e^v(a)), from a = |x| and v(a).
template <class T> vec<T> gated(vec<T> x, vec<T> a, pair<T> v) {
  return max(x, T(-0.0)) - a / one_plus_exp<T>(v) * tiny<T>;
}
// Its derivative, which is y - y (1 - y) a v'(a) for negative x, y = 1 / (1 + e^v(a)), from a v'(a) and v(a).
template <class T> vec<T> gated_slope(vec<T> x, vec<T> growth, pair<T> v) {
  vec<T> y = 1 / one_plus_exp<T>(v);
  vec<T> w = y * fma(growth, fma(y, tiny<T>, -1), 1) * tiny<T>;
  return select(x < 0, w, 1 - w);
}

// 2 sqrt(2/pi) and 0.044715 times that.
template <class T> constexpr constant<T> gelu_tanh_1 = {0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54};
template <class T> constexpr constant<T> gelu_tanh_3 = {0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c70p-61};

// v(a) = 2 sqrt(2/pi) (a + 0.044715 a^3) = a (c1 + c3 a^2). It reaches 104 (double: 746), where a rounding error of it
// would be one of as many ulps in the result. So constants are pairs, and each step keeps the error it makes.
template <class T> pair<T> gelu_tanh_exponent(vec<T> a) {
  constexpr constant<T> c1 = gelu_tanh_1<T>, c3 = gelu_tanh_3<T>;
  vec<T> line = a * c3.high;
  vec<T> line_error = fma(a, c3.low, fma(a, c3.high, -line));
  vec<T> sum = fma(line, a, c1.high);
  vec<T> sum_error = fma(line_error, a, fma(line, a, c1.high - sum) + c1.low);
  vec<T> high = a * sum;
  return {high, fma(a, sum_error, fma(a, sum, -high))};
}

// x sigmoid(v(x)) = x / 2 (1 + tanh(v(x) / 2))
template <class T> vec<T> gelu_tanh(vec<T> x) {
  vec<T> a = min(abs(x), gelu_tanh_end<T>);
  return gated(x, a, gelu_tanh_exponent(a));
}
template <class T> vec<T> gelu_tanh_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_tanh_end<T>);
  vec<T> growth = a * fma(3 * gelu_tanh_3<T>.nearest() * a, a, gelu_tanh_1<T>.nearest());
  return gated_slope(x, growth, gelu_tanh_exponent(a));
}

template <class T> constexpr constant<T> gelu_sigmoid_1 = {0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55};

// 1.702 a
template <class T> pair<T> gelu_sigmoid_exponent(vec<T> a) {
  constexpr constant<T> c = gelu_sigmoid_1<T>;
  vec<T> high = a * c.high;
  return {high, fma(a, c.low, fma(a, c.high, -high))};
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
