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

} // namespace

const correctly_rounded correctly_rounded_of[] = {
#define ACTIVATION(name, value, gradient, ...) {rounded_value<activation_##name>, rounded_gradient<activation_##name>},
#include "rows/activations.def"
#undef ACTIVATION
};

} // namespace nonlin
