// Formulas of which some inputs take a longer way than most, and which those are.
#pragma once

#include "formulas/gaussian.h"
#include "rows/rows.h"

namespace {

// In float lanes: usual(x) is the value up to first_rare in size; beyond it rare(x) where needs(x) holds, and plain(x)
// elsewhere. The same of the slope, where a g above 1 needs more than none. Of a row that has no such inputs, nothing.
template <nonlin::activation> struct rare_inputs { static constexpr bool known = false; };
template <> struct rare_inputs<nonlin::activation_gelu> {
  static constexpr bool known = true;
  static constexpr float first_rare = near_end;
  // From where on x - a Phi(-a) rounds to x.
  static constexpr float same_end = 5.625f;

  static mask<float> needs(vec<float> x) {
    return {(abs(x) > near_end).m & (x > -gelu_end<float>).m & (x < same_end).m};
  }
  static vec<float> usual(vec<float> x) { return ramp(x) + near_tail(gelu_pieces, abs(x)); }
  static vec<float> plain(vec<float> x) { return ramp(x); }
  static vec<float> rare(vec<float> x) {
    return as_float(last_step<careful>(gelu_far(abs(x)).v, careful(1 / huge<float>), ramp(x).v));
  }

  // From where on the slope rounds to 1.
  static constexpr float one_end = 6;

  static mask<float> needs_slope(vec<float> x, vec<float> g) {
    return {(abs(x) > near_end).m & (x < one_end).m & ((x > -gelu_end<float>).m | (abs(g) > 1).m)};
  }
  static vec<float> usual_slope(vec<float> x) {
    return step_plus(x, near_tail(gelu_slope_pieces, abs(x)), 1 / huge<float>);
  }
  static vec<float> plain_slope(vec<float> x) { return select<float>(x < 0, -0.0f, 1); }
};

} // namespace
