// The loops over whole arrays: of values, and of values times another array. Which loop a row has is in loops.cpp.
#pragma once

#include "exact/exact.h"
#include "formulas/formulas.h"
#include "loops/careful_groups.h"
#include "loops/lenient.h"
#include "loops/rare.h"

namespace nonlin::KERNELS_ROWS {
namespace {

// What decides the rounding of several vectors at once has four of them (exact.h).
template <class F> constexpr size_t vectors_of = unroll;
template <activation op, class F> constexpr size_t vectors_of<exact_value<op, F>> = 4;
template <activation op, class F> constexpr size_t vectors_of<exact_gradient<op, F>> = 4;

// Whether the loop over a few elements stands apart, once: of long formulas two of them, inlined, made the addon 0.07
// MB larger, and of 100 elements silu, which is short, would take a tenth longer so. WebAssembly, which does not align,
// has one of each anyway.
template <class T, class F> constexpr bool few_apart = false;
#if !defined(__wasm__)
template <class T, activation op>
constexpr bool few_apart<T, value_of<op>> = rows[op].is_long || (sizeof(T) == sizeof(double) && !rows[op].one_rounding);
template <class T, activation op> constexpr bool few_apart<T, with_tail<op>> = true;
template <class T, activation op> constexpr bool few_apart<T, lenient<op>> = true;
template <class T, activation op> constexpr bool few_apart<T, careful_group<op>> = true;
#endif

// y[i] = f(x[i]) of up to a vector.
template <class T, class E, class F> [[gnu::flatten]] inline void map_some(const E *x, E *y, size_t n, F f) {
  if constexpr (requires { f.some(x, y, n); })
    f.some(x, y, n);
  else
    store_some(y, f(load_some<T>(x, n)), n);
}
template <class T, class E, class F>
[[gnu::noinline, gnu::flatten]] void map_few_apart(const E *x, E *y, size_t n, F f) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t i = 0; i < n; i += lanes)
    map_some<T>(x + i, y + i, n - i < lanes ? n - i : lanes, f);
}

// y[i] = f(x[i]) for elements E computed in lanes T. What does not fill a vector goes through the same f, so an
// element's result does not depend on its place.
template <class T, bool past_cache = false, class E, class F>
[[gnu::flatten]] void map(const E *x, E *y, size_t n, F f) {
  constexpr size_t lanes = vec<T>::lanes, unroll = vectors_of<F>, step = unroll * lanes;
  auto several = [=](size_t i) __attribute__((flatten)) {
    if constexpr (requires { f.template several<unroll>(x + i, y + i); }) { // It has something to save.
      f.template several<unroll>(x + i, y + i);
    } else {
      vec<T> v[unroll];
      if constexpr (past_cache)
        ask_ahead<step * sizeof(E)>(x + i);
      else
        claim_ahead<step * sizeof(E)>(y + i);
      if constexpr (requires(const vec<T>(&from)[unroll]) { f.group(from, v); }) {
        vec<T> from[unroll];
        for (size_t j = 0; j < unroll; j++)
          from[j] = loaded_once(load<T>(x + i + j * lanes));
        f.group(from, v);
      } else {
        for (size_t j = 0; j < unroll; j++)
          v[j] = f(loaded_once(load<T>(x + i + j * lanes)));
      }
      for (size_t j = 0; j < unroll; j++)
        put_vector<past_cache>(y + i + j * lanes, v[j]);
    }
  };
  size_t i = 0;
#if !defined(__wasm__)
  if (n >= step) {
    // From here on y is aligned: a store that straddles two cache lines takes twice as long, and Node's large arrays
    // begin 16 bytes past a line.
    i = until_aligned<T>(y);
    if constexpr (few_apart<T, F>)
      map_few_apart<T>(x, y, i, f);
    else if (i > 0)
      map_some<T>(x, y, i, f);
  }
#endif
  for (; i + step <= n; i += step)
    several(i);
  if constexpr (few_apart<T, F>)
    map_few_apart<T>(x + i, y + i, n - i, f);
  else
    for (; i < n; i += lanes)
      map_some<T>(x + i, y + i, n - i < lanes ? n - i : lanes, f);
}

// y[i] = f(x[i]) by[i] for floats, each loaded before it is stored.
template <bool past_cache, class F>
[[gnu::flatten]] void map_gate(const float *x, const float *by, float *y, size_t n, F f) {
  constexpr size_t lanes = vec<float>::lanes, step = unroll * lanes;
  const auto some = [=](size_t i, size_t count) __attribute__((flatten)) {
    store_some(y + i, f(load_some<float>(x + i, count)) * load_some<float>(by + i, count), count);
  };
  size_t i = 0;
  if (n >= step) { // As in `map`.
    i = until_aligned<float>(y);
    if (i > 0) some(0, i);
  }
  for (; i + step <= n; i += step) {
    vec<float> v[unroll];
    if constexpr (past_cache) {
      ask_ahead<step * sizeof(float)>(x + i);
      ask_ahead<step * sizeof(float)>(by + i);
    } else {
      claim_ahead<step * sizeof(float)>(y + i);
    }
    for (size_t j = 0; j < unroll; j++)
      v[j] = f(loaded_once(load<float>(x + i + j * lanes)));
    for (size_t j = 0; j < unroll; j++)
      v[j] = v[j] * load<float>(by + i + j * lanes);
    for (size_t j = 0; j < unroll; j++)
      put_vector<past_cache>(y + i + j * lanes, v[j]);
  }
  for (; i < n; i += lanes)
    some(i, n - i < lanes ? n - i : lanes);
}

} // namespace
} // namespace nonlin::KERNELS_ROWS
