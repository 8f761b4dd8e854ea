// Slopes with a factor, which keeps them from becoming subnormal numbers in float lanes (careful.h says why).
#pragma once

#include "formulas/exponential.h"
#include "formulas/gated.h"
#include "formulas/logistic.h"
#include "formulas/softplus.h"
#include "rows/rows.h"

namespace {

// Slopes in float lanes times a power of two, as a rule huge<float>: they still have what a float slope below the
// normal numbers has lost, and no division or product on the way is subnormal, for which sigmoid's took 11 times as
// long on U(-100,100) (`npm run bench -- --function sigmoidGrad --input even`, Sapphire Rapids). Of rows whose slopes
// are never so small, nothing.
template <nonlin::activation> struct scaled_slope { static constexpr bool known = false, has_sign = false; };
struct scaled_by_huge {
  static constexpr bool known = true, has_sign = false;
  static float unit(nonlin::parameters) { return huge<float>; }
};
struct scaled_with_sign : scaled_by_huge {
  static constexpr bool has_sign = true;
};
// y / 2^times, both of them normal, and, where y is NaN, anything: by integers, as the units that multiply have enough
// to do.
inline vec<float> halved(vec<float> y, int times) { return from_bits<float>(to_bits(y) - (times << 23)); }
template <> struct scaled_slope<nonlin::activation_sigmoid> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    // From 109 on it comes to nothing, and half of it would be subnormal.
    const vec<float> y = 1 / one_plus_exp_minus(max(minus_abs(x), -109.0f)), root = halved(y, 32);
    return fma(-root, root, y);
  }
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
// From 4 y, y = sigmoid(-2|x|).
inline vec<float> scaled_tanh_slope(vec<float> one_plus) {
  const vec<float> y4 = 4 / one_plus, root = halved(y4, 33);
  return fma(-root, root, y4);
}
template <> struct scaled_slope<nonlin::activation_tanh> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    return scaled_tanh_slope(one_plus_exp_minus(max(2 * minus_abs(x), -exp_end<float>)));
  }
};
template <> struct scaled_slope<nonlin::activation_tanhShrink> : scaled_by_huge {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    // Below 2^-80 it comes to nothing.
    const vec<float> root = tanh(select(abs(x) < 0x1p-80f, vec<float>(0.0f), x)) * 0x1p32f;
    return root * root;
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
  static vec<float> of(vec<float> x, nonlin::parameters p) {
    const pair<float> z = quotient_within(abs(x), vec<float>(float(p.a)), exp_end<float> / 2);
    return scaled_tanh_slope(one_plus_exp(pair<float>{2 * z.high, 2 * z.low}));
  }
};
// 1 - w or w of step_plus, whose scale is 1 / huge.
inline vec<float> scaled_step_plus(vec<float> x, vec<float> w) { return select(x < 0, w, huge<float> - w); }
// For inputs from near_end on (rare_inputs.h).
template <> struct scaled_slope<nonlin::activation_gelu> : scaled_with_sign {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    return scaled_step_plus(x, gelu_slope_far(min(abs(x), gelu_end<float>)));
  }
};
// gated_slope, in which y is no subnormal number: where it would be, it does not count.
inline vec<float> scaled_gated_slope(vec<float> x, pair<float> growth, vec<float> one_plus) {
  const vec<float> y = tiny<float> / min(one_plus, 0x1p62f);
  const vec<float> bracket = fma(growth.low, y - 1, fma(growth.high, y, 1 - growth.high));
  return scaled_step_plus(x, bracket / one_plus);
}
template <> struct scaled_slope<nonlin::activation_geluTanh> : scaled_with_sign {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    const vec<float> a = min(abs(x), gelu_tanh_end<float>);
    return scaled_gated_slope(x, gelu_tanh_growth(a), gelu_tanh_one_plus(a));
  }
};
template <> struct scaled_slope<nonlin::activation_geluSigmoid> : scaled_with_sign {
  static vec<float> of(vec<float> x, nonlin::parameters) {
    const vec<float> a = min(abs(x), gelu_sigmoid_end<float>);
    return scaled_gated_slope(x, gelu_sigmoid_growth(a), gelu_sigmoid_one_plus(a));
  }
};
template <> struct scaled_slope<nonlin::activation_silu> : scaled_with_sign {
  static vec<float> of(vec<float> x, nonlin::parameters p) {
    const vec<float> b = float(p.a), size = abs(b), a = min(abs(x), min(exp_end<float> / size, largest<float>));
    const pair<float> exponent = product(a, size);
    return scaled_gated_slope(times_sign(x, b), exponent, one_plus_exp(exponent));
  }
};

// c e^x below 0, and `above` elsewhere. The unit is 1 where a factor is so large that nothing else would do.
struct scaled_exponential : scaled_with_sign {
  static float unit_for(float c, float above) {
    const auto is_small = [](float a) { return -0x1p60f < a && a < 0x1p60f; };
    return is_small(c) && is_small(above) ? huge<float> : 1;
  }
  static vec<float> of(vec<float> x, float c, float above) {
    // A large factor makes something of what is beyond exp_end.
    constexpr float end = far_exp_end<float>;
    const float unit = unit_for(c, above);
    const vec<float> y = select(x < -end, vec<float>(0.0f), huge_exp(max(minus_abs(x), -end)));
    return select(x > 0, vec<float>(above * unit), vec<float>(c * (unit / huge<float>)) * y);
  }
};
template <> struct scaled_slope<nonlin::activation_elu> : scaled_exponential {
  static float unit(nonlin::parameters p) { return unit_for(float(p.a), 1); }
  static vec<float> of(vec<float> x, nonlin::parameters p) { return scaled_exponential::of(x, float(p.a), 1); }
};
template <> struct scaled_slope<nonlin::activation_seluOf> : scaled_exponential {
  static float unit(nonlin::parameters p) { return unit_for(float(p.b) * float(p.a), float(p.b)); }
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
  static vec<float> of(vec<float> x, nonlin::parameters) {
    return huge_mish_bend<float, true>(x) + select(x < 0, vec<float>(0.0f), vec<float>(huge<float>));
  }
};

} // namespace
