// The inner loops of the rows of a group. CMake compiles this file once per group, the .def file GROUP, and instruction
// set, which it calls KERNELS.
#include "arithmetic/memory.h"
#include "exact/exact.h"
#include "formulas/formulas.h"
#include "kernels.h"
#include "loops/careful.h"
#include "loops/careful_groups.h"
#include "loops/lenient.h"
#include "loops/rare.h"
#include "loops/rare_exact.h"
#include "loops/subnormal.h"

#include <type_traits>

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

template <activation op, class T, class E, bool past_cache = false>
void map_grad_row(const void *g, const void *x, void *y, size_t n, parameters p);

// y = g * f(x, 1) for a few vectors from x, g and y on. A slope loses its digits below some limit: in float lanes
// 2^-126, and scaled 2^-156, where formulas end. That a large g would bring to light: there it is computed in double
// lanes. Where slopes are small and no g is so large is not to take much longer, as half of a layer may have died, and
// grads are scaled by 2^16.
template <activation op, class T, class E, class F> struct times_slope {
  using scaled = scaled_slope<op>;
  static constexpr bool is_float = sizeof(T) == sizeof(float), is_scaled = is_float && scaled::known;
  static constexpr bool loses = is_float || far_slope<op>::known;
#if defined(__wasm__) // Where size counts more.
  static constexpr bool is_plain = false;
#else
  static constexpr bool is_plain = is_float && has_plain<op>;
#endif

  // What slopes are multiplied by, below what they have lost digits, and from where on their products with a g not far
  // below 1 are normal. Up to most_g the product of one that has lost some is nothing, or has no more digits to lose.
  static constexpr T unit = is_scaled ? T(huge<float>) : T(1), least_normal = is_float ? T(0x1p-126) : T(0x1p-1022);
  static constexpr T lost = is_scaled ? T(0x1p-156 * huge<float>) : least_normal, most_g = is_scaled ? 64 : 1;
  static constexpr T large = is_scaled ? T(least_slope) * unit : lost;
  static constexpr bool is_zero_at_zero = is_scaled && scaled::is_zero_at_zero;

  F f;
  T plain_end = 0;

  explicit times_slope(parameters p) : f{p} {
    if constexpr (is_plain) plain_end = scaled::plain_end(p);
  }

  vec<T> slope_of(vec<T> x) const {
    if constexpr (is_scaled)
      return scaled::of(x, f.p);
    else
      return f(x, vec<T>(T(1)));
  }
  static vec<T> size_of(vec<T> slope) { return is_scaled && !scaled::has_sign ? slope : abs(slope); }
  vec<T> product(vec<T> g, vec<T> slope) const { return times(g, is_scaled ? slope * vec<T>(1 / unit) : slope); }
  // The same where some slopes are small. What is scaled still has the digits of those that are lost.
  vec<T> with_small(vec<T> g, vec<T> slope) const {
    if constexpr (is_scaled) {
      const mask<T> small = size_of(slope) < vec<T>(large);
      const vec<T> whole = product(g, select(small, vec<T>(unit), slope));
      return select(small, lower(g * slope, 1 / unit), whole);
    } else {
      return product(g, slope);
    }
  }

  // The lanes where one has lost digits and the g is large.
  static mask<T> loses_some(vec<T> g, vec<T> slope, vec<T> x) {
    const mask<T> both = {(size_of(slope) < lost).m & (abs(g) > most_g).m};
    return is_zero_at_zero ? mask<T>{both.m & (abs(x) > 0).m} : both;
  }
  // The same as with_small where there are such lanes. Not inlined, so that it costs the loops neither registers nor
  // room.
  [[gnu::noinline, gnu::cold]] static vec<T> again(const E *x, vec<T> g, size_t n, vec<T> slope, times_slope of) {
    const vec<T> from = load_some<T>(x, n);
    if constexpr (!is_float) {
      return times_lost<op>(g, slope, from, of.f.p);
    } else {
      constexpr size_t lanes = vec<T>::lanes, doubles = vec<double>::lanes;
      T xs[lanes], gs[lanes];
      double wide_x[lanes], wide_g[lanes];
      store(xs, from);
      store(gs, g);
      for (size_t i = 0; i < lanes; i += doubles) {
        store(wide_x + i, load<double>(xs + i));
        store(wide_g + i, load<double>(gs + i));
      }
      map_grad_row<op, double, double>(wide_g, wide_x, wide_g, lanes, of.f.p);
      for (size_t i = 0; i < lanes; i += doubles)
        store(xs + i, load<double>(wide_g + i));
      return select(loses_some(g, slope, from), load<T>(xs), of.with_small(g, slope));
    }
  }

  // `n` elements make up the last vector.
  template <size_t vectors, bool past_cache = false> void operator()(const E *g, const E *x, E *y, size_t n) const {
    constexpr size_t lanes = vec<T>::lanes;
    const auto lanes_of = [=](size_t j) { return j + 1 < vectors ? lanes : n; };
    const auto by = [=](size_t j) { return load_some<T>(g + j * lanes, lanes_of(j)); };
    const auto put = [=](size_t j, vec<T> a) { put_some<past_cache>(y + j * lanes, a, lanes_of(j)); };
    vec<T> from[vectors], slopes[vectors], least = unit;
    for (size_t j = 0; j < vectors; j++)
      from[j] = load_some<T>(x + j * lanes, lanes_of(j));
    if constexpr (is_plain) {
      vec<T> most = T(0);
      for (size_t j = 0; j < vectors; j++)
        most = max(most, abs(from[j]));
      if (!any_greater(most, plain_end)) [[likely]] {
        for (size_t j = 0; j < vectors; j++)
          put(j, by(j) * scaled::plain(from[j], f.p));
        return;
      }
    }
    for (size_t j = 0; j < vectors; j++) {
      slopes[j] = slope_of(from[j]);
      // Where a slope is NaN, the others'.
      least = min(least, size_of(slopes[j]));
    }
    if constexpr (loses) {
      if (any_greater(vec<T>(large), least)) [[unlikely]] {
        // Slopes that a loop takes by number would be stored for all, lost or not.
        vec<T> most = T(0), stored[vectors];
        for (size_t j = 0; j < vectors; j++) {
          most = max(most, abs(by(j)));
          stored[j] = slopes[j];
          if constexpr (is_zero_at_zero) stored[j] = select(abs(from[j]) <= 0, vec<T>(T(0)), stored[j]);
        }
        const bool may_count = any_greater(lost, least) && any_greater(most, most_g);
        for (size_t j = 0; j < vectors; j++)
          put(j, may_count && count_lanes<T>(loses_some(by(j), stored[j], from[j])) > 0
                     ? again(x + j * lanes, by(j), lanes_of(j), stored[j], *this)
                     : with_small(by(j), stored[j]));
        return;
      }
    }
    for (size_t j = 0; j < vectors; j++)
      put(j, product(by(j), slopes[j]));
  }
};
// y = f(x, g) as it is: rounded once, and no product where the slope is 0 or 1, as g may be infinite.
template <class T, class F> struct whole_gradient {
  F f;

  template <size_t vectors, bool past_cache = false, class E>
  void operator()(const E *g, const E *x, E *y, size_t n) const {
    constexpr size_t lanes = vec<T>::lanes;
    const auto lanes_of = [=](size_t j) { return j + 1 < vectors ? lanes : n; };
    for (size_t j = 0; j < vectors; j++)
      put_some<past_cache>(y + j * lanes,
                           f(load_some<T>(x + j * lanes, lanes_of(j)), load_some<T>(g + j * lanes, lanes_of(j))),
                           lanes_of(j));
  }
};
// The rows of a textbook on doubles, one by one.
template <activation op> struct precise {
  parameters p;

  [[gnu::noinline]] vec<double> operator()(vec<double> x) const {
    return replaced(~0u, x, [=, p = p](size_t i) { return correctly_rounded_of[op].value_of_double(x.v[i], p); });
  }
  [[gnu::noinline]] vec<double> operator()(vec<double> x, vec<double> g) const {
    return replaced(~0u, x,
                    [=, p = p](size_t i) { return correctly_rounded_of[op].gradient_of_double(x.v[i], g.v[i], p); });
  }
};
template <activation op> constexpr size_t vectors_of<precise<op>> = 1;
template <class E, activation op> constexpr size_t vectors_of<whole_gradient<E, precise<op>>> = 1;
// y[i] = f(x[i], g[i]), the same way; f does some vectors at once.
template <class T, bool past_cache = false, class E, class F>
void map_grad(const E *g, const E *x, E *y, size_t n, F f) {
  constexpr size_t lanes = vec<T>::lanes, unroll = vectors_of<F>, step = unroll * lanes;
  const auto some = [=](size_t i, size_t count) __attribute__((flatten)) {
    f.template operator()<1>(g + i, x + i, y + i, count);
  };
  size_t i = 0;
  if constexpr (past_cache) {
    i = n < step ? 0 : until_aligned<T>(y);
    if (i > 0) some(0, i);
  }
  for (; i + step <= n; i += step) {
    if constexpr (past_cache) {
      ask_ahead<step * sizeof(E)>(g + i);
      ask_ahead<step * sizeof(E)>(x + i);
      f.template operator()<unroll, true>(g + i, x + i, y + i, lanes);
    } else {
      claim_ahead<step * sizeof(E)>(y + i);
      f.template operator()<unroll>(g + i, x + i, y + i, lanes);
    }
  }
  for (; i < n; i += lanes)
    some(i, n - i < lanes ? n - i : lanes);
}

