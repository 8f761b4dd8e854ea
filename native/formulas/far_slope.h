// Slopes that are too small for their type, as what a large incoming gradient makes something of.
#pragma once

#include "formulas/exponential.h"
#include "formulas/gated.h"
#include "formulas/logistic.h"
#include "formulas/softplus.h"
#include "rows/rows.h"

namespace {

// The slope of an activation where it is below the normal numbers, as factor * e^exponent from a = |x|: what this
// leaves out is less than e^-700 of it. Until a = `end`, where not even the largest number makes something of it. Of
// one that has no such slope, or does not say so, nothing.
template <nonlin::activation> struct far_slope { static constexpr bool known = false; };
template <> struct far_slope<nonlin::activation_sigmoid> {
  static constexpr bool known = true;
  static constexpr double end = 1500;
  vec<double> factor = 1.0;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters) : power(exponential_of(-a)) {}
};
template <> struct far_slope<nonlin::activation_tanh> {
  static constexpr bool known = true;
  static constexpr double end = 750;
  vec<double> factor = 4.0;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters) : power(exponential_of(-2 * a)) {}
};
template <> struct far_slope<nonlin::activation_elu> {
  static constexpr bool known = true;
  static constexpr double end = 1500;
  vec<double> factor;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters p) : factor(p.a), power(exponential_of(-a)) {}
};
template <> struct far_slope<nonlin::activation_gelu> {
  static constexpr bool known = true;
  static constexpr double end = 54.8;
  vec<double> factor;
  exponential<double> power;
  // Mills' ratio as a continued fraction, 1 / (a + 1 / (a + 2 / (a + ...))).
  far_slope(vec<double> a, nonlin::parameters) : power(bell(a)) {
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
  far_slope(vec<double> a, nonlin::parameters) {
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
  far_slope(vec<double> a, nonlin::parameters) {
    const pair<double> v = gelu_sigmoid_growth(a);
    factor = 1 - v.high - v.low;
    power = exponential_of(pair<double>{-v.high, -v.low});
  }
};
// The square of what is left of 1 / |x|, as 2^-1280 times that of 2^640 of it, which neither overflows nor vanishes.
inline vec<double> far_square(vec<double> root) { return (root * 0x1p640) * (root * 0x1p640); }
inline exponential<double> far_square_power() { return {0.0, shifter<double> - 1280.0}; }
template <> struct far_slope<nonlin::activation_softsign> {
  static constexpr bool known = true;
  static constexpr double end = __builtin_inf();
  vec<double> factor;
  exponential<double> power = far_square_power();
  far_slope(vec<double> a, nonlin::parameters) : factor(far_square(1 / a)) {}
};
template <> struct far_slope<nonlin::activation_squareplus> {
  static constexpr bool known = true;
  static constexpr double end = __builtin_inf();
  vec<double> factor;
  exponential<double> power = far_square_power();
  far_slope(vec<double> a, nonlin::parameters p) : factor(far_square(0.5 * sqrt(vec<double>(p.a)) / a)) {}
};
template <> struct far_slope<nonlin::activation_silu> {
  static constexpr bool known = true;
  static constexpr double end = largest<double>;
  vec<double> factor;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters p) {
    const pair<double> v = product_within(-a, abs(vec<double>(p.a)), 1500.0, 0.0);
    factor = 1 + v.high + v.low;
    power = exponential_of(v);
  }
};
template <> struct far_slope<nonlin::activation_softplus> {
  static constexpr bool known = true;
  static constexpr double end = largest<double>;
  vec<double> factor = 1.0;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters p)
      : power(exponential_of(product_within(-a, vec<double>(p.a), 1500.0, 0.0))) {}
};
template <> struct far_slope<nonlin::activation_logSigmoid> : far_slope<nonlin::activation_sigmoid> {
  using far_slope<nonlin::activation_sigmoid>::far_slope;
};
template <> struct far_slope<nonlin::activation_selu> {
  static constexpr bool known = true;
  static constexpr double end = 1500;
  vec<double> factor = selu_below<double>.high;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters) : power(exponential_of(-a)) {}
};
template <> struct far_slope<nonlin::activation_seluOf> {
  static constexpr bool known = true;
  static constexpr double end = 1500;
  vec<double> factor;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters p) : factor(p.a * p.b), power(exponential_of(-a)) {}
};
template <> struct far_slope<nonlin::activation_celu> {
  static constexpr bool known = true;
  static constexpr double end = largest<double>;
  vec<double> factor = 1.0;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters p)
      : power(exponential_of(quotient_within(-a, vec<double>(p.a), 1500.0))) {}
};
template <> struct far_slope<nonlin::activation_mish> {
  static constexpr bool known = true;
  static constexpr double end = 1500;
  vec<double> factor;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters) : factor(1 - a), power(exponential_of(-a)) {}
};
// a^2, by powers of two that leave no part of it too small, nor too large beside any g.
template <> struct far_slope<nonlin::activation_tanhShrink> {
  static constexpr bool known = true;
  static constexpr double end = 1;
  vec<double> factor;
  exponential<double> power = {0.0, shifter<double> - 1200};
  far_slope(vec<double> a, nonlin::parameters) : factor(a * 0x1p600 * (a * 0x1p600)) {}
};
template <> struct far_slope<nonlin::activation_softcap> {
  static constexpr bool known = true;
  static constexpr double end = largest<double>;
  vec<double> factor = 4.0;
  exponential<double> power;
  far_slope(vec<double> a, nonlin::parameters p) {
    const pair<double> z = quotient_within(-a, vec<double>(p.a), 750.0);
    power = exponential_of(pair<double>{2 * z.high, 2 * z.low});
  }
};

// g * factor * e^exponent, by a third of the exponent at a time, so that only the last product may be subnormal.
inline vec<double> times_far(vec<double> g, vec<double> factor, exponential<double> e) {
  const vec<double> k = e.shifted - shifter<double>;
  const vec<double> third = fma(k, vec<double>(1.0 / 3), shifter<double>) - shifter<double>;
  const auto power = [](vec<double> k) { return add_exponent(vec<double>(1.0), k + shifter<double>); };
  // A zero keeps its sign.
  const vec<double> part = select(abs(factor) > 0, fma(factor, e.minus_one, factor), factor);
  return g * power(third) * part * power(third) * power(k - 2 * third);
}

// g * slope in double lanes, where a slope below the normal numbers has lost digits, which a g above 1 would bring to
// light: there from the slope's factors.
template <nonlin::activation op>
vec<double> times_lost(vec<double> g, vec<double> slope, vec<double> x, nonlin::parameters p) {
  const vec<double> y = g * slope;
  if constexpr (!far_slope<op>::known) {
    return y;
  } else {
    const mask<double> lost = {(abs(slope) < 0x1p-1022).m & (abs(g) > 1).m & (abs(x) < __builtin_inf()).m};
    const far_slope<op> far(min(abs(x), far_slope<op>::end), p);
    return select(lost, times_far(g, far.factor, far.power), y);
  }
}

} // namespace
