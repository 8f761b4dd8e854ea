// Loops that multiply no subnormal number, and make none by a product: the careful way (arithmetic/careful.h).
#pragma once

#include "arithmetic/memory.h"
#include "formulas/formulas.h"
#include "loops/rare_inputs.h"
#include "rows/unusual.h"

namespace nonlin {
namespace {

#if defined(__wasm__) // Whose size counts.
#define CAREFULLY [[gnu::noinline]]
#else
#define CAREFULLY [[gnu::noinline, gnu::flatten]]
#endif

// y[i] = f(x[i]): a register of usual inputs the usual way, which WebAssembly, whose size counts, leaves out.
template <activation op, class F>
[[gnu::always_inline]] inline void careful_map(const float *x, float *y, size_t n, parameters p, F value) {
  using near = small_inputs<op>;
  constexpr size_t lanes = vec<float>::lanes;
  const float below = near::holds(p) ? near::below : 0;
#if !defined(__wasm__)
  // Where usual sizes begin, and what is between the first and the last of them, zero left out: as integers, since to
  // compare subnormal numbers is one more thing that a processor tells.
  float far = far_from<op>(p);
  if constexpr (rare_inputs<op>::known) far = rare_inputs<op>::first_rare;
  const vec<float>::bits least = to_bits(vec<float>(unusual_below<op>(p))), usual = to_bits(vec<float>(far)) - least;
#endif
  for (size_t i = 0; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    const vec<float> from = load_some<float>(x + i, count);
#if !defined(__wasm__)
    if (!any_above(to_bits(abs(from)) - least, usual)) {
      store_some(y + i, value(from), count);
      continue;
    }
#endif
    const mask<float> small = is_smaller(from, below);
    const bool some = count_lanes<float>(small) > 0;
    vec<float> at = from, unit = 1;
    if (some) {
      if constexpr (near::is_level) {
        at = select(small, copysign(vec<float>(near::at), from), from);
      } else {
        const small_float product(from);
        at = select(small, product.digits, from);
        unit = product.unit;
      }
    }
    vec<float> to = as_float(value(vec<careful>(not_before(at).v)));
    if constexpr (near::multiple > 0) {
      if (some) to = lowered(to, unit, small, at, near::multiple);
    } else if (!near::is_level && some) {
      to = lowered(to, unit, small);
    }
    store_some(y + i, to, count);
  }
}

template <activation op> CAREFULLY void careful_row(const void *inputs, void *results, size_t n, parameters p) {
  const float *x = static_cast<const float *>(inputs);
  float *y = static_cast<float *>(results);
  if constexpr (usually<op>::carefully)
    if (usually<op>::are(p)) return careful_map<op>(x, y, n, p, usually<op>());
  careful_map<op>(x, y, n, p, value_of<op>{p});
}
// The gradient of a row that multiplies and rounds once: double lanes hold a product of two floats.
template <activation op>
CAREFULLY void product_grad_row(const void *grads, const void *inputs, void *results, size_t n, parameters p) {
  constexpr size_t lanes = vec<double>::lanes;
  const float *g = static_cast<const float *>(grads), *x = static_cast<const float *>(inputs);
  float *y = static_cast<float *>(results);
  for (size_t i = 0; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    const vec<double> from = load_some<double>(x + i, count);
    store_some(y + i, gradient_of<op>{p}(from, load_some<double>(g + i, count)), count);
  }
}

} // namespace
} // namespace nonlin
