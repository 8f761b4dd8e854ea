// The logistic function, the hyperbolic tangent and their slopes. A function with a symmetry is computed from its
// negative half, where nothing cancels. So the tails keep the digits that 1 + tanh(x) loses.
#pragma once

#include "formulas/exponents.h"

namespace {

// 1 / (1 + e^-x), by what it is tiny over.
template <class T> vec<T> sigmoid_divisor(vec<T> x) {
  return one_plus_exp_minus(max(min(x, sigmoid_end<T>), -exp_end<T>));
}
template <class T> vec<T> sigmoid(vec<T> x) { return last_quotient<T>(tiny<T>, sigmoid_divisor(x)); }
// y (1 - y), y = sigmoid(-|x|)
template <class T> vec<T> sigmoid_slope(vec<T> x) {
  vec<T> y = tiny<T> / one_plus_exp_minus(max(-abs(x), -exp_end<T>));
  return fma(-y, y, y);
}

template <class T> vec<T> tanh(vec<T> x) { return copysign(tanh_tail(min(abs(x), tanh_end<T>)), x); }
// 1 / cosh(x)^2 = 4 y (1 - y), y = sigmoid(-2|x|). This is in terms of 4 y, which is normal for some subnormal y.
template <class T> vec<T> tanh_slope(vec<T> x) {
  vec<T> y4 = 4 * tiny<T> / one_plus_exp_minus(max(-2 * abs(x), -exp_end<T>));
  return fma(T(-0.25) * y4, y4, y4);
}

// What rounding takes from 1 / 3, the first term of tanh_shrink_rest.
template <class T> constexpr T tanh_shrink_more = T(0x1.5555555555555p-56);
// x - tanh(x): x^3 p(x^2) near 0, with what rounding takes from x^3, and a - 1 + 2 / (1 + e^2a) from there on, a = |x|.
template <class T> vec<T> tanh_shrink(vec<T> x) {
  const vec<T> a = abs(x), square = a * a, cube = a * square;
  const vec<T> cube_rest = fma(a, square, -cube) + a * fma(a, a, -square), p = tanh_shrink_rest(square);
  const vec<T> near = fma(cube, p, fma(cube_rest, p, cube * tanh_shrink_more<T>));
  const vec<T> far = (a - T(1)) + 2 * tiny<T> / one_plus_exp_minus(max(-2 * a, -exp_end<T>));
  return copysign(select(a < tanh_shrink_end<T>, near, far), x);
}
// In float lanes by pieces: near 0 a^3 times a piece, with what rounding takes from a^3; from there on a - 1 and a
// piece. `unit` is what a is multiplied by where its cube, and what rounding takes from that, may be no subnormal
// numbers. ns per element on Zen 4 as above and so: 0.49 and 0.30, with AVX2 0.74 and 0.68 (`npm run bench -- --size
// 262144 --function tanhShrink`).
template <class T> vec<T> tanh_shrink_by_pieces(vec<T> x) {
  constexpr T unit = __is_same(T, careful) ? T(0x1p30) : T(1);
  const tanh_shrink_piece<T> piece = tanh_shrink_piece_of(abs_within(x, tanh_end<T>));
  const vec<T> a = abs(x), b = a * unit, square = b * b, cube = b * square;
  const vec<T> rest = fma(b, fma(b, b, -square), fma(b, square, -cube));
  vec<T> y =
      fma(select(piece.is_near, cube, vec<T>(T(1))), piece.value, select(piece.is_near, rest * piece.value, a - T(1)));
  if constexpr (unit != 1)
    y = last_step<T>(y, select(piece.is_near, vec<T>(1 / (unit * unit * unit)), vec<T>(T(1))), T(0));
  return copysign(y, x);
}
inline vec<float> tanh_shrink(vec<float> x) { return tanh_shrink_by_pieces(x); }
inline vec<careful> tanh_shrink(vec<careful> x) { return tanh_shrink_by_pieces(x); }
template <class T> vec<T> tanh_shrink_slope(vec<T> x) {
  const vec<T> y = tanh(x);
  return y * y;
}

// c tanh(x / c), from z = |x| / c and what that leaves of x: so nothing is lost in a z that is subnormal, either.
template <class T> vec<T> softcap(vec<T> x, vec<T> c) {
  const rounded_quotient<T> z(abs(x), c, exp_end<T>);
  const vec<T> y = tanh(z.value);
  return copysign(fma(c, y, z.rest * fma(-y, y, 1)), x);
}
// 1 / cosh(x / c)^2
template <class T> vec<T> softcap_slope(vec<T> x, vec<T> c) {
  const pair<T> z = quotient_within(abs(x), c, T(exp_end<T> / 2));
  const vec<T> y4 = 4 * tiny<T> / one_plus_exp(pair<T>{2 * z.high, 2 * z.low});
  return fma(T(-0.25) * y4, y4, y4);
}

} // namespace
