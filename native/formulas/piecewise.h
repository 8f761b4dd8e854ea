// Activations made of straight lines.
#pragma once

#include "arithmetic/simd.h"

namespace {

// NaN where x is.
template <class T> vec<T> relu_gradient(vec<T> x, vec<T> g) { return select(x > 0, g, select(x <= 0, vec<T>(0), x)); }

// x from 0 on, and a x below: -0 at -infinity for a slope of 0, which is no product.
template <class T> vec<T> leaky_relu(vec<T> x, vec<T> a) {
  return select(x < 0, select(abs(a) > 0, a * x, vec<T>(T(-0.0))), x);
}
template <class T> vec<T> leaky_relu_gradient(vec<T> x, vec<T> g, vec<T> a) {
  return select(x > 0, g, select(x <= 0, select(abs(a) > 0, a * g, vec<T>(T(0))), x));
}

} // namespace
