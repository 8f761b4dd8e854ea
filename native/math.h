// The activation functions and their derivatives, each written once as a template over vec<T>: float ("fast"), double
// (float64, and float32 widened, which is "exact"), quick (what `exact` tries first) and double_double (what it asks in
// the last resort).
//
// They rest on four primitives, which float32.h, float64.h, quick.h and double_double.h each define for their type. NaN
// stays NaN in all of them.
//
//   one_plus_exp_minus(x)   (1 + e^-x) * tiny<T>, x at most 40; and one_plus_exp(unit, x) for a multiple or a cubic
//   tanh_tail(a)            tanh(a), a in [0, tanh_end<T>]: a itself where a is subnormal, 1 at the end
//   minus_gelu_tail(r, a)   r - a Phi(-a) for a >= 0, Phi the normal distribution function
//   gelu_slope_tail(a)      (Phi(-a) - a phi(a)) * huge<T> for a >= 0, phi the normal density
//
// Instead of tanh_tail a type may bring tanh itself, and instead of the last two what is left of the tails without
// e^(-a*a/2): with mills(a) = Phi(-a) e^(a*a/2), gelu_factor(a) = a mills(a) and gelu_slope_factor(a) = mills(a) - a /
// sqrt(2 pi).
//
// A function with a symmetry is computed from its negative half, where nothing cancels: gelu(x) = x + gelu(-x), and so
// on. So the tails keep the digits that 1 + erf(x) and 1 + tanh(x) lose.
#pragma once

#include "exp.h"
#include "float32.h"
#include "float64.h"
#include "kernels.h"
#include "quick.h"
#include "simd.h"

