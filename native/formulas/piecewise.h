// Activations made of straight lines, and their products.
#pragma once

#include "arithmetic/exp.h"
#include "arithmetic/simd.h"

namespace {

// Gradients that are g or nothing drop g where the slope is zero, as it may be infinite. All are NaN where x is.
template <class T> vec<T> relu_gradient(vec<T> x, vec<T> g) { return select(x > 0, g, select(x <= 0, vec<T>(0), x)); }

// x from 0 on, and a x below: -0 at -infinity for a slope of 0, which is no product.
template <class T> vec<T> leaky_relu(vec<T> x, vec<T> a) {
  return select(x < 0, select(abs(a) > 0, a * x, vec<T>(T(-0.0))), x);
}
template <class T> vec<T> leaky_relu_gradient(vec<T> x, vec<T> g, vec<T> a) {
  return select(x > 0, g, select(x <= 0, select(abs(a) > 0, a * g, vec<T>(T(0))), x));
}
// (a + b) / 2: halves do not overflow.
template <class T> vec<T> middle_of(vec<T> a, vec<T> b) { return vec<T>(T(0.5)) * a + vec<T>(T(0.5)) * b; }

// x between low and high, and else the nearer of them. Zeros keep their sign.
template <class T> vec<T> clamp(vec<T> x, vec<T> low, vec<T> high) { return min(max(x, low), high); }
template <class T> vec<T> clamp_gradient(vec<T> x, vec<T> g, vec<T> low, vec<T> high) {
  return select(x > low, select(x < high, g, vec<T>(T(0))), select(x <= low, vec<T>(T(0)), x));
}

// x beyond a on either side, and between them 0.
template <class T> vec<T> hard_shrink(vec<T> x, vec<T> a) {
  return select(abs(x) > a, x, clamp(x, vec<T>(T(0)), vec<T>(T(0))));
}
// x nearer to 0 by a, as far as there.
template <class T> vec<T> soft_shrink(vec<T> x, vec<T> a) {
  return select(abs(x) > a, x - copysign(a, x), clamp(x, vec<T>(T(0)), vec<T>(T(0))));
}
template <class T> vec<T> shrink_gradient(vec<T> x, vec<T> g, vec<T> a) {
  return select(abs(x) > a, g, select(abs(x) <= a, vec<T>(T(0)), x));
}

// x above a, and b elsewhere.
template <class T> vec<T> threshold(vec<T> x, vec<T> a, vec<T> b) { return select(x <= a, b, x); }
template <class T> vec<T> threshold_gradient(vec<T> x, vec<T> g, vec<T> a) {
  return select(x <= a, vec<T>(T(0)), select(x > a, g, x));
}

// max(x, 0)^2
template <class T> vec<T> relu_squared(vec<T> x) {
  const vec<T> y = max(x, vec<T>(T(0)));
  return y * y;
}
// 2 x g, rounded once: the 2 goes to the factor that does not overflow unless the product does.
template <class T> vec<T> relu_squared_gradient(vec<T> x, vec<T> g) {
  const mask<T> above = x > 1;
  return select(x > 0, select(above, x, x + x) * select(above, g + g, g), select(x <= 0, vec<T>(T(0)), x));
}

template <class T> vec<T> identity_gradient(vec<T> x, vec<T> g) {
  return select(x <= vec<T>(T(__builtin_inf())), g, x);
}

// 1 / 6 as its first bits and the rest, so that a sixth is rounded once but for the last of them, and one that is a
// number is exact.
template <class T> constexpr T sixth = sizeof(T) == 4 ? T(0x1.555554p-3) : T(0x1.5555555555555p-3);
template <class T> constexpr T sixth_rest = sizeof(T) == 4 ? T(0x1.555556p-27) : T(0x1.5555555555555p-57);
template <class T> vec<T> sixth_of(vec<T> x) { return fma(x, sixth<T>, x * sixth_rest<T>); }

// x / 6 + 1 / 2 between -3 and 3, where it is 0 and 1.
template <class T> vec<T> hard_sigmoid(vec<T> x) { return sixth_of(clamp(x, vec<T>(T(-3)), vec<T>(T(3))) + 3); }
// Float lanes have one product, which is rounded once also where it is a subnormal number.
template <class T> vec<T> hard_sigmoid_gradient(vec<T> x, vec<T> g) {
  vec<T> slope_g = g * T(1.0 / 6);
  if constexpr (sizeof(T) > sizeof(float)) slope_g = sixth_of(g);
  return clamp_gradient(x, slope_g, vec<T>(T(-3)), vec<T>(T(3)));
}

// a x + b between 0 and 1; 0 is added for what a product below 0 that is too small rounds to. A slope of 0 times
// infinity is no limit.
template <class T> vec<T> hard_sigmoid_of(vec<T> x, vec<T> a, vec<T> b) {
  const vec<T> line = select(abs(a) > 0, fma(a, x, b), select(x <= vec<T>(T(__builtin_inf())), b, x));
  return clamp(line + 0, vec<T>(T(0)), vec<T>(T(1)));
}
// Whether the line is above 0 its rounding tells, times a power of two where b is so small that it would round to 0;
// whether it is below 1 does not, as it rounds to 1 from there: that is asked of a x + (b - 1), and of what rounding
// takes from the difference. Where b is 0, or 1, the signs of a and x tell.
template <class T> vec<T> hard_sigmoid_of_gradient(vec<T> x, vec<T> g, vec<T> a, vec<T> b) {
  const vec<T> less = b - 1, taken = b - less, rest = (b - (less + taken)) + (taken - 1);
  const vec<T> zero = T(0), slope = select(abs(a) > 0, a * g, zero);
  // What is not 0 is a multiple of the last bits of b and of a product as large: 2^-197 (2^-1179).
  constexpr bool wide = sizeof(T) > sizeof(float);
  const vec<T> unit = select(abs(b) < T(wide ? 0x1p-900 : 0x1p-60), vec<T>(T(wide ? 0x1p128 : 0x1p64)), vec<T>(T(1)));
  const vec<T> above = select(abs(b) > 0, fma(a, x * unit, b * unit), select(a > 0, x, -x));
  const vec<T> under = select(abs(less) > 0, fma(a, x, less) + rest, select(a > 0, x, -x));
  const vec<T> inside = select(under < 0, slope, zero);
  return select(x <= vec<T>(T(__builtin_inf())), select(above > 0, inside, zero), x);
}

// x times (x + 3) / 6, which is 1 / 2 exactly where x is small, between -3 and 3, where it is -0 and x.
template <class T> vec<T> hard_swish(vec<T> x) {
  const vec<T> most = max(x, vec<T>(T(-3)));
  return select(x < 3, most * sixth_of(most + 3), x);
}
// (2 x + 3) / 6 between them. Near its zero, at -1.5, the sum is exact.
template <class T> vec<T> hard_swish_gradient(vec<T> x, vec<T> g) {
  const vec<T> zero = T(0), slope = sixth_of((x + x) + T(3));
  const vec<T> between = select(abs(slope) > 0, g * slope, zero);
  return select(x < 3, select(x > -3, between, zero), select(x >= 3, g, x));
}

} // namespace
