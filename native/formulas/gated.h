// x sigmoid(v(x)): the two approximations of gelu.
#pragma once

#include "formulas/exponents.h"
#include "formulas/gaussian.h"

namespace {

// x sigmoid(v(x)) for an odd v as max(x, 0) - a / (1 + e^v(a)), from a = |x| and (1 + e^v(a)) * tiny.
template <class T> vec<T> gated(vec<T> x, vec<T> a, vec<T> one_plus) {
  return last_step<T>(a / one_plus, -tiny<T>, ramp(x));
}
// Its derivative, from a v'(a) and (1 + e^v(a)) * tiny: for negative x it is y (1 - a v'(a) + y a v'(a)), y = 1 / (1 +
// e^v(a)). The first difference is exact where what is added leaves little of it, and in the tail nothing is. The outer
// y is a second division, which rounds once where a product with y would bring the rounding of y as well.
template <class T> vec<T> gated_slope(vec<T> x, pair<T> growth, vec<T> one_plus) {
  const vec<T> y = tiny<T> / one_plus;
  const vec<T> bracket = fma(growth.low, y - T(1), fma(growth.high, y, 1 - growth.high));
  return step_plus(x, bracket / one_plus, tiny<T>);
}

// v(a) = 2 sqrt(2/pi) (a + 0.044715 a^3) = c3 a (a^2 + 1 / 0.044715). It reaches 104 (double: 746), where a rounding
// error of it would be one of as many ulps in the result. So c3 is the unit, and the errors of the sum and the product
// are kept.
//
// 1 / 0.044715
template <class T> constexpr T gelu_tanh_most = T(0x1.65d2p+4);
template <class T> constexpr T gelu_tanh_rest = sum<T>(0x1.65d25edd9ed82p+4 - 0x1.65d2p+4, -0x1.586cc71ee31dep-55);
template <class T>
constexpr unit<T> gelu_tanh_unit = {0x1.2444f2a4d8b4bp-4, 0x1.a5a7cf7572a98p-4, 0x1.36d9d56d77525p+3,
                                    -0x1.ec6f30aff2b84p-51};
template <class T> vec<T> gelu_tanh_one_plus(vec<T> a) {
  return one_plus_exp(gelu_tanh_unit<T>, cubic<T>{a, gelu_tanh_most<T>, gelu_tanh_rest<T>});
}
// x sigmoid(v(x)) = x / 2 (1 + tanh(v(x) / 2))
template <class T> vec<T> gelu_tanh(vec<T> x) {
  vec<T> a = abs_within(x, gelu_tanh_end<T>);
  return gated(x, a, gelu_tanh_one_plus(a));
}
// a v'(a) = 3 c3 a (a^2 + 1 / (3 * 0.044715)), as v(a) above: the 1 it is taken from would leave half of its rounding
// errors.
template <class T> pair<T> gelu_tanh_growth(vec<T> a) {
  constexpr T most = T(0x1.dd1p+2), rest = sum<T>(0x1.dd187e7cd3cadp+2 - 0x1.dd1p+2, 0x1.46fb77b40bdecp-52);
  return product(value_of(cubic<T>{a, most, rest}), constant<T>(0x1.b6676bf7450f0p-3, 0x1.bba7351828aabp-57));
}
template <class T> vec<T> gelu_tanh_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_tanh_end<T>);
  return gated_slope(x, gelu_tanh_growth(a), gelu_tanh_one_plus(a));
}

// (1 + e^(1.702 a)) * tiny
template <class T>
constexpr unit<T> gelu_sigmoid_unit = {0x1.b3b645a1cac08p+0, 0x1.3a4cbdc7ee26bp+1, 0x1.a10753b4384c1p-2,
                                       0x1.015c728834038p-56};
template <class T> vec<T> gelu_sigmoid_one_plus(vec<T> a) { return one_plus_exp(gelu_sigmoid_unit<T>, a); }
// x sigmoid(1.702 x)
template <class T> vec<T> gelu_sigmoid(vec<T> x) {
  vec<T> a = abs_within(x, gelu_sigmoid_end<T>);
  return gated(x, a, gelu_sigmoid_one_plus(a));
}
template <class T> pair<T> gelu_sigmoid_growth(vec<T> a) {
  return product(pair<T>{a, 0}, constant<T>(0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55));
}
template <class T> vec<T> gelu_sigmoid_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_sigmoid_end<T>);
  return gated_slope(x, gelu_sigmoid_growth(a), gelu_sigmoid_one_plus(a));
}

// x sigmoid(b x). For a negative b it is that of -b, turned around; for 0, where no x is beyond an end, x / 2. Beyond
// the end, where it is zero or x, a is 0.
template <class T> vec<T> silu(vec<T> x, vec<T> b) {
  const vec<T> size = abs(b), end = min(far_exp_end<T> / size, largest<T>);
  const vec<T> a = select(abs(x) > end, vec<T>(T(0)), abs(x));
  const vec<T> y = times_sign(gated(times_sign(x, b), a, one_plus_exp(product(a, size))), b);
  return select(size > 0, y, x * T(0.5));
}
// The same for b = 1, with the same bits (of floats, as all 2^32 say): what product() would lose is nothing.
template <class T> vec<T> silu(vec<T> x) {
  const vec<T> minus_a = minus_abs_within(x, far_exp_end<T>);
  return last_step<T>(minus_a / one_plus_exp_minus(minus_a), tiny<T>, ramp(x));
}
template <class T> vec<T> silu_slope(vec<T> x, vec<T> b) {
  const vec<T> size = abs(b), end = select(size > 0, exp_end<T> / size, vec<T>(largest<T>));
  const vec<T> a = min(abs(x), min(end, largest<T>));
  const pair<T> exponent = product(a, size);
  return gated_slope(times_sign(x, b), exponent, one_plus_exp(exponent));
}

} // namespace
