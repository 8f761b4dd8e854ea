// The primitives for vec<float> that are exponentials and their logarithms; the others are in pieces.h. Errors are in u
// = 2^-24, the relative half-unit of the last place just above a power of two. Coefficients are from Sollya's fpminimax
// for the relative error, each rounded to float with the others.
#pragma once

#include "arithmetic/exp.h"
#include "arithmetic/lookup.h"
#include "arithmetic/simd.h"

namespace {

// e^r - 1 as r + r^2 q(r), degree 6: 0.23 u.
constexpr float expm1_terms[] = {0x1.fffffep-2f, 0x1.5554bp-3f, 0x1.555716p-5f, 0x1.122794p-7f, 0x1.6b735p-10f};
inline vec<float> exp_minus_one(vec<float> r) {
  vec<float> square = r * r;
  vec<float> high = fma(expm1_terms[4], square, fma(expm1_terms[3], r, expm1_terms[2]));
  return fma(fma(high, square, fma(expm1_terms[1], r, expm1_terms[0])), square, r);
}

// e^x = 2^((k + shift) / 16) (1 + rest), from a table and a polynomial of degree 3: 0.03 u. The shift is 0.5769341, the
// best of 4 * 10^7 between 0.5 and 0.75: all sixteen entries of the table are within 0.28 u of their real values. And
// `rest` is between -0.05 and -0.003, so that 1 + power * rest, the first part of 1 + e^x, is below 1, where rounding
// costs half of what it costs above.
//
// e^(-shift ln 2 / 16), and the coefficients of r^2 and r^3 in e^r.
constexpr double exp_shrink = 0x1.f35c9e28cb875p-1;
constexpr double exp_square = 0x1.000236p-1, exp_cube = 0x1.555748p-3;

// 2^((j + shift) / 16), less the j that comes with k.
struct exp_table {
  float entries[16];
  constexpr exp_table(const float (&powers)[16]) : entries() {
    for (int j = 0; j < 16; j++)
      entries[j] = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, powers[j]) - (j << 19));
  }
};
constexpr exp_table sixteenths({0x1.067aa2p+0f, 0x1.121998p+0f, 0x1.1e3c44p+0f, 0x1.2ae87cp+0f, 0x1.382456p+0f,
                                0x1.45f62ep+0f, 0x1.5464a8p+0f, 0x1.6376b4p+0f, 0x1.733390p+0f, 0x1.83a2cap+0f,
                                0x1.94cc4ap+0f, 0x1.a6b84ep+0f, 0x1.b96f74p+0f, 0x1.ccfab8p+0f, 0x1.e16380p+0f,
                                0x1.f6b39ap+0f});

// c * e^(value * y) as power * (1 + rest), for a c that is 2^(steps / 16) * shrink.
struct factors {
  vec<float> power, rest;
};
struct scale {
  vec<float> shifter; // with the steps in it: it adds them to the k of power
  double shrink;      // with e^(-shift ln 2 / 16) in it
  scale(vec<float> steps, double shrink = 1) : shifter(::shifter<float> + steps), shrink(exp_shrink * shrink) {}
};

// From k + shifter (with the exponent of `scale` in it), and what y exceeds the k steps by; `shrunk` is shrink - 1, to
// which what is very small may be added that y exceeds them by besides.
inline factors factors_of(const scale &scale, const unit<float> &u, vec<float> shifted, vec<float> left,
                          vec<float> shrunk) {
  const double v = u.value, c = scale.shrink;
  vec<float> rest = fma(left, float(c * exp_cube * v * v * v), float(c * exp_square * v * v));
  rest = fma(fma(rest, left, float(c * v)), left, shrunk);
  vec<float>::bits power = to_bits(lookup(sixteenths.entries, to_bits(shifted))) + (to_bits(shifted) << 19);
  return {from_bits<float>(power), rest};
}
inline factors factors_of(const scale &scale, const unit<float> &u, vec<float> shifted, vec<float> left) {
  return factors_of(scale, u, shifted, left, float(scale.shrink - 1));
}

inline factors exp_factors(const scale &scale, const unit<float> &u, vec<float> y) {
  vec<float> shifted = fma(y, 16 * u.log2_e, scale.shifter);
  vec<float> k = shifted - scale.shifter;
  vec<float> left = fma(k, u.rest / (-16 * u.value), fma(k, u.ln_2 / -16, y));
  return factors_of(scale, u, shifted, left);
}

