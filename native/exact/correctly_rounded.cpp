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

template <activation op> constexpr correctly_rounded rounded() {
  if constexpr (rows[op].plain && !has_limits)
    return {}; // The row is not there.
  else
    return {rounded_value<op>, rounded_gradient<op>};
}

template <activation op> double plain_value(double x, parameters p) { return value_of<op>{p}(wide(x)).high; }
template <activation op> double plain_gradient(double x, double g, parameters p) {
  return gradient_of<op>{p}(wide(x), wide(g)).high;
}
template <activation op> constexpr plain_doubles plain_doubles_of_row() {
  if constexpr (rows[op].plain && has_limits) return {plain_value<op>, plain_gradient<op>};
  return {};
}

} // namespace

const correctly_rounded correctly_rounded_of[] = {
#define ACTIVATION(name, value, gradient, ...) rounded<activation_##name>(),
#include "rows/activations.def"
#undef ACTIVATION
};

const plain_doubles plain_doubles_of[] = {
#define ACTIVATION(name, value, gradient, ...) plain_doubles_of_row<activation_##name>(),
#include "rows/activations.def"
#undef ACTIVATION
};

} // namespace nonlin
