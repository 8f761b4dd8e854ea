#include "passes.h"
#include "arithmetic/memory.h"
#include "exact/unbounded.h"
#include "formulas/formulas.h"

namespace prove {
namespace {

template <class F> void on_quick(const float *x, double *y, size_t n, F f) {
  constexpr size_t lanes = vec<double>::lanes;
  for (size_t i = 0; i < n; i += lanes)
    store(y + i, as_double(f(vec<quick>(load_some<double>(x + i, std::min(lanes, n - i)).v))));
}
template <nonlin::activation op> void quick_value(const float *x, double *y, size_t n, nonlin::parameters p) {
  on_quick(x, y, n, nonlin::value_of<op>{p});
}
template <nonlin::activation op> void quick_slope(const float *x, double *y, size_t n, nonlin::parameters p) {
  on_quick(x, y, n, [=](vec<quick> x) { return nonlin::gradient_of<op>{p}(x, vec<quick>(1.0)); });
}

template <nonlin::activation op> constexpr quick_pass quick_pass_of(direction direction) {
  constexpr nonlin::row row = nonlin::rows[op];
  if constexpr (row.quick_error != 0)
    if (direction == forward) return {row.quick_error * 0x1p-53, quick_value<op>};
  if constexpr (row.quick_slope_error != 0)
    if (direction == gradient) return {row.quick_slope_error * 0x1p-53, quick_slope<op>};
  return {};
}

double_double_result as_result(wide y) { return {y.high, y.low}; }
double_double_result as_result(number y) { return {scaled(y.part.high, y.exponent), scaled(y.part.low, y.exponent)}; }

template <nonlin::activation op>
double_double_result in_double_double(direction direction, double x, nonlin::parameters p) {
  using precise = std::conditional_t<nonlin::rows[op].textbook, number, wide>;
  return as_result(direction == forward ? nonlin::value_of<op>{p}(precise(x))
                                        : nonlin::gradient_of<op>{p}(precise(x), precise(1.0)));
}

} // namespace

quick_pass quick_pass_of(const subject &subject, direction direction) {
  static constexpr quick_pass (*functions[])(prove::direction) = {
#define ACTIVATION(name, value, gradient, ...) quick_pass_of<nonlin::activation_##name>,
#include "rows/activations.def"
#undef ACTIVATION
  };
  return functions[subject.activation](direction);
}

double_double_result in_double_double(const subject &subject, direction direction, float x) {
  static constexpr double_double_result (*functions[])(prove::direction, double, nonlin::parameters) = {
#define ACTIVATION(name, value, gradient, ...) in_double_double<nonlin::activation_##name>,
#include "rows/activations.def"
#undef ACTIVATION
  };
  return functions[subject.activation](direction, x, subject.p);
}

} // namespace prove
