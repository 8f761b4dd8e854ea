// The careful way (careful.h) of rows with their usual parameters, on x86: the same bits in fewer steps, for the
// vectors of a group at once, which wait for one branch and not for one each.
//
//   npm run bench -- --size 262144 --precision fast --input even --function ...
//
// ns per element on a Xeon that takes 33 ns for a product of subnormal numbers, by careful_map and so: of U(-100,100)
// sigmoid 0.43 and 0.32 (avx2 0.94 and 0.51), silu 0.46 and 0.34 (0.93 and 0.53), softplus 0.77 and 0.41 (1.44 and
// 0.70); of subnormal numbers tanh 0.63 and 0.31 (1.74 and 0.84), elu 0.62 and 0.29 (1.50 and 0.53), softsign 0.51 and
// 0.20 (1.00 and 0.23).
#pragma once

#include "loops/careful.h"

namespace nonlin {
namespace {

// Of a row that has it, values with the parameters that `for_these` accepts.
template <activation> struct careful_group { static constexpr bool known = false; };

// Below it x / 2 rounds.
constexpr float least_half = 0x1p-125f;
// c x for an x smaller than 2^-125, and a c of which that is a subnormal number: the bits of such an x are how many
// times 2^-149 it is, and a float from 2^23 to 2^24 is an integer. Rounded once; with `twice` first as if it were a
// larger number, and then as the one it is.
template <bool twice = false> vec<float> part_of_least(vec<float> x, vec<float> c) {
  const vec<float> multiple = __builtin_convertvector(to_bits(abs(x)), vec<float>::native), one = 0x1p23f;
  const vec<float> sum = twice ? multiple * c + one : fma(multiple, c, one);
  return from_bits<float>((to_bits(sum) - to_bits(one)) | (to_bits(x) & sign_bit<float>));
}
// Whether all of a register are such, up to 2^-126: this alone serves them.
inline bool all_least(vec<float> x) { return !any_above(to_bits(abs(x)), to_bits(vec<float>(0x1p-126f))); }

#if defined(__x86_64__)

// The lanes that are smaller than a limit, zeros among them, as integers.
inline mask<float> is_least(vec<float> x, float limit) {
  return {to_bits(abs(x)) < __builtin_bit_cast(int32_t, limit)};
}
inline vec<float> only(mask<float> these, vec<float> x) { return select(these, x, vec<float>(0.0f)); }
inline vec<float> without(mask<float> these, vec<float> x) { return select(these, vec<float>(0.0f), x); }
// Of which one is zero.
inline vec<float> either(vec<float> a, vec<float> b) { return from_bits<float>(to_bits(a) | to_bits(b)); }

// q c + r for a power of two c from 2^-126 to 1. In the lanes `alone` r is zero; in the others q c is no subnormal
// number, or nothing beside r.
inline vec<float> lower(vec<float> q, float c, vec<float> r, mask<float> alone) {
  const vec<float> size = abs(q), one = 0x1p23f;
  const float most = __builtin_fabsf(c);
  const mask<float> lost = size < 0x1p-126f / most;
  const vec<float>::bits integer = to_bits(fma(size, most * 0x1p85f * 0x1p64f, one)) - to_bits(one),
                         sign = (to_bits(q) ^ to_bits(vec<float>(c))) & sign_bit<float>;
  return either(fma(without(lost, q), c, r), only(lost, only(alone, from_bits<float>(integer | sign))));
}
// x times huge, for an x smaller than 1.
inline vec<float> lifted(vec<float> x) {
  const mask<float> subnormal = is_least(x, 0x1p-126f);
  const vec<float> multiple = __builtin_convertvector(to_bits(abs(x)), vec<float>::native);
  return either(without(subnormal, x) * huge<float>,
                only(subnormal, copysign(multiple * (huge<float> * 0x1p-100f * 0x1p-49f), x)));
}

// The size of x as an integer; where only what is below counts, of no more than F::far above zero.
template <class F> vec<float>::bits distance(vec<float> x) {
  vec<float>::bits bits = to_bits(x);
  if constexpr (F::only_below) {
    const vec<float>::bits far = to_bits(vec<float>(F::far));
    bits = bits < far ? bits : far; // Negative numbers are negative integers.
  }
  return bits & ~sign_bit<float>;
}

// A group without unusual inputs goes the usual way.
template <class F, size_t several>
[[gnu::always_inline]] inline void in_group(const F &f, const vec<float> (&x)[several], vec<float> (&v)[several]) {
  // size - least as an integer without a sign is beyond what usual sizes have for those too small and those too large.
  // ~(size - least) is least - 1 - size, and the smallest of these is of the size that is farthest.
  const vec<float>::bits least = to_bits(vec<float>(f.least_usual())), before = least - 1;
  vec<float>::bits lacks = before - distance<F>(x[0]);
  for (size_t j = 1; j < several; j++)
    lacks = smaller_unsigned(lacks, before - distance<F>(x[j]));
  if (!any_above(~lacks, to_bits(vec<float>(F::far)) - least))
    for (size_t j = 0; j < several; j++)
      v[j] = f.usual(not_before(x[j]));
  else if (F::knows_far && count_lanes<float>({~lacks}) == 0) // None near zero.
    for (size_t j = 0; j < several; j++)
      v[j] = f.far_out(not_before(x[j]));
  else
    for (size_t j = 0; j < several; j++)
      v[j] = f(x[j]);
}
template <activation op> struct group_of {
  parameters p;
  static constexpr bool known = true;
  // Whether inputs above `far` are usual, which takes a step to ask; and whether far_out(x) is for a group with none
  // near zero.
  static constexpr bool only_below = false, knows_far = false;
  // Of inputs between these, and of zeros, the usual way meets no subnormal number.
  static constexpr float least = 0x1p-40f, far = __builtin_inff();
  static bool for_these(parameters) { return true; }
  float least_usual() const { return careful_group<op>::least; }
  vec<float> usual(vec<float> x) const {
    if constexpr (usually<op>::known)
      return usually<op>()(x);
    else
      return value_of<op>{p}(x);
  }
  vec<float> far_out(vec<float> x) const { return x; }
  template <size_t several> void group(const vec<float> (&x)[several], vec<float> (&v)[several]) const {
    in_group(static_cast<const careful_group<op> &>(*this), x, v);
  }
};

// Rows that are x itself near zero.
template <activation op> struct itself_near_zero : group_of<op> {
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_least(x, group_of<op>::least);
    return either(this->usual(without(small, x)), only(small, x));
  }
};
template <> struct careful_group<activation_tanh> : itself_near_zero<activation_tanh> {};
template <> struct careful_group<activation_softsign> : itself_near_zero<activation_softsign> {};
template <> struct careful_group<activation_softcap> : itself_near_zero<activation_softcap> {
  static bool for_these(parameters p) { return small_inputs<activation_softcap>::holds(p) && p.a < 0x1p60; }
};
template <activation op> struct exponential_near_zero : itself_near_zero<op> {
  static bool for_these(parameters p) { return p.a == rows[op].usual_a; }
};
template <> struct careful_group<activation_elu> : exponential_near_zero<activation_elu> {};
template <> struct careful_group<activation_celu> : exponential_near_zero<activation_celu> {};

// Of tanhShrink a third of a cube is nothing near zero.
template <> struct careful_group<activation_tanhShrink> : group_of<activation_tanhShrink> {
  static constexpr float least = small_inputs<activation_tanhShrink>::unusual_below;
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_least(x, small_inputs<activation_tanhShrink>::below);
    return copysign(as_float(tanh_shrink(vec<careful>(without(small, x).v))), x);
  }
};

