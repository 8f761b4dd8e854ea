// CMake compiles this with the instructions that all sets of the processor's family have.
#include "exact/correctly_rounded.h"
#include "exact/unbounded.h"
#include "formulas/formulas.h"

namespace nonlin {
namespace {

template <activation op> double rounded_value(double x, parameters p) { return to_odd(value_of<op>{p}(wide(x))); }
template <activation op> double rounded_gradient(double x, double g, parameters p) {
  return to_odd(gradient_of<op>{p}(wide(x), wide(g)));
}

// f(x), and its limit at an infinity.
template <class F> number with_limit(double x, F f) {
  if (!__builtin_isinf(x)) return f(number(x));
  const auto at = [=](double size) { return f(number(__builtin_copysign(size, x))); };
  return limit_of(at(far_out), at(farther_out));
}
template <activation op> number unbounded_value(double x, parameters p) {
  return x == x ? with_limit(x, value_of<op>{p}) : number(x);
}
template <activation op> number unbounded_gradient(double x, double g, parameters p) {
  // Of g = 1, as an e^x beyond 2^2^53 has no digits left for it.
  return x == x ? number(g) * with_limit(x, [=](number x) { return gradient_of<op>{p}(x, number(1.0)); }) : number(x);
}

template <activation op> constexpr correctly_rounded correctly_rounded_by() {
  if constexpr (rows[op].textbook)
    return {[](double x, parameters p) { return to_odd(unbounded_value<op>(x, p)); },
            [](double x, double g, parameters p) { return to_odd(unbounded_gradient<op>(x, g, p)); },
            [](double x, parameters p) { return to_double(unbounded_value<op>(x, p)); },
            [](double x, double g, parameters p) { return to_double(unbounded_gradient<op>(x, g, p)); }};
  else
    return {rounded_value<op>, rounded_gradient<op>};
}

} // namespace

const correctly_rounded correctly_rounded_of[] = {
#define ACTIVATION(name, value, gradient, ...) correctly_rounded_by<activation_##name>(),
#include "rows/activations.def"
#undef ACTIVATION
};

} // namespace nonlin
