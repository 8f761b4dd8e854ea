// e^x in the forms that keep the last digits of what it is a factor or a term of, as templates over vec<T>.
// A type brings exp_minus_one(r), which is e^r - 1 for |r| <= 0.3467 (float32/exponentials.h, float64.h).
#pragma once

#include "arithmetic/lookup.h"
#include "arithmetic/simd.h"

namespace {

// q c + r, the last step of a value, for a power of two c: where r is zero, the product may be subnormal.
template <class T> vec<T> last_step(vec<T> q, vec<T> c, vec<T> r) { return fma(q, c, r); }
// c / d, likewise.
template <class T> vec<T> last_quotient(vec<T> c, vec<T> d) { return c / d; }

// An unevaluated sum, `low` no more than a few rounding errors of `high`.
template <class T> struct pair { vec<T> high, low; };
template <class T> pair<T> product(vec<T> a, vec<T> b) {
  vec<T> high = a * b;
  return {high, fma(a, b, -high)};
}

// A real number as an unevaluated sum of two T, given as one of two doubles.
template <class T> struct constant {
  T high, low;
  constexpr constant(double value, double rest) : high(T(value)), low(T(value - double(high) + rest)) {}
};
// The same as one T: the nearest to it, or both where T has the room.
template <class T> constexpr T sum(double value, double rest) { return T(value + rest); }
template <class T> pair<T> product(pair<T> a, constant<T> c) {
  vec<T> high = a.high * c.high;
  return {high, fma(a.low, c.high, fma(a.high, c.low, fma(a.high, c.high, -high)))};
}

// e^x = (1 + minus_one) * 2^k, where minus_one is between -0.3 and 0.42 and `shifted` is k + shifter<T>.
template <class T> struct exponential { vec<T> minus_one, shifted; };

template <class T> constexpr T log2_e = T(0x1.71547652b82fep+0);
template <class T> constexpr T ln_2 = T(0x1.62e42fefa39efp-1);
// What rounding ln 2 took from it.
template <class T> constexpr T ln_2_rest = T(0x1.62e42fefa39efp-1 - double(ln_2<T>) + 0x1.abc9e3b39803fp-56);

// x - k * ln_2 is exact: it has no more bits than x.
template <class T> exponential<T> exponential_of(vec<T> x) {
  vec<T> shifted = fma(x, log2_e<T>, shifter<T>);
  vec<T> k = shifted - shifter<T>;
  return {exp_minus_one(fma(k, -ln_2_rest<T>, fma(k, -ln_2<T>, x))), shifted};
}
template <class T> exponential<T> exponential_of(pair<T> x) {
  vec<T> shifted = fma(x.high, log2_e<T>, shifter<T>);
  vec<T> k = shifted - shifter<T>;
  return {exp_minus_one(fma(k, -ln_2<T>, x.high) + fma(k, -ln_2_rest<T>, x.low)), shifted};
}

// What else an exponent can be counted in: e^(value * y). A factor like 1.702 is not exact in binary, and times a large
// y its error would count. This way it meets only what is left of y when k ln 2 is gone.
template <class T> struct unit {
  // value / ln 2; ln 2 / value; and ln 2 less value times that.
  T value, log2_e, ln_2, rest;
  constexpr unit(double value, double log2_e, double ln_2, double ln_2_rest)
      : value(T(value)), log2_e(T(log2_e)), ln_2(T(ln_2)), rest(T((ln_2 - double(T(ln_2)) + ln_2_rest) * value)) {}
};
// The unit of e^-x.
template <class T>
constexpr unit<T> minus_one = {-1, -0x1.71547652b82fep+0, -0x1.62e42fefa39efp-1, -0x1.abc9e3b39803fp-56};

// s * e^x, where s is larger than meant by the factor `huge`, and zero only if x is. So the product is a normal number;
// the caller takes the factor away in the step that rounds the result.
template <class T> constexpr T huge = sizeof(T) == 4 ? T(0x1p64) : T(0x1p128);
// The factor that log(1 + e^-|x|) has, likewise.
template <class T> constexpr T log1p_unit = huge<T>;
// Where a Phi(-a) and its derivative, each of them some polynomial times e^(-a*a/2), round to zero.
template <class T> constexpr T gelu_end = sizeof(T) == 4 ? T(14.75) : T(38.9);
// From where on tanh(log(1 + e^x)) rounds to 1.
template <class T> constexpr T mish_end = sizeof(T) == 4 ? T(9.1) : T(19.5);
template <class T> vec<T> exp_times(vec<T> s, exponential<T> e) {
  s = add_exponent(s, e.shifted);
  return fma(s, e.minus_one, s);
}
// e^x * huge, a normal number. X: a vector or a pair.
template <class T> vec<T> huge_exp(vec<T> x) { return exp_times(vec<T>(huge<T>), exponential_of(x)); }
template <class T> vec<T> huge_exp(pair<T> x) { return exp_times(vec<T>(huge<T>), exponential_of(x)); }

// (1 + e^x) * tiny. `tiny` makes room for e^x up to where 1 / (1 + e^x) is zero.
// The 1 goes to e^r - 1, times 2^k; added to 2^k first it would be lost from 2^24 on (double: 2^53).
// Each type brings it for -x, for an exponent counted in a unit, and for a cubic in such a unit.
template <class T> constexpr int tiny_exponent = sizeof(T) == 4 ? -64 : -128;
template <class T> constexpr T tiny = sizeof(T) == 4 ? T(0x1p-64) : T(0x1p-128);

// a (a^2 + most + rest), where `most` is so short that its difference with a^2 + most is exact.
template <class T> struct cubic {
  vec<T> a;
  T most, rest;
};
template <class T> pair<T> value_of(cubic<T> c) {
  vec<T> sum = fma(c.a, c.a, c.most);
  pair<T> y = product(c.a, sum);
  y.low = fma(c.a, fma(c.a, c.a, c.most - sum) + c.rest, y.low);
  return y;
}
// 2^((j + shift) / 8) for some shift, less the j that comes with k where k + j / 8 is shifted into the exponent.
struct eighths_table {
  double entries[8];
  constexpr eighths_table(const double (&powers)[8]) : entries() {
    for (int j = 0; j < 8; j++)
      entries[j] = __builtin_bit_cast(double, __builtin_bit_cast(int64_t, powers[j]) - (int64_t(j) << 49));
  }
  // From k + shifter: 2^((k + shift) / 8).
  vec<double> power(vec<double> shifted) const {
    return from_bits<double>(to_bits(lookup(entries, to_bits(shifted))) + (to_bits(shifted) << 49));
  }
};

// e^x * 2^power for integers `power`, the result a normal number.
inline vec<double> exp_times_power(vec<double> x, vec<double> power) {
  exponential<double> e = exponential_of(x);
  return exp_times(vec<double>(1.0), {e.minus_one, e.shifted + power});
}

} // namespace