// Rows that are level near zero.
inline vec<float> level_near_zero(vec<float> x) { return without(is_least(x, 0x1p-100f), x); }
template <> struct careful_group<activation_sigmoid> : group_of<activation_sigmoid> {
  static constexpr float far = 87;
  vec<float> operator()(vec<float> x) const { return lower(1 / sigmoid_divisor(level_near_zero(x)), tiny<float>); }
};
inline vec<float> careful_log1p_exp_minus_abs(vec<float> x) {
  return log1p_of<30, true>(exp_factors_times(30, minus_abs_within(x, 104.5f))).high;
}
template <> struct careful_group<activation_softplus> : group_of<activation_softplus> {
  static constexpr float far = 62;
  static bool for_these(parameters p) { return usually<activation_softplus>::are(p); }
  vec<float> operator()(vec<float> x) const {
    x = level_near_zero(x);
    return lower(careful_log1p_exp_minus_abs(x), 1 / log1p_unit<float>, max(x, 0.0f), x < 0);
  }
};
template <> struct careful_group<activation_logSigmoid> : group_of<activation_logSigmoid> {
  static constexpr float far = 62;
  vec<float> operator()(vec<float> x) const {
    x = level_near_zero(x);
    return lower(careful_log1p_exp_minus_abs(x), -1 / log1p_unit<float>, min(x, 0.0f), x > 0);
  }
};