namespace {

// Arguments are cut off where the result no longer changes, since infinities would make NaN on the way.
// e^-exp_end is zero, also when multiplied by anything it is multiplied by here.
template <class T> constexpr T exp_end = sizeof(T) == 4 ? 110 : 760;
// Where tanh(a) rounds to 1.
template <class T> constexpr T tanh_end = sizeof(T) == 4 ? T(8.94) : T(19.1);
// Where the exponents of the two approximations of gelu reach exp_end.
template <class T> constexpr T gelu_tanh_end = sizeof(T) == 4 ? T(10.9) : T(21.65);
template <class T> constexpr T gelu_sigmoid_end = sizeof(T) == 4 ? T(64.5) : T(446);
// For quick: where the result is zero as a float, also multiplied by the largest one.
template <> constexpr quick exp_end<quick> = 220;
template <> constexpr quick gelu_tanh_end<quick> = 14.1;
template <> constexpr quick gelu_sigmoid_end<quick> = 130;

// NaN where x is.
template <class T> vec<T> relu_gradient(vec<T> x, vec<T> g) { return select(x > 0, g, select(x <= 0, vec<T>(0), x)); }

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

// x sigmoid(v(x)) for an odd v as max(x, 0) - a / (1 + e^v(a)), from a = |x| and (1 + e^v(a)) * tiny.
template <class T> vec<T> gated(vec<T> x, vec<T> a, vec<T> one_plus) { return fma(a / one_plus, -tiny<T>, ramp(x)); }
// Its derivative, from a v'(a) and (1 + e^v(a)) * tiny: for negative x it is y (1 - (1 - y) a v'(a)), y = 1 / (1 +
// e^v(a)). The outer y is a second division, which rounds once where a product with y would bring the rounding of y as
// well.
template <class T> vec<T> gated_slope(vec<T> x, pair<T> growth, vec<T> one_plus) {
  vec<T> y_minus_one = fma(1 / one_plus, tiny<T>, -1);
  vec<T> bracket = fma(growth.high, y_minus_one, fma(growth.low, y_minus_one, 1));
  return step_plus(x, bracket / one_plus, tiny<T>);
}

// v(a) = 2 sqrt(2/pi) (a + 0.044715 a^3) = c3 a (a^2 + 1 / 0.044715). It reaches 104 (double: 746), where a rounding
// error of it would be one of as many ulps in the result. So c3 is the unit, and the errors of the sum and the product
// are kept.
//
// 1 / 0.044715
template <class T> constexpr T gelu_tanh_most = T(0x1.65d2p+4);
template <class T> constexpr T gelu_tanh_rest = sum<T>(0x1.65d25edd9ed82p+4 - 0x1.65d2p+4, -0x1.586cc71ee31dep-55);
template <class T> vec<T> gelu_tanh_one_plus(vec<T> a) {
  constexpr unit<T> c3 = {0x1.2444f2a4d8b4bp-4, 0x1.a5a7cf7572a98p-4, 0x1.36d9d56d77525p+3, -0x1.ec6f30aff2b84p-51};
  return one_plus_exp(c3, cubic<T>{a, gelu_tanh_most<T>, gelu_tanh_rest<T>});
}
// x sigmoid(v(x)) = x / 2 (1 + tanh(v(x) / 2))
template <class T> vec<T> gelu_tanh(vec<T> x) {
  vec<T> a = min(abs(x), gelu_tanh_end<T>);
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
template <class T> vec<T> gelu_sigmoid_one_plus(vec<T> a) {
  constexpr unit<T> c = {0x1.b3b645a1cac08p+0, 0x1.3a4cbdc7ee26bp+1, 0x1.a10753b4384c1p-2, 0x1.015c728834038p-56};
  return one_plus_exp(c, a);
}
// x sigmoid(1.702 x)
template <class T> vec<T> gelu_sigmoid(vec<T> x) {
  vec<T> a = min(abs(x), gelu_sigmoid_end<T>);
  return gated(x, a, gelu_sigmoid_one_plus(a));
}
template <class T> pair<T> gelu_sigmoid_growth(vec<T> a) {
  return product(pair<T>{a, 0}, constant<T>(0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55));
}
template <class T> vec<T> gelu_sigmoid_slope(vec<T> x) {
  vec<T> a = min(abs(x), gelu_sigmoid_end<T>);
  return gated_slope(x, gelu_sigmoid_growth(a), gelu_sigmoid_one_plus(a));
}

// The slope of an activation where it is below the normal numbers, as factor * e^exponent from a = |x|: what this
// leaves out is less than e^-700 of it. Until a = `end`, where not even the largest number makes something of it. Of
// one that has no such slope, or does not say so, nothing.
template <nonlin::activation> struct far_slope { static constexpr bool known = false; };
template <> struct far_slope<nonlin::activation_sigmoid> {
  static constexpr bool known = true;
  static constexpr double end = 1500;
  vec<double> factor = 1.0;
  exponential<double> power;
  far_slope(vec<double> a) : power(exponential_of(-a)) {}
};
template <> struct far_slope<nonlin::activation_tanh> {
  static constexpr bool known = true;
  static constexpr double end = 750;
  vec<double> factor = 4.0;
  exponential<double> power;
  far_slope(vec<double> a) : power(exponential_of(-2 * a)) {}
};
template <> struct far_slope<nonlin::activation_gelu> {
  static constexpr bool known = true;
  static constexpr double end = 54.8;
  vec<double> factor;
  exponential<double> power;
  // Mills' ratio as a continued fraction, 1 / (a + 1 / (a + 2 / (a + ...))).
  far_slope(vec<double> a) : power(bell(a)) {
    vec<double> rest = 0.0;
    for (int n = 10; n > 0; n--)
      rest = double(n) / (a + rest);
    factor = (1 / (a + rest) - a) * 0x1.9884533d43651p-2; // 1 / sqrt(2 pi)
  }
};
// (1 - a v'(a)) e^-v(a)
template <> struct far_slope<nonlin::activation_geluTanh> {
  static constexpr bool known = true;
  static constexpr double end = 27.5;
  vec<double> factor;
  exponential<double> power;
  far_slope(vec<double> a) {
    const pair<double> growth = gelu_tanh_growth(a);
    factor = 1 - growth.high - growth.low;
    const pair<double> v = product(value_of(cubic<double>{a, gelu_tanh_most<double>, gelu_tanh_rest<double>}),
                                   constant<double>(0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c70p-61));
    power = exponential_of(pair<double>{-v.high, -v.low});
  }
};
template <> struct far_slope<nonlin::activation_geluSigmoid> {
  static constexpr bool known = true;
  static constexpr double end = 882;
  vec<double> factor;
  exponential<double> power;
  far_slope(vec<double> a) {
    const pair<double> v = gelu_sigmoid_growth(a);
    factor = 1 - v.high - v.low;
    power = exponential_of(pair<double>{-v.high, -v.low});
  }
};
// g * factor * e^exponent, by a third of the exponent at a time, so that only the last product may be subnormal.
inline vec<double> times_far(vec<double> g, vec<double> factor, exponential<double> e) {
  const vec<double> k = e.shifted - shifter<double>;
  const vec<double> third = fma(k, vec<double>(1.0 / 3), shifter<double>) - shifter<double>;
  const auto power = [](vec<double> k) { return add_exponent(vec<double>(1.0), k + shifter<double>); };
  return g * power(third) * fma(factor, e.minus_one, factor) * power(third) * power(k - 2 * third);
}

} // namespace
