// Formulas of which some inputs take a longer way than most, and which those are.
#pragma once

#include "arithmetic/memory.h"
#include "formulas/gaussian.h"
#include "rows/rows.h"

namespace {

// Inputs beyond `first` in size, which may be rare. A loop looks at several together: seen(all, x) is what it keeps of
// each, from 0 on, and any(all) whether one of them is there, or perhaps NaN; of(x) tells which.
template <float first> struct on_both_sides {
  static vec<float> some() { return __builtin_inff(); }
  static vec<float> seen(vec<float> all, vec<float> x) { return max(all, abs(x)); }
  static bool any(vec<float> all) { return any_greater(all, first); }
  static some_lanes<float> of(vec<float> x) { return some_lanes<float>::above(abs(x), first); }
  static vec<float> size_of(vec<float> x) { return abs(x); }
};
#if VECTOR_BYTES == 64
// And below -first alone, so that size_of(x) is to serve for those above it.
template <float first> struct only_below {
  static vec<float> some() { return -__builtin_inff(); }
  static vec<float> seen(vec<float> all, vec<float> x) { return lowest_of(all, x); }
  static bool any(vec<float> all) { return any_below(all, -first); }
  static some_lanes<float> of(vec<float> x) { return some_lanes<float>::above(-first, x); }
  static vec<float> size_of(vec<float> x) { return abs_within(x, first); }
};
#endif

// In float lanes: usual(x) is the value where x is not beyond; of what is, rare(x) in the lanes that need it, and
// plain(x) elsewhere. Of those that may need it and do not, rare(x) has the bits of plain(x), as a loop takes one or
// the other; of others, such as the 0 behind the last, nobody takes it. The same of the slope, where a large g needs
// more than none. Of a row that has no such inputs, nothing.
template <nonlin::activation> struct rare_inputs { static constexpr bool known = false; };
template <> struct rare_inputs<nonlin::activation_gelu> {
  static constexpr bool known = true;
  static constexpr float first_rare = near_end;

  // From first_rare on x - a Phi(-a) rounds to x above 0, with the a of first_rare too. Where one instruction takes
  // that for a larger one, half as many inputs are beyond: ns per element of N(0,2) 0.19 and so 0.17, of U(-4,4) 0.115
  // and 0.117 (Zen 5, of sixteen arrays of 262144 in turn). AVX2 would need two, and gain less.
#if VECTOR_BYTES == 64
  using beyond = only_below<first_rare>;
  static vec<float> plain(vec<float>) { return -0.0f; }
#else
  using beyond = on_both_sides<first_rare>;
  static vec<float> plain(vec<float> x) { return ramp(x); }
#endif
  // Below 0, up to where it is 0, as rare(x) is from there on.
  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x) {
    return beyond.where_below_0_above(-gelu_end<float>, x);
  }
  static vec<float> usual(vec<float> x) { return ramp(x) + near_tail(gelu_pieces, beyond::size_of(x)); }
  static vec<float> rare(vec<float> x) { return last_product(gelu_far(max(x, -gelu_end<float>)), 1 / huge<float>); }

  // From where on the slope rounds to 1, and up to which g a slope below -gelu_end, 2^-154.4 at most, leaves nothing.
  static constexpr float one_end = 6, most_g = 18;
  using beyond_of_slope = on_both_sides<first_rare>;

  static some_lanes<float> needs_slope(some_lanes<float> beyond, vec<float> x, vec<float> g) {
    const some_lanes<float> curved = beyond.where_above(one_end, x);
    return curved.where_above(x, -gelu_end<float>) | curved.where_above(abs(g), most_g);
  }
  static vec<float> usual_slope(vec<float> x) {
    return step_plus(x, near_tail(gelu_slope_pieces, abs(x)), 1 / huge<float>);
  }
  static vec<float> plain_slope(vec<float> x) { return select<float>(x < 0, -0.0f, 1); }
};
// Of a row whose rare inputs, those below `first`, take no longer than to put them aside would: far(x) is their value,
// which a loop then computes for all of a group, and usual(x) that of the others. Of other rows, nothing.
template <nonlin::activation> struct tail { static constexpr bool known = false; };
template <> struct tail<nonlin::activation_mish> {
  static constexpr bool known = true;
  static constexpr float first = mish_begin;

  static vec<float> usual(vec<float> x) { return mish_near(x); }
  static vec<float> far(vec<float> x) { return mish_far(x); }
};
// What a loop multiplies by an array: slopes, of a gradient, or values, of a gate.
template <nonlin::activation op> struct rare_slopes {
  using inputs = rare_inputs<op>;
  using beyond = typename inputs::beyond_of_slope;
  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x, vec<float> by) {
    return inputs::needs_slope(beyond, x, by);
  }
  static vec<float> usual(vec<float> x) { return inputs::usual_slope(x); }
  static vec<float> plain(vec<float> x) { return inputs::plain_slope(x); }
};
template <nonlin::activation op> struct rare_values {
  using inputs = rare_inputs<op>;
  using beyond = typename inputs::beyond;
  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x, vec<float>) {
    return inputs::needs(beyond, x);
  }
  static vec<float> usual(vec<float> x) { return inputs::usual(x); }
  static vec<float> plain(vec<float> x) { return inputs::plain(x); }
};

} // namespace
