// log(1 + e^x) and its kin, computed from e^-|x|, which is at most 1.
#pragma once

#include "formulas/exponents.h"

namespace {

// Whether products with what is very small count as they would if it were larger, so that none is subnormal.
template <class T> constexpr bool keeps = __is_same(T, careful);
// What is below `least` as if it were that, and for such a one no correction.
template <bool keeps, class T> vec<T> least_kept(vec<T> e, T least) {
  if constexpr (keeps) return max(e, least);
  return e;
}
template <bool keeps, class T> vec<T> or_nothing(vec<T> e, T least, vec<T> correction) {
  if constexpr (keeps) return select(e > least, correction, vec<T>(T(0)));
  return correction;
}

// Whether the first of huge_log1p_exp is the logarithm as such a number, and the second what rounding took from it.
template <class T> constexpr bool first_is_all = sizeof(T) == sizeof(float);
// log(1 + e^-|x|) * log1p_unit, of which float lanes have their own.
template <class T> vec<T> log1p_exp_minus_abs(vec<T> x) {
  const pair<T> y = huge_log1p_exp(pair<T>{max(-abs(x), -exp_end<T>), vec<T>(T(0))});
  return first_is_all<T> ? y.high : y.high + y.low;
}

// Whether a threshold t below 20, which others have for speed, makes x itself of log(1 + e^(b x)) / b: where b x is
// above it, in exact terms.
template <class T> mask<T> is_straight(vec<T> x, vec<T> b, vec<T> t) {
  // A small b is made larger, so that the product is no subnormal number, unless t is so large that it would not count;
  // against 0 its sign is that of x.
  const vec<T> more = select(abs(t) < T(0x1p60), select(b < 1, vec<T>(huge<T>), vec<T>(T(1))), vec<T>(T(1)));
  const vec<T> limit = select(t < 20, t, vec<T>(T(__builtin_inf())));
  return select(abs(t) > 0, fma(x, b * more, -limit * more), x) > 0;
}
// log(1 + e^(b x)) / b as max(x, 0) + log(1 + e^-|b x|) / b. The reciprocal of b, the same for all x, is a sum of two.
// Where `huge` goes depends on b, so that all products stay in range.
template <class T> vec<T> softplus(vec<T> x, vec<T> b, vec<T> t) {
  const mask<T> small = b < T(0x1p-30);
  const vec<T> one = select(small, vec<T>(1 / huge<T>), vec<T>(T(1))), high = one / b, low = fma(-high, b, one) / b;
  // Until it is nothing, also divided by b.
  const vec<T> far = select(b < 1, vec<T>(far_exp_end<T>), vec<T>(exp_end<T>));
  const vec<T> a = abs(x), end = min(far / b, largest<T>);
  const pair<T> y = huge_log1p_exp(product(max(-a, -end), b));
  // Below 2^-144 / b what rounding took from 1 / b does not count.
  constexpr T least = sizeof(T) == 4 ? T(0x1p-80) : T(0);
  const vec<T> rest = or_nothing<keeps<T>>(y.high, least, least_kept<keeps<T>>(y.high, least) * low);
  // Where the reciprocal is exact, the first of y is all, as it is with b = 1.
  const vec<T> more = first_is_all<T> ? select(abs(low) > 0, high, vec<T>(T(0))) : high;
  const vec<T> quotient = fma(y.high, high, fma(y.low, more, rest));
  const vec<T> sum = last_step<T>(select(a > end, vec<T>(T(0)), quotient),
                                  select(small, vec<T>(T(1)), vec<T>(1 / huge<T>)), max(x, 0));
  return select(is_straight(x, b, t), x, sum);
}
// With b = 1 and t = 20, which does not count, as max(x, 0) + log(1 + e^-|x|): the same bits.
template <class T> vec<T> softplus(vec<T> x) {
  return last_step<T>(log1p_exp_minus_abs(x), 1 / log1p_unit<T>, max(x, 0));
}
// sigmoid(b x)
template <class T> vec<T> softplus_slope(vec<T> x, vec<T> b, vec<T> t) {
  const vec<T> slope = tiny<T> / one_plus_exp(product_within(-x, b, sigmoid_end<T>, exp_end<T>));
  return select(is_straight(x, b, t), vec<T>(T(1)), slope);
}

// -log(1 + e^-x) as min(x, 0) - log(1 + e^-|x|).
template <class T> vec<T> log_sigmoid(vec<T> x) {
  return last_step<T>(log1p_exp_minus_abs(x), -1 / log1p_unit<T>, min(x, 0));
}

// x w / (w + 1) with w = n (n / 2 + 1) and n = e^x, as tanh(log(1 + n)) is ((1 + n)^2 - 1) / ((1 + n)^2 + 1). From
// where on 1 / (w + 1) is nothing beside 1, it is x. Times huge until the end, so that nothing is subnormal on the way.
// Float lanes have their own.
template <class T> vec<T> mish(vec<T> x) {
  const vec<T> a = max(min(x, mish_end<T>), -exp_end<T>);
  const vec<T> e = huge_exp(a), half = e * (1 / (2 * huge<T>));
  // Each with what rounding takes from it: of a large n not to the bit, but w is the same above and below.
  const vec<T> numerator = fma(e, half, e), rest = fma(e, half, e - numerator);
  const vec<T> denominator = fma(numerator, 1 / huge<T>, T(1)), reciprocal = 1 / denominator;
  const vec<T> left_over = fma(numerator, 1 / huge<T>, T(1) - denominator);
  const vec<T> quotient = numerator * reciprocal;
  // What the quotient leaves of the numerator; what it lacks itself, of the denominator too: 1 - w / (w + 1).
  const vec<T> left = fma(rest, reciprocal, fma(-quotient, left_over, fma(-quotient, denominator, numerator)));
  const vec<T> y = last_step<T>(fma(a, quotient, a * reciprocal * left), 1 / huge<T>, T(0));
  // What is made of a zero has lost its sign. Others have the one of x.
  return select(x > mish_end<T>, x, copysign(abs(y), x));
}

// What its slope is made of, from n = e^-a and a = |x|: n (n + 2) + 2, with what rounding takes from it, and 1 + 2 n +
// 2 n^2.
template <class T> struct mish_terms {
  vec<T> a, e, n, lower, lower_rest, upper;
  mish_terms(vec<T> x) : a(min(abs(x), exp_end<T>)), e(huge_exp(-a)), n(e * (1 / huge<T>)) {
    const vec<T> sum = fma(n, n, 2 * n), sum_rest = fma(n, n, 2 * n - sum);
    lower = sum + T(2);
    lower_rest = (sum - (lower - T(2))) + sum_rest;
    upper = fma(n, n, sum + T(1));
  }
};
// Below 0 it is n (4 (x + 1) + n (4 x + 6 + n (4 + n))) / (n^2 + 2 n + 2)^2, n = e^x, and from there on, with n = e^-x,
// 1 + n^2 (4 x - 2 + n (4 x - 4 - 4 n)) / (1 + 2 n + 2 n^2)^2. Float lanes have pieces, huge_mish_slope.
template <class T> vec<T> mish_slope(vec<T> x) {
  const mish_terms<T> m(x);
  const mask<T> below = x < 0;
  const vec<T> falling = fma(m.n, fma(m.n, m.n + T(4), fma(m.a, -4, 6)), fma(m.a, -4, 4));
  const vec<T> rising = m.n * fma(m.n, fma(m.n, -4, fma(m.a, 4, -4)), fma(m.a, 4, -2));
  const vec<T> factor = select(below, falling, rising), numerator = m.e * factor;
  const vec<T> root = select(below, m.lower, m.upper), square = root * root, reciprocal = 1 / square;
  const vec<T> square_rest = fma(root, root, -square) + 2 * root * select(below, m.lower_rest, vec<T>(T(0)));
  // What the quotient leaves of the numerator.
  const vec<T> quotient = numerator * reciprocal;
  const vec<T> left = fma(-quotient, square, numerator) + fma(-quotient, square_rest, fma(m.e, factor, -numerator));
  return fma(fma(left, reciprocal, quotient), 1 / huge<T>, select(below, vec<T>(T(0)), vec<T>(T(1))));
}

} // namespace
