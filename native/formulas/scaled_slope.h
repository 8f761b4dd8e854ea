// Slopes with a factor, which keeps them from becoming subnormal numbers in float lanes (careful.h says why).
#pragma once

#include "formulas/exponential.h"
#include "formulas/gated.h"
#include "formulas/logistic.h"
#include "formulas/softplus.h"
#include "rows/rows.h"

namespace {

// Slopes in float lanes times huge<float>: they still have what a float slope below the normal numbers has lost, and no
// division or product on the way is subnormal, for which sigmoid's took 11 times as long on U(-100,100) (`npm run bench
// -- --function sigmoidGrad --input even`, Sapphire Rapids). Of rows whose slopes are never so small, nothing.
template <nonlin::activation> struct scaled_slope {
  static constexpr bool known = false, has_sign = false, is_zero_at_zero = false;
};
struct scaled_by_huge {
  static constexpr bool known = true, has_sign = false;
  static constexpr bool is_zero_at_zero = false;
};
struct scaled_with_sign : scaled_by_huge {
  static constexpr bool has_sign = true;
};
// Of some rows plain(x, p) is the slope itself, in fewer steps and with the same bits, for an x up to plain_end(p) in
// size.
template <nonlin::activation op> constexpr bool has_plain = requires(vec<float> x, nonlin::parameters p) {
  scaled_slope<op>::plain_end(p);
};
// y * 2^times, both of them normal, and, where y is NaN, anything: by integers, as the units that multiply have enough
// to do.
inline vec<float> doubled(vec<float> y, int times) { return from_bits<float>(to_bits(y) + (times << 23)); }
// Where e^-a is 2^-101.
constexpr float plain_exponent = 70;

// y (1 - y) * 4^scale, y = 1 / (1 + e^a) for a positive a, with what rounding takes from y.
template <int scale, class... Exponent> vec<float> scaled_sigmoid_slope(Exponent... a) {
  constexpr float unit = unit_of<scale>;
  const factors e = exp_factors(vec<float>(-16 * scale), a...);
  const vec<float> one_plus = fma(e.power, e.rest, 1 / unit) + e.power, y = 1 / one_plus, scaled = doubled(y, scale);
  const vec<float> left = fma(-one_plus, scaled, unit), less_twice = fma(y, -2 / unit, 1);
  return fma(-y, fma(-left, less_twice, y), scaled);
}
template <> struct scaled_slope<nonlin::activation_sigmoid> : scaled_by_huge {
  template <int scale> static vec<float> times(vec<float> x) {
    return scaled_sigmoid_slope<scale>(minus_one<float>, max(minus_abs(x), -109.0f)); // Where it comes to nothing.
  }
  static vec<float> of(vec<float> x, nonlin::parameters) { return times<32>(x); }
  static float plain_end(nonlin::parameters) { return plain_exponent; }
  static vec<float> plain(vec<float> x, nonlin::parameters) { return times<0>(x); }
};
template <> struct scaled_slope<nonlin::activation_logSigmoid> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    return 1 / one_plus_exp_minus(max(min(-x, sigmoid_end<float>), -exp_end<float>));
  }
};
template <> struct scaled_slope<nonlin::activation_softplus> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters p) {
    const vec<float> b = float(p.a), t = float(p.b);
    const vec<float> slope = 1 / one_plus_exp(product_within(-x, b, sigmoid_end<float>, exp_end<float>));
    return select(is_straight(x, b, t), vec<float>(huge<float>), slope);
  }
};
// No slope of softsign's is scaled.
template <> struct scaled_slope<nonlin::activation_softsign> : scaled_slope<nonlin::activation_count> {
  static float plain_end(nonlin::parameters) { return 0x1p23f; }
  // softsign_slope of an x up to where the sum less 1 is exact.
  static vec<float> plain(vec<float> x, nonlin::parameters) {
    const vec<float> a = abs(x), sum = 1 + a, rest = a - (sum - 1);
    return 1 / fma(sum, sum, (sum + sum) * rest);
  }
};
// That of sigmoid, of 2 x and times 4.
template <> struct scaled_slope<nonlin::activation_tanh> : scaled_by_huge {
  template <int scale> static vec<float> times(vec<float> x) {
    return scaled_sigmoid_slope<scale + 1>(minus_one<float>, max(2 * minus_abs(x), -exp_end<float>));
  }
  static vec<float> of(vec<float> x, nonlin::parameters) { return times<32>(x); }
  static float plain_end(nonlin::parameters) { return plain_exponent / 2; }
  static vec<float> plain(vec<float> x, nonlin::parameters) { return times<0>(x); }
};
template <> struct scaled_slope<nonlin::activation_tanhShrink> : scaled_by_huge {
  static constexpr bool is_zero_at_zero = true; // Though of(0) is not.
  static vec<float> of(vec<float> x, nonlin::parameters) {
    // Below 2^-80 it comes to nothing; from the end on it is 1.
    const vec<float> a = abs(x);
    const pair<float> y = tanh_tail_and_rest(min(max(a, 0x1p-80f), tanh_end<float>));
    const vec<float> root = y.high * 0x1p32f;
    return fma(root, root, root * 0x1p33f * select<float>(a < tanh_end<float>, y.low, 0));
  }
};
template <> struct scaled_slope<nonlin::activation_selu> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    const vec<float> y = exp_below(x);
    return select(x > 0, vec<float>((selu_scale<float>.high + selu_scale<float>.low) * huge<float>),
                  fma(y, selu_below<float>.high, y * selu_below<float>.low));
  }
};
template <> struct scaled_slope<nonlin::activation_softcap> : scaled_by_huge {
  template <int scale> static vec<float> times(vec<float> x, float cap) {
    const pair<float> z = quotient_within(abs(x), vec<float>(cap), exp_end<float> / 2);
    return scaled_sigmoid_slope<scale + 1>(log2_e<float>, pair<float>{2 * z.high, 2 * z.low});
  }
  static vec<float> of(vec<float> x, nonlin::parameters p) { return times<32>(x, float(p.a)); }
  static float plain_end(nonlin::parameters p) { return plain_exponent / 2 * float(p.a); }
  static vec<float> plain(vec<float> x, nonlin::parameters p) { return times<0>(x, float(p.a)); }
};
// 1 - w or w of step_plus, times `unit`.
inline vec<float> scaled_step_plus(vec<float> x, vec<float> w, float unit = huge<float>) {
  return select(x < 0, w, unit - w);
}
// For inputs from near_end on (rare_inputs.h).
template <> struct scaled_slope<nonlin::activation_gelu> : scaled_with_sign {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    return scaled_step_plus(x, gelu_slope_far(min(abs(x), 14.9f)));
  }
};
// gated_slope times 2^scale, up to where it is 2^-158, beyond which it comes to nothing, from a v'(a) and e^v(a) /
// 2^scale, with what rounding takes from the bracket and from what it is divided by. There y is no subnormal number:
// where it would be, it does not count.
template <int scale> vec<float> scaled_gated_slope(vec<float> x, pair<float> growth, const factors &e) {
  constexpr float unit = unit_of<scale>;
  const vec<float> less = fma(e.power, e.rest, 1 / unit), one_plus = less + e.power;
  const vec<float> one_plus_rest = less - (one_plus - e.power), reciprocal = 1 / one_plus;
  const vec<float> y = scale == 0 ? reciprocal : max(reciprocal, 0x1p-126f * unit) * (1 / unit);
  const vec<float> one = 1 - growth.high, bracket = fma(growth.high, y, one), quotient = bracket * reciprocal;
  const vec<float> rest = fma(growth.low, y - 1, fma(growth.high, y, one - bracket));
  const vec<float> left = fma(-quotient, one_plus, bracket) + fma(-quotient, one_plus_rest, rest);
  return scaled_step_plus(x, fma(left, reciprocal, quotient), unit);
}
template <> struct scaled_slope<nonlin::activation_geluTanh> : scaled_with_sign {
  template <int scale> static vec<float> times(vec<float> x) {
    const vec<float> a = min(abs(x), 11.1f);
    const sharp v = sharp_value_of({a, gelu_tanh_most<float>, gelu_tanh_rest<float>});
    return scaled_gated_slope<scale>(x, gelu_tanh_growth(a),
                                     exp_factors(vec<float>(-16 * scale), gelu_tanh_unit<float>, v));
  }
  static vec<float> of(vec<float> x, nonlin::parameters) { return times<64>(x); }
  static float plain_end(nonlin::parameters) { return 9.2; } // Where e^-v is as above.
  static vec<float> plain(vec<float> x, nonlin::parameters) { return times<0>(x); }
};
template <> struct scaled_slope<nonlin::activation_geluSigmoid> : scaled_with_sign {
  template <int scale> static vec<float> times(vec<float> x) {
    const vec<float> a = min(abs(x), 67.0f);
    return scaled_gated_slope<scale>(x, gelu_sigmoid_growth(a),
                                     exp_factors(vec<float>(-16 * scale), gelu_sigmoid_unit<float>, a));
  }
  static vec<float> of(vec<float> x, nonlin::parameters) { return times<64>(x); }
  static float plain_end(nonlin::parameters) { return plain_exponent / 1.702f; }
  static vec<float> plain(vec<float> x, nonlin::parameters) { return times<0>(x); }
};
template <> struct scaled_slope<nonlin::activation_silu> : scaled_with_sign {
  template <int scale> static vec<float> times(vec<float> x, vec<float> b) {
    const vec<float> size = abs(b), a = min(abs(x), min(114 / size, largest<float>));
    const pair<float> v = product(a, size);
    return scaled_gated_slope<scale>(times_sign(x, b), v, exp_factors(vec<float>(-16 * scale), log2_e<float>, v));
  }
  static vec<float> of(vec<float> x, nonlin::parameters p) { return times<64>(x, float(p.a)); }
  static float plain_end(nonlin::parameters p) { return plain_exponent / __builtin_fabsf(float(p.a)); }
  static vec<float> plain(vec<float> x, nonlin::parameters p) { return times<0>(x, float(p.a)); }
};