// The same of a b + rest, all of them positive. The step is cut to 12 bits, so that k of them are exact.
struct sharp {
  vec<float> a, b, rest;
};
inline factors exp_factors(const scale &scale, const unit<float> &u, sharp y) {
  const float step = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, u.ln_2 / 16) & ~0xfff);
  const float step_rest = (u.ln_2 / 16 - step) + u.rest / (16 * u.value);
  vec<float> shifted = fma(y.a * (16 * u.log2_e), y.b, scale.shifter);
  vec<float> k = shifted - scale.shifter;
  vec<float> left = fma(y.a, y.b, k * -step) + fma(k, -step_rest, y.rest);
  return factors_of(scale, u, shifted, left);
}
inline sharp sharp_value_of(cubic<float> c) {
  vec<float> sum = fma(c.a, c.a, c.most);
  return {c.a, sum, c.a * (fma(c.a, c.a, c.most - sum) + c.rest)};
}

// With the nearest float to 1 / ln 2, one of all e^x would be less than that of the float before x, where k changes:
// e^0x1.0a2b26p-4. With the next one, none is.
constexpr unit<float> natural = {1, 0x1.715478p+0, 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
inline vec<float> exp_times_power(vec<float> x, vec<float> power) {
  factors e = exp_factors(power * 16.0f, natural, x);
  return fma(e.power, e.rest, e.power);
}
inline factors exp_factors(const scale &scale, float log2_e, pair<float> y) {
  vec<float> shifted = fma(y.high, 16 * log2_e, scale.shifter);
  vec<float> k = shifted - scale.shifter;
  vec<float> left = fma(k, ln_2<float> / -16, y.high) + fma(k, ln_2_rest<float> / -16, y.low);
  return factors_of(scale, natural, shifted, left);
}
inline vec<float> exp_times_power(pair<float> x, vec<float> power) {
  factors e = exp_factors(power * 16.0f, natural.log2_e, x);
  return fma(e.power, e.rest, e.power);
}
// Y: a vector, or `sharp`.
template <class Y> vec<float> one_plus_exp_of(const unit<float> &u, Y y) {
  const vec<float> steps_of_tiny = 16 * tiny_exponent<float>;
  factors e = exp_factors(steps_of_tiny, u, y);
  return fma(e.power, e.rest, tiny<float>) + e.power;
}
inline vec<float> one_plus_exp(const unit<float> &u, vec<float> y) { return one_plus_exp_of(u, y); }
inline vec<float> one_plus_exp_minus(vec<float> x) { return one_plus_exp(minus_one<float>, x); }
inline vec<float> one_plus_exp(pair<float> y) {
  factors e = exp_factors(vec<float>(16 * tiny_exponent<float>), log2_e<float>, y);
  return fma(e.power, e.rest, tiny<float>) + e.power;
}
inline vec<float> one_plus_exp(const unit<float> &u, cubic<float> y) { return one_plus_exp_of(u, sharp_value_of(y)); }

// y times what they make, with what rounding takes from the first product, and on the way times 2^36, so that this is
// no subnormal number.
inline vec<float> times_and_rest(vec<float> y, const factors &e) {
  const vec<float> larger = y * 0x1p36f, product = larger * e.power, rest = fma(larger, e.power, -product);
  return (product + fma(product, e.rest, rest)) * 0x1p-36f;
}

// log(1 + u) = log(1 + z) - log(r), z = r u + (r - 1), for one of eight r, that of small u 1; log(1 + z) is z + z^2
// p(z), |z| up to 0.08: 0.44 u of the logarithm. Each log(r) is nearly a float. Which r: the exponent and the first two
// bits of the mantissa of power + 0.4, u = power (1 + rest), so that it need not wait for u. ns per element of
// logSigmoid by a polynomial of degree 9 in u 0.45, with AVX2 0.58, and so 0.29 and 0.40 (`npm run bench -- --size
// 262144 --function logSigmoid` on Zen 4).
constexpr float log1p_place = 0x1.98p-2f;
constexpr float log1p_ratios[8] = {
    0x1.b8d572p-1f, 0x1.8ef2f4p-1f, 0x1.6c56f6p-1f, 0x1.4f3ac8p-1f, 0x1.2b2826p-1f, 0x1.0c996cp-1f, 1, 0x1.ded796p-1f};
constexpr float log1p_logs[8] = {
    0x1.327f3ep-3f, 0x1.fef51cp-3f, 0x1.5c6758p-2f, 0x1.b1ac52p-2f, 0x1.13206ap-1f, 0x1.4a4b1p-1f, 0, 0x1.123ep-4f};
constexpr float log1p_float_terms[] = {-0x1.ffffccp-2f, 0x1.5554a2p-2f, -0x1.010aeap-2f, 0x1.9c49dep-3f};

// The same where u is times 2^power, and the terms for a z times log1p_unit.
template <> constexpr float log1p_unit<float> = 0x1p30f;
struct log1p_tables {
  float place, less_one[8], logs[8], terms[4];
  constexpr log1p_tables(float unit) : place(log1p_place * unit), less_one(), logs(), terms() {
    for (int j = 0; j < 8; j++)
      less_one[j] = (log1p_ratios[j] - 1) * unit, logs[j] = log1p_logs[j] * unit;
    float scale = 1;
    for (int i = 0; i < 4; i++)
      terms[i] = log1p_float_terms[i] * (scale /= log1p_unit<float>);
  }
};
template <int power> constexpr float unit_of = __builtin_bit_cast(float, (127 + power) << 23);
template <int power> constexpr log1p_tables log1p_times = unit_of<power>;
// log(1 + u) * 2^power as a sum of two, the second what rounding takes from the first. Where a small u is kept, z^2
// counts from 2^-188 on, and beside a smaller power, where it is no subnormal number either, from 2^-180 on.
template <int power, bool keeps> pair<float> log1p_of(const factors &e) {
  constexpr float unit = unit_of<power>;
  constexpr const log1p_tables &tables = log1p_times<power>;
  const vec<float> u = fma(e.power, e.rest, e.power);
  const vec<float>::bits piece = to_bits(e.power + tables.place) >> 21;
  const vec<float> z = fma(u, lookup(log1p_ratios, piece), lookup(tables.less_one, piece));
  const vec<float> counts = keeps ? select(u > unit * (power < 64 ? 0x1p-90f : 0x1p-94f), z, vec<float>(0.0f)) : z;
  const vec<float> small = unit == log1p_unit<float> ? counts : counts * (log1p_unit<float> / unit);
  const vec<float> square = times(small, counts);
  vec<float> p = tables.terms[3];
  for (int i = 3; i-- > 0;)
    p = fma(p, small, tables.terms[i]);
  const vec<float> y = fma(p, square, z), rest = fma(p, square, z - y);
  const vec<float> log = lookup(tables.logs, piece), sum = log + y;
  return {sum, ((log - sum) + y) + rest};
}

// e^x * 2^power for x up to 130 in size. X: a vector or a pair, with the same bits where `low` is zero. What ln 2 is
// more than its float makes so little, times k, that it may go to `rest`, which then waits for less.
inline vec<float> first_of(vec<float> x) { return x; }
inline vec<float> first_of(pair<float> x) { return x.high; }
inline vec<float> plus_second(vec<float> left, vec<float>) { return left; }
inline vec<float> plus_second(vec<float> left, pair<float> x) { return left + x.low; }
template <class X> factors exp_factors_times(float power, X x) {
  const scale scale = vec<float>(16 * power);
  vec<float> shifted = fma(first_of(x), 16 * natural.log2_e, scale.shifter);
  vec<float> k = shifted - scale.shifter;
  vec<float> left = plus_second(fma(k, natural.ln_2 / -16, first_of(x)), x);
  vec<float> shrunk = fma(k, natural.rest / -16, float(scale.shrink - 1));
  return factors_of(scale, natural, shifted, left, shrunk);
}

inline pair<float> huge_log1p_exp(pair<float> x) { return log1p_of<64, false>(exp_factors_times(64, x)); }
inline pair<float> huge_log1p_exp_kept(pair<float> x) { return log1p_of<64, true>(exp_factors_times(64, x)); }
// log(1 + e^-|x|) * log1p_unit, which is a normal number up to where the logarithm is nothing as a float.
inline vec<float> log1p_exp_minus_abs(vec<float> x) {
  return log1p_of<30, false>(exp_factors_times(30, minus_abs_within(x, 104.5f))).high;
}

} // namespace
