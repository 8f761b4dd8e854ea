// What the formulas rest on: functions that float32/*.h, float64.h, quick.h and double_double.h each define for vec<T>,
// T being float ("fast"), double (float64, and float32 widened, which is "exact"), quick (what `exact` tries first) and
// double_double (what it asks in the last resort). NaN stays NaN in all of them.
//
//   one_plus_exp_minus(x)   (1 + e^-x) * tiny<T>, x at most 40; and one_plus_exp(unit, x) for a multiple or a cubic
//   one_plus_exp(pair)      (1 + e^(high + low)) * tiny<T>, the sum from -40 to exp_end<T>
//   huge_log1p_exp(pair)    log(1 + e^(high + low)) * huge<T> as a sum of two, the sum from -130 to 0
//   tanh_shrink_rest(q)     (x - tanh(x)) / x^3 from q = x^2, x up to tanh_shrink_end<T>
//   tanh_tail(a)            tanh(a), a in [0, tanh_end<T>]: a itself where a is subnormal, 1 at the end
//   minus_gelu_tail(r, a)   r - a Phi(-a) for a >= 0, Phi the normal distribution function
//   gelu_slope_tail(a)      (Phi(-a) - a phi(a)) * huge<T> for a >= 0, phi the normal density
//
// Floats bring log1p_exp_minus_abs(x) and mish(x) of formulas/softplus.h themselves, too, and
// tanh_shrink_piece_of(a) instead of tanh_shrink_rest. Instead of tanh_tail a type may bring tanh itself, and instead
// of the last two what is left of the tails without e^(-a*a/2): with mills(a) = Phi(-a) e^(a*a/2), gelu_factor(a) = a
// mills(a) and gelu_slope_factor(a) = mills(a) - a / sqrt(2 pi).
#pragma once

#include "arithmetic/careful.h"
#include "arithmetic/float32/pieces.h"
#include "arithmetic/float64.h"
#include "arithmetic/quick.h"
#include "arithmetic/simd.h"

namespace {

// Arguments are cut off where the result no longer changes, since infinities would make NaN on the way.
// e^-exp_end is zero, also when multiplied by anything it is multiplied by here.
template <class T> constexpr T exp_end = sizeof(T) == 4 ? 110 : 760;
// From where sigmoid is 1.
template <class T> constexpr T sigmoid_end = T(40);
// Where tanh(a) rounds to 1.
template <class T> constexpr T tanh_end = sizeof(T) == 4 ? T(8.94) : T(19.1);
// Up to where x - tanh(x) comes from a polynomial.
template <class T> constexpr T tanh_shrink_end = T(1);
// The largest number.
template <class T> constexpr T largest = sizeof(T) == 4 ? T(0x1.fffffep127) : T(0x1.fffffffffffffp1023);
// As far as e^-x * huge and (1 + e^x) * tiny are normal numbers.
template <class T> constexpr T far_exp_end = sizeof(T) == 4 ? T(130) : T(764);
// Where the exponents of the two approximations of gelu reach exp_end.
template <class T> constexpr T gelu_tanh_end = sizeof(T) == 4 ? T(10.9) : T(21.65);
template <class T> constexpr T gelu_sigmoid_end = sizeof(T) == 4 ? T(64.5) : T(446);
// For quick: where the result is zero as a float, also multiplied by the largest one.
template <> constexpr quick exp_end<quick> = 220;
template <> constexpr quick gelu_tanh_end<quick> = 14.1;
template <> constexpr quick gelu_sigmoid_end<quick> = 130;

} // namespace
