// The loops that each row of a group has. CMake compiles this file once per group, the .def file GROUP, and instruction
// set, which it calls KERNELS.
#include "kernels.h"
#include "loops/careful.h"
#include "loops/gradients.h"
#include "loops/rare_exact.h"
#include "loops/subnormal.h"

#include <type_traits>

namespace nonlin::KERNELS_ROWS {
namespace {

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
