// Formulas of which some inputs take a longer way than most, and which those are.
#pragma once

#include "arithmetic/memory.h"
#include "formulas/gaussian.h"
#include "rows/rows.h"

namespace {

// In float lanes: usual(x) is the value up to first_rare in size; of what is beyond, rare(x) in the lanes that need it,
// and plain(x) elsewhere. Of those that may need it and do not, rare(x) has the bits of plain(x), as a loop takes one
// or the other; of others, such as the 0 behind the last, nobody takes it. The same of the slope, where a g above 1
// needs more than none. Of a row that has no such inputs, nothing.
template <nonlin::activation> struct rare_inputs { static constexpr bool known = false; };
template <> struct rare_inputs<nonlin::activation_gelu> {
  static constexpr bool known = true;
  static constexpr float first_rare = near_end; // From where on x - a Phi(-a) rounds to x, if it is above 0.

  // Below 0, up to where it is 0, as rare(x) is beyond.
  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x) {
    return beyond.where_below_0_above(-gelu_end<float>, x);
  }
  static vec<float> usual(vec<float> x) { return ramp(x) + near_tail(gelu_pieces, abs(x)); }
  static vec<float> plain(vec<float> x) { return ramp(x); }
  static vec<float> rare(vec<float> x) { return last_product(gelu_far(max(x, -gelu_end<float>)), 1 / huge<float>); }

  // From where on the slope rounds to 1.
  static constexpr float one_end = 6;

  static some_lanes<float> needs_slope(some_lanes<float> beyond, vec<float> x, vec<float> g) {
    const some_lanes<float> curved = beyond.where_above(one_end, x);
    return curved.where_above(x, -gelu_end<float>) | curved.where_above(abs(g), 1);
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
  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x, vec<float> by) {
    return inputs::needs_slope(beyond, x, by);
  }
  static vec<float> usual(vec<float> x) { return inputs::usual_slope(x); }
  static vec<float> plain(vec<float> x) { return inputs::plain_slope(x); }
  static constexpr float first_rare = inputs::first_rare;
};
template <nonlin::activation op> struct rare_values {
  using inputs = rare_inputs<op>;
  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x, vec<float>) {
    return inputs::needs(beyond, x);
  }
  static vec<float> usual(vec<float> x) { return inputs::usual(x); }
  static vec<float> plain(vec<float> x) { return inputs::plain(x); }
  static constexpr float first_rare = inputs::first_rare;
};

} // namespace