// Rows that are half of x near zero.
template <activation op> struct half_near_zero : group_of<op> {
  static constexpr float least = least_half;
  vec<float> operator()(vec<float> x) const {
    if (all_least(x)) return part_of_least(x, 0.5f);
    const mask<float> small = is_least(x, least);
    const careful_group<op> &row = static_cast<const careful_group<op> &>(*this);
    return either(row.far_out(without(small, x)), only(small, part_of_least(x, 0.5f)));
  }
};
template <> struct careful_group<activation_hardSwish> : half_near_zero<activation_hardSwish> {
  vec<float> far_out(vec<float> x) const { return usual(x); }
};
template <> struct careful_group<activation_silu> : half_near_zero<activation_silu> {
  static constexpr bool knows_far = true;
  static constexpr float far = 87;
  static bool for_these(parameters p) { return usually<activation_silu>::are(p); }
  vec<float> far_out(vec<float> x) const {
    const vec<float> minus_a = minus_abs_within(x, far_exp_end<float>);
    return lower(minus_a / one_plus_exp_minus(minus_a), tiny<float>, ramp(x), x < 0);
  }
};
template <> struct careful_group<activation_geluSigmoid> : half_near_zero<activation_geluSigmoid> {
  static constexpr bool knows_far = true;
  static constexpr float far = 51;
  vec<float> far_out(vec<float> x) const {
    const vec<float> a = abs_within(x, gelu_sigmoid_end<float>);
    return lower(a / gelu_sigmoid_one_plus(a), -tiny<float>, ramp(x), x < 0);
  }
};
// Of this one a product with what rounding takes from its exponent is smaller than x by far.
template <> struct careful_group<activation_geluTanh> : group_of<activation_geluTanh> {
  static constexpr bool only_below = true, knows_far = true;
  static constexpr float far = 10;
  vec<float> far_out(vec<float> x) const {
    const vec<float> a = abs_within(x, gelu_tanh_end<float>);
    return lower(a / gelu_tanh_one_plus(a), -tiny<float>, ramp(x), x < 0);
  }
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_least(x, least), rounds = is_least(x, least_half);
    const vec<float> half = only(small, without(rounds, x)) * 0.5f, rounded = only(rounds, part_of_least(x, 0.5f));
    return either(far_out(without(small, x)), either(half, rounded));
  }
};

