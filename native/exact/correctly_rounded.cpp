// CMake compiles this with the instructions that all sets of the processor's family have.
#include "exact/correctly_rounded.h"
#include "exact/double_double.h"
#include "formulas/formulas.h"

namespace nonlin {
namespace {

template <activation op> double rounded_value(float x, parameters p) { return to_odd(value_of<op>{p}(wide(x))); }
template <activation op> double rounded_gradient(float x, float g, parameters p) {
  return to_odd(gradient_of<op>{p}(wide(x), wide(g)));
}

template <activation op> constexpr correctly_rounded functions_of() {
  if constexpr (is_there(op)) return {rounded_value<op>, rounded_gradient<op>};
  return {};
}

} // namespace

const correctly_rounded correctly_rounded_of[] = {
#define ACTIVATION(name, value, gradient, ...) functions_of<activation_##name>(),
#include "rows/activations.def"
#undef ACTIVATION
};

} // namespace nonlin
