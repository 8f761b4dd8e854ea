#include "passes.h"
#include "double_double.h"
#include "exact.h"

namespace prove {
namespace {

template <class F> void on_quick(const float *x, double *y, size_t n, F f) {
  constexpr size_t lanes = vec<double>::lanes;
  for (size_t i = 0; i < n; i += lanes)
    store(y + i, as_double(f(vec<quick>(load_some<double>(x + i, std::min(lanes, n - i)).v))));
}

#define ACTIVATION(name, value, gradient)                                                                              \
  void quick_value_##name(const float *numbers, double *y, size_t n) {                                                 \
    on_quick(numbers, y, n, [](vec<quick> x) -> vec<quick> { return value; });                                         \
  }                                                                                                                    \
  wide wide_value_##name(wide x) { return value; }                                                                     \
  wide wide_gradient_##name(wide x, [[maybe_unused]] wide g) { return gradient; }
#include "activations.def"
#undef ACTIVATION

// Of the slopes only these.
void quick_gradient_sigmoid(const float *numbers, double *y, size_t n) {
  on_quick(numbers, y, n, [](vec<quick> x) { return sigmoid_slope(x); });
}
void quick_gradient_tanh(const float *numbers, double *y, size_t n) {
  on_quick(numbers, y, n, [](vec<quick> x) { return tanh_slope(x); });
}

} // namespace

quick_pass quick_pass_of(nonlin::activation activation, direction direction) {
  if (direction == forward) switch (activation) {
#define ACTIVATION(name, value, gradient)                                                                              \
  case nonlin::activation_##name:                                                                                      \
    return {nonlin::quick_error<nonlin::activation_##name> * 0x1p-53, quick_value_##name};
#include "activations.def"
#undef ACTIVATION
    default:
      return {};
    }
  if (direction == gradient && activation == nonlin::activation_sigmoid)
    return {nonlin::quick_gradient_error<nonlin::activation_sigmoid> * 0x1p-53, quick_gradient_sigmoid};
  if (direction == gradient && activation == nonlin::activation_tanh)
    return {nonlin::quick_gradient_error<nonlin::activation_tanh> * 0x1p-53, quick_gradient_tanh};
  return {};
}

double_double_result in_double_double(nonlin::activation activation, direction direction, float x) {
  static constexpr struct {
    wide (*value)(wide x);
    wide (*gradient)(wide x, wide g);
  } formulas[] = {
#define ACTIVATION(name, value, gradient) {wide_value_##name, wide_gradient_##name},
#include "activations.def"
#undef ACTIVATION
  };
  const auto [value, gradient] = formulas[activation];
  const wide y = direction == forward ? value(double(x)) : gradient(double(x), 1.0);
  return {y.high, y.low};
}

} // namespace prove
