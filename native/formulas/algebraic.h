// Activations made of quotients and square roots.
#pragma once

#include "arithmetic/primitives.h"

namespace {

// x / (1 + |x|), which from there on is 1.
template <class T> constexpr T softsign_end = T(0x1p54);
template <class T> vec<T> softsign(vec<T> x) {
  const vec<T> a = min(abs(x), softsign_end<T>);
  return copysign(a / (1 + a), x);
}
// 1 / (1 + |x|)^2, with what rounding takes from the sum, and 0 where the square is out of range, times a unit that
// keeps it in range until then.
template <class T> vec<T> softsign_slope(vec<T> x) {
  constexpr T unit = sizeof(T) == 4 ? T(0x1p-24) : T(0x1p-54);
  const vec<T> a = min(abs(x), largest<T>), larger = max(a, 1), smaller = min(a, 1);
  const vec<T> sum = larger + smaller, rest = smaller - (sum - larger), scaled = sum * unit;
  return unit / fma(scaled, sum, (scaled + scaled) * rest);
}
template <class T> vec<T> softsign_gradient(vec<T> x, vec<T> g) { return g * softsign_slope(x); }

// The root of a power of four that is in b less than four times. Where x is divided by it, and b by its square, squares
// neither overflow nor vanish before they are all or nothing of the sum.
template <class T> vec<T> root_of_unit(vec<T> b) {
  return from_bits<T>(to_bits(sqrt(b)) & to_bits(vec<T>(T(__builtin_inf()))));
}
// From there on x^2 + b is x^2.
template <class T> constexpr T squareplus_far = T(0x1p30);

// |x| and sqrt(x^2 + b) in that unit, and what rounding took from the root and from their sum: it would be one and a
// half ulps of the results.
template <class T> struct squareplus_terms {
  vec<T> unit, square, a, near, squares, root, sum, rest;
  mask<T> far;

  squareplus_terms(vec<T> x, vec<T> b) : unit(root_of_unit(b)), a(abs(x)) {
    const vec<T> per_unit = 1 / unit;
    square = b * per_unit * per_unit;
    near = a * per_unit;
    far = near > squareplus_far<T>;
    squares = fma(near, near, square);
    root = sqrt(squares);
    sum = root + near;
    rest = fma(fma(-root, root, squares), roughly_reciprocal(root + root), near - (sum - root));
  }
  // What rounding took from the root and from what it is of, a sum of which either may be the larger one. A small x
  // counts as 2^-40, whose square is nothing there and no subnormal number.
  vec<T> root_rest() const {
    const vec<T> some = max(near, T(0x1p-40));
    const vec<T> of_squares = select(near < 2, fma(some, some, square - squares), fma(some, some, -squares) + square);
    return (fma(-root, root, squares) + of_squares) * roughly_reciprocal(root + root);
  }
  // Half of the sum.
  vec<T> half() const { return T(0.5) * (sum + rest); }
  // From square / (2 sum), without the rest: square / 4 over that half.
  vec<T> over_half(vec<T> quotient) const { return fma(-quotient, quotient * (2 / square) * rest, quotient); }
};

// (x + sqrt(x^2 + b)) / 2, and below 0, where this cancels, b / 4 over its value at -x.
template <class T> vec<T> squareplus(vec<T> x, vec<T> b) {
  const squareplus_terms<T> t(x, b);
  const vec<T> quotient = select(t.far, b, t.square) / select(t.far, t.a, t.sum + t.sum);
  const vec<T> y = select(x < 0, t.over_half(quotient), t.half()) * t.unit;
  return select(t.far, select(x < 0, T(0.25) * quotient, x), y);
}
// The value over sqrt(x^2 + b): below 0 square / (2 root sum), and from there on 1 less that of -x. Where it is far it
// is square / (4 near^2), of which `far_unit` keeps the digits.
template <class T> vec<T> squareplus_slope(vec<T> x, vec<T> b) {
  constexpr T far_unit = sizeof(T) == 4 ? T(0x1p-40) : T(0x1p-256);
  const squareplus_terms<T> t(x, b);
  const vec<T> root_rest = t.root_rest(), twice = t.root + t.root;
  const vec<T> sum_rest = root_rest + (t.near - (t.sum - t.root));
  const vec<T> near = fma(twice, t.sum, fma(twice, sum_rest, (root_rest + root_rest) * t.sum));
  const vec<T> far = max(min(t.near, largest<T>), 1) * far_unit;
  const vec<T> y = select(t.far, t.square * (T(0.25) * far_unit * far_unit), t.square) / select(t.far, far * far, near);
  return select(x < 0, y, 1 - y);
}

template <class T> vec<T> squareplus_gradient(vec<T> x, vec<T> g, vec<T> b) { return g * squareplus_slope(x, b); }

} // namespace