// In WebAssembly, whose size counts, long rows and short ones have one loop in float lanes.
#if defined(__wasm__)
template <activation op>
constexpr bool is_always_careful =
    !rows[op].one_rounding && (rows[op].is_long || rows[op].drops || rows[op].careful_in_wasm);
#else
template <activation op> constexpr bool is_always_careful = false;
#endif

// Groups from where y is aligned on as rare_exact.h does, the elements before and behind them by `map`.
template <class F> void map_exact_with_rare(const float *x, float *y, size_t n, F exact) {
  const auto others = [=](size_t i, size_t end) __attribute__((noinline, flatten)) {
    map<double>(x + i, y + i, end - i, exact);
  };
  const size_t before = until_aligned<float>(y);
  if (n < before + group) return others(0, n);
  const size_t whole = (n - before) / group * group;
  others(0, before);
  map_with_rare(x + before, y + before, whole, exact);
  others(before + whole, n);
}

// `flatten` inlines all that these call: the formula into the loop, whatever its length.
template <activation op, class T, class E>
[[gnu::noinline, gnu::flatten]] void map_row(const void *x, void *y, size_t n, parameters p) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  const value_of<op> f = {p};
  if constexpr (sizeof(T) == sizeof(float) && usually<op>::known)
    if (usually<op>::are(p)) return map<T>(from, to, n, usually<op>());
  if constexpr (rows[op].multiplies_by_mean && sizeof(E) < sizeof(T))
    if (products_are_exact(p)) return map<T>(from, to, n, f);
  if constexpr (rows[op].one_rounding)
    map<E>(from, to, n, f);
  else if constexpr (rows[op].textbook && sizeof(E) == sizeof(double))
    map<E>(from, to, n, precise<op>{p});
  else if constexpr (sizeof(T) == sizeof(float) && is_always_careful<op>)
    careful_row<op>(x, y, n, p);
  else if constexpr (sizeof(T) == sizeof(float) && rare_inputs<op>::known)
    map_with_rare<op>(from, to, n);
  else if constexpr (sizeof(T) == sizeof(float) && tail<op>::known)
    map<T>(from, to, n, with_tail<op>());
  else if constexpr (sizeof(E) < sizeof(T) && rare_exact<op>::known)
    map_exact_with_rare(from, to, n, exact<op>(f));
  else if constexpr (sizeof(E) < sizeof(T) && rows[op].value_decides)
    map<T>(from, to, n, decided_but_for_half<op, value_of<op>>{f});
  else if constexpr (sizeof(E) < sizeof(T) && !rows[op].double_decides)
    map<T>(from, to, n, exact<op>(f));
  else
    map<T>(from, to, n, f);
}
#if defined(__x86_64__)
// Of gelu, whose loop is one of rare inputs, parts of which small inputs are left out, and their halves put in their
// places.
template <activation op> CAREFULLY void careful_rare_row(const void *inputs, void *results, size_t n, parameters p) {
  constexpr size_t lanes = vec<float>::lanes;
  const float *x = static_cast<const float *>(inputs);
  float *y = static_cast<float *>(results);
  for (size_t part; n > 0; x += part, y += part, n -= part) {
    part = n < rare_part ? n : rare_part;
    alignas(64) float others[rare_part], halves[rare_part];
    bool some = false;
    for (size_t i = 0; i < part; i += lanes) {
      const vec<float> from = load_some<float>(x + i, part - i < lanes ? part - i : lanes);
      const mask<float> small = is_least(from, least_half);
      store(others + i, without(small, from));
      store(halves + i, only(small, part_of_least(from, 0.5f)));
      some |= count_lanes<float>(small) > 0;
    }
    map_row<op, float, float>(some ? others : x, y, part, p);
    for (size_t i = 0; some && i < part; i += lanes) {
      const size_t count = part - i < lanes ? part - i : lanes;
      store_some(y + i, either(load_some<float>(y + i, count), load<float>(halves + i)), count);
    }
  }
}
#endif
template <activation op> CAREFULLY void careful_group_row(const void *x, void *y, size_t n, parameters p) {
  if constexpr (!rows[op].product) // Whose groups serve any.
    if (!careful_group<op>::for_these(p)) return careful_row<op>(x, y, n, p);
  map<float>(static_cast<const float *>(x), static_cast<float *>(y), n, careful_group<op>{p});
}
template <activation op> [[gnu::noinline]] void lenient_row(const void *x, void *y, size_t n, parameters p) {
  constexpr size_t lanes = vec<float>::lanes;
  const float *from = static_cast<const float *>(x);
  float *to = static_cast<float *>(y);
  if (!lenient<op>::for_these(p)) return careful_row<op>(x, y, n, p);
  if constexpr (!lenient<op>::mends)
    map<float>(from, to, n, lenient<op>{p});
  else
    for (size_t part; n > 0; from += part, to += part, n -= part) {
      part = n < rare_part ? n : rare_part;
      alignas(64) float kept[rare_part];
      const float *inputs = from;
      if (x == y) inputs = static_cast<float *>(__builtin_memcpy(kept, from, part * sizeof *kept));
      map_row<op, float, float>(inputs, to, part, p);
      for (size_t i = 0; i < part; i += lanes) {
        const size_t count = part - i < lanes ? part - i : lanes;
        store_some(to + i, lenient<op>{p}(load_some<float>(inputs + i, count), load_some<float>(to + i, count)), count);
      }
    }
}
// In lanes of the element.
template <activation op, class E>
[[gnu::flatten]] void map_row_past_cache(const void *x, void *y, size_t n, parameters p) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  constexpr bool has_usual = sizeof(E) == sizeof(float) && usually<op>::known;
  if constexpr (has_usual)
    if (usually<op>::are(p)) return map<E, true>(from, to, n, usually<op>());
  if constexpr (has_usual && rows[op].is_long)
    map_row<op, E, E>(x, y, n, p);
  else if constexpr (sizeof(E) == sizeof(float) && rare_inputs<op>::known)
    map_with_rare<op, true>(from, to, n);
  else if constexpr (sizeof(E) == sizeof(float) && tail<op>::known)
    map<E, true>(from, to, n, with_tail<op>());
  else
    map<E, true>(from, to, n, value_of<op>{p});
}
#if defined(__wasm__) // As of values, but of few of which it is asked that they be fast.
#define GRADIENTS [[gnu::noinline, gnu::flatten, clang::minsize]]
#else
#define GRADIENTS [[gnu::noinline, gnu::flatten]]
#endif
template <activation op, class T, class E, bool past_cache>
GRADIENTS void map_grad_row(const void *g, const void *x, void *y, size_t n, parameters p) {
  const E *by = static_cast<const E *>(g), *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  using F = gradient_of<op>;
  if constexpr (rows[op].multiplies_by_mean && sizeof(E) < sizeof(T))
    if (products_are_exact(p)) return map_grad<T, past_cache>(by, from, to, n, whole_gradient<T, F>{{p}});
  if constexpr (rows[op].one_rounding)
    map_grad<E, past_cache>(by, from, to, n, whole_gradient<E, F>{{p}});
  else if constexpr (rows[op].textbook && sizeof(E) == sizeof(double))
    map_grad<E>(by, from, to, n, whole_gradient<E, precise<op>>{{p}});
  else if constexpr (sizeof(E) < sizeof(T) && !rows[op].double_decides)
    map_grad<T>(by, from, to, n, exact_gradient<op, F>{{p}});
  else if constexpr (rows[op].drops)
    map_grad<T, past_cache>(by, from, to, n, whole_gradient<T, F>{{p}});
  else if constexpr (sizeof(T) == sizeof(float) && rare_inputs<op>::known)
    map_products_with_rare<rare_slopes<op>>(by, from, to, n, [p](const E *by, const E *from, E *to, size_t n) {
      map_grad<T>(by, from, to, n, times_slope<op, T, E, F>(p));
    });
  else
    map_grad<T, past_cache>(by, from, to, n, times_slope<op, T, E, F>(p));
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
template <activation op, bool past_cache>
[[gnu::noinline, gnu::flatten]] void gate_row(const float *x, const float *by, float *y, size_t n) {
  if constexpr (rare_inputs<op>::known)
    map_products_with_rare<rare_values<op>, past_cache>(
        by, x, y, n, [](const float *by, const float *x, float *y, size_t n) {
          constexpr size_t lanes = vec<float>::lanes;
          const untold products; // Of outliers below -13, one in 4000 of a layer's, the whole array would be looked at.
          for (size_t i = 0; i < n; i += lanes) {
            const size_t count = n - i < lanes ? n - i : lanes;
            const vec<float> value = rare_inputs<op>::rare(load_some<float>(x + i, count));
            store_some(y + i, small_product(value, load_some<float>(by + i, count)), count);
          }
        });
  else if constexpr (usually<op>::known)
    map_gate<past_cache>(x, by, y, n, usually<op>());
  else
    map_gate<past_cache>(x, by, y, n, value_of<op>{{rows[op].usual_a}});
}
template <activation op> void gate_row(const void *x, const void *by, void *y, size_t n, bool past_cache) {
  const auto gate = past_cache ? gate_row<op, true> : gate_row<op, false>;
  gate(static_cast<const float *>(x), static_cast<const float *>(by), static_cast<float *>(y), n);
}

// In the order of `arithmetic`: float32, float32_exact, float64.
template <activation op> constexpr row_kernels kernels_of() {
  using floats = std::conditional_t<rows[op].textbook, double, float>; // What floats are computed in.
  row_kernels row = {
      {map_row<op, floats, float>, map_row<op, double, float>, map_row<op, double, double>},
      {map_grad_row<op, floats, float>, map_grad_row<op, double, float>, map_grad_row<op, double, double>},
      nullptr,
      {},
      {},
      nullptr,
      nullptr,
      nullptr};
#if !defined(__wasm__)
  if constexpr (rows[op].gates) row.gate = gate_row<op>;
#endif
  if constexpr (!rows[op].textbook) {
    if constexpr (careful_group<op>::known)
      row.careful = careful_group_row<op>;
    else if constexpr (!rows[op].one_rounding && !is_always_careful<op>)
      row.careful = careful_row<op>;
#if defined(__x86_64__)
    if constexpr (rare_inputs<op>::known) row.careful = careful_rare_row<op>;
#endif
#if !defined(__wasm__) && !defined(__x86_64__)
    // Of other rows the usual way has the right bits, and no processor tells that it was slow.
    if constexpr (lenient<op>::known && rows[op].rounds_twice == twice::always) row.lenient = lenient_row<op>;
#endif
#if defined(__x86_64__)
    if constexpr (lenient<op>::known) row.lenient = lenient_row<op>;
    if constexpr (rows[op].product) row.careful_grad = product_grad_row<op>;
    if constexpr (rows[op].one_rounding) row.past_cache[float32_exact] = map_row_past_cache<op, float>;
    row.past_cache[float32] = map_row_past_cache<op, float>;
    if constexpr (!rare_inputs<op>::known && !rows[op].is_long)
      row.past_cache_grad[float32] = map_grad_row<op, float, float, true>;
    if constexpr (rows[op].one_rounding) row.past_cache_grad[float32_exact] = row.past_cache_grad[float32];
    if constexpr (!rare_inputs<op>::known && !rows[op].is_long)
      row.past_cache[float64] = map_row_past_cache<op, double>;
#endif
  }
  return row;
}

} // namespace

#define ACTIVATION(name, value, gradient, ...)                                                                         \
  extern const row_kernels name;                                                                                       \
  const row_kernels name = kernels_of<activation_##name>();
#include GROUP
#undef ACTIVATION

} // namespace nonlin::KERNELS_ROWS