// A multiple of x near zero, rounded once as if it were larger, and then where it is a subnormal number. For those a
// number 2^64 times as large stands on the way.
//
// With means above 2^-20 no other product of an x and one is subnormal. Below 1 the product is what is larger.
template <> struct careful_group<activation_rrelu> : group_of<activation_rrelu> {
  static constexpr float least = 0x1p-104f;
  static bool for_these(parameters p) {
    const double mean = p.a / 2 + p.b / 2;
    return mean > 0x1p-20 && mean < 1;
  }
  vec<float> operator()(vec<float> x) const {
    const vec<float> mean = middle_of<float>(p.a, p.b);
    if (all_least(x)) return max(x, part_of_least<true>(x, mean));
    const mask<float> small = is_least(x, least);
    const vec<float> v = either(without(small, x), lifted(only(small, x)));
    const vec<float> y = max(v, mean * v);
    return either(without(small, y), only(small, lower(y, 1 / huge<float>)));
  }
};
// selu's multiples are above 1, so only those of subnormal numbers are some. A float is as many times 2^-149 as it says
// up to 2^24.
template <> struct careful_group<activation_selu> : group_of<activation_selu> {
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_least(x, least), subnormal = is_least(x, 0x1p-126f);
    const vec<float> multiple = __builtin_convertvector(to_bits(abs(x)), vec<float>::native), other = without(small, x),
                     lifted = without(subnormal, only(small, x)) * huge<float>,
                     integer = only(subnormal, copysign(multiple, x));
    const vec<float> exponential = select(other < 0, expm1_below(other), other);
    const vec<float> e = either(exponential, either(lifted, integer)), y = selu_of_exponential(e, e);
    const vec<float> lowered = y * select<float>(small, 1 / huge<float>, 1);
    return select(subnormal, copysign(from_bits<float>(nearest_integer(abs(y))), x), lowered);
  }
};

// Rows whose value is x or the product of two floats.
template <activation op> struct leaky_group : group_of<op> {
  float least_usual() const {
    const double a = __builtin_fabs(this->p.a);
    return a < 1 ? float(0x1p-126 / (a > 0x1p-200 ? a : 0x1p-200)) : 0x1p-126f;
  }
  vec<float> operator()(vec<float> x) const {
    const double a = this->p.a;
    if (a > 0 && a < 1 && all_least(x)) return max(x, part_of_least(x, float(a)));
    const vec<float> y = in_doubles(x, x, [a](vec<double> x, vec<double>) { return x * a; });
    return a > 0 && a < 1 ? max(x, y) : select(x < 0, a == 0 ? vec<float>(-0.0f) : y, x);
  }
};
template <> struct careful_group<activation_leakyRelu> : leaky_group<activation_leakyRelu> {};
template <> struct careful_group<activation_prelu> : leaky_group<activation_prelu> {};
template <> struct careful_group<activation_relu2> : group_of<activation_relu2> {
  vec<float> operator()(vec<float> x) const {
    const vec<float> y = max(x, 0.0f);
    return exact_product(y, y);
  }
};

// a x + b is b where x is subnormal, or nearest to it, unless b is as small; then the usual way serves, which is right.
template <> struct careful_group<activation_hardSigmoidOf> : group_of<activation_hardSigmoidOf> {
  static constexpr float least = 0x1p-126f;
  vec<float> operator()(vec<float> x) const {
    if (!(__builtin_fabs(p.a) < 0x1p40 && __builtin_fabs(p.b) > 0x1p-60)) return usual(x);
    const mask<float> small = is_least(x, least);
    return usual(either(without(small, x), only(small, copysign(vec<float>(least), x))));
  }
};

// mish is 0.6 x near zero.
template <> struct careful_group<activation_mish> : group_of<activation_mish> {
  static constexpr bool knows_far = true;
  static constexpr float part = small_inputs<activation_mish>::multiple, least = 0x1p-126f / part, far = -mish_begin;
  vec<float> usual(vec<float> x) const { return mish_near(x); }
  vec<float> far_out(vec<float> x) const {
    return select(x < mish_begin, last_product(huge_mish_far(x), 1 / huge<float>), mish_near(x));
  }
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_least(x, least);
    return either(far_out(without(small, x)), only(small, part_of_least(x, part)));
  }
};

#endif

} // namespace
} // namespace nonlin
