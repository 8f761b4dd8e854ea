// `exact`: float32 computed in double lanes and rounded once, to the nearest float. For that, forty bits of a result
// are enough unless they lie near the middle between two floats; so the formula runs on the primitives of quick.h
// first, and on those of float64.h only where a result is no farther from such a middle than its error (Ziv's method).
//
// Then the double is moved by a hair towards the side on which the true value is known to be, where it may lie in the
// middle or so near to it that the error of the double decides. Where x is small, it is such a middle for many x, and
// the next term of the series too small to be seen in it: x / 2 of the GELUs while it is subnormal, 1 / 2 + x / 4 of
// the sigmoid. Of all other float32 inputs, two of the gelu and of its approximation by tanh and three of that by the
// sigmoid lie so near, and the directions below suit them. Every move is within the error of the double; that no result
// of the 2^32 is rounded wrongly is what `npm run prove` shows.
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
template <> vec<double> settle<activation_sigmoid>(vec<double> x, vec<double> y) {
  return select(abs(x) < vec<double>(0x1p-8), by_a_hair(y, -x), y);
}
// x / 2 + c x^2: upwards where that is a subnormal float.
template <> vec<double> settle<activation_gelu>(vec<double> x, vec<double> y) {
  return by_a_hair(y, select(abs(x) < vec<double>(0x1p-100), y, -y));
}
template <> vec<double> settle<activation_geluTanh>(vec<double> x, vec<double> y) {
  return settle<activation_gelu>(x, y);
}
template <> vec<double> settle<activation_geluSigmoid>(vec<double>, vec<double> y) { return by_a_hair(y, y); }

// A power of two above the error of a formula on quick.h, in units of the last of 53 bits: what leads to the slow path.
// Of 2^28 results as many take it. None given, as for a formula of which it is not known, all of them do.
template <activation op> constexpr int32_t quick_error = 0;
template <> constexpr int32_t quick_error<activation_sigmoid> = 0x1p13;
template <> constexpr int32_t quick_error<activation_tanh> = 0x1p17;
template <> constexpr int32_t quick_error<activation_gelu> = 0x1p16;
template <> constexpr int32_t quick_error<activation_geluTanh> = 0x1p13;
template <> constexpr int32_t quick_error<activation_geluSigmoid> = 0x1p13;

// f, a formula for any T, correctly rounded, by quick.h first.
template <activation op, class F> struct quickly_exact {
  F f;

  // Not inlined, so that it costs the loops neither registers nor room.
  [[gnu::noinline]] static vec<double> slowly(vec<double> x, F f) { return settle<op>(x, f(x)); }

  vec<double> quickly(vec<double> x) const { return as_double(f(vec<quick>(x.v))); }
  // Whether any of two or four vectors has such a result. The low 29 bits are to be rounded away. In the middle they
  // are 2^28.
  template <class... Y> static bool doubtful(Y... y) {
    constexpr int32_t middle = 1 << 28, error = quick_error<op>;
    return any_without(middle + error, 2 * middle - 2 * error, y...);
  }
  vec<double> operator()(vec<double> x) const {
    vec<double> y = quickly(x);
    return doubtful(y, y) ? slowly(x, f) : y;
  }
  // Four at a time, for one question.
  void operator()(vec<double> &a, vec<double> &b, vec<double> &c, vec<double> &d) const {
    vec<double> x1 = a, x2 = b, x3 = c, x4 = d;
    a = quickly(x1), b = quickly(x2), c = quickly(x3), d = quickly(x4);
    if (doubtful(a, b, c, d)) [[unlikely]] {
      if (doubtful(a, a)) a = slowly(x1, f);
      if (doubtful(b, b)) b = slowly(x2, f);
      if (doubtful(c, c)) c = slowly(x3, f);
      if (doubtful(d, d)) d = slowly(x4, f);
    }
  }
};
template <activation op, class F> auto exact(F f) {
  if constexpr (quick_error<op> == 0)
    return [f](vec<double> x) { return settle<op>(x, f(x)); };
  else
    return quickly_exact<op, F>{f};
}

// Functions whose result no precision rounds.
template <activation op> constexpr bool is_exact = op == activation_relu;

} // namespace
} // namespace nonlin
