// The primitives for numbers of 106 bits, unevaluated sums of two doubles: what `exact` asks where doubles
// lie so near the middle between two floats that their error would decide (correctly_rounded.h). Plain rather than
// fast; lib/arithmetic/double-double.ts is the same in TypeScript.
//
// Terms that are too far apart for one number stay apart: 1 + e for a tiny e is the sum of 1 and e. So the sign of what
// decides a tie, x^2 / sqrt(2 pi) beside the x / 2 of GELU, is never lost. Errors are relative; those of the operations
// are Joldes, Muller and Popescu's, "Tight and rigorous error bounds for basic building blocks of double-word
// arithmetic", 2017.
#pragma once

#include "formulas/algebraic.h"
#include "formulas/exponential.h"
#include "formulas/gated.h"
#include "formulas/logistic.h"
#include "formulas/piecewise.h"
#include "formulas/softplus.h"

namespace {

// As a number in a formula, where it is a double unless it is made of two.
struct double_double {
  double high, low;
  constexpr double_double(double high, double low = 0) : high(high), low(low) {}
  constexpr operator double() const { return high; }
};
template <> constexpr double_double sum<double_double>(double high, double low) { return {high, low}; }

template <> struct mask<double_double> { bool m; };

// One lane.
template <> struct vec<double_double> {
  double high, low;

  vec() = default;
  vec(double a) : high(a), low(0) {}
  vec(double_double a) : vec(ordered_sum(a.high, a.low)) {}

  // a + b exactly, for |a| >= |b|.
  static vec ordered_sum(double a, double b) {
    vec sum = a + b;
    sum.low = b - (sum.high - a);
    return sum;
  }
  // a + b and a * b exactly.
  static vec exact_sum(double a, double b) {
    vec sum = a + b;
    const double of_b = sum.high - a;
    sum.low = (a - (sum.high - of_b)) + (b - of_b);
    return sum;
  }
  static vec exact_product(double a, double b) {
    vec product = a * b;
    product.low = fused(a, b, -product.high);
    return product;
  }
  // a * factor for a power of two.
  vec scaled(double factor) const {
    vec product = high * factor;
    product.low = low * factor;
    return product;
  }

  friend vec operator-(vec a) { return a.scaled(-1); }
  // 3 * 2^-106 of the sum, also where the terms cancel.
  friend vec operator+(vec a, vec b) {
    const vec sum = exact_sum(a.high, b.high), rest = exact_sum(a.low, b.low);
    const vec most = ordered_sum(sum.high, sum.low + rest.high);
    return ordered_sum(most.high, rest.low + most.low);
  }
  friend vec operator-(vec a, vec b) { return a + -b; }
  // 7 * 2^-106.
  friend vec operator*(vec a, vec b) {
    const vec product = exact_product(a.high, b.high);
    return ordered_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
  }
  // Long division, three digits of 53 bits: 10 * 2^-106.
  friend vec operator/(vec a, vec b) {
    const double first = a.high / b.high;
    vec rest = a - b * vec(first);
    const double second = rest.high / b.high;
    rest = rest - b * vec(second);
    return ordered_sum(first, second) + vec(rest.high / b.high);
  }

  // The high parts tell numbers apart, unless they are equal.
  friend mask<double_double> operator<(vec a, vec b) {
    return {a.high < b.high || (a.high == b.high && a.low < b.low)};
  }
  friend mask<double_double> operator>(vec a, vec b) { return b < a; }
  friend mask<double_double> operator<=(vec a, vec b) { return {a.high <= b.high && !(b < a).m}; }
  friend mask<double_double> operator>=(vec a, vec b) { return b <= a; }
};
using wide = vec<double_double>;

template <> inline wide select(mask<double_double> m, wide a, wide b) { return m.m ? a : b; }
template <> inline wide abs(wide a) { return __builtin_signbit(a.high) ? -a : a; }
inline wide times_sign(wide x, wide b) { return __builtin_signbit(b.high) ? -x : x; }
template <> inline wide copysign(wide a, wide b) { return times_sign(a, b); }
inline wide max(wide x, wide c) { return (x < c).m ? c : x; }
inline wide min(wide x, wide c) { return (x > c).m ? c : x; }
inline wide fma(wide a, wide b, wide c) { return a * b + c; }
// One step of Newton's method from the root of the high part: 2^-103.
inline wide sqrt(wide a) {
  const double root = __builtin_sqrt(a.high);
  return wide::ordered_sum(root, (a - wide::exact_product(root, root)).high / (2 * root));
}

// Farther out the low parts of such results would become subnormal.
template <> constexpr double_double exp_end<double_double> = double(exp_end<quick>);
template <> constexpr double_double softsign_end<double_double> = 0x1p128;
template <> constexpr double_double mish_end<double_double> = 40.0;
template <> constexpr double_double sigmoid_end<double_double> = exp_end<double_double>;
template <> constexpr double_double far_exp_end<double_double> = exp_end<double_double>;
template <> constexpr double_double gelu_end<double_double> = double(gelu_end<quick>);
template <> constexpr double_double gelu_tanh_end<double_double> = double(gelu_tanh_end<quick>);
template <> constexpr double_double gelu_sigmoid_end<double_double> = double(gelu_sigmoid_end<quick>);

inline pair<double_double> product(pair<double_double> a, constant<double_double> c) {
  return {(a.high + a.low) * (wide(c.high) + c.low), 0.0};
}

// A factor 1.702 to all digits from ln 2 over it.
template <> struct unit<double_double> {
  double ln_2, ln_2_rest;
  constexpr unit(double, double, double ln_2, double ln_2_rest) : ln_2(ln_2), ln_2_rest(ln_2_rest) {}
};
constexpr double_double wide_ln_2 = {ln_2<double>, ln_2_rest<double>};
inline wide times(const unit<double_double> &u, wide x) {
  return x * wide(wide_ln_2) / wide(double_double(u.ln_2, u.ln_2_rest));
}

// e^x = 2^exponent (1 + rest), |rest| < 0.42.
struct wide_power {
  double exponent;
  wide rest;
};
// ln 2 in three parts. The product of the first, of 42 bits, with an exponent of 11 is exact. |x| < 700: 2^-100.
constexpr double ln_2_parts[] = {0x1.62e42fefa3800p-1, 0x1.ef35793c76730p-45, 0x1.f97b57a079a19p-103};
inline wide_power wide_power_of(wide x) {
  // Of what is too small for the steps below, x^2 / 2 tells on which side of x it is.
  if (x.high < 0x1p-107 && x.high > -0x1p-107) return {0, wide::ordered_sum(x.high, x.low + x.high * x.high / 2)};
  const double k = x.high * log2_e<double> + shifter<double> - shifter<double>;
  const wide r =
      x - wide::exact_product(k, ln_2_parts[0]) - (wide::exact_product(k, ln_2_parts[1]) + wide(k * ln_2_parts[2]));
  // Six times e^2r - 1 = (e^r - 1)(e^r + 1), from r / 64 on, where the series r (1 + r / 2 (1 + r / 3 (1 + ...))) has
  // 12 terms. From the seventh on they are below 2^-57 of the sum, so that doubles are enough.
  const wide small = r.scaled(0x1p-6);
  double last = 0;
  for (int n = 12; n > 6; n--)
    last = small.high * (1 + last) / n;
  wide rest = last;
  for (int n = 6; n > 0; n--)
    rest = small * (1 + rest) / wide(n);
  for (int i = 0; i < 6; i++)
    rest = rest * (2 + rest);
  return {k, rest};
}
// A normal number.
inline double power_of_two(int64_t k) { return __builtin_bit_cast(double, (k + 1023) << 52); }
inline wide exp(wide x) {
  const wide_power e = wide_power_of(x);
  return (1 + e.rest).scaled(power_of_two(int64_t(e.exponent)));
}
// 2^-99.
inline wide exp_minus_one(wide x) {
  const wide_power e = wide_power_of(x);
  const double power = power_of_two(int64_t(e.exponent));
  return wide::exact_sum(power, -1) + e.rest.scaled(power);
}

inline wide expm1_below(wide x) { return exp_minus_one(max(x, -exp_end<double_double>)); }
inline wide exp_below(wide x) { return exp(max(x, -exp_end<double_double>)).scaled(huge<double>); }

inline wide huge_exp(wide x) { return exp(x).scaled(huge<double>); }
inline wide huge_exp(pair<double_double> x) { return huge_exp(x.high + x.low); }

inline wide one_plus_exp(wide x) { return (1 + exp(x)).scaled(tiny<double>); }
inline wide one_plus_exp(pair<double_double> x) { return one_plus_exp(x.high + x.low); }
inline wide one_plus_exp_minus(wide x) { return one_plus_exp(-x); }
inline wide one_plus_exp(const unit<double_double> &u, wide x) { return one_plus_exp(times(u, x)); }
inline wide one_plus_exp(const unit<double_double> &u, cubic<double_double> y) {
  return one_plus_exp(u, y.a * (y.a * y.a + y.most + y.rest));
}

// A step of Newton's method from the logarithm as a double, 0 <= u <= 1: 2^-98.
inline wide log1p(wide u) {
  double rest = 0;
  for (size_t i = sizeof(log1p_terms) / sizeof(double); i-- > 0;)
    rest = rest * (u.high - 0.5) + log1p_terms[i];
  const wide y = u.high + u.high * u.high * rest, e = exp_minus_one(y);
  return y + (u - e) / (1 + e);
}
inline pair<double_double> huge_log1p_exp(pair<double_double> x) {
  return {log1p(exp(x.high + x.low)).scaled(huge<double>), 0.0};
}

// 1 / (4 + (e^(x / 2) - e^(-x / 2))^2): y (1 - y), y = sigmoid(x), would lose the x^2 beside 1 / 4.
inline wide sigmoid_slope(wide x) {
  const wide rise = exp_minus_one(min(abs(x), exp_end<double_double>).scaled(0.5));
  const wide difference = rise + rise / (1 + rise);
  return 1 / (4 + difference * difference);
}
inline wide tanh_slope(wide x) { return sigmoid_slope(x.scaled(2)).scaled(4); }

// (e^2x - 1) / (e^2x + 1), and from 8 on what is left of 1: that it lies below tells to which side a multiple of it is
// rounded.
inline wide tanh(wide x) {
  const wide numerator = exp_minus_one(min(abs(x), exp_end<double_double>).scaled(2));
  const bool is_far = abs(x).high > 8;
  const wide part = (is_far ? 2 : numerator) / (numerator + 2);
  return copysign(is_far ? 1 - part : part, x);
}

// A quotient, so that one which is a middle between two floats is exact.
inline wide sixth_of(wide x) { return x / 6; }
// Of the product, which may be such a one where the slope is none.
inline wide hard_swish_gradient(wide x, wide g) {
  if (x.high >= 3) return g;
  return x.high > -3 ? sixth_of(g * (x.scaled(2) + 3)) : wide(0);
}

// Without a unit, as of floats no square is too large or too small.
inline wide squareplus(wide x, wide b) {
  const wide half = (abs(x) + sqrt(x * x + b)).scaled(0.5);
  return select(x < 0, b.scaled(0.25) / half, half);
}
// Gradients whose slope may be a quotient that does not end are one quotient as a whole, as that may be a middle
// between two floats.
inline wide softsign_gradient(wide x, wide g) {
  const wide from = 1 + min(abs(x), softsign_end<double_double>);
  return g / (from * from);
}
// Near 0 as 1 / 2 and what is added, however small it is. So near, below 2^-30 of sqrt(b), b + x^2 is no square of a
// number that ends, as b has 24 bits: the quotient is none either. algebraic.ts has the same.
inline wide squareplus_gradient(wide x, wide g, wide b) {
  const wide root = sqrt(x * x + b), sum = root + abs(x), twice = root.scaled(2);
  const bool is_near = (x * x < b.scaled(0x1p-60)).m, is_below = (x < 0).m && !is_near;
  const wide quotient = g * (is_near ? x : is_below ? b : sum) / (is_below ? twice * sum : twice);
  return is_near ? g.scaled(0.5) + quotient : quotient;
}
inline wide softcap_slope(wide x, wide c) { return tanh_slope(x / c); }
// x - tanh(x) from 1 on as x - 1 and a rest, which tells on which side of a middle it is from 2^24 on; and below as (x
// cosh(x) - sinh(x)) / cosh(x), whose numerator is the sum of 2 k x^(2 k + 1) / (2 k + 1)!.
inline wide tanh_shrink(wide x) {
  const wide a = abs(x);
  if (a.high >= 1) return copysign(a - 1 + 2 / (exp_minus_one(min(a, exp_end<double_double>).scaled(2)) + 2), x);
  const wide square = a * a, e = exp_minus_one(a);
  wide term = a * square / 3, sum = term;
  for (int n = 2; term.high > sum.high * 0x1p-110; n++) {
    term = term * square / wide(2 * n * (2 * n + 1));
    sum = sum + term * wide(n);
  }
  return copysign(sum / (1 + e * e / (2 + 2 * e)), x);
}
// tanh(x)^2 is x^2 (1 - 2/3 x^2 + ...), and x^2 may be a middle between two floats: near 0 as these two terms.
inline wide tanh_shrink_slope(wide x) {
  if (abs(x).high < 0x1p-30) {
    const wide square = x * x;
    return wide::ordered_sum(square.high, square.low - square.high * square.high * (2.0 / 3));
  }
  const wide y = tanh(x);
  return y * y;
}

// 1 / sqrt(2 pi)
constexpr double_double density_height = {0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56};
inline wide density(wide a) { return wide(density_height) * exp(a * a.scaled(-0.5)); }

// P(N > a) for the normal distribution, a >= 0, and its density: 2^-94.
inline wide normal_tail(wide a, wide density) {
  if (a.high < 3) {
    // 1/2 less the density times a + a^3 / 3 + a^5 / (3 * 5) + ..., which loses at most nine bits.
    const wide square = a * a;
    wide term = a, sum = a;
    for (int n = 3; term.high > sum.high * 0x1p-110; n += 2) {
      term = term * square / wide(n);
      sum = sum + term;
    }
    return 0.5 - density * sum;
  }
  // The density over Laplace's continued fraction a + 1 / (a + 2 / (a + 3 / ...)), which so many terms give to 2^-106.
  wide fraction = a;
  for (int n = int(1600 / (a.high * a.high)) + 17; n > 0; n--)
    fraction = a + n / fraction;
  return density / fraction;
}
inline wide minus_gelu_tail(wide ramp, wide a) {
  a = min(a, gelu_end<double_double>);
  return ramp - a * normal_tail(a, density(a));
}
inline wide gelu_slope_tail(wide a) {
  a = min(a, gelu_end<double_double>);
  const wide height = density(a);
  return (normal_tail(a, height) - a * height).scaled(huge<double>);
}

// A sum as one double that rounds to the same float or half. The high part alone has been rounded already. Rounded to
// odd it is right: a high part that is even, as a middle between two of those is, moves towards the low part.
inline double to_odd(wide a) {
  int64_t bits = __builtin_bit_cast(int64_t, a.high);
  if (a.low != 0 && (bits & 1) == 0) bits += (a.low > 0) == (a.high > 0) ? 1 : -1;
  return __builtin_bit_cast(double, bits);
}

} // namespace
