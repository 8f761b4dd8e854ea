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

template <activation op> number unbounded_value(double x, parameters p) {
  if (x != x) return x;
  return __builtin_isinf(x) ? number(limit_of(value_of<op>{p}(far_out(x)))) : value_of<op>{p}(number(x));
}
template <activation op> number unbounded_gradient(double x, double g, parameters p) {
  if (x != x) return x;
  if (!__builtin_isinf(x)) return gradient_of<op>{p}(number(x), number(g));
  return number(g) * number(limit_of(gradient_of<op>{p}(far_out(x), number(1.0))));
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
