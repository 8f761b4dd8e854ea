// The rows of activations.def as functions of any lanes: value_of<op>{p}(x) and gradient_of<op>{p}(x, g).
#pragma once

#include "formulas/algebraic.h"
#include "formulas/exponential.h"
#include "formulas/far_slope.h"
#include "formulas/gated.h"
#include "formulas/gaussian.h"
#include "formulas/logistic.h"
#include "formulas/piecewise.h"
#include "formulas/scaled_slope.h"
#include "formulas/softplus.h"
#include "formulas/textbook.h"
#include "rows/rows.h"

namespace nonlin {
namespace {

template <activation> struct value_of;
template <activation> struct gradient_of;

// Where a loop calls them, the parameters become vectors before it begins.
#define ACTIVATION(name, value, gradient, ...)                                                                         \
  template <> struct value_of<activation_##name> {                                                                     \
    parameters p;                                                                                                      \
    template <class V> V operator()(V x) const {                                                                       \
      [[maybe_unused]] const V a = p.a, b = p.b;                                                                       \
      return value;                                                                                                    \
    }                                                                                                                  \
  };                                                                                                                   \
  template <> struct gradient_of<activation_##name> {                                                                  \
    parameters p;                                                                                                      \
    template <class V> V operator()(V x, [[maybe_unused]] V g) const {                                                 \
      [[maybe_unused]] const V a = p.a, b = p.b;                                                                       \
      return gradient;                                                                                                 \
    }                                                                                                                  \
  };
#include "rows/activations.def"
#undef ACTIVATION

// The parameters that a row is mostly called with, where its formula is a shorter one for these, with the same bits:
// for loops over floats. ns per element of silu without and with it, `npm run bench -- --size 262144 --function silu`
// on a Xeon: 0.27 and 0.23, with AVX2 0.45 and 0.35. Of softplus on Zen 4 0.49 and 0.29, with AVX2 0.67 and 0.41; its
// careful loop, which is long, does without.
template <activation> struct usually { static constexpr bool known = false, carefully = false; };
#if !defined(__wasm__) // Where size counts more.
template <> struct usually<activation_silu> {
  static constexpr bool known = true, carefully = true;
  static bool are(parameters p) { return p.a == rows[activation_silu].usual_a; }
  template <class V> V operator()(V x) const { return silu(x); }
};
template <> struct usually<activation_softplus> {
  static constexpr bool known = true, carefully = false;
  static bool are(parameters p) { return p.a == rows[activation_softplus].usual_a && p.b >= 20; }
  template <class V> V operator()(V x) const { return softplus(x); }
};
#endif

} // namespace
} // namespace nonlin
