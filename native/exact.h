// The last step of `exact`: a double result is moved by a hair towards the side on which the true value is known to be,
// so that the rounding to float is right where the double lies in the middle between two floats, or next to it.
//
// Where x is small, the double is such a middle for many x, with the next term of the series too small to be seen in
// it: x / 2 of the GELUs, 1 / 2 + x / 4 of the sigmoid. Elsewhere the move is within the error of the double, and
// `npm run prove` shows that over all 2^32 inputs no result is rounded wrongly.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace nonlin {
namespace {

template <activation op> vec<double> settle(vec<double>, vec<double> y) { return y; }

// y and one to two units in its last place, with the sign of `direction` for positive y; zero keeps its sign.
inline vec<double> by_a_hair(vec<double> y, vec<double> direction) {
  return y * (vec<double>(1.0) + copysign(vec<double>(0x1p-52), direction));
}

// 1 / 2 + x / 4 - x^3 / 48: towards 1 / 2.
template <> vec<double> settle<activation_sigmoid>(vec<double> x, vec<double> y) { return by_a_hair(y, -x); }
// x / 2 + c x^2: upwards.
template <> vec<double> settle<activation_gelu>(vec<double>, vec<double> y) { return by_a_hair(y, y); }
template <> vec<double> settle<activation_geluTanh>(vec<double>, vec<double> y) { return by_a_hair(y, y); }
template <> vec<double> settle<activation_geluSigmoid>(vec<double>, vec<double> y) { return by_a_hair(y, y); }

} // namespace
} // namespace nonlin
