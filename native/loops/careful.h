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
// What stands for the careful way where subnormal numbers take no longer than others (subnormal.h), with the
// parameters that `for_these` accepts. The careful sigmoid is one over the divisor, times a power of two, which rounds
// a subnormal result a second time, and the same two steps in plain floats have its bits. ns per element of U(-100,100)
// on Zen 4 the careful way and so: 0.48 and 0.22, `npm run bench -- --size 262144 --function sigmoid --input even`.
template <activation> struct lenient { static constexpr bool known = false, mends = false; };
struct lenient_always {
  parameters p;
  static constexpr bool known = true, mends = false;
  static bool for_these(parameters) { return true; }
};
template <> struct lenient<activation_sigmoid> : lenient_always {
  vec<float> operator()(vec<float> x) const { return times<float>(1 / sigmoid_divisor(x), tiny<float>); }
};
// x / 2 of what is smaller than this, as integers, which a subnormal number does not delay.
constexpr float least_half = 0x1p-125f;
inline vec<float> half_of_least(vec<float> x) {
  const vec<float>::bits size = to_bits(abs(x));
  return from_bits<float>(((size + ((size >> 1) & 1)) >> 1) | (to_bits(x) & sign_bit<float>));
}
// Or it is put in the place of what the usual way made of x: gelu near zero is x / 2, which x - x / 2 rounds twice. Of
// subnormal numbers 0.89 and 0.40, `--function gelu --input subnormal`.
template <> struct lenient<activation_gelu> : lenient_always {
  static constexpr bool mends = true;
  vec<float> operator()(vec<float> x, vec<float> usual) const {
    return select(is_smaller(x, least_half), half_of_least(x), usual);
  }
};
// Or the usual way is given another number for a small one. ns per element of these (`--input subnormal`): selu 1.03
// and 0.46, softsign 0.29 and 0.2, elu with AVX2 0.8 and 0.46.
template <activation op, class F, class G> vec<float> with_small(vec<float> x, F usual, G of_small) {
  using near = small_inputs<op>;
  const mask<float> small = is_smaller(x, near::below);
  return select(small, of_small(x), usual(select(small, copysign(vec<float>(near::at), x), x)));
}
// Which costs others a fifth: a group that has none goes without.
template <class F> struct halves_least : lenient_always {
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_smaller(x, least_half);
    return select(small, half_of_least(x), F()(select(small, vec<float>(1.0f), x)));
  }
  template <size_t several> void group(const vec<float> (&x)[several], vec<float> (&v)[several]) const {
    bool some = false;
    for (size_t j = 0; j < several; j++)
      some |= count_lanes<float>(is_smaller(x[j], least_half)) > 0;
    for (size_t j = 0; j < several; j++)
      v[j] = some ? (*this)(x[j]) : F()(x[j]);
  }
};
template <> struct lenient<activation_softsign> : lenient_always {
  vec<float> operator()(vec<float> x) const {
    return with_small<activation_softsign>(
        x, [](vec<float> x) { return softsign(x); }, [](vec<float> x) { return x; });
  }
};
template <> struct lenient<activation_elu> : lenient_always {
  static constexpr bool known = VECTOR_BYTES == 32; // With AVX-512 the usual way takes 0.25 anyway.
  static bool for_these(parameters p) { return p.a == rows[activation_elu].usual_a; }
  vec<float> operator()(vec<float> x) const {
    return with_small<activation_elu>(
        x, [](vec<float> x) { return elu(x, vec<float>(1.0f)); }, [](vec<float> x) { return x; });
  }
};
template <> struct lenient<activation_selu> : lenient_always {
  vec<float> operator()(vec<float> x) const {
    return with_small<activation_selu>(
        x, [](vec<float> x) { return selu(x); },
        [](vec<float> x) {
          return times<float>(selu_of_exponential(x, times<float>(x, huge<float>)), 1 / huge<float>);
        });
  }
};
struct usual_gelu_sigmoid {
  vec<float> operator()(vec<float> x) const { return gelu_sigmoid(x); }
};
template <> struct lenient<activation_geluSigmoid> : halves_least<usual_gelu_sigmoid> {};
template <> struct lenient<activation_softcap> : lenient_always {
  static bool for_these(parameters p) { return small_inputs<activation_softcap>::holds(p); }
  vec<float> operator()(vec<float> x) const {
    return with_small<activation_softcap>(
        x, [p = p](vec<float> x) { return softcap(x, vec<float>(p.a)); }, [](vec<float> x) { return x; });
  }
};
// Or all go the careful way, some registers at once.
template <> struct lenient<activation_tanhShrink> : lenient_always {
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_smaller(x, small_inputs<activation_tanhShrink>::below);
    return as_float(tanh_shrink(vec<careful>(select(small, copysign(vec<float>(0.0f), x), x).v)));
  }
};
struct usual_silu {
  vec<float> operator()(vec<float> x) const { return silu(x); }
};
template <> struct lenient<activation_silu> : halves_least<usual_silu> {
  static bool for_these(parameters p) { return p.a == rows[activation_silu].usual_a; }
};

// Or a larger number stands for a small one on the way: rrelu 0.61 and 0.14. With means above 2^-20 no other product
// of an x and one is subnormal.
template <> struct lenient<activation_rrelu> : lenient_always {
  static constexpr float below = small_inputs<activation_rrelu>::below / huge<float>;
  static bool for_these(parameters p) { return __builtin_fabs(p.a / 2 + p.b / 2) > 0x1p-20; }
  vec<float> operator()(vec<float> x) const {
    const value_of<activation_rrelu> value = {p};
    const mask<float> small = is_smaller(x, below);
    if (count_lanes<float>(small) == 0) return value(x);
    const vec<float> y = value(select(small, times<float>(x, huge<float>), x));
    return select(small, times<float>(y, 1 / huge<float>), y);
  }
};

template <activation op> CAREFULLY void careful_row(const void *inputs, void *results, size_t n, parameters p) {
  const float *x = static_cast<const float *>(inputs);
  float *y = static_cast<float *>(results);
  if constexpr (usually<op>::carefully)
    if (usually<op>::are(p)) return careful_map<op>(x, y, n, p, usually<op>());
  careful_map<op>(x, y, n, p, value_of<op>{p});
}
// The same of a row whose value is x or the product of two floats: double lanes hold that.
template <activation op> CAREFULLY void product_row(const void *inputs, void *results, size_t n, parameters p) {
  constexpr size_t lanes = vec<double>::lanes;
  const float *x = static_cast<const float *>(inputs);
  float *y = static_cast<float *>(results);
  for (size_t i = 0; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    store_some(y + i, value_of<op>{p}(load_some<double>(x + i, count)), count);
  }
}
// And its gradient.
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
