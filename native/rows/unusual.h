// The inputs of rows of which float lanes would multiply subnormal numbers, or make them: some near zero, and some far
// out (careful.h says why to care).
#pragma once

#include "rows/rows.h"

namespace nonlin {

// `always_inline` as kernels ask, too: what is merged of several files must not be of one instruction set.
//
// Near zero, of inputs smaller than `below`, a row is a multiple of x, the same one to 28 bits, or with `is_level` as
// it is `at` another of the same sign. Its slope is level, below a limit of its own, beside a grad no larger than
// `most_grad`. Both have the same bits as those of other inputs there, as far as parameters do not bend a row so near
// zero.
template <activation> struct small_inputs {
  static constexpr bool is_level = false;
  static constexpr float below = 0x1p-40f, slope_below = 0x1p-40f, at = 0x1p-40f;
  static constexpr float most_grad = __builtin_inff();
  static constexpr float unusual_below = below; // As far as the usual way meets subnormal numbers.
  // Of a row that rounds a multiple of x once, which one.
  static constexpr float multiple = 0;
  [[gnu::always_inline]] static constexpr bool holds(parameters) { return true; }
};
struct level_small_inputs : small_inputs<activation_count> {
  static constexpr bool is_level = true;
  static constexpr float at = 0;
};
// The slope is 2 x.
template <> struct small_inputs<activation_relu2> : small_inputs<activation_count> {
  static constexpr float slope_below = 0;
};
// The x at which a x + b passes 0, or 1, is of any size.
template <> struct small_inputs<activation_hardSigmoidOf> : small_inputs<activation_count> {
  static constexpr float slope_below = 0;
};
template <> struct small_inputs<activation_sigmoid> : level_small_inputs {};
template <> struct small_inputs<activation_logSigmoid> : level_small_inputs {};
template <> struct small_inputs<activation_hardSigmoid> : level_small_inputs {};
// x^3 / 3, and its slope x^2, of which a large grad makes something.
template <> struct small_inputs<activation_tanhShrink> : level_small_inputs {
  static constexpr float below = 0x1p-50f, slope_below = 0x1p-80f, most_grad = 64, unusual_below = 0x1p-30f;
};
// Up to a threshold, from which on it is x.
template <> struct small_inputs<activation_softplus> : level_small_inputs {
  [[gnu::always_inline]] static constexpr bool holds(parameters p) { return p.a < 0x1p8 && p.b > 0x1p-20; }
};
// The square root of b has to be larger than x by far.
template <> struct small_inputs<activation_squareplus> : level_small_inputs {
  static constexpr float at = 0x1p-80f;
  [[gnu::always_inline]] static constexpr bool holds(parameters p) { return p.a > 0x1p-20; }
};
template <> struct small_inputs<activation_mish> : small_inputs<activation_count> {
  static constexpr float multiple = 0.6f; // tanh(log(2))
};
template <> struct small_inputs<activation_silu> : small_inputs<activation_count> {
  [[gnu::always_inline]] static constexpr bool holds(parameters p) { return -0x1p8 < p.a && p.a < 0x1p8; }
};
struct small_inputs_of_large : small_inputs<activation_count> {
  [[gnu::always_inline]] static constexpr bool holds(parameters p) { return p.a > 0x1p-8; }
};
template <> struct small_inputs<activation_celu> : small_inputs_of_large {};
template <> struct small_inputs<activation_softcap> : small_inputs_of_large {};

// From which size of x on a value, or something on the way to it, may be subnormal. Of most rows none is.
template <activation> struct far_inputs {
  static double first(parameters) { return __builtin_inf(); }
};
// e^-87.3 is the smallest normal number.
template <> struct far_inputs<activation_sigmoid> {
  static double first(parameters) { return 87; }
};
template <> struct far_inputs<activation_silu> {
  static double first(parameters p) { return 87 / (p.a < 0 ? -p.a : p.a); }
};
// 1.702 * 51 is 86.8, v(10) of gelu's other approximation 87.3, and 10 in front.
template <> struct far_inputs<activation_geluSigmoid> {
  static double first(parameters) { return 51; }
};
template <> struct far_inputs<activation_geluTanh> {
  static double first(parameters) { return 10; }
};
// Well before the squares of e^-a that softplus computes, times powers of two, are subnormal numbers. A beta above 10^6
// brings what is divided by it nearer.
template <> struct far_inputs<activation_softplus> {
  static double first(parameters p) { return p.a > 1e6 ? 0 : 62 / p.a; }
};
template <> struct far_inputs<activation_logSigmoid> {
  static double first(parameters) { return 62; }
};
template <> struct far_inputs<activation_mish> {
  static double first(parameters) { return 87; }
};

// Smaller slopes are kept with a factor (formulas/scaled_slope.h), and are multiplied by a grad with more digits than
// a float has there: their products with a grad not far below 1 may be subnormal numbers.
constexpr float least_slope = 0x1p-102f;

// The same of a row by number: below which inputs others stand for them in a gradient, what, and up to which grads;
// below which they are near zero; and from where on they are far out.
struct small_input {
  float below = 0, at = 0, most_grad = __builtin_inff();
};
template <activation op> small_input small_slope(parameters p) {
  using small = small_inputs<op>;
  return small::holds(p) ? small_input{small::slope_below, small::at, small::most_grad} : small_input{};
}
template <activation op> float unusual_below(parameters p) {
  return small_inputs<op>::holds(p) ? small_inputs<op>::unusual_below : 0;
}
template <activation op> float far_from(parameters p) { return float(far_inputs<op>::first(p)); }

struct unusual_inputs {
  small_input (*small_slope)(parameters);
  float (*unusual_below)(parameters), (*far_from)(parameters);
};
inline constexpr unusual_inputs unusual_of[] = {
#define ACTIVATION(name, value, gradient, ...)                                                                         \
  {small_slope<activation_##name>, unusual_below<activation_##name>, far_from<activation_##name>},
#include "rows/activations.def"
#undef ACTIVATION
};

} // namespace nonlin
