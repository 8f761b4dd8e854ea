// The inputs of which a value in float lanes takes the careful way (careful.h): subnormal ones, and those that are far
// out (formulas/subnormal.h). The two ways have the same bits of all others, so a vector may
// go either way.
#pragma once

#include "arithmetic/memory.h"
#include "formulas/formulas.h"

namespace nonlin {
namespace {

#if defined(__wasm__) // Whose size counts.
#define CAREFULLY [[gnu::noinline]]
#else
#define CAREFULLY [[gnu::noinline, gnu::flatten]]
#endif

// How many vectors a loop takes at a time. Their chains of dependent instructions, side by side, keep a CPU busy that
// could not look far enough ahead to find the next of them (isa.cmake has GCC interleave them). ns per element with
// one, two and four, `npm run bench -- --size 262144` on Zen 4: sigmoid 0.190, 0.177 and 0.176 (avx2 0.289, 0.284 and
// 0.256), tanh 0.212, 0.207 and 0.199 (avx2 0.482, 0.456 and 0.446).
// In WebAssembly two, as what is optimized for size keeps more of them in memory: relu takes 0.53 with four, 0.11 with
// two.
#if defined(__wasm__)
constexpr size_t unroll = 2;
#else
constexpr size_t unroll = 4;
#endif

// x, and in the place of a subnormal number one where the slope is the same.
template <activation op> vec<float> with_its_slope(vec<float> x) {
  return select(is_subnormal(x), copysign(vec<float>(near_0<op>::is_level ? 0.0f : 0x1p-40f), x), x);
}

// y[i] = f(x[i]) of any n inputs.
template <activation op> CAREFULLY void careful_values(const float *x, float *y, size_t n, parameters p) {
  constexpr size_t lanes = vec<float>::lanes;
  constexpr bool is_level = near_0<op>::is_level;
  const bool lifts = near_0<op>::is_even(p);
  const value_of<op> value = {p};
  for (size_t i = 0; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    const vec<float> from = load_some<float>(x + i, count);
    const mask<float> small = is_subnormal(from);
    const bool lift = lifts && any_subnormal({from});
    vec<float> at = from;
    if (lift) at = select(small, is_level ? copysign(vec<float>(0.0f), from) : lifted(from), from);
    vec<float> to = as_float(value(vec<careful>(at.v)));
    if (!is_level && lift) to = select(small, lowered(select<float>(small, to, 1)), to);
    store_some(y + i, to, count);
  }
}

// The value of a row.
template <activation op> struct usual_or_careful {
  using far = far_inputs<op>;
  value_of<op> usual;
  float first;

  explicit usual_or_careful(parameters p) : usual{p} {
    if constexpr (far::known) first = float(far::first(p));
  }

  template <size_t n> bool is_unusual(const vec<float> (&x)[n]) const {
    bool some = any_subnormal(x);
    if constexpr (far::known) {
      vec<float> most = first;
      for (size_t j = 0; j < n; j++)
        most = larger(most, abs(x[j]));
      some |= any_greater(most, first);
    }
    return some;
  }

  // Several vectors from x and y on, for one question.
  template <size_t vectors> void several(const float *x, float *y) const {
    constexpr size_t lanes = vec<float>::lanes;
    vec<float> from[vectors], v[vectors];
    for (size_t j = 0; j < vectors; j++)
      from[j] = load<float>(x + j * lanes);
    if (is_unusual(from)) [[unlikely]]
      return careful_values<op>(x, y, vectors * lanes, usual.p);
    for (size_t j = 0; j < vectors; j++)
      v[j] = usual(not_before(from[j]));
    for (size_t j = 0; j < vectors; j++)
      store(y + j * lanes, v[j]);
  }
  // Up to a vector.
  void some(const float *x, float *y, size_t n) const {
    const vec<float> from[] = {load_some<float>(x, n)};
    if (is_unusual(from)) [[unlikely]]
      return careful_values<op>(x, y, n, usual.p);
    store_some(y, usual(not_before(from[0])), n);
  }
};

#if defined(__wasm__)
// In WebAssembly, whose size counts, rows look at their inputs by one loop for all of them, and long rows and short
// ones are always careful.
template <activation op>
constexpr bool is_always_careful = rows[op].is_long || rows[op].drops || op == activation_softsign;
constexpr size_t asked_block = 512;

// Whether there is a subnormal number, or one beyond a limit in size.
[[gnu::noinline]] inline bool has_unusual(const float *x, size_t n, float limit) {
  constexpr size_t lanes = vec<float>::lanes;
  using bits = vec<float>::bits;
  // A size less 1: of zero it is the largest.
  v128_t least[] = {v128_t(bits{} - 1), v128_t(bits{} - 1)};
  bits most[2] = {};
  const auto look = [&](size_t j, vec<float> a) {
    const bits size = to_bits(abs(a));
    least[j] = wasm_u32x4_min(least[j], v128_t(size - 1));
    most[j] = bits(wasm_i32x4_max(v128_t(most[j]), v128_t(size)));
  };
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    look(0, load<float>(x + i));
    look(1, load<float>(x + i + lanes));
  }
  for (; i < n; i += lanes)
    look(0, load_some<float>(x + i, n - i < lanes ? n - i : lanes));
  const v128_t subnormal = wasm_u32x4_lt(wasm_u32x4_min(least[0], least[1]), wasm_i32x4_splat(0x7fffff));
  const v128_t beyond = wasm_i32x4_gt(wasm_i32x4_max(v128_t(most[0]), v128_t(most[1])),
                                      wasm_i32x4_splat(__builtin_bit_cast(int32_t, limit)));
  return wasm_v128_any_true(wasm_v128_or(subnormal, beyond));
}
template <activation op, class F> void map_by_blocks(const float *x, float *y, size_t n, parameters p, F usual) {
  using far = far_inputs<op>;
  if constexpr (is_always_careful<op>) {
    careful_values<op>(x, y, n, p);
  } else {
    float limit = __builtin_inff(); // NaN is beyond it, too.
    if constexpr (far::known) limit = float(far::first(p));
    for (size_t i = 0; i < n; i += asked_block) {
      const size_t count = n - i < asked_block ? n - i : asked_block;
      if (has_unusual(x + i, count, limit))
        careful_values<op>(x + i, y + i, count, p);
      else
        usual(x + i, y + i, count);
    }
  }
}
#endif

} // namespace
} // namespace nonlin