// c e^x below 0, and `above` elsewhere. Beyond the end it comes to nothing, for a c up to 2^31.
struct scaled_exponential : scaled_with_sign {
  static vec<float> of(vec<float> x, float c, float above) {
    constexpr float end = far_exp_end<float>;
    const vec<float> y = select(x < -end, vec<float>(0.0f), huge_exp(max(minus_abs(x), -end)));
    return select(x > 0, vec<float>(above * huge<float>), vec<float>(c) * y);
  }
};
template <> struct scaled_slope<nonlin::activation_elu> : scaled_exponential {
  static vec<float> of(vec<float> x, nonlin::parameters p) { return scaled_exponential::of(x, float(p.a), 1); }
};
template <> struct scaled_slope<nonlin::activation_seluOf> : scaled_exponential {
  static vec<float> of(vec<float> x, nonlin::parameters p) {
    return scaled_exponential::of(x, float(p.b) * float(p.a), float(p.b));
  }
};
template <> struct scaled_slope<nonlin::activation_celu> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters p) {
    const vec<float> y = huge_exp(quotient_within(-abs(x), vec<float>(float(p.a)), exp_end<float>));
    return select(x > 0, vec<float>(huge<float>), y);
  }
};
template <> struct scaled_slope<nonlin::activation_mish> : scaled_with_sign {
  static vec<float> of(vec<float> x, nonlin::parameters) { return huge_mish_slope(x); }
};

} // namespace
