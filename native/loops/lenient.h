// What stands for the careful way where subnormal numbers take little longer than others (subnormal.h): its bits, in
// fewer steps. Only of rows whose usual way has other bits, or takes longer for subnormal numbers; of the latter, silu,
// gelu's other forms, softsign and elu, only where the processor tells that it met any (run/values.h), so on x86.
//
//   npm run bench -- --size 262144 --backend avx512 --precision fast --input even --function ...
//
// ns per element on Zen 4, of subnormal numbers, what was before and so: gelu 0.89 and 0.40, its sigmoid form and silu
// 0.54 and 0.31, selu 1.03 and 0.41, softcap 1.1 and 0.45, tanhShrink 0.75 and 0.58, softsign 0.29 and 0.17, rrelu 0.61
// and 0.14, elu with AVX2 0.8 and 0.44; of U(-100,100) sigmoid 0.48 and 0.20. With AVX2 on Zen 5 gelu's tanh form 0.93
// and 0.49.
#pragma once

#include "loops/careful_groups.h"

namespace nonlin {
namespace {

// Of a row that has it, values with the parameters that `for_these` accepts.
template <activation> struct lenient { static constexpr bool known = false, mends = false; };
struct lenient_always {
  parameters p;
  static constexpr bool known = true, mends = false;
  static bool for_these(parameters) { return true; }
};

// The careful sigmoid is one over the divisor, times a power of two, which rounds a subnormal result a second time: the
// same two steps in plain floats.
template <> struct lenient<activation_sigmoid> : lenient_always {
  vec<float> operator()(vec<float> x) const { return times<float>(1 / sigmoid_divisor(x), tiny<float>); }
};

// A half that rounds once is put in the place of what the usual gelu made of x: x - x / 2, which rounds twice.
template <> struct lenient<activation_gelu> : lenient_always {
  static constexpr bool mends = true;
  vec<float> operator()(vec<float> x, vec<float> usual) const {
    return select(is_smaller(x, least_half), part_of_least(x, 0.5f), usual);
  }
};
// Or the usual way is given 1 in the place of such a number, in groups that have one. In all groups silu of
// U(-100,100), of which some results are subnormal, takes 0.30, and so 0.25.
template <activation op> struct halves_least : lenient_always {
  vec<float> usual(vec<float> x) const {
    if constexpr (usually<op>::known)
      return usually<op>()(x);
    else
      return value_of<op>{p}(x);
  }
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_smaller(x, least_half);
    return select(small, part_of_least(x, 0.5f), usual(select(small, vec<float>(1.0f), x)));
  }
  template <size_t several> void group(const vec<float> (&x)[several], vec<float> (&v)[several]) const {
    bool some = false;
    for (size_t j = 0; j < several; j++)
      some |= count_lanes<float>(is_smaller(x[j], least_half)) > 0;
    for (size_t j = 0; j < several; j++)
      v[j] = some ? (*this)(x[j]) : usual(x[j]);
  }
};
template <> struct lenient<activation_silu> : halves_least<activation_silu> {
  static bool for_these(parameters p) { return p.a == rows[activation_silu].usual_a; }
};
template <> struct lenient<activation_geluSigmoid> : halves_least<activation_geluSigmoid> {};
template <> struct lenient<activation_geluTanh> : halves_least<activation_geluTanh> {
  static constexpr bool known = VECTOR_BYTES == 32; // With AVX-512 the usual way takes 0.14 anyway.
};

// Of other rows a small number is its own value, or of_small(x), and the usual way is given another.
template <activation op, class F> vec<float> with_small(vec<float> x, parameters p, F of_small) {
  using near = small_inputs<op>;
  const mask<float> small = is_smaller(x, near::below);
  return select(small, of_small(x), value_of<op>{p}(select(small, copysign(vec<float>(near::at), x), x)));
}
template <activation op> struct keeps_small : lenient_always {
  vec<float> operator()(vec<float> x) const {
    return with_small<op>(x, p, [](vec<float> x) { return x; });
  }
};
template <> struct lenient<activation_softsign> : keeps_small<activation_softsign> {};
template <> struct lenient<activation_softcap> : keeps_small<activation_softcap> {
  static bool for_these(parameters p) { return small_inputs<activation_softcap>::holds(p); }
};
template <> struct lenient<activation_elu> : keeps_small<activation_elu> {
  static constexpr bool known = VECTOR_BYTES == 32; // With AVX-512 the usual way takes 0.25 anyway.
  static bool for_these(parameters p) { return p.a == rows[activation_elu].usual_a; }
};
template <> struct lenient<activation_selu> : lenient_always {
  vec<float> operator()(vec<float> x) const {
    return with_small<activation_selu>(x, p, [](vec<float> x) {
      return times<float>(selu_of_exponential(x, times<float>(x, huge<float>)), 1 / huge<float>);
    });
  }
};

// Of tanhShrink all go the careful way, some registers at once.
template <> struct lenient<activation_tanhShrink> : lenient_always {
  vec<float> operator()(vec<float> x) const {
    const mask<float> small = is_smaller(x, small_inputs<activation_tanhShrink>::below);
    return as_float(tanh_shrink(vec<careful>(select(small, copysign(vec<float>(0.0f), x), x).v)));
  }
};

// Of rrelu a larger number stands for a small one on the way. With means above 2^-20 no other product of an x and one
// is subnormal.
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

} // namespace
} // namespace nonlin
