// The loop of `exact` for a row of which some inputs take a longer formula on quick.h than most: as rare.h, in double
// lanes. What the shorter formula leaves open is decided as ever (exact.h).
#pragma once

#include "exact/exact.h"
#include "loops/rare.h"

namespace nonlin {
namespace {

// near(x) up to first_rare in size, and anything beyond, where far(x) takes its place in the lanes that need it, and
// plain(x) elsewhere. Of a row that has no such inputs, nothing.
template <activation> struct rare_exact { static constexpr bool known = false; };
#if VECTOR_BYTES == 64
template <> struct rare_exact<activation_gelu> {
  static constexpr bool known = true;
  static constexpr float first_rare = quick_gelu_near_end;
  using beyond = on_both_sides<first_rare>;
  // From where on a positive x is its own result, and the largest that is not.
  static constexpr float first_plain = rare_inputs<activation_gelu>::first_rare,
                         before_plain = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, first_plain) - 1);

  static some_lanes<float> needs(some_lanes<float> beyond, vec<float> x) {
    return beyond.where_above(x, -gelu_end<float>).where_above(first_plain, x);
  }
  static vec<double> near(vec<double> x) { return ramp(x) - quick_gelu_near(abs(x)); }
  static vec<double> far(vec<double> x) { return ramp(x) - quick_gelu_whole(abs(x)); }
  static vec<float> plain(vec<float> x) { return select<float>(x > 0, x, -0.0f); }
};

// Of whole groups from x on all that are not rare; the others are put aside.
template <activation op, class F>
[[gnu::noinline, gnu::flatten]] void usual_inputs(const float *x, float *y, size_t n, put_aside &aside,
                                                  exact_value<op, F> exact) {
  using inputs = rare_exact<op>;
  constexpr size_t lanes = vec<float>::lanes;
  alignas(64) float plain[group];
  size_t put = 0;
  for (size_t i = 0; i < n; i += group) {
    vec<float> from[unroll], all = 0.0f;
    for (size_t j = 0; j < unroll; j++) {
      from[j] = load<float>(x + i + j * lanes);
      all = inputs::beyond::seen(all, from[j]);
    }
    uint64_t plain_lanes = 0; // Beyond, and do not need far(x).
    if (inputs::beyond::any(all)) [[unlikely]] {
      const auto beyond = [&](size_t j) { return inputs::beyond::of(from[j]); };
      const auto needs = [&](size_t j) { return inputs::needs(beyond(j), from[j]); };
      const uint64_t needed = bits_of<unroll>(needs);
      put = aside.add(x + i, from, needs, i, put);
      if (any_greater(all, inputs::before_plain)) plain_lanes = bits_of<unroll>(beyond) & ~needed;
      for (size_t j = 0; plain_lanes != 0 && j < unroll; j++)
        store(plain + j * lanes, inputs::plain(from[j]));
    }
    for (size_t j = 0; j < group; j += exact.at_once)
      exact.several(x + i + j, y + i + j, [](vec<double> x) { return inputs::near(x); });
    for (size_t j = 0; plain_lanes != 0 && j < unroll; j++)
      store(y + i + j * lanes, load<float>(plain + j * lanes), some_lanes<float>(__mmask16(plain_lanes >> j * lanes)));
  }
  aside.end_part(put);
}
template <activation op, class F>
[[gnu::noinline, gnu::flatten]] void rare_inputs_of(put_aside &aside, float *y, exact_value<op, F> exact) {
  // Whole vectors: what lies behind them could be subnormal numbers.
  const size_t end = (aside.count + exact.at_once - 1) / exact.at_once * exact.at_once;
  static_assert(put_aside::most >= rare_part && rare_part % exact.at_once == 0);
  for (size_t i = aside.count; i < end; i++)
    aside.inputs[i] = rare_exact<op>::first_rare;
  for (size_t i = 0; i < end; i += exact.at_once)
    exact.several(aside.inputs + i, aside.inputs + i, [](vec<double> x) { return rare_exact<op>::far(x); });
  aside.give(aside.inputs, y);
}
// n: of whole groups.
template <activation op, class F> void map_with_rare(const float *x, float *y, size_t n, exact_value<op, F> exact) {
  put_aside aside;
  for (size_t i = 0, count; i < n; i += count) {
    count = n - i < rare_part ? n - i : rare_part;
    usual_inputs(x + i, y + i, count, aside, exact);
    if (aside.count > 0) rare_inputs_of(aside, y + i, exact);
  }
}
#endif

} // namespace
} // namespace nonlin
