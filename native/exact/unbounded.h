// Numbers of 106 bits whose exponent has no bounds: a textbook's formula (formulas/textbook.h) neither overflows nor
// loses digits in them, whatever is squared or is the power of e. lib/arithmetic/unbounded.ts is the same in
// TypeScript.
#pragma once

#include "exact/double_double.h"

namespace {

struct unbounded {};
template <> struct mask<unbounded> { bool m; };

// Of a normal number.
inline int64_t exponent_of(double a) { return (__builtin_bit_cast(int64_t, a) >> 52 & 0x7ff) - 1023; }

// One lane: part * 2^exponent.
template <> struct vec<unbounded> {
  wide part;       // Its size is from 1 to 2; or it is zero, infinite or NaN, and the exponent 0.
  double exponent; // A whole number.

  // So that no difference of two of them is NaN.
  static constexpr double most_exponent = 0x1p1022;

  vec() = default;
  vec(double a) : vec(wide(a), 0) {}
  vec(wide a, double exponent) : part(a), exponent(exponent) {
    if (!is_usual()) {
      *this = special(a.high);
      return;
    }
    // From where it takes one power of two to the size of 1.
    const double size = __builtin_fabs(a.high), step = size < 0x1p-900 ? -200 : size > 0x1p900 ? 200 : 0;
    part = a.scaled(power_of_two(int64_t(-step)));
    const int64_t own = exponent_of(part.high);
    part = part.scaled(power_of_two(-own));
    this->exponent += step + double(own);
    if (__builtin_fabs(this->exponent) > most_exponent)
      this->exponent = __builtin_copysign(most_exponent, this->exponent);
  }
  bool is_usual() const { return part.high != 0 && __builtin_isfinite(part.high); }

  friend vec operator-(vec a) {
    a.part = -a.part;
    return a;
  }
  // Errors are those of double_double.h. Terms so far apart that this is not known of one number stay apart.
  friend vec operator+(vec a, vec b) {
    if (!a.is_usual() || !b.is_usual()) {
      if (a.is_usual() && b.part.high == 0) return a;
      if (b.is_usual() && a.part.high == 0) return b;
      return special(a.part.high + b.part.high);
    }
    const bool turned = a.exponent < b.exponent;
    const vec large = turned ? b : a, small = turned ? a : b;
    const double apart = large.exponent - small.exponent;
    return vec(large.part + small.part.scaled(power_of_two(apart < 900 ? -int64_t(apart) : -900)), large.exponent);
  }
  friend vec operator-(vec a, vec b) { return a + -b; }
  friend vec operator*(vec a, vec b) {
    if (!a.is_usual() || !b.is_usual()) return special(a.part.high * b.part.high);
    return vec(a.part * b.part, a.exponent + b.exponent);
  }
  friend vec operator/(vec a, vec b) {
    if (!a.is_usual() || !b.is_usual()) return special(a.part.high / b.part.high);
    return vec(a.part / b.part, a.exponent - b.exponent);
  }
  friend mask<unbounded> operator<(vec a, vec b) { return {(a - b).part.high < 0}; }
  friend mask<unbounded> operator>(vec a, vec b) { return b < a; }
  friend mask<unbounded> operator<=(vec a, vec b) {
    return {(a < b).m || (a.part.high == b.part.high && a.part.low == b.part.low && a.exponent == b.exponent)};
  }
  friend mask<unbounded> operator>=(vec a, vec b) { return b <= a; }

private:
  static vec special(double a) {
    vec result;
    result.part = a;
    result.exponent = 0;
    return result;
  }
};
using number = vec<unbounded>;

template <> inline number select(mask<unbounded> m, number a, number b) { return m.m ? a : b; }
template <> inline number abs(number a) { return __builtin_signbit(a.part.high) ? -a : a; }
template <> inline number copysign(number a, number b) { return __builtin_signbit(b.part.high) ? -a : a; }
inline number max(number x, number c) { return (x < c).m ? c : x; }
inline number min(number x, number c) { return (x > c).m ? c : x; }
inline number fma(number a, number b, number c) { return a * b + c; }

inline number sqrt(number a) {
  if (!a.is_usual() || a.part.high < 0) return __builtin_sqrt(a.part.high);
  const double odd = a.exponent - 2 * __builtin_floor(a.exponent / 2);
  return number(sqrt(a.part.scaled(1 + odd)), (a.exponent - odd) / 2);
}

inline wide_power power_of_e(number x) {
  const double exponent = x.exponent < -900 ? -900 : x.exponent; // Of what is so small its sign counts.
  return wide_power_of(x.part.scaled(power_of_two(int64_t(exponent))));
}
// From 2^50 on, where 106 bits no longer tell a fraction of the exponent, a power of two whose exponent is twice as
// large for twice an x. From 2^960 on, where that would have no room, it is only larger for a larger x: 1 at 2^960, 2
// at 2^961 and so on, as far as a double tells them apart.
constexpr double only_size = 50, only_order = 960;
inline double order_beyond(number x) {
  const double beyond = x.exponent - only_order + (__builtin_fabs(x.part.high) - 1);
  if (beyond < 0x1p50) return 1 + beyond;
  const int64_t exponent = exponent_of(beyond);
  return 0x1p50 + double(exponent - 50) + beyond * power_of_two(-exponent);
}
inline number exp(number x) {
  if (x.part.high == 0) return 1.0;
  if (!x.is_usual()) return x.part.high < 0 ? 0.0 : x.part.high;
  if (x.exponent >= only_size) {
    // Of 24 bits each, so that the product is exact.
    const double size = float(x.part.high), unit = float(log2_e<double>);
    if (x.exponent < only_order) return number(1.0, size * unit * power_of_two(int64_t(x.exponent)));
    return number(1.0, __builtin_copysign(order_beyond(x) * unit * power_of_two(int64_t(only_order)), size));
  }
  const wide_power e = power_of_e(x);
  return number(1 + e.rest, e.exponent);
}
inline number expm1(number x) {
  if (x.part.high == 0) return x;
  if (!x.is_usual() || x.exponent >= only_size) return exp(x) - 1;
  if (x.exponent < -110) return x + x * x / 2; // What follows is a share of x^2 / 6, below 2^-220.
  const wide_power e = power_of_e(x);
  if (e.exponent == 0) return number(e.rest, 0);
  return number(1 + e.rest, e.exponent) - 1;
}

// log(1 + u) for u in [0, 1].
inline number log1p(number u) {
  if (!u.is_usual() || u.exponent < -110) return u - u * u / 2;
  return number(log1p(u.part.scaled(power_of_two(int64_t(u.exponent)))), 0);
}

inline number sigmoid(number x) { return 1 / (1 + exp(-x)); }
inline number tanh(number x) {
  if (!x.is_usual()) return x.part.high == 0 ? x : copysign(x.part.high == x.part.high ? 1.0 : x, x);
  const number e = expm1(2 * abs(x));
  return copysign(e / (e + 2), x);
}
inline number softplus(number x) { return max(x, 0.0) + log1p(exp(-abs(x))); }

inline double scaled(double a, double exponent) {
  const int64_t within = int64_t(exponent < -1100 ? -1100 : exponent > 1100 ? 1100 : exponent), half = within / 2;
  return a * power_of_two(half) * power_of_two(within - half);
}
// The nearest double, but that it is rounded twice below the normal numbers; and one that rounds to the same float or
// half.
inline double to_double(number a) { return scaled(a.part.high, a.exponent); }
inline double to_odd(number a) { return scaled(a.is_usual() ? to_odd(a.part) : a.part.high, a.exponent); }

// The limit at an infinity, from two numbers that are farther out than what curves a function, and below 2^960 with all
// that their powers of e are compared with: it is infinite or zero where their results differ by more than a factor of
// 4, which powers of x from the 7th root on do, and else the second.
constexpr double far_out = 0x1p930, farther_out = 0x1p946;
inline double limit_of(number far, number farther) {
  if (!far.is_usual() || !farther.is_usual()) return to_double(farther);
  const double growth = farther.exponent - far.exponent;
  if (growth > 1 || growth < -1) return __builtin_copysign(growth > 0 ? __builtin_inf() : 0.0, farther.part.high);
  return to_double(farther);
}

} // namespace
