// The primitives for vec<double>. Their errors are given in u = 2^-53, half a unit in the last place of a
// number just above a power of two. Coefficients are Sollya's fpminimax, each of them a double, lowest power first.
#pragma once

#include "arithmetic/exp.h"
#include "arithmetic/polynomial.h"
#include "arithmetic/simd.h"

namespace {

// e^r as 1 + r + r^2 q(r), degree 11: 0.05 u. One degree less would make 3 u.
constexpr double exp_terms[] = {
    0x1p-1,
    0x1.5555555555501p-3,
    0x1.5555555553205p-5,
    0x1.1111111128978p-7,
    0x1.6c16c17cc3e2ep-10,
    0x1.a01a011bd1d35p-13,
    0x1.a019ab2aa9e58p-16,
    0x1.71df55ec65c4dp-19,
    0x1.289f8db46ac2dp-22,
    0x1.ad1f18ccfd078p-26,
};
inline vec<double> exp_minus_one(vec<double> r) { return fma(r * r, polynomial(exp_terms, r), r); }

// e^x = 2^((k + shift) / 8) (1 + rest). With this shift, the best of 2 * 10^8 from 0.5 on, all entries of the table are
// within 0.06 u of their real values, and `rest` is negative, between -0.1 and -0.01: so 1 + e^x rounds the
// 1 + power * rest in it by no more than half a unit in the last place of 1 - 2^-53. The polynomial, of e^r and the
// shift: 0.05 u.
constexpr eighths_table shifted_eighths({0x1.0e51ce57ab55cp+0, 0x1.26c91ac613a59p+0, 0x1.417747b463168p+0,
                                         0x1.5e8fa3a99c4a3p+0, 0x1.7e4a21f37d081p+0, 0x1.a0e3c63e6a60dp+0,
                                         0x1.c69f19ea4cf08p+0, 0x1.efc4abfdfe918p+0});
constexpr double shifted_terms[] = {
    -0x1.b1f3c9ffbbb51p-5, 0x1.e4e0c3600444bp-1, 0x1.e4e0c360047cp-2,   0x1.4340824002d45p-3,
    0x1.4340823049484p-5,  0x1.029a01c8f70fcp-7, 0x1.58d37bf245c0ap-10, 0x1.8a13f5ae7c4c3p-13,
};
// From k + shifter, the k of `tiny` in it, and what x exceeds the k eighths of ln 2 by.
constexpr double eighths_shifter = shifter<double> + 8 * tiny_exponent<double>;
inline vec<double> one_plus_exp(vec<double> shifted, vec<double> left) {
  vec<double> power = shifted_eighths.power(shifted), rest = shifted_terms[7];
  for (int i = 7; i-- > 0;)
    rest = fma(rest, left, shifted_terms[i]);
  return fma(power, rest, tiny<double>) + power;
}
// x + k * ln_2 / 8 is exact: it has no more bits than x.
inline vec<double> one_plus_exp_minus(vec<double> x) {
  vec<double> shifted = fma(x, -8 * log2_e<double>, eighths_shifter);
  vec<double> k = shifted - eighths_shifter;
  return one_plus_exp(shifted, -fma(k, ln_2_rest<double> / 8, fma(k, ln_2<double> / 8, x)));
}
inline vec<double> one_plus_exp(const unit<double> &u, pair<double> y) {
  vec<double> shifted = fma(y.high, 8 * u.log2_e, eighths_shifter);
  vec<double> k = shifted - eighths_shifter;
  vec<double> low = fma(k, u.rest / -8, u.value * y.low);
  return one_plus_exp(shifted, fma(u.value, fma(k, u.ln_2 / -8, y.high), low));
}
inline vec<double> one_plus_exp(const unit<double> &u, cubic<double> y) { return one_plus_exp(u, value_of(y)); }
inline vec<double> one_plus_exp(const unit<double> &u, vec<double> y) {
  vec<double> shifted = fma(y, 8 * u.log2_e, eighths_shifter);
  vec<double> k = shifted - eighths_shifter;
  return one_plus_exp(shifted, fma(u.value, fma(k, u.ln_2 / -8, y), k * (u.rest / -8)));
}
inline vec<double> one_plus_exp(pair<double> y) {
  vec<double> shifted = fma(y.high, 8 * log2_e<double>, eighths_shifter);
  vec<double> k = shifted - eighths_shifter;
  return one_plus_exp(shifted, fma(k, ln_2<double> / -8, y.high) + fma(k, ln_2_rest<double> / -8, y.low));
}

// (log(1 + u) - u) / u^2 as a polynomial in u - 1/2: 0.09 u of the logarithm.
constexpr double log1p_terms[] = {-0x1.833704d019edp-2,   0x1.6f0d7bd624bcdp-3,   -0x1.7ddf1fe86ab2cp-4,
                                  0x1.a279c04c81497p-5,   -0x1.da348248b97eep-6,  0x1.131116f65ed9fp-6,
                                  -0x1.44ba45bab0b3cp-7,  0x1.8490522311c17p-8,   -0x1.d5fb031132f02p-9,
                                  0x1.1ebcbf42b2cbep-9,   -0x1.607363db85651p-10, 0x1.b3f538703036dp-11,
                                  -0x1.0f0a5c9db0cfep-11, 0x1.51ddbb718854fp-12,  -0x1.a790de7b2f051p-13,
                                  0x1.11d1f153f7bccp-13,  -0x1.5b185d74804c1p-14, 0x1.5b051acd18d73p-15,
                                  -0x1.ad5591e17f2ffp-16, 0x1.2d51434f32333p-15,  -0x1.89c1be0549f41p-16};
inline pair<double> huge_log1p_exp(pair<double> x) {
  const vec<double> e = huge_exp(x), u = e * (1 / huge<double>);
  return {e, e * u * polynomial(log1p_terms, u - 0.5)};
}

// a + a^3 p(a^2) / q(a^2) below 0.63, and 1 - 2 / (1 + e^2a) from there on. Either way the quotient, in which several
// roundings meet, is the smaller part of the sum. p / q is a Remez fit for the relative error: 0.007 u; in all 1.3 ulp.
constexpr double tanh_numerator[] = {-0x1.97bc8f3108f23p+10, -0x1.9125157b40dadp+6, -0x1.f2b7427149c86p-1};
constexpr double tanh_denominator[] = {0x1.31cd6b64c6b5cp+12, 0x1.1a3fcfedc69afp+11, 0x1.c7c8a162eb324p+6,
                                       1.010009765625};

inline vec<double> tanh_tail(vec<double> a) {
  vec<double> square = a * a;
  mask<double> small = a < 0.63;
  vec<double> numerator =
      select(small, a * square * polynomial(tanh_numerator, square), vec<double>(-2 * tiny<double>));
  vec<double> denominator = select(small, polynomial(tanh_denominator, square), one_plus_exp_minus(-2 * a));
  return select(small, a, vec<double>(1)) + numerator / denominator;
}

// (x - tanh(x)) / x^3 as a polynomial in x^2, x up to 1: 0.052 u but for what 1/3 loses.
constexpr double tanh_shrink_terms[] = {0x1.5555555555555p-2,   -0x1.1111111111111p-3,  0x1.ba1ba1ba1b98fp-5,
                                        -0x1.664f4882bb2b9p-6,  0x1.226e355cdc89dp-7,   -0x1.d6d3d071da09fp-9,
                                        0x1.7da35ae25617p-10,   -0x1.35579d980b5aap-11, 0x1.f572fe9eb8ddap-13,
                                        -0x1.96333dc972982p-14, 0x1.47f3b4029a7d8p-15,  -0x1.050853ed1b9d5p-16,
                                        0x1.8d42f70c646fp-18,   -0x1.0f51078d1b1fep-19, 0x1.2c1695c04772bp-21,
                                        -0x1.ca537f3650ea8p-24, 0x1.5e47bc81af208p-27};
inline vec<double> tanh_shrink_rest(vec<double> square) { return alternating_polynomial(tanh_shrink_terms, square); }

// a mills(a) as y + y^2 h(q), y = a / (2 a + 2), q = (a - 6) / (a + 6). The second term is at most 0.21 y and vanishes
// for small a, so y is what must be accurate. h: 0.06 u of the result; with all roundings 1.6 u.
constexpr double gelu_terms[] = {
    -0x1.bcd81b425999fp-3,  -0x1.56c23a0a0c5bep-2,  0x1.e59192b0a1e38p-3,  -0x1.ff2caa0a0d647p-4,
    0x1.1dd8ccf84f723p-5,   0x1.12277237e0a1bp-6,   -0x1.13cfb7d77e4d2p-5, 0x1.e4f271df5fc7bp-6,
    -0x1.2d46a966e7cefp-6,  0x1.185818128e5c6p-7,   -0x1.724e6efa31bcp-9,  0x1.fdccadd8724c2p-12,
    0x1.732987a1c6b6ep-14,  -0x1.6692ea076b332p-14, 0x1.31fda9af9ce68p-16, 0x1.41a03899ddd76p-18,
    -0x1.d79ef01018be8p-19, 0x1.851203754f468p-23,  0x1.d6a5560d43bcp-22,  -0x1.863bd3a1b6d89p-24,
    -0x1.b76857a86f69ap-25, 0x1.a6fc42bd80231p-27,  0x1.7a3dc508ebf4fp-28,
};

inline vec<double> gelu_factor(vec<double> a) {
  // One division for both quotients. Then what roundings took from y is computed, and added times the derivative.
  vec<double> first = fma(a, 2, 2), second = a + 6;
  vec<double> reciprocal = 1 / (first * second);
  vec<double> per_first = second * reciprocal, per_second = first * reciprocal;
  vec<double> y = a * per_first;
  vec<double> first_error = fma(a, 2, 2 - first);
  vec<double> y_error = fma(-y, first_error, fma(-y, first, a)) * per_first;
  vec<double> more = y * polynomial(gelu_terms, (a - 6) * per_second);
  return y + fma(y, more, y_error * fma(more, 2, 1));
}

// mills(a) - a / sqrt(2 pi) as (a - zero) g(q), q = (a - c) / (a + c). Near its zero the difference is exact, so that
// no digits are lost there. With this c, a + c rounds little for small a, and g(0) is nearly a double. g: 0.2 u; with
// all roundings 3.1 u.
constexpr double gelu_slope_centre = 0x1.cdap+1, gelu_slope_zero = 0x1.80ead197f00b4p-1,
                 gelu_slope_zero_rest = -0x1.13e74c58cada8p-56;
constexpr double gelu_slope_terms[] = {
    -0x1.def35925cee14p-2,  0x1.c0c14db4de923p-4,   -0x1.e3027eb5dba1dp-5, 0x1.8067e718a0b68p-6,
    -0x1.771c887cc577bp-8,  0x1.d4e4a72715c2cp-14,  0x1.c96b69467ea7cp-12, -0x1.3b9614c30a87fp-14,
    -0x1.58a69d3943c3ap-15, 0x1.6d6b369afdf6cp-17,  0x1.79daddd4baec9p-18, -0x1.5e6065cc78e59p-20,
    -0x1.0cf02f3f76d8dp-20, 0x1.7d6eea4657388p-24,  0x1.9947e190ea30fp-23, 0x1.54f67fbaa87fcp-26,
    -0x1.14a7c54594666p-25, -0x1.71828bb37d76bp-27, 0x1.02219dc7f4e1fp-28, 0x1.4df05464b3d99p-29,
    -0x1.4a58d90b4a0c2p-33, -0x1.e390a5702a6a8p-33,
};

inline vec<double> gelu_slope_factor(vec<double> a) {
  vec<double> g = polynomial(gelu_slope_terms, (a - gelu_slope_centre) / (a + gelu_slope_centre));
  return fma(a - gelu_slope_zero, g, -gelu_slope_zero_rest * g);
}

} // namespace
